//! Copies of a log, and new logs from copies.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keizoku_core::Entropy;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use uuid::Uuid;

use super::lock::directory_of;
use super::{Lock, OpenError, Progress, schema};
use crate::Cause;

/// Pages between two calls of the progress function.
const STEP: i32 = 1024;

/// Why a backup or a restoration failed. Nothing is left at its target.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BackupError {
    /// Neither a backup nor a log is ever overwritten.
    #[error("{} exists already: move it away first", path.display())]
    TargetExists {
        /// The file.
        path: PathBuf,
    },
    /// What should be copied is not a log, or where it should go cannot be used.
    #[error("the log cannot be copied")]
    Log(#[source] OpenError),
    /// Copying failed.
    #[error("the copy failed")]
    Failed(#[source] Cause),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl From<std::io::Error> for BackupError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(Arc::new(error))
    }
}

/// Copies the log at `from` as it is now to the new file `to`: one file without companions, which
/// [`verify`](super::verify) can check and [`restore`] can bring back. A process may be writing to
/// the log meanwhile; its WAL grows by what it writes until the copy is done.
///
/// # Errors
/// When `to` exists, when `from` is not a log, or when copying fails.
pub fn backup(
    from: &Path,
    to: &Path,
    mut progress: impl FnMut(Progress),
) -> Result<(), BackupError> {
    let source = schema::examine_file(from).map_err(BackupError::Log)?;
    let copy = Unfinished::at(to)?;
    copy_pages(&source, &copy.part, &mut progress)?;
    copy.finish()
}

/// Makes the new log `to` from the copy at `backup`, and answers its id. It is a new one: positions
/// that the lost log gave out after the backup may soon stand for other events, so whoever holds
/// one must not take this log for that.
///
/// # Errors
/// When there is a log at `to`, when `backup` is not one, or when copying fails.
pub fn restore(
    backup: &Path,
    to: &Path,
    entropy: &dyn Entropy,
    mut progress: impl FnMut(Progress),
) -> Result<Uuid, BackupError> {
    let _lock = Lock::take(to).map_err(BackupError::Log)?;
    let source = schema::examine_file(backup).map_err(BackupError::Log)?;
    let copy = Unfinished::at(to)?;
    copy_pages(&source, &copy.part, &mut progress)?;
    let log_id = entropy.uuid();
    schema::set_log_id(&Connection::open(&copy.part)?, log_id)?;
    copy.finish()?;
    Ok(log_id)
}

fn copy_pages(
    source: &Connection,
    to: &Path,
    progress: &mut impl FnMut(Progress),
) -> rusqlite::Result<()> {
    // Within one read transaction every step sees the same state, whatever is written meanwhile;
    // without it, each commit would make the copy start over.
    let snapshot = source.unchecked_transaction()?;
    schema::log_id(source)?;

    let mut target = Connection::open(to)?;
    // Until it is finished nobody needs the copy, so nothing has to survive a crash.
    target.pragma_update(None, "journal_mode", "OFF")?;
    target.pragma_update(None, "synchronous", "OFF")?;
    let copy = Backup::new(source, &mut target)?;
    loop {
        let step = copy.step(STEP)?;
        let pages = copy.progress();
        let count = |pages: i32| u64::from(pages.max(0).cast_unsigned());
        let (total, remaining) = (count(pages.pagecount), count(pages.remaining));
        progress(Progress {
            what: "copying pages",
            done: total.saturating_sub(remaining),
            total,
        });
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Nobody else knows the target, and the source is already being read.
            _ => return Err(rusqlite::Error::InvalidQuery),
        }
    }
    drop(copy);
    drop(target);
    snapshot.commit()?;
    // One file that can be read where nothing can be written; opening the log turns the WAL on.
    Connection::open(to)?.pragma_update(None, "journal_mode", "DELETE")
}

/// A copy under another name, so that what bears the right name is always whole.
struct Unfinished {
    part: PathBuf,
    to: PathBuf,
}

impl Unfinished {
    fn at(to: &Path) -> Result<Self, BackupError> {
        // A WAL that lost its database would be played into the new one.
        for path in [to.to_owned(), with_suffix(to, "-wal")] {
            if path.exists() {
                return Err(BackupError::TargetExists { path });
            }
        }
        let part = with_suffix(to, ".part");
        if part.exists() {
            fs::remove_file(&part)?;
        }
        Ok(Self {
            part,
            to: to.to_owned(),
        })
    }

    fn finish(self) -> Result<(), BackupError> {
        File::open(&self.part)?.sync_all()?;
        fs::rename(&self.part, &self.to)?;
        File::open(directory_of(&self.to))?.sync_all()?;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already when it was finished.
        drop(fs::remove_file(&self.part));
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
