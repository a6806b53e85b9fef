//! A log that is only read: a copy, or one that another process may be writing to.

use std::path::Path;
use std::sync::Arc;

use keizoku_core::{Position, Recorded, Revision, StreamId};
use rusqlite::Connection;
use uuid::Uuid;

use super::{OpenError, origins, reader, schema};
use crate::{Head, LogError};

/// The log in a file, opened beside whatever process writes to it: it takes no lock, starts no
/// thread and changes nothing. Each question reads in one short transaction of its own and blocks
/// meanwhile.
pub struct ReadOnlyLog(Connection);

impl ReadOnlyLog {
    /// Opens the log at `path`.
    ///
    /// # Errors
    /// When there is no log there, or one of a newer format.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        schema::examine_file(path).map(Self)
    }

    /// Which log this is; see [`EventLog::log_id`](crate::EventLog::log_id).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn log_id(&self) -> Result<Uuid, LogError> {
        schema::log_id(&self.0).map_err(unavailable)
    }

    /// Where it ends.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn head(&self) -> Result<Head, LogError> {
        schema::head(&self.0).map_err(unavailable)
    }

    /// The first `limit` events of all streams after position `after`, in order.
    ///
    /// # Errors
    /// When the file cannot be read, or one of these events.
    pub fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Arc<Recorded>>, LogError> {
        reader::page(&self.0, after, limit).map_err(unavailable)
    }

    /// The first `limit` events of `stream` after revision `after`, in order.
    ///
    /// # Errors
    /// When the file cannot be read, or one of these events.
    pub fn read_stream(
        &self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let origin = origins::find_without(&self.0, &stream.to_string()).map_err(unavailable)?;
        let page = origin.map(|origin| reader::stream_page(&self.0, origin, after, limit));
        page.transpose()
            .map(Option::unwrap_or_default)
            .map_err(unavailable)
    }
}

fn unavailable(error: rusqlite::Error) -> LogError {
    LogError::Unavailable(Arc::new(error))
}
