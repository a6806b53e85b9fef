//! `keizoku rebuild`: the read models of a stopped server go, and are built again at its next start.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use indicatif::HumanBytes;
use keizoku_log::sqlite::Lock;

use super::data::logs_in;
use super::log_file::LogFile;
use super::{DataDirectory, Refusal, Service};

const EXAMPLES: &str = "\
Examples:
  keizoku rebuild
  keizoku rebuild --data /var/lib/keizoku && keizoku serve --data /var/lib/keizoku

Read models hold nothing that the logs do not hold. A server that runs must be stopped first.";

/// What the names of read models' files hold, those of their companions too.
const MODEL: &str = ".model.sqlite";

/// Arguments of `keizoku rebuild`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    data: DataDirectory,
}

impl Args {
    pub(super) fn run(&self) -> Result<(), Refusal> {
        let data = self.data.path.as_path();
        let deleted = delete_models(data)?;
        let name = data.display();
        if deleted.is_empty() {
            let text = format!("{name} holds no read model: the next start builds them anyway.\n");
            return super::print(&text).map(drop);
        }
        let mut text = "deleted\n".to_owned();
        for (file, bytes) in &deleted {
            let _ = writeln!(text, "  {}, {}", file.display(), HumanBytes(*bytes));
        }
        let _ = writeln!(
            text,
            "The next start builds them again from the logs: keizoku serve --data {name}\n\
             Until that is done, the server answers UNAVAILABLE and says how far it is."
        );
        super::print(&text).map(drop)
    }
}

/// Deletes the files of the read models in a data directory, and says which they were and how
/// large.
///
/// # Errors
/// When a server runs there, when a log is missing or unreadable (the read models would then be
/// all that is left), or when a file cannot be deleted.
pub fn delete_models(data: &Path) -> Result<Vec<(PathBuf, u64)>, Refusal> {
    let services = logs_in(data, None)?;
    let _locks: Vec<Lock> = services
        .iter()
        .map(|service| Lock::take(&service.log(data)))
        .collect::<Result<_, _>>()?;
    let files = models(data)?;
    for (file, _) in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let whose = match name.split(MODEL).next().unwrap_or_default() {
            // It has no log of its own: names of accounts come from theirs.
            "forecast" => Service::Accounts.name(),
            whose => whose,
        };
        if !services.iter().any(|service| service.name() == whose) {
            let what = format!(
                "{} has no log beside it from which it could be built again",
                file.display()
            );
            return Err(Refusal::refused(what)
                .advising("`keizoku restore` brings the logs back from a backup"));
        }
    }
    for service in services {
        LogFile::open(service, service.log(data))?.head()?;
    }
    for (file, _) in &files {
        fs::remove_file(file)
            .map_err(|error| Refusal::io(format!("{} cannot be deleted", file.display()), error))?;
    }
    Ok(files)
}

fn models(data: &Path) -> Result<Vec<(PathBuf, u64)>, Refusal> {
    let failed = |error| Refusal::io(format!("{} cannot be read", data.display()), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(data).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().contains(MODEL) {
            let bytes = entry.metadata().map_err(failed)?.len();
            files.push((entry.path(), bytes));
        }
    }
    files.sort();
    Ok(files)
}
