//! A service's read model in SQLite: rows and position in one transaction.
//!
//! The file can always be rebuilt from the logs: another schema, another log or a damaged file
//! means that it is deleted and read again from the start.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keizoku_core::{Position, Recorded};
use keizoku_proto::common::ErrorReason;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use uuid::Uuid;

use crate::Failure;
use crate::projector::ProjectionError;

pub use rusqlite;

/// Readers that are kept open between questions.
const IDLE_READERS: usize = 4;

/// Bookkeeping of every read model.
const BOOKKEEPING: &str = "
    CREATE TABLE IF NOT EXISTS model (schema_hash TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS sources (
        source TEXT PRIMARY KEY, log_id TEXT NOT NULL, position INTEGER NOT NULL
    ) WITHOUT ROWID;
";

/// How a handler writes one event's rows.
pub type Handler = fn(&Transaction<'_>, &str, &Recorded) -> Result<(), HandlerError>;

/// Why a handler did not write an event's rows.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event cannot be read.
    #[error(transparent)]
    Event(#[from] keizoku_proto::UnreadableEvent),
    /// The rows cannot be written.
    #[error(transparent)]
    Rows(#[from] rusqlite::Error),
}

/// A read model: one writer, many readers.
pub struct ReadModel {
    path: PathBuf,
    schema: String,
    handler: Handler,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// Tells when it starts over for all of its sources.
    started_over: watch::Sender<()>,
}

impl ReadModel {
    /// Opens the model, or starts a new one when the file has another schema or is damaged. The
    /// schema is given in parts, because services share some tables.
    ///
    /// # Errors
    /// When the file can neither be used nor replaced.
    pub fn open(path: &Path, schema: &[&str], handler: Handler) -> rusqlite::Result<Arc<Self>> {
        let schema = schema.concat();
        let writer = match prepare(path, &schema) {
            Ok(writer) => writer,
            Err(reason) => {
                tracing::info!(path = %path.display(), %reason, "read model starts from the beginning");
                delete(path);
                prepare(path, &schema)?
            }
        };
        let (writer, readers) = (Mutex::new(writer), Mutex::default());
        Ok(Arc::new(Self {
            path: path.to_owned(),
            schema,
            handler,
            writer,
            readers,
            started_over: watch::Sender::new(()),
        }))
    }

    /// Answers a question on a thread that may wait for the disk.
    ///
    /// # Errors
    /// When the model cannot be read.
    pub async fn read<T, F>(self: &Arc<Self>, question: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let this = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || this.read_here(question));
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                tracing::error!(%error, path = %self.path.display(), "read model cannot be read");
                let message = "the read model cannot be read just now";
                Err(Failure::unavailable(ErrorReason::Unavailable, message))
            }
            Err(error) => Err(Failure::internal(&error)),
        }
    }

    /// Answers a question on the thread that asks it, which waits for the disk.
    ///
    /// # Errors
    /// When the model cannot be read.
    pub fn read_here<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let reader = self.reader()?;
        let answer = question(&reader);
        self.give_back(reader);
        answer
    }

    /// Writes rows that follow from no event of a source: that work was done, say. The model may be
    /// read anew from the logs at any time, so whoever did the work recorded it in a log before.
    ///
    /// # Errors
    /// When the model cannot be written.
    pub async fn note<F>(self: &Arc<Self>, rows: F) -> Result<(), Failure>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
    {
        let this = Arc::clone(self);
        let noted = tokio::task::spawn_blocking(move || {
            let mut writer = this.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = writer.transaction()?;
            rows(&transaction)?;
            transaction.commit()
        });
        let noted = noted.await.map_err(|error| Failure::internal(&error))?;
        noted.map_err(|error| {
            tracing::error!(%error, path = %self.path.display(), "read model cannot be written");
            let message = "the read model cannot be written just now";
            Failure::unavailable(ErrorReason::Unavailable, message)
        })
    }

    fn reader(&self) -> rusqlite::Result<Connection> {
        if let Some(reader) = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
        {
            return Ok(reader);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        reader.busy_timeout(Duration::from_secs(5))?;
        keep_plans(&reader)?;
        reader.set_prepared_statement_cache_capacity(64);
        Ok(reader)
    }

    fn give_back(&self, reader: Connection) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
    }

    fn position_of(&self, source: &str, log_id: Uuid) -> rusqlite::Result<Position> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match kept(&writer, source)? {
            Some((log, position)) if log == log_id => Ok(position),
            Some(_) => {
                // Rows of another log (a restored backup) say nothing about this one.
                let transaction = writer.transaction()?;
                drop_everything(&transaction)?;
                transaction.execute_batch(BOOKKEEPING)?;
                transaction.execute_batch(&self.schema)?;
                remember_schema(&transaction, &self.schema)?;
                remember_position(&transaction, source, log_id, Position::START)?;
                transaction.commit()?;
                self.started_over.send_replace(());
                Ok(Position::START)
            }
            None => {
                let transaction = writer.transaction()?;
                remember_position(&transaction, source, log_id, Position::START)?;
                transaction.commit()?;
                Ok(Position::START)
            }
        }
    }

    fn kept(&self, source: &str) -> rusqlite::Result<Option<(Uuid, Position)>> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        kept(&writer, source)
    }

    fn write(&self, source: &str, events: &[Arc<Recorded>]) -> Result<(), ProjectionError> {
        let storage = |error: rusqlite::Error| ProjectionError::Storage(Box::new(error));
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction().map_err(storage)?;
        for event in events {
            (self.handler)(&transaction, source, event).map_err(|error| match error {
                HandlerError::Event(error) => ProjectionError::poison(event, error),
                HandlerError::Rows(error) => storage(error),
            })?;
        }
        if let Some(last) = events.last() {
            let position = i64::try_from(last.position.0).unwrap_or(i64::MAX);
            let moved = transaction
                .execute(
                    "UPDATE sources SET position = ?2 WHERE source = ?1",
                    params![source, position],
                )
                .map_err(storage)?;
            if moved == 0 {
                // Another source has another log, and the model started over: this source must, too.
                return Err(storage(rusqlite::Error::QueryReturnedNoRows));
            }
        }
        transaction.commit().map_err(storage)
    }
}

/// A read model behind the projector.
pub struct Projected(pub Arc<ReadModel>);

#[async_trait::async_trait]
impl crate::projector::Projection for Projected {
    /// `risk` for `risk.model.sqlite`, `risk.accounts.replica` for `risk.accounts.replica.sqlite`.
    fn name(&self) -> &str {
        let file = self.0.path.file_name().and_then(|name| name.to_str());
        let name = file.unwrap_or_default().trim_end_matches(".sqlite");
        name.trim_end_matches(".model")
    }

    async fn kept(&self, source: &str) -> Result<Option<(Uuid, Position)>, ProjectionError> {
        let kept = self.0.kept(source);
        kept.map_err(|error| ProjectionError::Storage(Box::new(error)))
    }

    async fn position(&self, source: &str, log_id: Uuid) -> Result<Position, ProjectionError> {
        let position = self.0.position_of(source, log_id);
        position.map_err(|error| ProjectionError::Storage(Box::new(error)))
    }

    async fn lost(&self, source: &str) {
        let mut started_over = self.0.started_over.subscribe();
        while !matches!(self.0.kept(source), Ok(None)) {
            if started_over.changed().await.is_err() {
                return; // it cannot be: the sender is in the model
            }
        }
    }

    async fn apply(&self, source: &str, events: Vec<Arc<Recorded>>) -> Result<(), ProjectionError> {
        let (model, source) = (Arc::clone(&self.0), source.to_owned());
        tokio::task::spawn_blocking(move || model.write(&source, &events))
            .await
            .unwrap_or_else(|error| Err(ProjectionError::Storage(Box::new(error))))
    }
}

/// Which log of a source the rows are of, and up to where.
pub(crate) fn kept(
    connection: &Connection,
    source: &str,
) -> rusqlite::Result<Option<(Uuid, Position)>> {
    let known: Option<(String, i64)> = connection
        .query_row(
            "SELECT log_id, position FROM sources WHERE source = ?1",
            [source],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    // Nothing but a log's id was ever written there.
    let id = |log: String| Uuid::parse_str(&log).unwrap_or_default();
    Ok(known.map(|(log, position)| (id(log), Position(u64::try_from(position).unwrap_or(0)))))
}

/// Opens the file and makes sure that it has this schema.
fn prepare(path: &Path, schema: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(128);
    // A lost tail is read again from the log, so a commit need not wait for the disk. A long WAL
    // moves pages that change all the time fewer times, and its syncs are in the log's way less.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -65536;",
    )?;
    connection.execute_batch(BOOKKEEPING)?;
    let known: Option<String> = connection
        .query_row("SELECT schema_hash FROM model", [], |row| row.get(0))
        .optional()?;
    match known {
        Some(hash) if hash == schema_hash(schema) => Ok(connection),
        Some(_) => Err(rusqlite::Error::InvalidQuery),
        None => {
            connection.execute_batch(schema)?;
            remember_schema(&connection, schema)?;
            Ok(connection)
        }
    }
}

/// Otherwise SQLite plans a statement anew for each value that is bound.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}

fn remember_schema(connection: &Connection, schema: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO model (schema_hash) VALUES (?1)",
        [schema_hash(schema)],
    )?;
    Ok(())
}

fn remember_position(
    transaction: &Transaction<'_>,
    source: &str,
    log_id: Uuid,
    position: Position,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO sources (source, log_id, position) VALUES (?1, ?2, ?3)
         ON CONFLICT (source) DO UPDATE SET log_id = ?2, position = ?3",
        params![
            source,
            log_id.to_string(),
            i64::try_from(position.0).unwrap_or(0)
        ],
    )?;
    Ok(())
}

fn drop_everything(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    // The tables behind a virtual one go with it, and cannot be dropped themselves.
    let tables: Vec<String> = transaction
        .prepare(
            "SELECT name FROM pragma_table_list
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_%'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        transaction.execute_batch(&format!("DROP TABLE \"{table}\""))?;
    }
    Ok(())
}

fn delete(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        // What cannot be deleted is reported by the opening that follows.
        let _ = std::fs::remove_file(PathBuf::from(file));
    }
}

fn schema_hash(schema: &str) -> String {
    let digest = Sha256::digest(schema.as_bytes());
    Uuid::from_slice(&digest[..16])
        .map(|hash| hash.simple().to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use keizoku_core::Revision;
    use tempfile::TempDir;

    use super::*;

    const SCHEMA: &str = "
        CREATE TABLE rows (source TEXT NOT NULL, position INTEGER NOT NULL);
        CREATE VIRTUAL TABLE words USING fts5 (text);
    ";
    const FIRST: Uuid = Uuid::from_u128(1);
    const RESTORED: Uuid = Uuid::from_u128(2);

    fn handle(rows: &Transaction<'_>, source: &str, event: &Recorded) -> Result<(), HandlerError> {
        let position = i64::try_from(event.position.0).unwrap();
        rows.execute(
            "INSERT INTO rows VALUES (?1, ?2)",
            params![source, position],
        )?;
        rows.execute("INSERT INTO words VALUES (?1)", [source])?;
        Ok(())
    }

    fn event(position: u64) -> Vec<Arc<Recorded>> {
        vec![Arc::new(Recorded {
            position: Position(position),
            stream: String::new(),
            revision: Revision(1),
            id: Uuid::nil(),
            kind: String::new(),
            recorded_at: Timestamp::UNIX_EPOCH,
            data: Vec::new(),
            metadata: Vec::new(),
        })]
    }

    async fn count(model: &Arc<ReadModel>, table: &'static str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let counted = model.read(move |rows| rows.query_row(&sql, [], |row| row.get(0)));
        counted.await.ok().unwrap()
    }

    #[tokio::test]
    async fn a_model_of_another_log_starts_over_for_all_of_its_sources() {
        let folder = TempDir::new().unwrap();
        let model = ReadModel::open(&folder.path().join("m"), &[SCHEMA], handle).unwrap();
        for source in ["one", "other"] {
            assert_eq!(model.position_of(source, FIRST).unwrap(), Position::START);
            model.write(source, &event(7)).unwrap();
        }
        assert_eq!(model.position_of("one", FIRST).unwrap(), Position(7));
        assert_eq!(
            (count(&model, "rows").await, count(&model, "words").await),
            (2, 2)
        );

        assert_eq!(model.position_of("one", RESTORED).unwrap(), Position::START);
        assert_eq!(
            (count(&model, "rows").await, count(&model, "words").await),
            (0, 0)
        );
        // Whoever goes on where the other source was would leave out what was dropped.
        assert!(model.write("other", &event(8)).is_err());
        assert_eq!(count(&model, "rows").await, 0);
        assert_eq!(model.position_of("other", FIRST).unwrap(), Position::START);
        model.write("other", &event(1)).unwrap();
        assert_eq!(count(&model, "rows").await, 1);
    }

    #[tokio::test]
    async fn work_that_was_done_is_noted_whole_or_not_at_all() {
        let folder = TempDir::new().unwrap();
        let model = ReadModel::open(&folder.path().join("m"), &[SCHEMA], handle).unwrap();
        model.position_of("one", FIRST).unwrap();
        model.write("one", &event(1)).unwrap();
        let half = |rows: &Transaction<'_>| {
            rows.execute("DELETE FROM rows", [])?;
            rows.execute("DELETE FROM nothing", []).map(drop)
        };
        assert!(model.note(half).await.is_err());
        assert_eq!(count(&model, "rows").await, 1);
        let done = model.note(|rows| rows.execute("DELETE FROM rows", []).map(drop));
        done.await.ok().unwrap();
        assert_eq!(count(&model, "rows").await, 0);
    }
}
