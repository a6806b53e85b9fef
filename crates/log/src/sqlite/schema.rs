//! What is in the file, how it comes to be, and how each kind of connection is set up.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use keizoku_core::Position;
use rusqlite::config::DbConfig;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};
use uuid::Uuid;

use super::lock::directory_of;
use super::{OpenError, SqliteOptions, Synchronous};
use crate::Head;

/// `user_version` of the files that this version writes.
pub(super) const FORMAT: i64 = 2;
/// `application_id`: "KZLG".
const APPLICATION: i64 = 0x4b5a_4c47;
/// Bytes per page.
pub(super) const PAGE_SIZE: u32 = 4096;
/// How long a statement waits for another process, such as an operator's shell.
const PATIENCE: Duration = Duration::from_secs(5);

/// Events lie in the order of their positions. A stream is known by its origin, which is the
/// position of its first event: that event alone is found by the stream's name, all later ones by
/// origin and revision. So an append touches the table's end and one page of one index, and that
/// page is near those of other young streams, where an index by name would touch a random one:
/// measured, the write-ahead log takes a third of the bytes. How a name leads to an origin is in
/// [`origins`](super::origins). Event ids have no index, for they are compared only at the place
/// where they are expected.
const TABLES: &str = "
    CREATE TABLE event (
        position INTEGER PRIMARY KEY,
        origin INTEGER, -- position of the stream's first event; NULL in that event itself
        stream TEXT NOT NULL,
        revision INTEGER NOT NULL,
        id BLOB NOT NULL,
        kind TEXT NOT NULL,
        recorded_at INTEGER NOT NULL, -- microseconds since 1970, UTC
        metadata BLOB NOT NULL,
        data BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX later_in_stream ON event (origin, revision) WHERE origin IS NOT NULL;
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
";
const STREAM_ORIGIN: &str = "
    CREATE TABLE stream_origin (
        hash INTEGER NOT NULL, -- of the stream's name
        position INTEGER NOT NULL,
        PRIMARY KEY (hash, position)
    ) STRICT, WITHOUT ROWID;
";
/// From format 1, whose streams were found by an index of their names.
const UPGRADE: &str = "DROP INDEX first_of_stream";

/// Opens the writer's connection, creating the log if there is none. Everything that the last run
/// wrote is on disk when this returns.
pub(super) fn open(options: &SqliteOptions) -> Result<Connection, OpenError> {
    let path = options.path.as_path();
    let failed = |error: rusqlite::Error| OpenError::database(path, error);

    let flags = OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let db = connect(path, flags).map_err(failed)?;
    // A file that turns out not to be ours is left exactly as it was.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(failed)?;
    if db.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly {
            path: path.to_owned(),
        });
    }
    let contents = examine(&db, path)?;
    let is_new = contents == Contents::Nothing;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map_err(failed)?;

    if is_new {
        db.pragma_update(None, "page_size", PAGE_SIZE)
            .map_err(failed)?;
    }
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        let reason = std::io::Error::new(ErrorKind::Unsupported, "its file system has no WAL");
        return Err(unusable(path, reason));
    }
    set_up(&db, options).map_err(failed)?;
    match contents {
        Contents::Nothing => create(&db, options.entropy.uuid()).map_err(failed)?,
        Contents::OlderLog => upgrade(&db).map_err(failed)?,
        Contents::Log => {}
    }
    settle(&db, path)?;
    Ok(db)
}

/// Puts on disk what the last run may have left in the operating system's hands: a process that
/// was killed between writing and syncing a commit leaves it in the WAL, where it looks like any
/// other. Nobody may see it before it can no longer go away.
fn settle(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    match File::open(wal).and_then(|wal| wal.sync_all()) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(path, error)),
        _ => {}
    }
    match db.wal_checkpoint_v2(Some("main"), CheckpointMode::TRUNCATE) {
        // Somebody is reading the file. It stays in the WAL, where it is safe since the sync.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
        result => drop(result.map_err(|error| OpenError::database(path, error))?),
    }
    let directory = directory_of(path);
    File::open(&directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| unusable(&directory, error))
}

fn unusable(path: &Path, error: std::io::Error) -> OpenError {
    OpenError::Unusable {
        path: path.to_owned(),
        source: std::sync::Arc::new(error),
    }
}

/// Another connection that may write, for checkpoints.
pub(super) fn sibling(options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let db = connect(&options.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    set_up(&db, options)?;
    Ok(db)
}

/// A connection that only reads, to a file that is known to be a log.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// A connection that only reads, to a file that may be anything; a log may be of an older format.
pub(super) fn examine_file(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::NotFound {
            path: path.to_owned(),
        });
    }
    let db = reader(path).map_err(|error| OpenError::database(path, error))?;
    match examine(&db, path)? {
        Contents::Log | Contents::OlderLog => Ok(db),
        Contents::Nothing => Err(OpenError::NotALog {
            path: path.to_owned(),
        }),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection stays in one thread at a time, so it needs no mutex of its own.
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    // Otherwise SQLite plans anew for each LIMIT that is bound.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(db)
}

fn set_up(db: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Off => "OFF",
    };
    db.pragma_update(None, "synchronous", synchronous)?;
    // Where fsync does not reach the platter, this does.
    db.pragma_update(None, "fullfsync", options.synchronous == Synchronous::Full)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    // In KiB when negative. The index pages of busy streams should stay in it.
    db.pragma_update(None, "cache_size", -16_384)?;
    if let Some(pages) = options.max_pages {
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Contents {
    Nothing,
    OlderLog,
    Log,
}

fn examine(db: &Connection, path: &Path) -> Result<Contents, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::database(path, error);
    let path = path.to_owned();
    let number = |row: &Row<'_>| row.get::<_, i64>(0);

    let found = db
        .pragma_query_value(None, "user_version", number)
        .map_err(failed)?;
    let application = db
        .pragma_query_value(None, "application_id", number)
        .map_err(failed)?;
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], number)
        .map_err(failed)?;
    match (application, found) {
        (0, 0) if tables == 0 => Ok(Contents::Nothing),
        (APPLICATION, FORMAT) => Ok(Contents::Log),
        (APPLICATION, 1..FORMAT) => Ok(Contents::OlderLog),
        (APPLICATION, found) if found > FORMAT => Err(OpenError::NewerVersion {
            path,
            found,
            known: FORMAT,
        }),
        _ => Err(OpenError::NotALog { path }),
    }
}

fn create(db: &Connection, log_id: Uuid) -> rusqlite::Result<()> {
    let transaction = db.unchecked_transaction()?;
    db.execute_batch(TABLES)?;
    db.execute_batch(STREAM_ORIGIN)?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", FORMAT)?;
    set_log_id(db, log_id)?;
    transaction.commit()
}

fn upgrade(db: &Connection) -> rusqlite::Result<()> {
    let transaction = db.unchecked_transaction()?;
    db.execute_batch(UPGRADE)?;
    db.execute_batch(STREAM_ORIGIN)?;
    db.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

pub(super) fn set_log_id(db: &Connection, log_id: Uuid) -> rusqlite::Result<()> {
    set_meta(db, "log_id", &log_id.to_string())
}

/// Up to where every stream that begins is in the index of origins.
pub(super) fn indexed_to(db: &Connection) -> rusqlite::Result<Position> {
    let sql = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_to'";
    let stored = db
        .query_row(sql, [], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(Position(stored.unwrap_or_default().cast_unsigned()))
}

pub(super) fn set_indexed_to(db: &Connection, position: Position) -> rusqlite::Result<()> {
    set_meta(db, "indexed_to", &position.0.to_string())
}

fn set_meta(db: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute([key, value]).map(drop)
}

pub(super) fn log_id(db: &Connection) -> rusqlite::Result<Uuid> {
    db.query_row("SELECT value FROM meta WHERE key = 'log_id'", [], |row| {
        let text: String = row.get(0)?;
        text.parse().map_err(|error| {
            let kind = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(0, kind, Box::new(error))
        })
    })
}

pub(super) fn head(db: &Connection) -> rusqlite::Result<Head> {
    let sql = "SELECT position, recorded_at FROM event ORDER BY position DESC LIMIT 1";
    let last = db.query_row(sql, [], |row| {
        let position: i64 = row.get(0)?;
        Ok(Head {
            position: Position(position.cast_unsigned()),
            recorded_at: Some(instant(1, row.get(1)?)?),
        })
    });
    Ok(last.optional()?.unwrap_or_default())
}

/// The instant stored in column `index`.
pub(super) fn instant(index: usize, micros: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, micros))
}
