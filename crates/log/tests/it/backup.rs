//! Backups, what is restored from them, and what a check finds.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use keizoku_core::{Revision, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::conformance::{assert_in_order, event, events, read_everything, stream};
use keizoku_log::sqlite::{BackupError, OpenError, backup, restore, verify};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::support::{assert_sound, block_on, open};

fn make_log(path: &Path, streams: u64) -> uuid::Uuid {
    block_on(async {
        let log = open(path);
        for number in 0..streams {
            let batch = events(number * 10, 3);
            log.append(&stream(number), Revision::NONE, batch)
                .await
                .expect("fits");
        }
        log.close().await;
        log.log_id()
    })
}

#[test]
fn a_backup_is_whole_while_writing_goes_on() {
    let home = tempfile::tempdir().expect("a directory");
    let (path, copy) = (home.path().join("log"), home.path().join("copy"));
    let (before, acknowledged) = block_on(async {
        let log = open(&path);
        log.append(&stream(99), Revision::NONE, events(0, 2_000))
            .await
            .expect("fits");
        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let log = Arc::clone(&log);
            writers.spawn(async move {
                for number in 0..100 {
                    let batch = vec![event(10_000 + writer * 100 + number)];
                    log.append(&stream(writer), Revision(number), batch)
                        .await
                        .expect("fits");
                }
            });
        }
        let before = log.head().borrow().position;
        log.backup(&copy, |_| {}).await.expect("copied");
        writers.join_all().await;
        let acknowledged = read_everything(&*log).await;
        log.close().await;
        (before, acknowledged)
    });
    assert_sound(&copy);
    let restored = home.path().join("restored");
    restore(&copy, &restored, &SystemEntropy, |_| {}).expect("restored");
    block_on(async {
        let log = open(&restored);
        let copied = read_everything(&*log).await;
        assert_in_order(&copied);
        assert!(
            log.head().borrow().position >= before,
            "nothing that was there is missing"
        );
        assert_eq!(
            copied,
            acknowledged[..copied.len()],
            "it is the log up to some position"
        );
        log.close().await;
    });
}

#[test]
fn a_restored_log_has_the_events_and_another_id() {
    let home = tempfile::tempdir().expect("a directory");
    let (path, copy) = (home.path().join("log"), home.path().join("copy"));
    let old_id = make_log(&path, 5);
    let mut reports = Vec::new();
    backup(&path, &copy, |progress| reports.push(progress)).expect("copied");
    let last = reports.last().expect("progress is reported");
    assert_eq!(last.done, last.total);
    let companions = ["copy-wal", "copy-shm", "copy-journal", "copy.part"];
    let left = companions
        .iter()
        .find(|name| home.path().join(name).exists());
    assert_eq!(left, None, "the copy is one file");

    let restored = home.path().join("restored");
    let id = restore(&copy, &restored, &SystemEntropy, |_| {}).expect("restored");
    block_on(async {
        let log = open(&restored);
        assert_eq!(log.log_id(), id);
        assert_ne!(id, old_id);
        assert_eq!(read_everything(&*log).await.len(), 15);
        log.append(&stream(0), Revision(3), vec![event(900)])
            .await
            .expect("fits");
        log.close().await;
    });
    assert_sound(&restored);
}

#[test]
fn nothing_is_overwritten_by_a_backup_or_a_restoration() {
    let home = tempfile::tempdir().expect("a directory");
    let (path, copy) = (home.path().join("log"), home.path().join("copy"));
    make_log(&path, 1);
    backup(&path, &copy, |_| {}).expect("copied");
    let before = fs::read(&path).expect("readable");
    let again = backup(&path, &copy, |_| {});
    assert!(matches!(again, Err(BackupError::TargetExists { .. })));
    let over = restore(&copy, &path, &SystemEntropy, |_| {});
    assert!(matches!(over, Err(BackupError::TargetExists { .. })));
    assert!(fs::read(&path).expect("readable") == before);

    // A forgotten WAL would be played into the restored log.
    let elsewhere = home.path().join("elsewhere");
    fs::write(home.path().join("elsewhere-wal"), "left over").expect("written");
    let beside = restore(&copy, &elsewhere, &SystemEntropy, |_| {});
    assert!(matches!(beside, Err(BackupError::TargetExists { .. })));
}

#[test]
fn a_running_log_is_not_restored_over_and_only_logs_are_restored() {
    let home = tempfile::tempdir().expect("a directory");
    let (path, copy) = (home.path().join("log"), home.path().join("copy"));
    make_log(&path, 1);
    backup(&path, &copy, |_| {}).expect("copied");
    let log = open(&path);
    let over = restore(&copy, &path, &SystemEntropy, |_| {});
    assert!(matches!(
        over,
        Err(BackupError::Log(OpenError::Locked { .. }))
    ));
    block_on(log.close());

    let target = home.path().join("target");
    let missing = restore(
        &home.path().join("missing"),
        &target,
        &SystemEntropy,
        |_| {},
    );
    assert!(matches!(
        missing,
        Err(BackupError::Log(OpenError::NotFound { .. }))
    ));
    fs::write(
        home.path().join("text"),
        "no database at all, but long enough",
    )
    .expect("written");
    let text = restore(&home.path().join("text"), &target, &SystemEntropy, |_| {});
    assert!(matches!(
        text,
        Err(BackupError::Log(OpenError::NotADatabase { .. }))
    ));
    assert!(!target.exists());
}

#[test]
fn a_sound_log_is_counted() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    make_log(&path, 7);
    let mut phases = Vec::new();
    let found = verify(&path, |progress| phases.push(progress.what)).expect("readable");
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!((found.events, found.streams, found.last.0), (21, 7, 21));
    phases.dedup();
    assert_eq!(phases, ["checking the database", "checking events"]);
}

#[test]
fn every_kind_of_damage_is_found() {
    let damages = [
        (
            "DELETE FROM event WHERE position = 5",
            "revision 3 where 2 should be",
        ),
        (
            "DELETE FROM event WHERE position = 4",
            "no stream begins at 4",
        ),
        (
            "UPDATE event SET recorded_at = 0 WHERE position = 6",
            "recorded before",
        ),
        (
            "UPDATE event SET id = x'00' WHERE position = 6",
            "an id of 1 bytes",
        ),
        (
            "UPDATE event SET stream = 'other' WHERE position = 6",
            "does not begin at 4",
        ),
        (
            "UPDATE event SET position = -1 WHERE position = 6",
            "position -1",
        ),
        (
            "UPDATE event SET revision = 9 WHERE position = 6",
            "revision 9 where 3 should be",
        ),
    ];
    for (damage, expected) in damages {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("log");
        make_log(&path, 2);
        assert_sound(&path);
        Connection::open(&path)
            .expect("opens")
            .execute(damage, [])
            .expect("damaged");
        let found = verify(&path, |_| {}).expect("readable");
        assert!(!found.is_sound(), "{damage}");
        let problems = found.problems.join("\n");
        assert!(problems.contains(expected), "{damage}: {problems}");
    }
}
