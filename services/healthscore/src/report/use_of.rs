//! How a product was used, month by month.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::Day;
use keizoku_proto::healthscore::SignalKind;

use crate::scoring::{SeriesKey, Signal};

/// What a customer sees of its own use, in the order of the report.
const SHOWN: [SignalKind; 6] = [
    SignalKind::ActiveUsers,
    SignalKind::SignIns,
    SignalKind::FeatureUse,
    SignalKind::ContentAttendance,
    SignalKind::SeminarAttendance,
    SignalKind::Nps,
];

/// The last value of each month of a year; none where nothing was heard in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) key: SeriesKey,
    pub(crate) months: [Option<i64>; 12],
}

impl Series {
    /// The first and the last value of the year.
    pub(crate) fn ends(&self) -> Option<(i64, i64)> {
        let mut known = self.months.iter().flatten();
        let first = *known.next()?;
        Some((first, known.next_back().copied().unwrap_or(first)))
    }

    pub(crate) fn highest(&self) -> i64 {
        self.months.iter().flatten().copied().max().unwrap_or(0)
    }
}

/// The series of a year that say something.
pub(crate) fn series(signals: &[Arc<Signal>], year: i16, zone: &TimeZone) -> Vec<Series> {
    type Newest = [Option<((Timestamp, (u64, u32)), i64)>; 12];
    let mut found: BTreeMap<SeriesKey, Newest> = BTreeMap::new();
    for signal in signals {
        let month = Day::of(signal.occurred_at, zone).month();
        if month.year() != year || !SHOWN.contains(&signal.series.kind) {
            continue;
        }
        let place = usize::try_from(month.of_year() - 1).unwrap_or_default();
        let months = found.entry(signal.series.clone()).or_default();
        // The newest occurrence wins, on a tie the latest recorded (HLT-1).
        let rank = (signal.occurred_at, signal.place);
        if months[place].is_none_or(|(newest, _)| newest < rank) {
            months[place] = Some((rank, signal.value));
        }
    }
    let mut series: Vec<Series> = found
        .into_iter()
        .map(|(key, months)| Series {
            key,
            months: months.map(|newest| newest.map(|(_, value)| value)),
        })
        .collect();
    series.sort_by_key(|one| SHOWN.iter().position(|kind| *kind == one.key.kind));
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(kind: SignalKind, value: i64, at: &str) -> Arc<Signal> {
        let occurred_at: Timestamp = at.parse().unwrap();
        Arc::new(Signal {
            series: SeriesKey {
                kind,
                subject: String::new(),
            },
            value,
            occurred_at,
            recorded_at: occurred_at,
            place: (1, 0),
            target: None,
            source: String::new(),
            key: String::new(),
            text: String::new(),
        })
    }

    #[test]
    fn hlt_10_use_is_the_last_value_of_each_local_month_and_what_is_for_colleagues_is_left_out() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let signals = [
            signal(SignalKind::SignIns, 70, "2026-03-30T00:00:00Z"),
            signal(SignalKind::SignIns, 40, "2026-03-05T00:00:00Z"),
            // April in Tokyo.
            signal(SignalKind::SignIns, 90, "2026-03-31T15:00:00Z"),
            // Another year there.
            signal(SignalKind::SignIns, 1, "2026-12-31T15:00:00Z"),
            signal(SignalKind::ActiveUsers, 12, "2026-06-01T00:00:00Z"),
            signal(SignalKind::CsmPulse, 1, "2026-06-01T00:00:00Z"),
            signal(SignalKind::ExpectationGap, 3, "2026-06-01T00:00:00Z"),
        ];
        let found = series(&signals, 2026, &tokyo);
        let kinds: Vec<_> = found.iter().map(|one| one.key.kind).collect();
        assert_eq!(kinds, [SignalKind::ActiveUsers, SignalKind::SignIns]);
        let sign_ins = &found[1];
        assert_eq!(sign_ins.months[2..4], [Some(70), Some(90)]);
        assert_eq!((sign_ins.ends(), sign_ins.highest()), (Some((70, 90)), 90));
        assert_eq!(found[0].ends(), Some((12, 12)));
    }
}
