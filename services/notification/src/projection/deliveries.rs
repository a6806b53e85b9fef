//! Deliveries as rows. A row is folded on by the domain itself: what a state becomes by an event
//! stands there, and only there.

use jiff::Timestamp;
use keizoku_core::{Decider as _, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::common::EventMetadata;
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{DeliveryState, SuppressionReason};
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, Row, Transaction, params};
use prost::Message as _;

use crate::domain::delivery::{Delivery, Phase, State};
use crate::route::lane;

/// Writes the rows of one event of the own log.
pub(super) fn on_own(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    let kind = Kind::from_bytes(&event.data)?;
    let id = match &kind {
        Kind::DeliveryPlanned(e) => {
            let recipient = e.recipient.clone().unwrap_or_default();
            rows.prepare_cached(
                "INSERT INTO deliveries (id, rule, account_id, lane, state, last_event,
                 correlation_id, traceparent) VALUES (?1, ?2, ?3, ?4, 0, '', '', '')",
            )?
            .execute(params![
                e.delivery_id,
                e.rule,
                e.account_id,
                lane(&recipient)
            ])?;
            &e.delivery_id
        }
        Kind::FactGrouped(e) => &e.delivery_id,
        Kind::AttemptStarted(e) => &e.delivery_id,
        Kind::Delivered(e) => &e.delivery_id,
        Kind::AttemptFailed(e) => {
            let until = e.retry_time.as_ref().and_then(keizoku_proto::instant);
            if let Some(until) = until.filter(|_| e.throttled) {
                rows.prepare_cached("UPDATE deliveries SET throttled_until = ?2 WHERE id = ?1")?
                    .execute(params![e.delivery_id, until.as_microsecond()])?;
            }
            &e.delivery_id
        }
        Kind::AttemptAmbiguous(e) => &e.delivery_id,
        Kind::DeliveryGivenUp(e) => &e.delivery_id,
        Kind::DeliverySuppressed(e) => &e.delivery_id,
        Kind::DeliveryRedriven(e) => &e.delivery_id,
        Kind::RuleDefined(e) => {
            rows.prepare_cached("INSERT OR IGNORE INTO rules VALUES (?1)")?
                .execute([&e.key])?;
            return Ok(());
        }
        Kind::NotificationsActivated(_)
        | Kind::NotificationsDeactivated(_)
        | Kind::RuleRetired(_)
        | Kind::EndpointDisabled(_)
        | Kind::EndpointEnabled(_)
        | Kind::FactRouted(_)
        | Kind::DigestSkipped(_) => return Ok(()),
    };
    advance(rows, id, &kind, event.recorded_at)?;
    connect(rows, id, &kind, event)?;
    Ok(())
}

/// What an attempt follows from: each event from the one before it, all of them in the chain and in the
/// trace of what was planned or, by somebody, redriven.
fn connect(
    rows: &Transaction<'_>,
    id: &str,
    kind: &Kind,
    event: &Recorded,
) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE deliveries SET last_event = ?2 WHERE id = ?1")?
        .execute(params![id, event.id.as_bytes()])?;
    if matches!(kind, Kind::DeliveryPlanned(_) | Kind::DeliveryRedriven(_)) {
        // What waits for its hours or for others is wanted then: until then nothing is late.
        let wanted_at = match kind {
            Kind::DeliveryPlanned(e) => e.send_time.as_ref().and_then(keizoku_proto::instant),
            _ => None,
        };
        let wanted_at = wanted_at.map_or(event.recorded_at, |at| at.max(event.recorded_at));
        let metadata = EventMetadata::decode(event.metadata.as_slice()).unwrap_or_default();
        rows.prepare_cached(
            "UPDATE deliveries SET correlation_id = ?2, traceparent = ?3, wanted_at = ?4
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            metadata.correlation_id,
            metadata.traceparent,
            wanted_at.as_microsecond()
        ])?;
    }
    Ok(())
}

fn advance(
    rows: &Transaction<'_>,
    id: &str,
    kind: &Kind,
    recorded_at: Timestamp,
) -> rusqlite::Result<()> {
    let mut state = rows
        .prepare_cached(
            "SELECT state, attempts, in_flight, ambiguous, due_at FROM deliveries WHERE id = ?1",
        )?
        .query_row([id], |row| Ok(state_of(row)))??;
    Delivery::evolve(&mut state, kind, recorded_at);
    let due = match (state.phase, state.in_flight) {
        (Phase::Pending(due), _) => Some(due),
        (_, Some((_, deadline))) => Some(deadline),
        _ => None,
    };
    let ambiguous: Vec<String> = state.ambiguous.iter().map(u32::to_string).collect();
    rows.prepare_cached(
        "UPDATE deliveries SET state = ?2, attempts = ?3, in_flight = ?4, ambiguous = ?5,
         due_at = ?6, seen_at = coalesce(?7, seen_at) WHERE id = ?1",
    )?
    .execute(params![
        id,
        i32::from(resource_state(state.phase)),
        state.attempts,
        state.in_flight.map(|(attempt, _)| attempt),
        ambiguous.join(" "),
        due.map(Timestamp::as_microsecond),
        is_of_an_attempt(kind).then(|| recorded_at.as_microsecond()),
    ])?;
    Ok(())
}

/// Whether an attempt begins or ends.
fn is_of_an_attempt(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::AttemptStarted(_)
            | Kind::Delivered(_)
            | Kind::AttemptFailed(_)
            | Kind::AttemptAmbiguous(_)
    )
}

/// What of a state a row holds. Words and counts of failures matter to decisions only.
fn state_of(row: &Row<'_>) -> rusqlite::Result<State> {
    let due: Option<i64> = row.get(4)?;
    let due = due
        .and_then(|due| Timestamp::from_microsecond(due).ok())
        .unwrap_or_default();
    let number: i32 = row.get(0)?;
    let phase = match DeliveryState::try_from(number).unwrap_or_default() {
        DeliveryState::Unspecified => Phase::Nothing,
        DeliveryState::Pending => Phase::Pending(due),
        DeliveryState::Attempting => Phase::Attempting,
        DeliveryState::Delivered => Phase::Delivered,
        DeliveryState::Ambiguous => Phase::Ambiguous,
        DeliveryState::GivenUp => Phase::GivenUp,
        DeliveryState::Suppressed => Phase::Suppressed(SuppressionReason::Unspecified),
    };
    let in_flight: Option<u32> = row.get(2)?;
    let ambiguous: String = row.get(3)?;
    Ok(State {
        phase,
        attempts: row.get(1)?,
        in_flight: in_flight.map(|attempt| (attempt, due)),
        ambiguous: ambiguous
            .split_whitespace()
            .filter_map(|attempt| attempt.parse().ok())
            .collect(),
        ..State::default()
    })
}

/// Where a delivery stands, as clients see it.
pub(crate) fn resource_state(phase: Phase) -> DeliveryState {
    match phase {
        Phase::Nothing => DeliveryState::Unspecified,
        Phase::Pending(_) => DeliveryState::Pending,
        Phase::Attempting => DeliveryState::Attempting,
        Phase::Delivered => DeliveryState::Delivered,
        Phase::Ambiguous => DeliveryState::Ambiguous,
        Phase::GivenUp => DeliveryState::GivenUp,
        Phase::Suppressed(_) => DeliveryState::Suppressed,
    }
}
