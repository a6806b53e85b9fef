//! The log as the rest of the system sees it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use keizoku_core::{NewEvent, Position, Recorded, Revision, StreamId};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{AppendError, LogError};

/// An ordered, durable record of events in streams.
///
/// * An append is written whole or not at all, also when its future is dropped.
/// * It is answered after it is on disk, and is then visible to every later read.
/// * Once an event at position *p* is visible, nothing ever appears below *p*.
/// * Within a stream, revisions have no gaps and positions rise with them.
/// * `recorded_at` never goes back, whatever the clock does.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Appends all of `events` to `stream` if it stands at exactly `expected`; otherwise nothing.
    /// [`Revision::NONE`] means that the stream must not exist yet. There is no "any".
    ///
    /// Appending again what the stream already holds right after `expected` (the same ids, kinds
    /// and data; metadata may differ, for a second try has a trace of its own) writes nothing and
    /// gives the first answer again. Event ids are compared at that place only: keep them unique
    /// within their stream by deriving them from stream and request.
    ///
    /// # Errors
    /// See [`AppendError`].
    async fn append(
        &self,
        stream: &StreamId,
        expected: Revision,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError>;

    /// The first `limit` events of `stream` after revision `after`, in order. Fewer than `limit`
    /// means that there were no more; a stream that does not exist has none.
    ///
    /// # Errors
    /// When the log cannot be read.
    async fn read_stream(
        &self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError>;

    /// The first `limit` events of all streams after position `after`, in order: one page. Fewer
    /// than `limit` means that there were no more. To go on for ever, use [`follow`](crate::follow).
    /// Whoever reads the same events at the same time may share them.
    ///
    /// # Errors
    /// When the log cannot be read.
    async fn read_all(&self, after: Position, limit: usize)
    -> Result<Vec<Arc<Recorded>>, LogError>;

    /// Where the log ends; moves after a commit is durable and before its appends are answered.
    /// The sender is gone when the log is closed.
    fn head(&self) -> watch::Receiver<Head>;

    /// Which log this is: positions of different logs must not be compared. The same after a
    /// restart, another one after a backup was restored.
    fn log_id(&self) -> Uuid;

    /// Takes no more appends, finishes those that it took, and lets go of the storage, which may
    /// be opened again when this returns. Appends and reads answer `Closed` from now on, followers
    /// end. Closing twice is harmless.
    async fn close(&self);
}

/// Where an append went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Revision of the first event.
    pub first: Revision,
    /// Revision of the last event, and so of the stream at that time.
    pub last: Revision,
    /// Position of the last event.
    pub position: Position,
    /// When the log accepted them.
    pub recorded_at: Timestamp,
}

/// Where a log ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Position of the last event; [`Position::START`] in an empty log.
    pub position: Position,
    /// When the log accepted it; `None` in an empty log.
    pub recorded_at: Option<Timestamp>,
}
