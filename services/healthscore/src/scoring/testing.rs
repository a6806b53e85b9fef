//! Scorecards and signals with defaults for everything that a test does not care about.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use keizoku_proto::healthscore::{self as proto, SignalKind, WhenStale};

use super::{SeriesKey, Signal};

/// Noon in Tokyo, on a day counted from 1 January 2026.
pub(crate) fn at(day: i64) -> Timestamp {
    let first: Timestamp = "2026-01-01T03:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * day)
}

pub(super) fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

/// Recorded when it occurred, in the order of time.
pub(crate) fn signal(kind: SignalKind, value: i64, occurred_at: Timestamp) -> Signal {
    Signal {
        series: SeriesKey {
            kind,
            subject: String::new(),
        },
        value,
        occurred_at,
        recorded_at: occurred_at,
        place: (u64::try_from(occurred_at.as_second()).unwrap(), 0),
        target: None,
        source: "test".to_owned(),
        key: "k".to_owned(),
        text: String::new(),
    }
}

/// A measure that is worth its value, and is left out after 30 days.
pub(super) fn measure(key: &str, signal: SignalKind, weight: i32) -> proto::Measure {
    proto::Measure {
        key: key.to_owned(),
        display_name: key.to_owned(),
        kind: proto::MeasureKind::Adoption.into(),
        signal: signal.into(),
        weight,
        curve: [0, 100]
            .map(|value| proto::CurvePoint {
                value,
                points: i32::try_from(value).unwrap(),
            })
            .into(),
        stale_after_days: 30,
        when_stale: WhenStale::Drop.into(),
        ..proto::Measure::default()
    }
}

pub(super) fn card(measures: Vec<proto::Measure>) -> proto::Scorecard {
    proto::Scorecard {
        display_name: "test".to_owned(),
        measures,
        unfinished_onboarding_cap: 60,
        ..proto::Scorecard::default()
    }
}
