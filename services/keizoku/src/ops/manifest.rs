//! What a backup says about itself, so that a damaged or unfinished one is never restored.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use jiff::Timestamp;
use keizoku_core::Position;
use keizoku_log::sqlite::Progress;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::log_file::LogFile;
use super::{Refusal, Service, event};

/// Name of the manifest in a backup's directory; written last.
pub const FILE: &str = "manifest.json";

/// Version of the format that this version of Keizoku writes.
const VERSION: u32 = 1;

const ANOTHER: &str = "take another backup";

/// A backup's table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Version of this format.
    pub version: u32,
    /// Which Keizoku wrote it.
    pub written_by: String,
    /// When the backup began.
    pub created: Timestamp,
    /// The logs that it holds.
    pub logs: Vec<Entry>,
}

/// One log of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose log it is.
    pub service: String,
    /// Name of its file in the backup's directory.
    pub file: String,
    /// Id of the log that was copied.
    pub id: Uuid,
    /// Position of the last event in it.
    pub head: u64,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// A manifest without logs.
    pub(super) fn new(created: Timestamp) -> Self {
        Self {
            version: VERSION,
            written_by: concat!("keizoku ", env!("CARGO_PKG_VERSION")).to_owned(),
            created,
            logs: Vec::new(),
        }
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// When there is none, or it is none that this version understands.
    pub fn read(backup: &Path) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Format {
            version: u32,
        }
        if !backup.is_dir() {
            return Err(Refusal::no_directory(backup)
                .advising("name a directory that `keizoku backup` made"));
        }
        let path = backup.join(FILE);
        let name = path.display();
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let what = format!("{} holds no {FILE}", backup.display());
                Refusal::unusable(what)
                    .advising("it is no backup, or one that was not finished: take another one")
            }
            _ => Refusal::io(format!("{name} cannot be read"), error),
        })?;
        let unfit = |error: serde_json::Error| {
            Refusal::unusable(format!("{name} is no manifest of a backup"))
                .because(error)
                .advising(ANOTHER)
        };
        let Format { version } = serde_json::from_slice(&bytes).map_err(unfit)?;
        if version != VERSION {
            let what = format!(
                "{name} has format version {version}; this version of Keizoku knows {VERSION}"
            );
            return Err(Refusal::unusable(what).advising("the version of Keizoku that wrote it"));
        }
        let manifest: Self = serde_json::from_slice(&bytes).map_err(unfit)?;
        if manifest.logs.is_empty() {
            return Err(Refusal::unusable(format!("{name} names no log")).advising(ANOTHER));
        }
        Ok(manifest)
    }

    /// Writes it into a directory, durably.
    pub(super) fn write(&self, backup: &Path) -> Result<(), Refusal> {
        let path = backup.join(FILE);
        let failed = |error| Refusal::io(format!("{} cannot be written", path.display()), error);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Refusal::refused("the manifest cannot be written").because(error))?;
        text.push(b'\n');
        let mut file = File::create_new(&path).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    /// The services whose logs it names, each once.
    pub(super) fn services(&self) -> Result<Vec<(Service, &Entry)>, Refusal> {
        let mut services: Vec<(Service, &Entry)> = Vec::new();
        for entry in &self.logs {
            let name = &entry.service;
            let service = Service::named(name).ok_or_else(|| {
                Refusal::unusable(format!(
                    "the backup holds a log of `{name}`, which is no service"
                ))
                .advising("the version of Keizoku that wrote it")
            })?;
            if services.iter().any(|(known, _)| *known == service) {
                let what = format!("the manifest names the log of {name} twice");
                return Err(Refusal::unusable(what).advising(ANOTHER));
            }
            services.push((service, entry));
        }
        Ok(services)
    }
}

impl Entry {
    /// Describes the copy of a log.
    pub(super) fn of(
        service: Service,
        backup: &Path,
        mut progress: impl FnMut(Progress),
    ) -> Result<Self, Refusal> {
        let path = service.log(backup);
        let (id, head) = contents(service, backup)?;
        let bytes = size(&path)?;
        Ok(Self {
            service: service.name().to_owned(),
            file: file_name(&path),
            id,
            head: head.0,
            bytes,
            sha256: checksum(&path, bytes, &mut progress)?,
        })
    }

    /// Refuses a copy that is not the one that the manifest describes.
    pub(super) fn check(
        &self,
        service: Service,
        backup: &Path,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), Refusal> {
        let path = service.log(backup);
        let name = path.display();
        let differs = |what: String| Err(Refusal::unusable(what).advising(ANOTHER));
        if self.file != file_name(&path) || !path.is_file() {
            return differs(format!(
                "the backup has no {name}, which its manifest calls {}",
                self.file
            ));
        }
        let bytes = size(&path)?;
        if bytes != self.bytes {
            let wanted = self.bytes;
            let how = if bytes < wanted {
                "truncated"
            } else {
                "changed"
            };
            return differs(format!(
                "{name} is {how}: {bytes} bytes, where the manifest says {wanted}"
            ));
        }
        if checksum(&path, bytes, &mut progress)? != self.sha256 {
            return differs(format!(
                "{name} is damaged: its SHA-256 is not the manifest's"
            ));
        }
        if contents(service, backup)? != (self.id, Position(self.head)) {
            return differs(format!("{name} is not the log that the manifest describes"));
        }
        Ok(())
    }
}

/// Compares a log with the manifest beside it; where there is none, nothing can be said.
pub(super) fn check_one(
    directory: &Path,
    service: Service,
    progress: impl FnMut(Progress),
) -> Result<(), Refusal> {
    if !directory.join(FILE).exists() {
        return Ok(());
    }
    let manifest = Manifest::read(directory)?;
    let entry = manifest
        .services()?
        .into_iter()
        .find(|(known, _)| *known == service);
    entry.map_or(Ok(()), |(_, entry)| {
        entry.check(service, directory, progress)
    })
}

/// Which log a copy is of, and where it ends.
fn contents(service: Service, backup: &Path) -> Result<(Uuid, Position), Refusal> {
    let log = LogFile::open(service, service.log(backup))?;
    Ok((log.id()?, log.head()?.position))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn size(path: &Path) -> Result<u64, Refusal> {
    fs::metadata(path)
        .map(|metadata| metadata.len())
        .map_err(|error| Refusal::io(format!("{} cannot be read", path.display()), error))
}

/// Only for files that no connection of this process is open on: closing them again would drop the
/// database's locks.
fn checksum(
    path: &Path,
    total: u64,
    progress: &mut impl FnMut(Progress),
) -> Result<String, Refusal> {
    let failed = |error| Refusal::io(format!("{} cannot be read", path.display()), error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut sum, mut done) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            return Ok(event::hexadecimal(&sum.finalize()));
        }
        sum.update(&buffer[..count]);
        done += count as u64;
        progress(Progress {
            what: "adding up checksums",
            done,
            total,
        });
    }
}
