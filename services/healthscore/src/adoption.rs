//! How a product was used before and after a release, per segment (HLT-9). Pure.
//!
//! A value is the last of its days, and whoever was not heard of in them does not count as using it: systems
//! seldom send zeros. So a feature that was not there before was used by nobody.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::Day;

use crate::scoring::{Band, SeriesKey, Signal};

/// The days around a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first day before.
    pub(crate) first: Day,
    /// The last day after that is looked at.
    pub(crate) last: Day,
    /// Whether all days after have passed.
    pub(crate) is_complete: bool,
    /// Where days before begin, where the day of the release begins, and where nothing is looked at any more.
    from: Timestamp,
    at: Timestamp,
    until: Timestamp,
}

/// Something before and after a release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BeforeAfter<T> {
    pub(crate) before: T,
    pub(crate) after: T,
}

/// An account around a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Its tier on the day of the release.
    pub(crate) tier: String,
    /// Whether it had no contract any more on the last day.
    pub(crate) churned: bool,
    /// For each measured use the last value.
    pub(crate) uses: Vec<BeforeAfter<Option<i64>>>,
    pub(crate) band: BeforeAfter<Option<Band>>,
}

/// How accounts used something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) used: BeforeAfter<i64>,
    pub(crate) silent: BeforeAfter<i64>,
    pub(crate) started: i64,
    pub(crate) stopped: i64,
    /// Values of accounts of which both are known.
    compared: BeforeAfter<Vec<i64>>,
}

/// A segment around a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) accounts: i64,
    pub(crate) churned: i64,
    pub(crate) uses: Vec<Use>,
    /// How many accounts are in which band.
    pub(crate) bands: BeforeAfter<BTreeMap<Option<Band>, i64>>,
}

impl Window {
    /// So many days before a release, and from its day on, as far as they have come.
    pub(crate) fn around(release: Day, days: i32, today: Day, zone: &TimeZone) -> Self {
        let (first, whole) = (release.plus_days(-days), release.plus_days(days - 1));
        let last = whole.min(today).max(release);
        let begins = |day: Day| {
            let begun = day.date().to_zoned(zone.clone());
            begun.map_or(Timestamp::MAX, |begun| begun.timestamp())
        };
        Self {
            first,
            last,
            is_complete: whole < today,
            from: begins(first),
            at: begins(release),
            until: begins(last.plus_days(1)),
        }
    }

    /// The instants of the window: its first, and the one after its last.
    pub(crate) const fn instants(&self) -> (Timestamp, Timestamp) {
        (self.from, self.until)
    }

    /// The last values of a series: the newest occurrence wins, on a tie the latest recorded (HLT-1).
    pub(crate) fn values<'a>(
        &self,
        signals: impl Iterator<Item = &'a Signal>,
        series: &SeriesKey,
    ) -> BeforeAfter<Option<i64>> {
        let mut newest: BeforeAfter<Option<&Signal>> = BeforeAfter::default();
        let rank = |signal: &Signal| (signal.occurred_at, signal.place);
        for signal in signals.filter(|signal| signal.series == *series) {
            if !(self.from..self.until).contains(&signal.occurred_at) {
                continue;
            }
            let side = if signal.occurred_at < self.at {
                &mut newest.before
            } else {
                &mut newest.after
            };
            if side.is_none_or(|known| rank(known) < rank(signal)) {
                *side = Some(signal);
            }
        }
        BeforeAfter {
            before: newest.before.map(|signal| signal.value),
            after: newest.after.map(|signal| signal.value),
        }
    }

    /// The bands when the day of the release began, and at the end, of changes in the order of recording.
    pub(crate) fn bands(&self, changes: &[(Timestamp, Option<Band>)]) -> BeforeAfter<Option<Band>> {
        let held = |at: Timestamp| {
            let mut before = changes.iter().rev();
            before.find(|(since, _)| *since < at)?.1
        };
        BeforeAfter {
            before: held(self.at),
            after: held(self.until),
        }
    }
}

impl Use {
    fn count(&mut self, BeforeAfter { before, after }: BeforeAfter<Option<i64>>, churned: bool) {
        let is_used = |value: Option<i64>| value.is_some_and(|value| value > 0);
        let (used_before, uses) = (is_used(before), is_used(after) && !churned);
        self.used.before += i64::from(used_before);
        self.used.after += i64::from(uses);
        self.silent.before += i64::from(before.is_none());
        self.silent.after += i64::from(after.is_none());
        self.started += i64::from(!used_before && uses);
        self.stopped += i64::from(used_before && !uses);
        if let (Some(before), Some(after)) = (before, after) {
            self.compared.before.push(before);
            self.compared.after.push(after);
        }
    }

    /// How many accounts both values are known of, and their medians: the upper of two.
    pub(crate) fn medians(&self) -> (i64, BeforeAfter<Option<i64>>) {
        let median = |values: &[i64]| {
            let mut sorted = values.to_vec();
            sorted.sort_unstable();
            sorted.get(sorted.len() / 2).copied()
        };
        let compared = i64::try_from(self.compared.before.len()).unwrap_or(i64::MAX);
        let medians = BeforeAfter {
            before: median(&self.compared.before),
            after: median(&self.compared.after),
        };
        (compared, medians)
    }
}

impl Segment {
    /// Nothing of so many measured uses.
    pub(crate) fn of(uses: usize) -> Self {
        Self {
            uses: vec![Use::default(); uses],
            ..Self::default()
        }
    }

    /// Counts an account in.
    pub(crate) fn count(&mut self, account: &Looked) {
        self.accounts += 1;
        self.churned += i64::from(account.churned);
        for (counted, found) in self.uses.iter_mut().zip(&account.uses) {
            counted.count(*found, account.churned);
        }
        *self.bands.before.entry(account.band.before).or_default() += 1;
        if !account.churned {
            *self.bands.after.entry(account.band.after).or_default() += 1;
        }
    }
}

#[cfg(test)]
#[path = "adoption_tests.rs"]
mod tests;
