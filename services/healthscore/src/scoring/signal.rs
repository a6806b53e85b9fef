//! Signals, and the newest of each series (HLT-1).

use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::Day;
use keizoku_proto::healthscore::SignalKind;

/// What a row of signals tells about: the newest of a series is its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// What the signals tell about.
    pub kind: SignalKind,
    /// Of what, such as a feature; empty for kinds without subjects.
    pub subject: String,
}

/// A signal as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// What it tells about.
    pub series: SeriesKey,
    /// Value, in the unit of its kind.
    pub value: i64,
    /// When it occurred.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Its place in the order of recording: position in the log, and number in that event.
    pub place: (u64, u32),
    /// When the onboarding should be complete; for onboarding states.
    pub target: Option<Day>,
    /// Which system sent it.
    pub source: String,
    /// Its idempotency key.
    pub key: String,
    /// What was said; for the voice of the customer.
    pub text: String,
}

/// The newest signal of each series, in the order of series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latest(Vec<Arc<Signal>>);

impl Latest {
    /// Takes in a signal: the newest occurrence wins, on a tie the latest recorded (HLT-1). So it does
    /// not matter in which order signals are taken in.
    pub fn take(&mut self, signal: &Arc<Signal>) {
        let rank = |signal: &Signal| (signal.occurred_at, signal.place);
        match self.place(&signal.series) {
            Ok(place) if rank(&self.0[place]) >= rank(signal) => {}
            Ok(place) => self.0[place] = Arc::clone(signal),
            Err(place) => self.0.insert(place, Arc::clone(signal)),
        }
    }

    /// The newest of every series.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Signal>> {
        self.0.iter()
    }

    /// The newest of a series.
    #[must_use]
    pub fn of(&self, series: &SeriesKey) -> Option<&Arc<Signal>> {
        self.place(series).ok().map(|place| &self.0[place])
    }

    /// The newest of every series of a kind.
    pub fn of_kind(&self, kind: SignalKind) -> impl Iterator<Item = &Arc<Signal>> {
        let first = self.0.partition_point(|known| known.series.kind < kind);
        let of_it = move |known: &&Arc<Signal>| known.series.kind == kind;
        self.0[first..].iter().take_while(of_it)
    }

    fn place(&self, series: &SeriesKey) -> Result<usize, usize> {
        self.0.binary_search_by(|known| known.series.cmp(series))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, signal};
    use super::*;

    #[test]
    fn hlt_1_the_newest_occurrence_wins_and_on_a_tie_the_latest_recorded() {
        let nps = |value, day, place| {
            let mut signal = signal(SignalKind::Nps, value, at(day));
            signal.place = (place, 0);
            Arc::new(signal)
        };
        let (early, tied, late) = (nps(10, 3, 9), nps(20, 4, 7), nps(30, 4, 8));
        let series = early.series.clone();
        for order in [
            [&early, &tied, &late],
            [&late, &tied, &early],
            [&tied, &late, &early],
        ] {
            let mut latest = Latest::default();
            for signal in order {
                latest.take(signal);
            }
            assert_eq!(latest.of(&series).map(|signal| signal.value), Some(30));
        }
    }
}
