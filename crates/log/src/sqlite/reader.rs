//! Reading: a few connections of their own, one short transaction per page.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use keizoku_core::{EventId, Position, Recorded, Revision};
use rusqlite::{Connection, Row, params};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::lock::Lock;
use super::schema;
use crate::LogError;

/// Pages that are read at the same time; more readers wait.
const CONNECTIONS: usize = 4;

const PAGE: &str = "
    SELECT position, stream, revision, id, kind, recorded_at, metadata, data FROM event
    WHERE position > ?1 ORDER BY position LIMIT ?2";
const STREAM_PAGE: &str = "
    WITH first (position) AS (SELECT position FROM event WHERE stream = ?1 AND origin IS NULL)
    SELECT position, stream, revision, id, kind, recorded_at, metadata, data FROM event
    WHERE position = (SELECT position FROM first) AND ?2 < 1
    UNION ALL
    SELECT position, stream, revision, id, kind, recorded_at, metadata, data FROM event
    WHERE origin = (SELECT position FROM first) AND revision > ?2
    ORDER BY revision LIMIT ?3";

/// Held shared while a page is read, and alone for the instant in which the WAL starts over: a
/// rebuild that always has some page open would otherwise let it grow for ever.
pub(super) type Gate = Arc<RwLock<()>>;

/// The connections for reading.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
    gate: Gate,
    /// Let go after the connections.
    lock: Mutex<Option<Arc<Lock>>>,
}

impl Readers {
    pub(super) fn new(path: &Path, lock: Arc<Lock>) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            turns: Arc::new(Semaphore::new(CONNECTIONS)),
            gate: Gate::default(),
            lock: Mutex::new(Some(lock)),
        }
    }

    pub(super) fn gate(&self) -> Gate {
        Arc::clone(&self.gate)
    }

    /// Runs `query` on a connection, in a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LogError> {
        let turns = Arc::clone(&self.turns);
        let turn = turns.acquire_owned().await.map_err(|_| LogError::Closed)?;
        let readers = Arc::clone(self);
        let answer = spawn_blocking(move || {
            let answer = readers.run(query);
            // Only now may `close` go on, also when nobody waits for the answer any more.
            drop(turn);
            answer
        });
        match answer.await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(LogError::Unavailable(Arc::new(error))),
            Err(error) => Err(LogError::Unavailable(Arc::new(error))),
        }
    }

    fn run<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = self.idle().pop();
        let db = idle.map_or_else(|| schema::reader(&self.path), Ok)?;
        let open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        // A connection whose query failed is not used again.
        let rows = query(&db)?;
        drop(open);
        self.idle().push(db);
        Ok(rows)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nobody in any more and waits for those who read.
    pub(super) async fn close(&self) {
        let everybody = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        if let Ok(turns) = self.turns.acquire_many(everybody).await {
            self.turns.close();
            self.idle().clear();
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            drop(turns);
        }
    }
}

/// At most `limit` events of all streams after position `after`.
pub(super) fn page(
    db: &Connection,
    after: Position,
    limit: usize,
) -> rusqlite::Result<Vec<Recorded>> {
    let mut statement = db.prepare_cached(PAGE)?;
    let rows = statement.query(params![after.0.cast_signed(), count(limit)])?;
    collect(rows, limit)
}

/// At most `limit` events of `stream` after revision `after`.
pub(super) fn stream_page(
    db: &Connection,
    stream: &str,
    after: Revision,
    limit: usize,
) -> rusqlite::Result<Vec<Recorded>> {
    let mut statement = db.prepare_cached(STREAM_PAGE)?;
    let rows = statement.query(params![stream, after.0.cast_signed(), count(limit)])?;
    collect(rows, limit)
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn collect(mut rows: rusqlite::Rows<'_>, limit: usize) -> rusqlite::Result<Vec<Recorded>> {
    let mut events = Vec::with_capacity(limit.min(1024));
    while let Some(row) = rows.next()? {
        events.push(recorded(row)?);
    }
    Ok(events)
}

fn recorded(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    Ok(Recorded {
        position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
        stream: row.get_ref(1)?.as_str()?.to_owned(),
        revision: Revision(row.get::<_, i64>(2)?.cast_unsigned()),
        id: EventId::from_bytes(row.get(3)?),
        kind: row.get_ref(4)?.as_str()?.to_owned(),
        recorded_at: schema::instant(5, row.get(5)?)?,
        metadata: row.get_ref(6)?.as_blob()?.to_owned(),
        data: row.get_ref(7)?.as_blob()?.to_owned(),
    })
}
