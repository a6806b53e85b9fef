//! How much of what was forecast has really been lost: the rates that parts are weighted by (FC-5).

use std::collections::BTreeMap;

use keizoku_core::{NoRate, Rate, div_half_even};
use keizoku_revenue::AsOf;

use super::given::{Hindsight, RateKey};
use super::times::{given_ahead, is_settled, settling_day};

/// Fewer losses than these say nothing: there are no rates then.
pub const ENOUGH_LOSSES: i64 = 30;

/// Parts that the overall rate counts for in every rate, as if they had been seen (20).
const PRIOR: i64 = 20;

/// Months that are learned from, at most: what customers did long ago says little about now.
const MONTHS: i32 = 36;

/// The rate of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossRate {
    /// What the parts have in common.
    pub key: RateKey,
    /// Parts that were lost, L.
    pub losses: i64,
    /// Parts whose outcome is known, n.
    pub sample: i64,
    /// p = (L + 20·p̄) ÷ (n + 20).
    pub rate: Rate,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    losses: i64,
    sample: i64,
}

/// Loss rates learned from the parts of past months: each as it was forecast at the end of the day
/// before its month began, and lost if at least half of its MRR had ended by the month's end and
/// 31 days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LossRates {
    by_key: BTreeMap<RateKey, Tally>,
    all: Tally,
}

impl LossRates {
    /// What both times know of the months that are settled by then.
    pub(crate) fn learn(hindsight: &mut Hindsight<'_>, as_of: AsOf) -> Self {
        let book = hindsight.book;
        let mut rates = Self::default();
        for months_before in 1..=MONTHS {
            let month = as_of.on.month().plus(-months_before);
            if !is_settled(book, as_of, month) {
                continue;
            }
            let Some(given) = given_ahead(book, as_of, month, 1) else {
                continue;
            };
            let settled = AsOf {
                on: settling_day(month),
                ..as_of
            };
            for part in hindsight.sample(given, month) {
                let mrr = part.mrr();
                if mrr > 0 {
                    let is_lost = 2 * part.ended(book, settled) >= mrr;
                    rates.count(part.key, is_lost);
                }
            }
        }
        rates
    }

    fn count(&mut self, key: RateKey, is_lost: bool) {
        for tally in [self.by_key.entry(key).or_default(), &mut self.all] {
            tally.losses += i64::from(is_lost);
            tally.sample += 1;
        }
    }

    /// Whether there have been enough losses to say anything.
    #[must_use]
    pub fn are_known(&self) -> bool {
        self.all.losses >= ENOUGH_LOSSES
    }

    /// Losses over all keys.
    #[must_use]
    pub fn losses(&self) -> i64 {
        self.all.losses
    }

    /// Parts over all keys.
    #[must_use]
    pub fn sample(&self) -> i64 {
        self.all.sample
    }

    /// The rate over all keys, p̄.
    ///
    /// # Errors
    /// Before any outcome is known.
    pub fn overall(&self) -> Result<Rate, NoRate> {
        Rate::new(self.all.losses, self.all.sample)
    }

    /// The rate of a key; the overall one where none of its parts was ever seen.
    ///
    /// # Errors
    /// Before any outcome is known.
    pub fn rate(&self, key: RateKey) -> Result<LossRate, NoRate> {
        let Tally { losses, sample } = self.by_key.get(&key).copied().unwrap_or_default();
        // (L + 20·T/N) ÷ (n + 20) with whole numbers alone; counts of parts are far below a billion.
        let all = self.all;
        let rate = Rate::new(
            losses * all.sample + PRIOR * all.losses,
            all.sample * (sample + PRIOR),
        )?;
        Ok(LossRate {
            key,
            losses,
            sample,
            rate,
        })
    }
}

/// MRR weighted by a rate, rounded half-even once.
pub(crate) fn weighted(mrr: i64, rate: Rate) -> i64 {
    let exact = i128::from(mrr) * i128::from(rate.numerator());
    let rounded = div_half_even(exact, i128::from(rate.denominator()));
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::given::PartFlag;
    use super::*;

    const USAGE: RateKey = RateKey {
        flag: PartFlag::LeadsToChurn,
        kind: Some(1),
        band: None,
    };
    const PRICE: RateKey = RateKey {
        flag: PartFlag::UnknownAtPresent,
        kind: Some(2),
        band: None,
    };

    fn rates(usage: [i64; 2], price: [i64; 2]) -> LossRates {
        let mut rates = LossRates::default();
        for (key, [losses, sample]) in [(USAGE, usage), (PRICE, price)] {
            (0..sample).for_each(|number| rates.count(key, number < losses));
        }
        rates
    }

    #[test]
    fn fc_5_a_rate_is_drawn_to_the_overall_one_by_twenty_parts() {
        // p̄ = 40/100; usage (30 + 20·0.4) ÷ (60 + 20) = 38/80; price (10 + 8) ÷ (40 + 20) = 18/60.
        let rates = rates([30, 60], [10, 40]);
        let ppm = |key| rates.rate(key).map(|found| found.rate.ppm());
        assert_eq!([ppm(USAGE), ppm(PRICE)], [Ok(475_000), Ok(300_000)]);
        assert_eq!(rates.overall().map(Rate::ppm), Ok(400_000));
        let unseen = RateKey {
            flag: PartFlag::Announced,
            kind: None,
            band: None,
        };
        assert_eq!(ppm(unseen), Ok(400_000), "the overall one alone");
        let found = rates.rate(USAGE).unwrap();
        assert_eq!((found.losses, found.sample), (30, 60));
    }

    #[test]
    fn fc_5_rates_are_hidden_below_thirty_losses() {
        assert!(!rates([20, 60], [9, 40]).are_known());
        assert!(rates([20, 60], [10, 40]).are_known());
        assert!(LossRates::default().rate(USAGE).is_err());
    }

    #[test]
    fn fc_5_a_weighted_part_is_rounded_once() {
        let half = Rate::new(1, 2).unwrap();
        assert_eq!([1, 3, 5, 100].map(|mrr| weighted(mrr, half)), [0, 2, 2, 50]);
        let large = Rate::new(i64::MAX - 1, i64::MAX).unwrap();
        assert_eq!(weighted(1_000_000_000_000, large), 1_000_000_000_000);
    }
}
