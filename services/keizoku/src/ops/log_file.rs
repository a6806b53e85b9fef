//! A service's log, opened for reading beside whatever process writes to it, with failures in an
//! operator's words.

use std::path::PathBuf;
use std::sync::Arc;

use keizoku_core::{Position, Recorded, Revision, StreamId};
use keizoku_log::sqlite::ReadOnlyLog;
use keizoku_log::{Head, LogError};
use uuid::Uuid;

use super::{Refusal, Service};

/// Events that are read in one transaction: short, so that the writer's WAL can start over.
pub(super) const PAGE: usize = 1024;

/// A log that is only read.
pub(super) struct LogFile {
    pub(super) service: Service,
    path: PathBuf,
    log: ReadOnlyLog,
}

impl LogFile {
    pub(super) fn open(service: Service, path: PathBuf) -> Result<Self, Refusal> {
        let log = ReadOnlyLog::open(&path)?;
        Ok(Self { service, path, log })
    }

    /// Which log this is.
    pub(super) fn id(&self) -> Result<Uuid, Refusal> {
        self.log.log_id().map_err(|error| self.unreadable(&error))
    }

    /// Where it ends.
    pub(super) fn head(&self) -> Result<Head, Refusal> {
        self.log.head().map_err(|error| self.unreadable(&error))
    }

    /// The first `limit` events after a position.
    pub(super) fn page(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Arc<Recorded>>, Refusal> {
        let page = self.log.read_all(after, limit);
        page.map_err(|error| self.unreadable(&error))
    }

    /// The last event of a stream that has few.
    pub(super) fn last_of(&self, stream: &StreamId) -> Result<Option<Recorded>, Refusal> {
        let events = self.log.read_stream(stream, Revision::NONE, usize::MAX);
        let mut events = events.map_err(|error| self.unreadable(&error))?;
        Ok(events.pop())
    }

    fn unreadable(&self, error: &LogError) -> Refusal {
        Refusal::unreadable(&self.path, error)
    }
}
