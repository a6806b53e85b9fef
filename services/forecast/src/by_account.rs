//! What holds for each account from an instant on, as known at any instant, on any date.

use jiff::Timestamp;
use keizoku_revenue::{AccountIx, AsOf, Book};

/// What holds for an account from an instant on.
#[derive(Debug, Clone, Copy)]
struct Change<T> {
    account: AccountIx,
    /// The account's change before this one, or [`FIRST`].
    previous: u32,
    /// Both in microseconds.
    recorded: i64,
    changed: i64,
    value: T,
}

const FIRST: u32 = u32::MAX;

/// What holds for every account, and its history. Accounts have the numbers that one [`Book`] gave them.
#[derive(Debug, Clone)]
pub(crate) struct ByAccount<T> {
    changes: Vec<Change<T>>,
    /// By number of an account, its last change, or [`FIRST`].
    latest: Vec<u32>,
}

impl<T> Default for ByAccount<T> {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            latest: Vec::new(),
        }
    }
}

impl<T: Copy> ByAccount<T> {
    /// Notes what came to hold, and when that was recorded.
    pub(crate) fn note(
        &mut self,
        account: AccountIx,
        recorded_at: Timestamp,
        changed: Timestamp,
        value: T,
    ) {
        let place = account.0 as usize;
        if self.latest.len() <= place {
            self.latest.resize(place + 1, FIRST);
        }
        let number = u32::try_from(self.changes.len()).unwrap_or(FIRST);
        self.changes.push(Change {
            account,
            previous: self.latest[place],
            recorded: recorded_at.as_microsecond(),
            changed: changed.as_microsecond(),
            value,
        });
        self.latest[place] = number;
    }

    /// By number of an account, what holds at both times, shown with the instant in microseconds from which on it
    /// does: from today on what was known last, on a date before what held at its end. It is the default before
    /// an account's first change, and for a merged one: it is the one that stays.
    pub(crate) fn on<U: Clone + Default>(
        &self,
        book: &Book,
        as_of: AsOf,
        shown: impl Fn(T, i64) -> U,
    ) -> Vec<U> {
        let known = as_of.known_at.map_or(i64::MAX, Timestamp::as_microsecond);
        let is_past = as_of.on < book.today_at(as_of.known_at);
        let zone = book.zone_at(as_of.known_at);
        let end = as_of.on.last_instant(zone).filter(|_| is_past);
        let end = end.map_or(i64::MAX, Timestamp::as_microsecond);
        let mut values = vec![U::default(); book.len()];
        for latest in self.latest.iter().filter(|latest| **latest != FIRST) {
            let mut change = self.changes.get(*latest as usize);
            while let Some(later) = change.filter(|one| one.recorded > known || one.changed > end) {
                change = self.changes.get(later.previous as usize);
            }
            if let Some(change) = change
                && book.survivor(change.account, as_of.known_at) == change.account
            {
                values[change.account.0 as usize] = shown(change.value, change.changed);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Band;

    #[test]
    fn a_change_takes_32_bytes() {
        assert_eq!(size_of::<Change<Option<Band>>>(), 32);
        assert_eq!(size_of::<Change<bool>>(), 32);
        assert_eq!(size_of::<Option<Band>>(), 1);
    }
}
