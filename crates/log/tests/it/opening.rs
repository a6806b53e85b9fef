//! What happens when a log cannot be opened.

use std::fs;
use std::path::Path;

use keizoku_core::{Position, Revision};
use keizoku_log::conformance::{event, read_everything, stream};
use keizoku_log::sqlite::{OpenError, ReadOnlyLog, SqliteLog, verify};
use keizoku_log::{EventLog, Head};
use rusqlite::Connection;

use crate::support::{block_on, open, options};

fn refusal(path: &Path) -> OpenError {
    SqliteLog::open(options(path))
        .err()
        .expect("it does not open")
}

/// A log with one event, closed.
fn make_log(path: &Path) {
    block_on(async {
        let log = open(path);
        log.append(&stream(0), Revision::NONE, vec![event(0)])
            .await
            .expect("fits");
        log.close().await;
    });
}

#[test]
fn a_second_opening_is_kept_out_and_told_where() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let log = open(&path);
    let error = refusal(&path);
    assert!(matches!(&error, OpenError::Locked { directory } if directory == home.path()));
    let message = error.to_string();
    assert!(
        message.contains(&home.path().display().to_string()),
        "{message}"
    );
    assert!(message.contains("stop that process"), "{message}");
    block_on(log.close());
    block_on(open(&path).close());
}

#[test]
fn a_log_is_read_beside_the_process_that_writes_to_it() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let log = open(&path);
    let reading = ReadOnlyLog::open(&path).expect("the lock keeps no reader out");
    assert_eq!(reading.log_id().expect("readable"), log.log_id());
    assert_eq!(reading.head().expect("readable"), Head::default());
    block_on(async {
        let mut at = Revision::NONE;
        for number in 0..3 {
            let appended = log.append(&stream(0), at, vec![event(number)]).await;
            at = appended.expect("fits").last;
        }
        log.append(&stream(1), Revision::NONE, vec![event(3)])
            .await
            .expect("fits");
    });
    let everything: Vec<_> = block_on(read_everything(&*log))
        .into_iter()
        .map(std::sync::Arc::new)
        .collect();
    let read = reading.read_all(Position::START, 100).expect("readable");
    assert_eq!(read, everything);
    let page = reading.read_all(Position(1), 2).expect("readable");
    assert_eq!(page, everything[1..3]);
    assert_eq!(reading.head().expect("readable"), *log.head().borrow());
    let later = reading.read_stream(&stream(0), Revision(1), 100);
    let revisions: Vec<Revision> = later
        .expect("readable")
        .iter()
        .map(|e| e.revision)
        .collect();
    assert_eq!(revisions, [Revision(2), Revision(3)]);
    drop(reading);
    block_on(log.close());

    let none = ReadOnlyLog::open(&home.path().join("none")).err();
    assert!(matches!(none, Some(OpenError::NotFound { .. })), "{none:?}");
}

#[test]
fn a_log_that_is_dropped_finishes_what_it_took_and_lets_go() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let log = open(&path);
    let mut head = log.head();
    block_on(async {
        log.append(&stream(0), Revision::NONE, vec![event(0)])
            .await
            .expect("fits");
        drop(log);
        while head.changed().await.is_ok() {}
    });
    while let Err(error) = SqliteLog::open(options(&path)) {
        assert!(matches!(error, OpenError::Locked { .. }), "{error}");
        std::thread::yield_now();
    }
}

#[test]
fn a_newer_format_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    make_log(&path);
    Connection::open(&path)
        .expect("opens")
        .pragma_update(None, "user_version", 3)
        .expect("set");
    let before = fs::read(&path).expect("readable");
    let error = refusal(&path);
    assert!(
        matches!(
            error,
            OpenError::NewerVersion {
                found: 3,
                known: 2,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("written by a newer version"),
        "{error}"
    );
    assert!(
        fs::read(&path).expect("readable") == before,
        "the file is as it was"
    );
    assert!(matches!(
        verify(&path, |_| {}),
        Err(OpenError::NewerVersion { .. })
    ));
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let text = "A letter, not a database. ".repeat(100);
    fs::write(&path, &text).expect("written");
    assert!(matches!(refusal(&path), OpenError::NotADatabase { .. }));
    assert_eq!(fs::read_to_string(&path).expect("readable"), text);
}

#[test]
fn a_database_of_something_else_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let other = Connection::open(&path).expect("opens");
    other
        .execute_batch("CREATE TABLE letters (text TEXT)")
        .expect("created");
    drop(other);
    let before = fs::read(&path).expect("readable");
    assert!(matches!(refusal(&path), OpenError::NotALog { .. }));
    assert!(
        fs::read(&path).expect("readable") == before,
        "the file is as it was"
    );
}

#[test]
fn a_damaged_log_is_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    make_log(&path);
    let mut bytes = fs::read(&path).expect("readable");
    bytes[100..4096].fill(0xee);
    fs::write(&path, bytes).expect("written");
    let error = refusal(&path);
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[test]
fn nothing_is_created_in_a_directory_that_is_not_there() {
    let home = tempfile::tempdir().expect("a directory");
    let missing = home.path().join("mistyped");
    let error = refusal(&missing.join("log"));
    assert!(matches!(&error, OpenError::NoDirectory { directory } if *directory == missing));
    assert!(!missing.exists());
}

#[test]
fn a_directory_in_place_of_the_file_is_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    fs::create_dir(&path).expect("created");
    assert!(matches!(refusal(&path), OpenError::Unusable { .. }));
}

/// Root may write everywhere else, but nobody may create files there.
#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_takes_no_files_is_refused() {
    let error = refusal(Path::new("/proc/self/log"));
    assert!(
        matches!(
            error,
            OpenError::Unusable { .. } | OpenError::ReadOnly { .. }
        ),
        "{error}"
    );
}

#[test]
fn a_log_that_is_not_there_cannot_be_verified() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    assert!(matches!(
        verify(&path, |_| {}),
        Err(OpenError::NotFound { .. })
    ));
    assert!(!path.exists(), "asking creates nothing");
}

/// A start that was interrupted before anything was stored.
#[test]
fn an_empty_file_becomes_a_log() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    fs::write(&path, "").expect("written");
    make_log(&path);
    block_on(async {
        let log = open(&path);
        assert_eq!(read_everything(&*log).await.len(), 1);
        log.close().await;
    });
}
