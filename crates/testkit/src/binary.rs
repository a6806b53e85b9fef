//! Where the binary is, built if it has to be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::place::repository;

/// Set by whoever has built the binary together with the tests.
const IS_BUILT: &str = "KEIZOKU_TEST_BINARY_IS_BUILT";

/// The `keizoku` binary of the profile that the test itself was built with.
///
/// `./dev test` builds it together with the tests. A run of one package has not, or left an old one
/// there: then it is built now.
pub fn keizoku() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let folder = profile_folder();
        let binary = folder.join(format!("keizoku{}", std::env::consts::EXE_SUFFIX));
        if std::env::var_os(IS_BUILT).is_none() && !is_newer_than_its_sources(&binary) {
            // It may take minutes, in which the test seems to hang.
            eprintln!(
                "{} is older than its sources: building it",
                binary.display()
            );
            build(&folder);
        }
        assert!(binary.is_file(), "{} is not there", binary.display());
        binary
    })
}

/// `target/debug`, where the test lies in `target/debug/deps`.
fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it lies");
    test.ancestors()
        .nth(2)
        .map(Path::to_owned)
        .expect("cargo puts tests into target/PROFILE/deps")
}

/// Compares with the list that cargo keeps of what the binary was built from.
fn is_newer_than_its_sources(binary: &Path) -> bool {
    let Some(built) = modified(binary) else {
        return false;
    };
    let Ok(list) = fs::read_to_string(binary.with_extension("d")) else {
        return false;
    };
    let sources = list.split_once(": ").map_or("", |(_, sources)| sources);
    // A space inside a name is written as `\ `.
    let sources = sources.trim().replace("\\ ", "\0");
    let mut sources = sources
        .split(' ')
        .map(|source| PathBuf::from(source.replace('\0', " ")));
    sources.all(|source| modified(&source).is_some_and(|modified| modified <= built))
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|file| file.modified()).ok()
}

fn build(folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let target = folder.parent().expect("a profile lies in a directory");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // Build scripts of others look at what cargo says of the package that is tested, and would run again.
    for (name, _) in std::env::vars_os() {
        let is_of_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_of_package) {
            command.env_remove(name);
        }
    }
    let output = command
        .args([
            "build",
            "--quiet",
            "--package",
            "keizoku",
            "--bin",
            "keizoku",
        ])
        .args(["--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(repository())
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "the binary does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
