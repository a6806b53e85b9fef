//! Events of the own log as far as a trial reads them. Nobody explains these scores: keys, sources and
//! texts, which are most of an event, are passed over.

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{AccountId, Recorded};
use keizoku_proto::UnreadableEvent;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::RecordedSignal;
use prost::Message;

use crate::history::signal_of;
use crate::scoring::Scorecard;

use super::observed::{Observed, SeriesTable};

/// A signal that was recorded so long after it occurred was history by then.
const LATE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Whose the signals of an event are; none in an event of something else.
///
/// # Errors
/// When it cannot be read.
pub(super) fn account_of(event: &Recorded) -> Result<Option<AccountId>, UnreadableEvent> {
    if event.category() != "signals" {
        return Ok(None);
    }
    let read = Whose::decode(event.data.as_slice()).map_err(UnreadableEvent::Damaged)?;
    let recorded = read.recorded.ok_or(UnreadableEvent::NewerVersion)?;
    Ok(recorded.account_id.parse().ok())
}

/// The signals of an event.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    /// How many there are, and how many of them came late.
    pub(super) count: i64,
    pub(super) late: i64,
    /// When the first of them occurred.
    pub(super) first: Option<Timestamp>,
}

impl Arrival {
    /// Reads an event of signals. Those that the scorecard looks at are added to `observed`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(
        event: &Recorded,
        card: &Scorecard,
        series: &mut SeriesTable,
        observed: &mut Vec<Observed>,
    ) -> Result<Self, UnreadableEvent> {
        let read = What::decode(event.data.as_slice()).map_err(UnreadableEvent::Damaged)?;
        let recorded = read.recorded.ok_or(UnreadableEvent::NewerVersion)?;
        let mut arrival = Self::default();
        for (number, signal) in (0..).zip(recorded.signals) {
            let place = (event.position.0, number);
            let Some(signal) = signal_of(signal.into(), event.recorded_at, place) else {
                continue;
            };
            let delay = event.recorded_at.duration_since(signal.occurred_at);
            arrival.count += 1;
            arrival.late += i64::from(delay > LATE);
            let first = arrival.first.into_iter().chain([signal.occurred_at]);
            arrival.first = first.min();
            if card.looks_at(&signal.series) {
                observed.push(series.observe(&signal));
            }
        }
        Ok(arrival)
    }
}

/// An `Event`.
#[derive(Clone, PartialEq, Message)]
struct Whose {
    #[prost(message, optional, tag = "1")]
    recorded: Option<Owner>,
}

/// A `SignalsRecorded`.
#[derive(Clone, PartialEq, Message)]
struct Owner {
    #[prost(string, tag = "1")]
    account_id: String,
}

/// An `Event`.
#[derive(Clone, PartialEq, Message)]
struct What {
    #[prost(message, optional, tag = "1")]
    recorded: Option<Signals>,
}

/// A `SignalsRecorded`.
#[derive(Clone, PartialEq, Message)]
struct Signals {
    #[prost(message, repeated, tag = "3")]
    signals: Vec<Valued>,
}

/// A `RecordedSignal`.
#[derive(Clone, PartialEq, Message)]
struct Valued {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    subject: String,
    #[prost(int64, tag = "3")]
    value: i64,
    #[prost(message, optional, tag = "4")]
    occur_time: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "8")]
    target_date: Option<Date>,
}

impl From<Valued> for RecordedSignal {
    fn from(signal: Valued) -> Self {
        Self {
            kind: signal.kind,
            subject: signal.subject,
            value: signal.value,
            occur_time: signal.occur_time,
            target_date: signal.target_date,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keizoku_core::{Position, Revision};
    use keizoku_proto::StoredEvent as _;
    use keizoku_proto::healthscore::event::Kind;
    use keizoku_proto::healthscore::{SignalKind, SignalsRecorded};
    use uuid::Uuid;

    use super::*;
    use crate::domain::shipped;
    use crate::scoring::Signal;

    fn event(signals: Vec<RecordedSignal>) -> Recorded {
        let kind = Kind::SignalsRecorded(SignalsRecorded {
            account_id: Uuid::from_u128(7).to_string(),
            month: 24_000,
            signals,
        });
        Recorded {
            position: Position(9),
            stream: format!("signals-{}", Uuid::from_u128(8).simple()),
            revision: Revision(1),
            id: Uuid::nil(),
            kind: kind.type_name().to_owned(),
            recorded_at: "2026-11-22T00:00:00Z".parse().unwrap(),
            data: kind.to_bytes(),
            metadata: Vec::new(),
        }
    }

    fn of(kind: SignalKind, occurred: &str) -> RecordedSignal {
        RecordedSignal {
            kind: kind.into(),
            subject: "Core".to_owned(),
            value: -7,
            occur_time: Some(keizoku_proto::timestamp(occurred.parse().unwrap())),
            source: "app".to_owned(),
            key: "k".to_owned(),
            text: "順調".to_owned(),
            target_date: Some(Date {
                year: 2026,
                month: 12,
                day: 31,
            }),
        }
    }

    #[test]
    fn hlt_8_a_trial_reads_of_a_signal_all_that_a_score_is_made_of() {
        let (_, card) = shipped().into_iter().next().unwrap();
        let card = Scorecard::read(card).unwrap();
        let looked_at = of(SignalKind::OnboardingState, "2026-11-21T00:00:00Z");
        let late = of(SignalKind::FeatureUse, "2026-11-14T23:59:59Z");
        let event = event(vec![late.clone(), looked_at.clone()]);
        assert_eq!(account_of(&event), Ok(Some(Uuid::from_u128(7).into())));
        let (mut series, mut observed) = (SeriesTable::default(), Vec::new());
        let arrival = Arrival::read(&event, &card, &mut series, &mut observed).unwrap();
        assert_eq!((arrival.count, arrival.late), (2, 1));
        assert_eq!(
            arrival.first,
            keizoku_proto::instant(&late.occur_time.unwrap())
        );
        let whole = signal_of(looked_at, event.recorded_at, (9, 1)).unwrap();
        let expected = Signal {
            recorded_at: whole.occurred_at,
            source: String::new(),
            key: String::new(),
            text: String::new(),
            ..whole
        };
        let read: Vec<_> = observed
            .iter()
            .map(|one| series.signal(one).unwrap())
            .collect();
        assert_eq!(read, [Arc::new(expected)]);
    }

    #[test]
    fn hlt_8_what_a_newer_version_recorded_of_signals_stops_a_trial() {
        let newer = Recorded {
            data: Vec::new(),
            ..event(Vec::new())
        };
        assert_eq!(account_of(&newer), Err(UnreadableEvent::NewerVersion));
    }
}
