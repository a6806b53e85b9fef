//! What can go wrong with a log, in words that fit every backend.

use std::error::Error;
use std::sync::Arc;

use keizoku_core::{EventId, Revision};

/// What the backend said. Shared, because one failed commit fails many appends.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why an append was not acknowledged. Except for [`AppendError::Unknown`], nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The stream is not where the caller thinks: read it again and decide again.
    #[error("the stream is at revision {}, not at the expected one", actual.0)]
    WrongRevision {
        /// Where the stream is.
        actual: Revision,
    },
    /// The event at that place has this id but says something else: the caller derives one id from
    /// two different commands, or put one id twice into an append.
    #[error("event id {id} was used for another event")]
    IdReused {
        /// The id.
        id: EventId,
    },
    /// An append without events would have no answer to give.
    #[error("an append needs at least one event")]
    Empty,
    /// The events of one append together are larger than the log takes.
    #[error("{bytes} bytes in one append are more than the {limit} that the log takes")]
    TooLarge {
        /// Size of the append's payloads.
        bytes: usize,
        /// The largest that is taken.
        limit: usize,
    },
    /// The disk is full. The same append succeeds once there is room; no restart is needed.
    #[error("there is no room left for the log")]
    Full,
    /// Nobody knows whether it was written: read the stream to find out, or append the same again.
    #[error("it is unknown whether the events were written")]
    Unknown(#[source] Cause),
    /// The log was closed, or has stopped after a failure.
    #[error("the log is closed")]
    Closed,
    /// The log cannot be written at the moment.
    #[error("the log cannot be written")]
    Unavailable(#[source] Cause),
}

/// Why a log could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// The log cannot be read at the moment, or holds something that no version ever wrote.
    #[error("the log cannot be read")]
    Unavailable(#[source] Cause),
}
