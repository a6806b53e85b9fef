//! `keizoku restore`: a data directory from a backup.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use keizoku_core::Entropy;
use keizoku_log::sqlite::{self, Lock, Progress};
use uuid::Uuid;

use super::manifest::Manifest;
use super::meter::Meter;
use super::{Refusal, Service};

const EXAMPLES: &str = "\
Examples:
  keizoku restore /backup/2026-11-22 --data restored
  keizoku serve --data restored

The directory must be empty: move the old data away first, and keep it until the restored server was looked at.
Each log gets a new id, so consistency tokens that were given out before are refused (FOREIGN_TOKEN), and
nobody mistakes what is recorded from now on for what was lost. Run it as the user that the server runs as: the
files become that user's.";

/// Where the logs are made before they are put in place, within the data directory.
const STAGE: &str = ".restoring";

/// Arguments of `keizoku restore`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A directory that `keizoku backup` made
    backup: PathBuf,
    /// The data directory to fill: empty, or not there yet
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// A log that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Whose log it is.
    pub service: Service,
    /// Its new id.
    pub id: Uuid,
    /// Position of its last event.
    pub head: u64,
}

impl Args {
    pub(super) fn run(&self, entropy: &dyn Entropy) -> Result<(), Refusal> {
        let mut meter = Meter::fitting();
        let logs = restore(&self.backup, &self.data, entropy, |service, progress| {
            meter.show(service.name(), progress);
        })?;
        drop(meter);
        let data = self.data.display();
        let mut text = format!("{data} holds\n");
        for log in &logs {
            let (name, head) = (log.service.name(), log.head);
            let _ = writeln!(
                text,
                "  {name:<10} up to position {head}, as log {}",
                log.id
            );
        }
        let _ = writeln!(
            text,
            "Start it with: keizoku serve --data {data}\n\
             The read models are built from the logs first; until then it answers UNAVAILABLE.\n\
             Consistency tokens from before are refused (FOREIGN_TOKEN): clients drop them."
        );
        super::print(&text).map(drop)
    }
}

/// Makes the logs of the data directory `data` from the backup in `backup`.
///
/// # Errors
/// When the backup is not what its manifest says, or `data` is in use, not empty or cannot be
/// written; then `data` is as it was.
pub fn restore(
    backup: &Path,
    data: &Path,
    entropy: &dyn Entropy,
    mut progress: impl FnMut(Service, Progress),
) -> Result<Vec<Restored>, Refusal> {
    let manifest = Manifest::read(backup)?;
    let logs = manifest.services()?;
    require_free(data)?;
    for (service, entry) in &logs {
        entry.check(*service, backup, |at| progress(*service, at))?;
    }
    let stage = Stage::make(data)?;
    // From here on no server can start there.
    let locks: Vec<Lock> = Service::ALL
        .iter()
        .map(|service| Lock::take(&service.log(data)))
        .collect::<Result<_, _>>()?;
    let mut restored = Vec::new();
    for (service, entry) in &logs {
        let (from, to) = (service.log(backup), service.log(&stage.path));
        let id = sqlite::restore(&from, &to, entropy, |at| progress(*service, at))?;
        restored.push(Restored {
            service: *service,
            id,
            head: entry.head,
        });
    }
    stage.put_in_place(&restored)?;
    drop(locks);
    Ok(restored)
}

/// Refuses a directory that is in use or holds anything, without changing it.
fn require_free(data: &Path) -> Result<(), Refusal> {
    let name = data.display();
    if !data.exists() {
        return Ok(());
    }
    let failed = |error| Refusal::io(format!("{name} cannot be read"), error);
    if !data.is_dir() {
        return Err(Refusal::unusable(format!("{name} is a file")).advising("name a directory"));
    }
    let mut others = Vec::new();
    for entry in fs::read_dir(data).map_err(failed)? {
        let file = entry.map_err(failed)?.file_name();
        let file = file.to_string_lossy().into_owned();
        if let Some(service) = Service::ALL
            .iter()
            .find(|service| file == lock_name(**service))
        {
            // It is there already, so taking it changes nothing.
            drop(Lock::take(&service.log(data))?);
        } else if file != "lost+found" {
            others.push(file);
        }
    }
    others.sort();
    match others.first() {
        None => Ok(()),
        Some(file) if file == STAGE => {
            let what = format!("{name} holds {STAGE}, which a restoration left that did not end");
            Err(Refusal::refused(what)
                .advising(format!("delete {}, then again", data.join(STAGE).display())))
        }
        Some(file) => {
            let what = format!("{name} is not empty: it holds {file}");
            Err(Refusal::refused(what)
                .advising("stop the server and move its data away, or name another directory"))
        }
    }
}

fn lock_name(service: Service) -> String {
    let log = service.log(Path::new(""));
    format!("{}.lock", log.display())
}

/// Where the logs are made: a start after a crash must never find one of them without the other.
struct Stage<'a> {
    path: PathBuf,
    data: &'a Path,
    is_new: bool,
    is_done: bool,
}

impl<'a> Stage<'a> {
    fn make(data: &'a Path) -> Result<Self, Refusal> {
        let failed = |error: std::io::Error| {
            let what = format!("{} cannot be created", data.display());
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    Refusal::io(what, error).advising("create the directory above it")
                }
                _ => Refusal::io(what, error),
            }
        };
        let is_new = !data.exists();
        if is_new {
            fs::create_dir(data).map_err(failed)?;
        }
        let stage = Self {
            path: data.join(STAGE),
            data,
            is_new,
            is_done: false,
        };
        fs::create_dir(&stage.path).map_err(failed)?;
        Ok(stage)
    }

    fn put_in_place(mut self, restored: &[Restored]) -> Result<(), Refusal> {
        let failed =
            |error| Refusal::io(format!("{} cannot be written", self.data.display()), error);
        for log in restored {
            fs::rename(log.service.log(&self.path), log.service.log(self.data)).map_err(failed)?;
        }
        File::open(self.data)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        // The files in it are the copies and their locks; what is left is in nobody's way.
        let _ = fs::remove_dir_all(&self.path);
        if self.is_done {
            return;
        }
        for service in Service::ALL {
            let _ = fs::remove_file(service.log(self.data));
            if self.is_new {
                let _ = fs::remove_file(self.data.join(lock_name(service)));
            }
        }
        if self.is_new {
            let _ = fs::remove_dir(self.data);
        }
    }
}
