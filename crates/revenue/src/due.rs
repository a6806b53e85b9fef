//! Which rows change by themselves on which day, so that a new day touches only those.

use std::collections::BTreeMap;

use keizoku_core::Day;

use crate::rows::{Marks, Row, Validity};

/// Rows by the day on which they have to be folded again. May name a row too often, never too late.
#[derive(Debug, Clone, Default)]
pub(crate) struct Due {
    by_day: BTreeMap<Day, Vec<u32>>,
}

impl Due {
    /// The first day on which a row is no longer right; `None` if it stays right for ever.
    pub(crate) fn of(row: &Row, validity: Validity) -> Option<Day> {
        let renewal = row.renewal.filter(|_| row.marks.has(Marks::ADVANCES));
        let until = renewal.map_or(validity.until, |renewal| renewal.min(validity.until));
        (until < Day::MAX).then(|| until.plus_days(1))
    }

    pub(crate) fn add(&mut self, account: u32, day: Day) {
        self.by_day.entry(day).or_default().push(account);
    }

    /// The rows due on the earliest day up to `today`.
    pub(crate) fn pop(&mut self, today: Day) -> Option<Vec<u32>> {
        let entry = self.by_day.first_entry()?;
        (*entry.key() <= today).then(|| entry.remove())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.by_day
            .values()
            .map(|rows| rows.capacity() * size_of::<u32>() + 32)
            .sum()
    }
}
