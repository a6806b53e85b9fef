use std::collections::BTreeMap;
use std::ops::Bound;

use keizoku_core::Day;

use super::Level;
use crate::store::Chunked;

/// Something about an account that is different from a day on, as known now. 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) mrr: i64,
    pub(crate) account: u32,
    pub(crate) product: u16,
    /// 1 where a contract begins to run, −1 where it ends.
    pub(crate) running: i8,
    /// The account has other attributes: only a fold of its history can tell which.
    pub(crate) attributes: bool,
}

/// All changes by the day of their effect. What is no longer so is taken back by another change,
/// not removed: a day may hold a whole import.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    by_day: BTreeMap<Day, Chunked<Change>>,
}

impl Changes {
    /// Notes that a contract has other steps than before; the first `same` are not different.
    pub(crate) fn note(
        &mut self,
        (account, product): (u32, u32),
        same: usize,
        before: &[(Day, Level)],
        after: &[(Day, Level)],
    ) {
        // Accounts with such a product are never asked for by its number.
        let product = u16::try_from(product).unwrap_or(u16::MAX);
        let common = same
            .checked_sub(1)
            .map_or(Level::default(), |last| after[last].1);
        for (steps, sign) in [(before, -1), (after, 1)] {
            let mut level = common;
            for (day, next) in &steps[same..] {
                let running = i8::from(next.running) - i8::from(level.running);
                self.add(
                    *day,
                    Change {
                        mrr: i64::from(sign) * (next.mrr - level.mrr),
                        account,
                        product,
                        running: sign * running,
                        attributes: false,
                    },
                );
                level = *next;
            }
        }
    }

    /// Notes that an account has other attributes from a day on.
    pub(crate) fn note_attributes(&mut self, account: u32, day: Day) {
        self.add(
            day,
            Change {
                mrr: 0,
                account,
                product: 0,
                running: 0,
                attributes: true,
            },
        );
    }

    /// The changes with effect after a day, until another.
    pub(crate) fn between(&self, after: Day, until: Day) -> impl Iterator<Item = &Change> {
        let days = self
            .by_day
            .range((Bound::Excluded(after), Bound::Included(until)));
        days.flat_map(|(_, changes)| changes.iter())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.by_day
            .values()
            .map(|changes| changes.bytes() + 48)
            .sum()
    }

    fn add(&mut self, day: Day, change: Change) {
        self.by_day.entry(day).or_default().push(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_16_bytes() {
        assert_eq!(size_of::<Change>(), 16);
    }
}
