//! What an event follows from (GEN-6), and how that is found again later.

use keizoku_proto::common::EventMetadata;
use uuid::Uuid;

/// What a command follows from; the default one is nothing but the command itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// First id of the chain of causes; `None` where the command begins it.
    pub correlation_id: Option<Uuid>,
    /// The event that the command follows from; `None` when a person or a clock caused it.
    pub event: Option<Uuid>,
    /// W3C trace context of the work that the command is a part of; empty where nobody traces.
    pub traceparent: String,
    /// How many reactions lead to the command's events, one that gives it included.
    pub reactions: u32,
}

impl Cause {
    /// What follows from a recorded event, by its id and what is stored beside it.
    #[must_use]
    pub fn by(event: Uuid, metadata: &EventMetadata) -> Self {
        let chain = Uuid::from_slice(&metadata.correlation_id);
        Self {
            correlation_id: Some(chain.unwrap_or(event)),
            event: Some(event),
            traceparent: metadata.traceparent.clone(),
            reactions: metadata.reactions,
        }
    }

    /// The same, as a part of this step of the trace.
    #[must_use]
    pub fn within(self, traceparent: String) -> Self {
        Self {
            traceparent,
            ..self
        }
    }
}
