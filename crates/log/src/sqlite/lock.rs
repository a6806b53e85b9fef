//! One process per log: two writers would each believe that they alone know the streams' tips.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::OpenError;

/// A log's lock; held by the operating system, so that it goes when the process does.
///
/// It lies beside the database: closing any other handle on the database file itself would drop
/// the locks that SQLite holds on it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the log at `path`, for instance to keep a service from starting while its
    /// files are moved.
    ///
    /// # Errors
    /// When another process has it, or there is no place for it.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let directory = directory_of(path);
        if !directory.is_dir() {
            return Err(OpenError::NoDirectory { directory });
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let unusable = |error| OpenError::Unusable {
            path: path.to_owned(),
            source: Arc::new(error),
        };

        let opened = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(name);
        let file = opened.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly {
                path: directory.clone(),
            },
            _ => unusable(error),
        })?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::Locked { directory },
            TryLockError::Error(error) => unusable(error),
        })?;
        Ok(Self { _file: file })
    }
}

/// Where the file at `path` lies.
pub(super) fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
