//! Why a command on files did not do what it should, as told to a person at a terminal.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use keizoku_log::LogError;
use keizoku_log::sqlite::{BackupError, OpenError};
use keizoku_runtime::read_model::rusqlite::{self, ErrorCode};

type Cause = Box<dyn Error + Send + Sync>;

const OTHER_DIRECTORY: &str = "name the server's data directory with --data";

/// One message: what, why, and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    what: String,
    #[source]
    why: Option<Cause>,
    advice: String,
    status: u8,
}

impl Refusal {
    /// The arguments, or the files that they name, cannot be used: exit status 2.
    pub(super) fn unusable(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            advice: String::new(),
            status: 2,
        }
    }

    /// It could be done at another time or in another place: exit status 1.
    pub(super) fn refused(what: impl Into<String>) -> Self {
        Self {
            status: 1,
            ..Self::unusable(what)
        }
    }

    /// Something went wrong with a file; a full disk is told as what it is.
    pub(super) fn io(what: impl Into<String>, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::full(what, error),
            io::ErrorKind::PermissionDenied => Self::refused(what)
                .because(error)
                .advising("run it as the user that the server runs as"),
            _ => Self::refused(what).because(error),
        }
    }

    fn full(what: impl Into<String>, error: impl Into<Cause>) -> Self {
        Self::refused(what)
            .because(error)
            .advising("make room on that disk, then again; nothing half-done was left behind")
    }

    /// There is no such directory.
    pub(super) fn no_directory(directory: &Path) -> Self {
        Self::unusable(format!("there is no directory {}", directory.display()))
    }

    /// A log cannot be read, or holds what no version ever wrote.
    pub(super) fn unreadable(path: &Path, error: &LogError) -> Self {
        let path = path.display();
        let code = match error {
            LogError::Unavailable(cause) => database_code(cause.as_ref()),
            LogError::Closed => None,
        };
        match code {
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::refused(format!("{path} cannot be opened"))
                    .advising("run it as the user that the server runs as")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::refused(format!("{path} is busy")).advising("again in a moment")
            }
            Some(ErrorCode::SystemIoFailure) => Self::refused(format!("{path} cannot be read"))
                .advising("look after the disk; then `keizoku log verify`"),
            _ => Self::unusable(format!("{path} is damaged")).advising(
                "`keizoku log verify` lists what is wrong; `keizoku restore` brings a backup back",
            ),
        }
        .because(error.clone())
    }

    pub(super) fn because(self, error: impl Into<Cause>) -> Self {
        Self {
            why: Some(error.into()),
            ..self
        }
    }

    pub(super) fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: advice.into(),
            ..self
        }
    }

    /// 2 where the caller has to change what was handed in, 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.status
    }

    /// The whole story on several lines.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = format!("error: {self}\n");
        if let Some(why) = self.why() {
            let _ = writeln!(text, "  why: {why}");
        }
        if !self.advice.is_empty() {
            let _ = writeln!(text, "  try: {}", self.advice);
        }
        text
    }

    /// What and why, where one of many things is told.
    pub(super) fn in_one_line(&self) -> String {
        self.why()
            .map_or_else(|| self.to_string(), |why| format!("{self}: {why}"))
    }

    /// The cause at the bottom.
    fn why(&self) -> Option<String> {
        let mut cause = self.source()?;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Some(cause.to_string())
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        let what = error.to_string();
        match error {
            OpenError::Locked { .. } => Self::refused(what),
            OpenError::NotFound { .. } => Self::unusable(what).advising(OTHER_DIRECTORY),
            OpenError::NotADatabase { .. }
            | OpenError::NotALog { .. }
            | OpenError::NoDirectory { .. }
            | OpenError::ReadOnly { .. }
            | OpenError::NewerVersion { .. } => Self::unusable(what),
            OpenError::Damaged { source, .. } => Self::unusable(what).because(source),
            OpenError::Unusable { source, .. } => {
                if full_disk(source.as_ref()) {
                    Self::full(what, source)
                } else {
                    Self::refused(what).because(source)
                }
            }
        }
    }
}

impl From<BackupError> for Refusal {
    fn from(error: BackupError) -> Self {
        let what = error.to_string();
        match error {
            BackupError::TargetExists { .. } => Self::refused(what),
            BackupError::Log(error) => error.into(),
            BackupError::Failed(cause) => {
                if full_disk(cause.as_ref()) {
                    Self::full("there is no room left for the copy", cause)
                } else {
                    Self::refused(what).because(cause)
                }
            }
        }
    }
}

fn database_code(cause: &(dyn Error + Send + Sync + 'static)) -> Option<ErrorCode> {
    let database = cause.downcast_ref::<rusqlite::Error>();
    database.and_then(rusqlite::Error::sqlite_error_code)
}

fn full_disk(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    let in_database = database_code(cause) == Some(ErrorCode::DiskFull);
    let in_file = cause
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::StorageFull);
    in_database || in_file
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_full_disk_is_told_as_what_it_is() {
        let full = || rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(13), None);
        let told = Refusal::from(BackupError::Failed(Arc::new(full()))).explain();
        assert!(told.contains("no room left for the copy"), "{told}");
        assert!(told.contains("try: make room"), "{told}");
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let refusal = Refusal::io("x.json cannot be written", error);
        assert_eq!(refusal.exit_code(), 1);
        assert!(refusal.explain().contains("try: make room"));
    }

    #[test]
    fn the_innermost_cause_is_told() {
        let path = Path::new("data/risk.log.sqlite").to_owned();
        let source = Arc::new(io::Error::other("malformed"));
        let refusal = Refusal::from(OpenError::Damaged { path, source });
        assert_eq!(refusal.exit_code(), 2);
        assert_eq!(
            refusal.explain(),
            "error: data/risk.log.sqlite is damaged: restore a backup\n  why: malformed\n"
        );
    }
}
