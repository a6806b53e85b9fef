//! What reaches the disk, on a disk that keeps nothing else; and what happens when it fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::child::{Order, Running, acknowledged};
use crate::crash::missing;

/// Directories for a disk that drops what was not synced: see `lossy_disk.c`.
struct LossyDisk {
    home: TempDir,
    library: PathBuf,
}

impl LossyDisk {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let library = home.path().join("lossy_disk.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/lossy_disk.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]);
        let status = compiler
            .arg(&library)
            .arg(source)
            .status()
            .expect("a C compiler");
        assert!(status.success(), "the disk compiles");
        fs::create_dir(home.path().join("control")).expect("created");
        Self { home, library }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A directory on the disk that holds what `from` does, all of it synced, and its shadow.
    fn directory(&self, name: &str, from: Option<&Path>) -> (PathBuf, PathBuf) {
        let (directory, shadow) = (self.path(name), self.path(&format!("{name}-shadow")));
        for target in [&directory, &shadow] {
            fs::create_dir(target).expect("created");
            for file in from
                .into_iter()
                .flat_map(|from| fs::read_dir(from).expect("readable"))
            {
                let file = file.expect("readable");
                fs::copy(file.path(), target.join(file.file_name())).expect("copied");
            }
        }
        (directory, shadow)
    }

    fn start(&self, order: &Order, directory: &Path, shadow: &Path) -> Running {
        order.start(|command| {
            command.env("LD_PRELOAD", &self.library);
            command
                .env("LOSSY_DIR", directory)
                .env("LOSSY_SHADOW", shadow);
            command.env("LOSSY_CONTROL", self.path("control"));
        })
    }
}

/// Cuts the power after so many acknowledged events, and answers what had been acknowledged.
fn cut_power(mut child: Running, after: usize) -> Vec<String> {
    let mut lines: Vec<_> = std::iter::from_fn(|| child.line()).take(after).collect();
    assert_eq!(lines.len(), after, "the process lives until it is killed");
    lines.extend(child.kill());
    lines
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let disk = LossyDisk::new();
    let mut lines = Vec::new();
    let mut before: Option<PathBuf> = None;
    // Each run starts with what the power cut left of the one before.
    for (run, acknowledgements) in (0..).zip([1, 100, 1_000, 4_000, 300]) {
        let (directory, shadow) = disk.directory(&format!("run-{run}"), before.as_deref());
        let order = Order {
            task: "append",
            log: directory.join("log"),
            run,
            ..Order::default()
        };
        lines.extend(cut_power(
            disk.start(&order, &directory, &shadow),
            acknowledgements,
        ));
        assert_eq!(missing(&shadow.join("log"), &lines), 0, "in run {run}");
        before = Some(shadow);
    }
}

/// The same without syncing does lose some: so the test above would notice.
#[test]
fn a_power_cut_without_syncs_loses_what_was_acknowledged() {
    let disk = LossyDisk::new();
    let (directory, shadow) = disk.directory("run", None);
    let log = directory.join("log");
    let order = Order {
        task: "append",
        log,
        careless: true,
        ..Order::default()
    };
    let lines = cut_power(disk.start(&order, &directory, &shadow), 100);
    assert!(missing(&shadow.join("log"), &lines) > 0);
}

/// A power cut at the point where a group is on disk, but nobody knows.
#[test]
fn a_power_cut_right_after_a_commit_leaves_it_whole() {
    let disk = LossyDisk::new();
    let (directory, shadow) = disk.directory("run", None);
    let order = Order {
        task: "append",
        log: directory.join("log"),
        stop_at: Some(("log.commit.after", 20)),
        ..Order::default()
    };
    let mut child = disk.start(&order, &directory, &shadow);
    let mut lines = Vec::new();
    while let Some(line) = child.line()
        && line != "child stopped"
    {
        lines.push(line);
    }
    lines.extend(child.kill());
    assert_eq!(missing(&shadow.join("log"), &lines), 0);
}

/// A process that is killed while it waits for the disk leaves a commit that looks like any other.
/// The next one must not show it to anybody before it is on disk.
#[test]
fn what_a_killed_process_left_is_on_disk_before_anybody_sees_it() {
    let disk = LossyDisk::new();
    let (directory, shadow) = disk.directory("run", None);
    let order = Order {
        task: "append",
        log: directory.join("log"),
        keeps_wal: true,
        ..Order::default()
    };
    let mut child = disk.start(&order, &directory, &shadow);
    let mut before: Vec<_> = std::iter::from_fn(|| child.line()).take(60).collect();
    fs::write(disk.path("control/sync-hangs"), "").expect("told");
    before.extend(std::iter::from_fn(|| child.line()).take_while(|line| line != "child hangs"));
    before.extend(child.kill());
    fs::remove_file(disk.path("control/sync-hangs")).expect("told");

    let order = Order {
        task: "look",
        ..order
    };
    let mut child = disk.start(&order, &directory, &shadow);
    let mut seen = Vec::new();
    while let Some(line) = child.line()
        && line != "child stopped"
    {
        seen.push(line);
    }
    child.kill();
    let count = |lines: &[String]| lines.iter().filter_map(|line| acknowledged(line)).count();
    assert!(count(&seen) > count(&before), "a commit was under way");
    assert_eq!(missing(&shadow.join("log"), &before), 0);
    assert_eq!(missing(&shadow.join("log"), &seen), 0);
}

#[test]
fn a_sync_that_fails_leaves_the_outcome_unknown_and_stops_the_log() {
    let disk = LossyDisk::new();
    let (directory, shadow) = disk.directory("run", None);
    let log = directory.join("log");
    let order = Order {
        task: "sync-fails",
        log: log.clone(),
        ..Order::default()
    };
    let said = disk.start(&order, &directory, &shadow).finish();
    let others: Vec<_> = said
        .iter()
        .filter(|line| acknowledged(line).is_none())
        .collect();
    for expected in [
        "child unknown true",
        "child fatal",
        "child head 3",
        "child closed true",
    ] {
        assert!(
            others.iter().any(|line| *line == expected),
            "{expected} in {others:?}"
        );
    }
    assert_eq!(missing(&log, &said), 0);
    assert_eq!(missing(&shadow.join("log"), &said), 0);
}

#[test]
fn a_write_that_finds_the_disk_full_refuses_until_there_is_room() {
    let disk = LossyDisk::new();
    let (directory, shadow) = disk.directory("run", None);
    let log = directory.join("log");
    let order = Order {
        task: "disk-full",
        log: log.clone(),
        ..Order::default()
    };
    let said = disk.start(&order, &directory, &shadow).finish();
    let full: Vec<_> = said
        .iter()
        .filter(|line| line.starts_with("child full"))
        .collect();
    assert_eq!(full, ["child full 16"; 3]);
    assert_eq!(missing(&log, &said), 0);
    assert_eq!(missing(&shadow.join("log"), &said), 0);
}
