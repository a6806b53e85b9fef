//! How services hear of one another's events: one operation for everybody.
//!
//! *Used by* `runtime`'s projector and effect runners. *Guarantees*: a subscription delivers the
//! source's events in order, from the position asked for, without gap or duplicate, and then
//! follows. *Fails* by ending with a [`BusError`]; the subscriber starts over from its position.
//!
//! [`LocalBus`] follows the logs of the services in this process. [`nats`] carries them between
//! processes: a relay beside each log, and a bus that nothing above can tell from the local one. Both
//! pass the cases of `conformance`.

#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod local;
pub mod nats;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use keizoku_core::{Position, Recorded};
use uuid::Uuid;

pub use error::BusError;
pub use local::LocalBus;

/// Where other services' events come from.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Which log the source has, and where it ends now.
    ///
    /// # Errors
    /// When nobody offers the source here, or it cannot be reached.
    async fn source(&self, source: &str) -> Result<Source, BusError>;

    /// The events of `source` after `after`, and then every new one.
    ///
    /// # Errors
    /// When nobody offers the source here, or it cannot be reached.
    async fn subscribe(&self, source: &str, after: Position) -> Result<Subscription, BusError>;
}

/// A source, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Id of its log: positions of another log mean nothing here.
    pub log_id: Uuid,
    /// The last position that it is known to have.
    pub head: Position,
}

/// Ordered deliveries of one source.
pub type Subscription = BoxStream<'static, Result<Delivery, BusError>>;

/// Some events of a source, in order.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The log that the positions belong to. It may be another one than [`Bus::source`] told
    /// before: then the events are not for who asked, who starts over.
    pub log_id: Uuid,
    /// The events; empty when only the head moved.
    pub events: Vec<Arc<Recorded>>,
    /// The last position that the source is known to have.
    pub head: Position,
}
