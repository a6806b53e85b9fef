use std::fmt;
use std::str::FromStr;

use keizoku_core::{Day, Money, Month, NoRate, Rate};

/// A row of a forecast (FC-2), in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketKey {
    /// The date has passed.
    Overdue,
    /// The month of the date.
    Month(Month),
    /// There is no date.
    Unknown,
}

impl BucketKey {
    /// Where a date belongs, seen from `on`; a renewal on that very day is not overdue.
    #[must_use]
    pub fn of(date: Option<Day>, on: Day) -> Self {
        match date {
            None => Self::Unknown,
            Some(date) if date < on => Self::Overdue,
            Some(date) => Self::Month(date.month()),
        }
    }
}

impl fmt::Display for BucketKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overdue => out.write_str("OVERDUE"),
            Self::Month(month) => month.fmt(out),
            Self::Unknown => out.write_str("UNKNOWN"),
        }
    }
}

/// The text names no bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither OVERDUE, nor UNKNOWN, nor a month such as 2026-12")]
pub struct NoBucket;

impl FromStr for BucketKey {
    type Err = NoBucket;

    fn from_str(text: &str) -> Result<Self, NoBucket> {
        match text {
            "OVERDUE" => Ok(Self::Overdue),
            "UNKNOWN" => Ok(Self::Unknown),
            month => month.parse().map(Self::Month).map_err(|_| NoBucket),
        }
    }
}

/// One row of a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Which; `None` for the total.
    pub key: Option<BucketKey>,
    /// Accounts in it, each once; on basis GROUP groups, where one without a group is its own.
    pub count: i64,
    /// Their MRR.
    pub mrr: Money,
    /// MRR ÷ the organisation's opening MRR of the month (FC-2).
    pub churn_rate: Result<Rate, NoRate>,
}

/// Counts and amounts while they are added up: overdue, the months from that of `on`, unknown.
#[derive(Debug)]
pub(crate) struct Sums {
    on: Day,
    overdue: Sum,
    months: Vec<Sum>,
    unknown: Sum,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: i64,
    mrr: i64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.mrr += other.mrr;
    }
}

impl Sums {
    pub(crate) fn new(on: Day) -> Self {
        Self {
            on,
            overdue: Sum::default(),
            months: Vec::new(),
            unknown: Sum::default(),
        }
    }

    /// The date from which on months are counted.
    pub(crate) fn on(&self) -> Day {
        self.on
    }

    /// Adds what other sums of the same date have.
    pub(crate) fn join(&mut self, other: &Self) {
        self.overdue.add(other.overdue);
        self.unknown.add(other.unknown);
        if self.months.len() < other.months.len() {
            self.months.resize(other.months.len(), Sum::default());
        }
        let months = self.months.iter_mut().zip(&other.months);
        months.for_each(|(sum, more)| sum.add(*more));
    }

    /// Adds MRR to the bucket of a date, and `count` accounts or groups.
    pub(crate) fn add(&mut self, date: Option<Day>, mrr: i64, count: i64) {
        let sum = match date {
            None => &mut self.unknown,
            Some(date) if date < self.on => &mut self.overdue,
            Some(date) => {
                let ahead = usize::from(date.month().number() - self.on.month().number());
                if self.months.len() <= ahead {
                    self.months.resize(ahead + 1, Sum::default());
                }
                &mut self.months[ahead]
            }
        };
        sum.add(Sum { count, mrr });
    }

    /// The rows in order, months with nothing in them left out, and the total.
    pub(crate) fn into_buckets(self, opening_mrr: Money) -> (Vec<Bucket>, Bucket) {
        let months = (0..).zip(&self.months).filter(|(_, sum)| sum.count > 0);
        let months =
            months.map(|(ahead, sum)| (BucketKey::Month(self.on.month().plus(ahead)), *sum));
        let keyed = std::iter::once((BucketKey::Overdue, self.overdue))
            .chain(months)
            .chain(std::iter::once((BucketKey::Unknown, self.unknown)));
        let bucket = |key, sum: Sum| {
            let mrr = Money::from_minor(sum.mrr);
            Bucket {
                key,
                count: sum.count,
                mrr,
                churn_rate: Rate::of(mrr, opening_mrr),
            }
        };
        let mut total = Sum::default();
        let mut buckets = Vec::new();
        for (key, sum) in keyed {
            total.add(sum);
            buckets.push(bucket(Some(key), sum));
        }
        (buckets, bucket(None, total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fc_2_a_renewal_today_is_not_overdue() {
        let on: Day = "2026-11-22".parse().unwrap();
        let shown = [
            Some(on.plus_days(-1)),
            Some(on),
            Some(on.plus_days(9)),
            None,
        ]
        .map(|date| BucketKey::of(date, on).to_string());
        assert_eq!(shown, ["OVERDUE", "2026-11", "2026-12", "UNKNOWN"]);
        for text in shown {
            assert_eq!(text.parse::<BucketKey>().unwrap().to_string(), text);
        }
        assert_eq!("2026-1".parse::<BucketKey>(), Err(NoBucket));
    }
}
