//! `keizoku backup`: a copy of every log, beside whatever writes to them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use indicatif::HumanBytes;
use keizoku_core::Clock;
use keizoku_log::sqlite::{self, Progress};

use super::data::logs_in;
use super::manifest::{self, Entry, Manifest};
use super::meter::Meter;
use super::{DataDirectory, Refusal, Service};

const EXAMPLES: &str = "\
Examples:
  keizoku backup /backup/2026-11-22                    also while a server runs
  keizoku backup \"/backup/$(date +%F)\" --data /var/lib/keizoku
  keizoku log verify --data /backup/2026-11-22         is it sound?
  keizoku restore /backup/2026-11-22 --data restored   put it in place

A backup is a directory: a copy of each log, and manifest.json, which is written last and names every copy's
SHA-256. Read models are not in it: they are built again from the logs.";

/// Arguments of `keizoku backup`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The new directory; nothing is ever overwritten
    #[arg(value_name = "BACKUP")]
    target: PathBuf,
    #[command(flatten)]
    data: DataDirectory,
}

impl Args {
    pub(super) fn run(&self, clock: &dyn Clock) -> Result<(), Refusal> {
        let mut meter = Meter::fitting();
        let manifest = back_up(&self.data.path, &self.target, clock, |service, progress| {
            meter.show(service.name(), progress);
        })?;
        drop(meter);
        let target = self.target.display();
        let mut text = format!("{target} holds a copy of\n");
        for entry in &manifest.logs {
            let (name, head, bytes) = (&entry.service, entry.head, HumanBytes(entry.bytes));
            let _ = writeln!(text, "  {name:<10} up to position {head}, {bytes}");
        }
        let _ = writeln!(
            text,
            "Check it with:      keizoku log verify --data {target}"
        );
        let _ = writeln!(
            text,
            "Put it in place by: keizoku restore {target} --data NEW-DIRECTORY"
        );
        super::print(&text).map(drop)
    }
}

/// Copies the logs in the data directory `from` into the new directory `to`.
///
/// # Errors
/// When there is no log, when `to` holds anything, or when it cannot be written; then nothing of
/// the copy is left there.
pub fn back_up(
    from: &Path,
    to: &Path,
    clock: &dyn Clock,
    progress: impl FnMut(Service, Progress),
) -> Result<Manifest, Refusal> {
    let mut services = logs_in(from, None)?;
    // What refers to another log is copied first: everything it names is then in the later copy.
    services.reverse();
    let target = Target::make(to)?;
    let manifest = copy(&services, from, to, Manifest::new(clock.now()), progress)?;
    target.keep();
    Ok(manifest)
}

fn copy(
    services: &[Service],
    from: &Path,
    to: &Path,
    mut manifest: Manifest,
    mut progress: impl FnMut(Service, Progress),
) -> Result<Manifest, Refusal> {
    for service in services {
        sqlite::backup(&service.log(from), &service.log(to), |at| {
            progress(*service, at);
        })?;
        let entry = Entry::of(*service, to, |at| progress(*service, at))?;
        manifest.logs.push(entry);
    }
    manifest.logs.reverse();
    manifest.write(to)?;
    let parent = to.parent().filter(|parent| *parent != Path::new(""));
    for directory in [to, parent.unwrap_or(Path::new("."))] {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| {
                Refusal::io(format!("{} cannot be written", directory.display()), error)
            })?;
    }
    Ok(manifest)
}

/// A directory that is emptied again unless the copy in it is whole.
struct Target<'a> {
    path: &'a Path,
    is_new: bool,
    is_whole: bool,
}

impl<'a> Target<'a> {
    fn make(path: &'a Path) -> Result<Self, Refusal> {
        const ADVICE: &str = "name a directory that does not exist yet: nothing is overwritten";
        let name = path.display();
        let failed = |error| Refusal::io(format!("{name} cannot be created"), error);
        let is_new = !path.exists();
        if is_new {
            // The logs name customers and people: nobody else's business.
            let made = fs::DirBuilder::new().mode(0o700).create(path);
            made.map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    failed(error).advising("create the directory above it")
                }
                _ => failed(error),
            })?;
        } else if !path.is_dir() {
            return Err(Refusal::refused(format!("{name} is a file")).advising(ADVICE));
        } else if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(Refusal::refused(format!("{name} is not empty")).advising(ADVICE));
        }
        Ok(Self {
            path,
            is_new,
            is_whole: false,
        })
    }

    fn keep(mut self) {
        self.is_whole = true;
    }
}

impl Drop for Target<'_> {
    fn drop(&mut self) {
        if self.is_whole {
            return;
        }
        // What cannot be deleted has no manifest, so nobody takes it for a backup.
        for service in Service::ALL {
            let _ = fs::remove_file(service.log(self.path));
        }
        let _ = fs::remove_file(self.path.join(manifest::FILE));
        if self.is_new {
            let _ = fs::remove_dir(self.path);
        }
    }
}
