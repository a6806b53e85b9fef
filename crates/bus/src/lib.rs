//! How services hear of one another's events: one operation for everybody.
//!
//! *Used by* `runtime`'s projector and effect runners. *Guarantees*: a subscription delivers the
//! source's events in order, from the position asked for, without gap or duplicate, and then
//! follows. *Fails* by ending with a [`BusError`]; the subscriber starts over from its position.

mod local;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use keizoku_core::{Position, Recorded};
use uuid::Uuid;

pub use local::LocalBus;

/// Where other services' events come from.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Which log the source has, and where it ends now.
    ///
    /// # Errors
    /// When nobody offers the source here.
    async fn source(&self, source: &str) -> Result<Source, BusError>;

    /// The events of `source` after `after`, and then every new one.
    ///
    /// # Errors
    /// When nobody offers the source here.
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
    /// The log that the positions belong to.
    pub log_id: Uuid,
    /// The events; empty when only the head moved.
    pub events: Vec<Arc<Recorded>>,
    /// The last position that the source is known to have.
    pub head: Position,
}

/// Why events do not come.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No service of this process offers the source.
    #[error("no service in this process offers the events of `{0}`; run all of them, or use NATS")]
    UnknownSource(String),
    /// The source's log cannot be read.
    #[error("the events of `{source_name}` cannot be read")]
    Unreadable {
        /// Name of the source.
        source_name: String,
        /// Why.
        #[source]
        cause: keizoku_log::LogError,
    },
}
