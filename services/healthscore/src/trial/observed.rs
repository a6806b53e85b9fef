//! Signals as they wait until the score is followed up to them: in little memory, because all accounts are
//! followed at the same time.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::Day;

use crate::scoring::{SeriesKey, Signal};

/// The series of many signals, by number.
#[derive(Debug, Default)]
pub(super) struct SeriesTable {
    keys: Vec<SeriesKey>,
    numbers: HashMap<SeriesKey, usize>,
}

/// A signal, as if it had been recorded when it occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) occurred_at: Timestamp,
    pub(super) place: (u64, u32),
    value: i64,
    target: Option<Day>,
    /// Number of its series in a table.
    series: u32,
}

impl SeriesTable {
    /// What waits of a signal.
    pub(super) fn observe(&mut self, signal: &Signal) -> Observed {
        let number = match self.numbers.get(&signal.series) {
            Some(number) => *number,
            None => self.add(signal.series.clone()),
        };
        Observed {
            occurred_at: signal.occurred_at,
            place: signal.place,
            value: signal.value,
            target: signal.target,
            // Every series takes far more memory than its number has room for.
            series: u32::try_from(number).unwrap_or(u32::MAX),
        }
    }

    fn add(&mut self, series: SeriesKey) -> usize {
        let number = self.keys.len();
        self.keys.push(series.clone());
        self.numbers.insert(series, number);
        number
    }

    /// The signal, without what nobody explains a score of the past by.
    pub(super) fn signal(&self, observed: &Observed) -> Option<Arc<Signal>> {
        let series = self.keys.get(usize::try_from(observed.series).ok()?)?;
        Some(Arc::new(Signal {
            series: series.clone(),
            value: observed.value,
            occurred_at: observed.occurred_at,
            recorded_at: observed.occurred_at,
            place: observed.place,
            target: observed.target,
            source: String::new(),
            key: String::new(),
            text: String::new(),
        }))
    }
}
