//! Courses as the read model keeps them: how to go on from what was worked off.

use jiff::Timestamp;
use keizoku_proto::healthscore::RecordedSignal;
use prost::Message;

use crate::history::signal_of;
use crate::resources;
use crate::scoring::{Band, Course, Latest, Step};

/// A course, encoded.
pub(crate) fn to_bytes(course: &Course) -> Vec<u8> {
    let step = course.step.as_ref();
    let card = step.and_then(|step| step.card.clone());
    let (followed, followed_since) = course.followed.clone().unzip();
    let (card, card_version) = card.unzip();
    let signals = course.latest.all().map(|signal| Kept {
        signal: Some(resources::recorded(signal)),
        recorded_at: signal.recorded_at.as_microsecond(),
        position: signal.place.0,
        number: signal.place.1,
    });
    let stored = Stored {
        at: course.at.map(Timestamp::as_microsecond),
        changes_at: course.changes_at.map(Timestamp::as_microsecond),
        followed,
        followed_since: followed_since.map(Timestamp::as_microsecond),
        step_at: step.map(|step| step.at.as_microsecond()),
        score: step.and_then(|step| step.score).map(u32::from),
        band: resources::band(course.band()).into(),
        card,
        card_version,
        signals: signals.collect(),
        signed_in: course.signed_in.map(Timestamp::as_microsecond),
    };
    stored.encode_to_vec()
}

/// A course as it was stored; none where a later version no longer reads it.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Course> {
    let stored = Stored::decode(bytes).ok()?;
    let instant = |micros: Option<i64>| micros.map(Timestamp::from_microsecond).transpose().ok();
    let mut latest = Latest::default();
    for kept in stored.signals {
        let recorded_at = Timestamp::from_microsecond(kept.recorded_at).ok()?;
        let signal = signal_of(kept.signal?, recorded_at, (kept.position, kept.number))?;
        latest.take(&signal.into());
    }
    let score = stored.score.map(u8::try_from).transpose().ok()?;
    let band = Band::of_number(stored.band);
    let card = stored.card.zip(stored.card_version);
    let step = instant(stored.step_at)?.map(|at| Step {
        at,
        score,
        band,
        card,
    });
    Some(Course {
        at: instant(stored.at)?,
        latest,
        step,
        followed: stored.followed.zip(instant(stored.followed_since)?),
        changes_at: instant(stored.changes_at)?,
        signed_in: instant(stored.signed_in)?,
    })
}

/// Instants in microseconds.
#[derive(Clone, PartialEq, Message)]
struct Stored {
    #[prost(int64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(int64, optional, tag = "2")]
    changes_at: Option<i64>,
    #[prost(string, optional, tag = "3")]
    followed: Option<String>,
    #[prost(int64, optional, tag = "4")]
    followed_since: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    step_at: Option<i64>,
    #[prost(uint32, optional, tag = "6")]
    score: Option<u32>,
    #[prost(int32, tag = "7")]
    band: i32,
    #[prost(string, optional, tag = "8")]
    card: Option<String>,
    #[prost(uint32, optional, tag = "9")]
    card_version: Option<u32>,
    #[prost(message, repeated, tag = "10")]
    signals: Vec<Kept>,
    #[prost(int64, optional, tag = "11")]
    signed_in: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Kept {
    #[prost(message, optional, tag = "1")]
    signal: Option<RecordedSignal>,
    #[prost(int64, tag = "2")]
    recorded_at: i64,
    #[prost(uint64, tag = "3")]
    position: u64,
    #[prost(uint32, tag = "4")]
    number: u32,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keizoku_core::Day;
    use keizoku_proto::healthscore::SignalKind;

    use super::*;
    use crate::scoring::{SeriesKey, Signal};

    #[test]
    fn a_course_is_read_as_it_was_stored() {
        assert_eq!(
            from_bytes(&to_bytes(&Course::default())),
            Some(Course::default())
        );
        let at: Timestamp = "2026-11-22T00:00:00.000001Z".parse().unwrap();
        let mut latest = Latest::default();
        latest.take(&Arc::new(Signal {
            series: SeriesKey {
                kind: SignalKind::OnboardingState,
                subject: "Core".to_owned(),
            },
            value: 40,
            occurred_at: at,
            recorded_at: at,
            place: (7, 3),
            target: "2026-12-31".parse::<Day>().ok(),
            source: "onboarding".to_owned(),
            key: "k".to_owned(),
            text: "順調".to_owned(),
        }));
        for band in [None, Some(Band::Red), Some(Band::Yellow), Some(Band::Green)] {
            let card = Some(("mid".to_owned(), 2));
            let course = Course {
                at: Some(at),
                latest: latest.clone(),
                step: Some(Step {
                    at,
                    score: band.map(|_| 0),
                    band,
                    card,
                }),
                followed: Some(("mid".to_owned(), Timestamp::MIN)),
                changes_at: Some(at),
                signed_in: Some(at),
            };
            assert_eq!(from_bytes(&to_bytes(&course)), Some(course));
        }
    }
}
