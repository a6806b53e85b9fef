//! Money as integer minor units of the reporting currency (GEN-3).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// An amount in minor units of the organisation's reporting currency; JPY has exponent 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// The amount cannot be a monthly recurring revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not between 0 and {max} minor units", max = Money::MAX_MRR.0)]
pub struct MoneyOutOfRange(pub i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The largest amount one subscription may state. A million of them still fit in an `i64`.
    pub const MAX_MRR: Self = Self(1_000_000_000_000);

    /// An amount that may be negative or large, such as a sum or a difference.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// A subscription's monthly recurring revenue: 0 (a zero-yen contract) to [`Self::MAX_MRR`].
    ///
    /// # Errors
    /// When `minor` is negative or above the maximum.
    pub const fn mrr(minor: i64) -> Result<Self, MoneyOutOfRange> {
        if minor < 0 || minor > Self::MAX_MRR.0 {
            Err(MoneyOutOfRange(minor))
        } else {
            Ok(Self(minor))
        }
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(Self::minor).sum())
    }
}

impl fmt::Display for Money {
    /// Groups the digits by thousands: `1,200,000`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        out.pad_integral(self.0 >= 0, "", &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gen_3_an_mrr_is_a_bounded_whole_amount() {
        assert_eq!(Money::mrr(0), Ok(Money::ZERO));
        assert_eq!(Money::mrr(-1), Err(MoneyOutOfRange(-1)));
        assert_eq!(
            Money::mrr(1_000_000_000_001),
            Err(MoneyOutOfRange(1_000_000_000_001))
        );
    }

    #[test]
    fn digits_are_grouped_by_thousands() {
        let shown: Vec<String> = [0, 999, 1_000, 1_234_567, -1_000]
            .map(|minor| Money(minor).to_string())
            .into();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "-1,000"]);
    }
}
