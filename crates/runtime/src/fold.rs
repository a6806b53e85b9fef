//! A stream, folded.

use std::collections::HashMap;

use jiff::Timestamp;
use keizoku_core::{Decider, Recorded, Revision};
use keizoku_proto::{StoredEvent, common};
use prost::Message as _;
use uuid::Uuid;

use crate::Failure;

/// A stream, folded: the state, and every request that ever changed it.
#[derive(Debug, Clone, Default)]
pub struct Fold<S> {
    /// What decisions depend on.
    pub state: S,
    /// Revision of the last event.
    pub revision: Revision,
    /// When the first event was recorded.
    pub created_at: Option<Timestamp>,
    /// When the last event was recorded.
    pub updated_at: Option<Timestamp>,
    pub(crate) requests: HashMap<Uuid, Done>,
}

/// A request that was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) revision: Revision,
    pub(crate) hash: [u8; 16],
}

/// Takes in one event as the log holds it.
pub(crate) fn fold_in<D>(fold: &mut Fold<D::State>, event: &Recorded) -> Result<(), Failure>
where
    D: Decider,
    D::Event: StoredEvent,
{
    let decoded = D::Event::from_bytes(&event.data).map_err(|error| Failure::internal(&error))?;
    D::evolve(&mut fold.state, &decoded, event.recorded_at);
    fold.revision = event.revision;
    fold.created_at.get_or_insert(event.recorded_at);
    fold.updated_at = Some(event.recorded_at);
    let metadata = common::EventMetadata::decode(event.metadata.as_slice())
        .map_err(|error| Failure::internal(&error))?;
    let id = Uuid::from_slice(&metadata.request_id);
    if let (Ok(id), Ok(hash)) = (id, metadata.request_hash.as_slice().try_into()) {
        fold.requests.insert(
            id,
            Done {
                revision: event.revision,
                hash,
            },
        );
    }
    Ok(())
}
