//! How to open a log, what comes in the way, and how far a long operation has come.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keizoku_core::{Clock, Entropy, NoProbe, Probe};
use rusqlite::ErrorCode;

use crate::Cause;

/// Told why when the log can no longer be trusted in this process.
pub type OnFatal = Arc<dyn Fn(&(dyn Error + 'static)) + Send + Sync>;

/// How a log is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    /// The database file. Beside it SQLite keeps `-wal` and `-shm`, and the log a `.lock`.
    pub path: PathBuf,
    /// Gives `recorded_at`.
    pub clock: Arc<dyn Clock>,
    /// Gives a new log its id.
    pub entropy: Arc<dyn Entropy>,
    /// Told about the points that the [module](crate::sqlite) names.
    pub probe: Arc<dyn Probe>,
    /// When a commit counts as done.
    pub synchronous: Synchronous,
    /// Called once, in a thread of the log, after a failure that leaves the outcome of a commit
    /// unknown. After it the log takes nothing more. The default ends the process.
    pub on_fatal: OnFatal,
    /// Bytes in the WAL from which they are moved into the database file. A larger WAL moves a
    /// page that changes often fewer times, and makes a start after a crash longer.
    pub wal_bytes: u64,
    /// The largest number of pages that the database may have: a full disk for tests.
    #[doc(hidden)]
    pub max_pages: Option<u32>,
}

impl SqliteOptions {
    /// The log at `path`, safe, and ending the process when it cannot be.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            path: path.into(),
            clock,
            entropy,
            probe: Arc::new(NoProbe),
            synchronous: Synchronous::Full,
            on_fatal: Arc::new(|error| {
                tracing::error!(error, "the log is in an unknown state: ending the process");
                std::process::abort();
            }),
            wal_bytes: 64 << 20,
            max_pages: None,
        }
    }
}

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// When it is on disk.
    Full,
    /// When the operating system has it: a power cut loses acknowledged events. It is here only so
    /// that the test of [`Synchronous::Full`] can show that it would notice.
    Off,
}

/// Why a log cannot be opened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// The log belongs to a running process.
    #[error(
        "the log in {} is in use by another process: stop that process, or choose another data \
         directory",
        directory.display()
    )]
    Locked {
        /// Where the log is.
        directory: PathBuf,
    },
    /// Nothing is created in a place that does not exist: it may be a mistyped or unmounted one.
    #[error("the directory {} does not exist: create it, or choose another", directory.display())]
    NoDirectory {
        /// Where the log should be.
        directory: PathBuf,
    },
    /// There is no log to read.
    #[error("there is no log at {}", path.display())]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// This process may not write there.
    #[error("{} cannot be written: correct its permissions, or choose another", path.display())]
    ReadOnly {
        /// The file or directory.
        path: PathBuf,
    },
    /// The file is something else, or was overwritten.
    #[error("{} is not a database: restore a backup, or choose another directory", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error(
        "{} is a database, but not a log: restore a backup, or choose another directory",
        path.display()
    )]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// A newer version may have written what this one would misunderstand. Nothing was changed.
    #[error(
        "{} was written by a newer version (format {found}, this version knows {known}): \
         start that version again",
        path.display()
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// The newest format that this version knows.
        known: i64,
    },
    /// The database is damaged: restore a backup.
    #[error("{} is damaged: restore a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Cause,
    },
    /// Anything else.
    #[error("{} cannot be used", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Cause,
    },
}

impl OpenError {
    pub(super) fn database(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged {
                path,
                source: Arc::new(error),
            },
            _ => Self::Unusable {
                path,
                source: Arc::new(error),
            },
        }
    }
}

/// How far a backup, a restoration or a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, for people: `copying pages`.
    pub what: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is, as far as is known.
    pub total: u64,
}
