//! A log's file, opened for reading beside whatever process writes to it.
//!
//! Opening a log takes its lock, which a running server holds, so this reads the tables that the
//! log describes in its own schema. It is the one place that does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use keizoku_core::{EventId, Position, Recorded, Revision};
use keizoku_log::Head;
use keizoku_log::sqlite::{self, BackupError};
use keizoku_runtime::read_model::rusqlite::types::Type;
use keizoku_runtime::read_model::rusqlite::{
    self, Connection, OpenFlags, OptionalExtension as _, Row, params,
};
use uuid::Uuid;

use super::{Refusal, Service};

/// How long a question waits for a process that starts or stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Events that are read in one transaction: short, so that the writer's WAL can start over.
pub(super) const PAGE: usize = 1024;

/// A log that is only read.
pub(super) struct LogFile {
    pub(super) service: Service,
    pub(super) path: PathBuf,
    db: Connection,
}

impl LogFile {
    pub(super) fn open(service: Service, path: PathBuf) -> Result<Self, Refusal> {
        require_log(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&path, flags).and_then(|db| {
            db.busy_timeout(PATIENCE)?;
            Ok(db)
        });
        let db = opened.map_err(|error| Refusal::unreadable(&path, error))?;
        Ok(Self { service, path, db })
    }

    /// Which log this is.
    pub(super) fn id(&self) -> Result<Uuid, Refusal> {
        let sql = "SELECT value FROM meta WHERE key = 'log_id'";
        let id = self.db.query_row(sql, [], |row| {
            let text: String = row.get(0)?;
            text.parse()
                .map_err(|error| unfit(0, Type::Text, Box::new(error)))
        });
        id.map_err(|error| self.unreadable(error))
    }

    /// Where it ends.
    pub(super) fn head(&self) -> Result<Head, Refusal> {
        let sql = "SELECT position, recorded_at FROM event ORDER BY position DESC LIMIT 1";
        let last = self.db.query_row(sql, [], |row| {
            Ok(Head {
                position: position(row, 0)?,
                recorded_at: Some(instant(row, 1)?),
            })
        });
        let last = last.optional().map_err(|error| self.unreadable(error))?;
        Ok(last.unwrap_or_default())
    }

    /// The first `limit` events after a position.
    pub(super) fn page(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, Refusal> {
        self.try_page(after, limit)
            .map_err(|error| self.unreadable(error))
    }

    /// The same, for those who go on behind what cannot be read.
    pub(super) fn try_page(
        &self,
        after: Position,
        limit: usize,
    ) -> rusqlite::Result<Vec<Recorded>> {
        let sql = "SELECT position, stream, revision, id, kind, recorded_at, metadata, data
                   FROM event WHERE position > ?1 ORDER BY position LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map(params![after.0.cast_signed(), limit], recorded)?;
        rows.collect()
    }

    /// The last event of a stream.
    pub(super) fn last_of(&self, stream: &str) -> Result<Option<Vec<u8>>, Refusal> {
        // By the indexes: the first event is found by the stream's name, the later ones by it.
        let sql = "
            WITH first (position) AS
                (SELECT position FROM event WHERE stream = ?1 AND origin IS NULL)
            SELECT data, revision FROM event WHERE position = (SELECT position FROM first)
            UNION ALL
            SELECT data, revision FROM event WHERE origin = (SELECT position FROM first)
            ORDER BY revision DESC LIMIT 1";
        let data = self.db.query_row(sql, [stream], |row| row.get(0));
        data.optional().map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: rusqlite::Error) -> Refusal {
        Refusal::unreadable(&self.path, error)
    }
}

/// Refuses a file that is no log, or of a newer format.
fn require_log(path: &Path) -> Result<(), Refusal> {
    // Nothing is ever copied onto what exists, and the log looks at the source first: a copy onto
    // itself answers what kind of file it is.
    match sqlite::backup(path, path, |_| {}) {
        Err(BackupError::Log(error)) => Err(error.into()),
        Err(BackupError::TargetExists { .. }) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn recorded(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    Ok(Recorded {
        position: position(row, 0)?,
        stream: row.get(1)?,
        revision: Revision(row.get::<_, i64>(2)?.cast_unsigned()),
        id: EventId::from_bytes(row.get(3)?),
        kind: row.get(4)?,
        recorded_at: instant(row, 5)?,
        metadata: row.get(6)?,
        data: row.get(7)?,
    })
}

fn position(row: &Row<'_>, column: usize) -> rusqlite::Result<Position> {
    Ok(Position(row.get::<_, i64>(column)?.cast_unsigned()))
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(row.get(column)?)
        .map_err(|error| unfit(column, Type::Integer, Box::new(error)))
}

fn unfit(
    column: usize,
    kind: Type,
    error: Box<dyn std::error::Error + Send + Sync>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, error)
}
