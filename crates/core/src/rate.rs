//! Rates as exact fractions (GEN-4).

use crate::Money;

/// An exact fraction of two integers; the denominator is above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    numerator: i64,
    denominator: i64,
}

/// Why there is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRate {
    /// There is nothing to divide by.
    #[error("the denominator is 0")]
    ZeroDenominator,
}

impl Rate {
    /// The fraction of two amounts.
    ///
    /// # Errors
    /// When the whole is not above zero: a rate of nothing is neither 0 nor 1.
    pub fn of(part: Money, whole: Money) -> Result<Self, NoRate> {
        Self::new(part.minor(), whole.minor())
    }

    /// The fraction of two counts or amounts.
    ///
    /// # Errors
    /// When `denominator` is not above zero.
    pub fn new(numerator: i64, denominator: i64) -> Result<Self, NoRate> {
        if denominator <= 0 {
            Err(NoRate::ZeroDenominator)
        } else {
            Ok(Self {
                numerator,
                denominator,
            })
        }
    }

    /// The exact numerator.
    #[must_use]
    pub fn numerator(self) -> i64 {
        self.numerator
    }

    /// The exact denominator, above zero.
    #[must_use]
    pub fn denominator(self) -> i64 {
        self.denominator
    }

    /// Parts per million, rounded half-even, once.
    #[must_use]
    pub fn ppm(self) -> i64 {
        let scaled = i128::from(self.numerator) * 1_000_000;
        let rounded = div_half_even(scaled, i128::from(self.denominator));
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// This rate minus another in parts per million, rounded half-even, once.
    ///
    /// Of fractions too large to be subtracted exactly, the rounded rates are.
    #[must_use]
    pub fn ppm_above(self, other: Self) -> i64 {
        let [n, d, m, e] = [
            self.numerator,
            self.denominator,
            other.numerator,
            other.denominator,
        ]
        .map(i128::from);
        let exact = (n * e)
            .checked_sub(m * d)
            .and_then(|numerator| numerator.checked_mul(1_000_000))
            .map(|scaled| div_half_even(scaled, d * e));
        exact
            .and_then(|ppm| i64::try_from(ppm).ok())
            .unwrap_or_else(|| self.ppm().saturating_sub(other.ppm()))
    }
}

/// `numerator / denominator` to the nearest integer, ties to the even one; `denominator > 0`.
#[must_use]
pub fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    let floor = numerator.div_euclid(denominator);
    let twice_rest = numerator.rem_euclid(denominator) * 2;
    let up = twice_rest > denominator || (twice_rest == denominator && floor % 2 != 0);
    floor + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gen_4_a_rate_of_nothing_is_no_rate() {
        assert_eq!(Rate::new(0, 0), Err(NoRate::ZeroDenominator));
    }

    #[test]
    fn gen_4_ties_go_to_the_even_neighbour() {
        let ppm = |numerator| Rate::new(numerator, 2_000_000).map(Rate::ppm);
        assert_eq!(
            [ppm(1), ppm(3), ppm(5), ppm(-1)],
            [Ok(0), Ok(2), Ok(2), Ok(0)]
        );
    }

    #[test]
    fn gen_4_the_worked_example_rounds_down() {
        assert_eq!(Rate::new(400_000, 5_100_000).map(Rate::ppm), Ok(78_431));
    }

    #[test]
    fn gen_4_a_difference_of_rates_is_rounded_once() {
        let rate = |numerator, denominator| Rate::new(numerator, denominator).unwrap();
        // 333,333.3… − 166,666.6…: the rounded ones are 166,666 apart.
        assert_eq!(rate(1, 3).ppm_above(rate(1, 6)), 166_667);
        assert_eq!(rate(1, 6).ppm_above(rate(1, 3)), -166_667);
        let large = rate(i64::MIN, i64::MAX);
        assert_eq!(large.ppm_above(rate(i64::MAX, i64::MAX)), -2_000_000);
    }

    proptest! {
        #[test]
        fn gen_4_ppm_is_within_half_a_part(numerator in 0i64..1_000_000_000_000, denominator in 1i64..1_000_000_000_000) {
            let ppm = Rate::new(numerator, denominator).unwrap().ppm();
            let error = i128::from(numerator) * 1_000_000 - i128::from(ppm) * i128::from(denominator);
            prop_assert!(error.abs() * 2 <= i128::from(denominator));
        }
    }
}
