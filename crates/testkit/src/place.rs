//! Directories: the repository's, a small disk, and what is in one.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .map(Path::to_owned)
        .expect("this crate lies in crates/testkit")
}

/// Every file below a directory, by its relative path, with its length and a hash of its content:
/// for comparing what is there before and after.
#[must_use]
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, (usize, u64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a directory of the test can be read") {
            let path = entry.expect("its entries too").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it lies below").to_owned();
                let content = fs::read(&path).expect("its files too");
                let mut hasher = DefaultHasher::new();
                content.hash(&mut hasher);
                found.insert(name, (content.len(), hasher.finish()));
            }
        }
    }
    found
}

/// A file system of its own that can be filled up; gone when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// A file system of `size`, as `mount` understands it (`8m`). `options` are more of those.
    ///
    /// # Errors
    /// What `mount` says, where this user may not mount.
    pub fn mount(size: &str, options: &str) -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={size}{options}"))
            .arg("tmpfs")
            .arg(folder.path())
            .output()
            .map_err(|error| format!("there is no `mount`: {error}"))?;
        if mounted.status.success() {
            Ok(Self { folder })
        } else {
            Err(String::from_utf8_lossy(&mounted.stderr).trim().to_owned())
        }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still ends must not keep the directory.
        let unmounted = Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.folder.path().display());
        }
    }
}
