//! What the notification service decides: one file per aggregate, each a [`keizoku_core::Decider`].

pub mod activation;
mod backoff;
pub mod delivery;
pub mod endpoint;
pub mod fact;
pub mod rule;

use jiff::Timestamp;
use keizoku_core::{Origin, StreamId, derive_id};
use keizoku_runtime::{Call, Cause};
use uuid::Uuid;

/// The one stream that says since when facts are told about.
pub const ACTIVATION: StreamId = StreamId::singleton("activation");

/// Stream of a rule.
#[must_use]
pub fn rule_stream(key: &str) -> StreamId {
    StreamId::new("rule", derive_id("rule", &[key.as_bytes()]))
}

/// Stream of what a rule does about a fact: whoever hears of the fact again finds it.
#[must_use]
pub fn fact_stream(fact: Uuid, rule: &str) -> StreamId {
    StreamId::new(
        "fact",
        derive_id("fact", &[fact.as_bytes(), rule.as_bytes()]),
    )
}

/// Stream of an endpoint, by its name in the configuration.
#[must_use]
pub fn endpoint_stream(name: &str) -> StreamId {
    StreamId::new("endpoint", derive_id("endpoint", &[name.as_bytes()]))
}

/// Stream of a delivery.
#[must_use]
pub const fn delivery_stream(id: Uuid) -> StreamId {
    StreamId::new("delivery", id)
}

/// Id of the delivery of a fact to a recipient by a rule.
#[must_use]
pub fn delivery_id(fact: Uuid, rule: &str, recipient: &str) -> Uuid {
    derive_id(
        "delivery",
        &[fact.as_bytes(), rule.as_bytes(), recipient.as_bytes()],
    )
}

/// Id of the delivery in which a rule tells a recipient all facts that are due at an instant.
#[must_use]
pub fn group_id(rule: &str, recipient: &str, send_time: Timestamp) -> Uuid {
    let due = send_time.as_microsecond().to_be_bytes();
    derive_id("group", &[rule.as_bytes(), recipient.as_bytes(), &due])
}

/// A command that the service gives itself because of something. The same request id takes effect once
/// per stream.
#[must_use]
pub fn own_call(origin: Origin, request_id: Uuid, cause: Cause) -> Call {
    Call::own(crate::SOURCE, origin, request_id, cause)
}
