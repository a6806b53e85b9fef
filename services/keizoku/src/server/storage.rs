//! The files of a process: logs, and the directory that holds them.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keizoku_log::EventLog;
use keizoku_log::sqlite::{OpenError, SqliteLog, SqliteOptions, Synchronous};

use super::config::Config;
use super::{Ambient, Roles, StartError};

/// Makes the data directory, in a place that exists.
pub(super) fn create(folder: &Path) -> Result<(), StartError> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = folder.parent().unwrap_or(folder);
            Err(StartError::NoPlace(parent.to_owned()))
        }
        created => created.map_err(|error| StartError::DataDirectory(folder.to_owned(), error)),
    }
}

/// Keeps a second process from the replicas of this one. A service that has a log is kept from it by
/// the log itself.
pub(super) fn claim(folder: &Path, roles: &Roles) -> Result<File, StartError> {
    let path = folder.join(format!("{}.replicas.lock", roles.file_name()));
    let unusable = |error| StartError::DataDirectory(folder.to_owned(), error);
    let file = File::create(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

pub(super) fn open_log(
    folder: &Path,
    service: &str,
    config: &Config,
    ambient: &Ambient,
) -> Result<Arc<dyn EventLog>, OpenError> {
    let path = log_path(folder, service);
    let mut options = SqliteOptions::new(
        path,
        Arc::clone(&ambient.clock),
        Arc::clone(&ambient.entropy),
    );
    options.probe = Arc::clone(&ambient.probe);
    if config.storage.unsafe_no_sync {
        tracing::error!("storage.unsafe_no_sync is set: a power cut loses acknowledged changes");
        options.synchronous = Synchronous::Off;
    }
    Ok(Arc::new(SqliteLog::open(options)?))
}

/// File of a service's log.
#[must_use]
pub fn log_path(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("{service}.log.sqlite"))
}

/// File with another service's events, as this process has them.
pub(super) fn replica_path(folder: &Path, roles: &Roles, source: &str) -> PathBuf {
    folder.join(format!("{}.{source}.replica.sqlite", roles.file_name()))
}
