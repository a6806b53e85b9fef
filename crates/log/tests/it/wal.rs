//! The write-ahead log stays short while many read and write.

use std::fs;
use std::sync::Arc;

use keizoku_core::{NewEvent, Position, Revision};
use keizoku_log::EventLog;
use keizoku_log::conformance::{event, read_everything, stream};
use keizoku_log::sqlite::SqliteLog;
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::support::{assert_sound, block_on, options};

const LIMIT: u64 = 1 << 20;

fn large(number: u64) -> NewEvent {
    NewEvent {
        data: vec![0; 10_000],
        ..event(number)
    }
}

async fn write(log: &SqliteLog, writer: u64, count: u64) {
    for number in 0..count {
        let batch = vec![large(writer * count + number)];
        log.append(&stream(writer), Revision(number), batch)
            .await
            .expect("fits");
    }
}

/// Reads the log over and over, so that there is hardly an instant without an open page.
async fn rebuild_for_ever(log: Arc<SqliteLog>) {
    let mut after = Position::START;
    while let Ok(page) = log.read_all(after, 50).await {
        after = page.last().map_or(Position::START, |last| last.position);
    }
}

#[test]
fn readers_do_not_make_the_wal_grow() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let mut options = options(&path);
    options.wal_bytes = LIMIT;
    block_on(async {
        let log = Arc::new(SqliteLog::open(options).expect("the log opens"));
        let mut readers = JoinSet::new();
        for _ in 0..6 {
            readers.spawn(rebuild_for_ever(Arc::clone(&log)));
        }
        let mut writers = JoinSet::new();
        for writer in 0..16 {
            let log = Arc::clone(&log);
            writers.spawn(async move { write(&log, writer, 150).await });
        }
        writers.join_all().await;
        let wal = fs::metadata(home.path().join("log-wal"))
            .expect("there is a WAL")
            .len();
        assert!(
            wal < 8 * LIMIT,
            "the WAL has {wal} bytes after 24 million were appended"
        );
        log.close().await;
        readers.join_all().await;
    });
    assert_sound(&path);
}

/// Somebody outside, such as a backup, may hold on to an old state; then the WAL has to grow, and
/// it stops growing when that somebody has gone.
#[test]
fn the_wal_starts_over_when_an_outsider_has_gone() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let mut options = options(&path);
    options.wal_bytes = LIMIT;
    let wal = || {
        fs::metadata(home.path().join("log-wal"))
            .expect("there is a WAL")
            .len()
    };
    block_on(async {
        let log = SqliteLog::open(options).expect("the log opens");
        write(&log, 0, 10).await;
        let outsider = Connection::open(&path).expect("opens");
        outsider
            .execute_batch("BEGIN; SELECT * FROM event LIMIT 1")
            .expect("reads");
        write(&log, 1, 800).await;
        let grown = wal();
        assert!(grown > 6 * LIMIT, "it keeps what the outsider still needs");
        outsider.execute_batch("COMMIT").expect("gone");
        write(&log, 2, 2_000).await;
        assert!(wal() < grown + 8 * LIMIT, "it started over");
        assert_eq!(read_everything(&log).await.len(), 2_810);
        log.close().await;
    });
    assert_sound(&path);
}

/// Whoever stops in order leaves one file that is the whole log, though somebody was still reading: a
/// connection that only reads must not be the last to go.
#[test]
fn a_log_that_was_closed_leaves_no_wal() {
    for round in 0..5 {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("log");
        block_on(async {
            let log = Arc::new(SqliteLog::open(options(&path)).expect("the log opens"));
            write(&log, 0, 30).await;
            let mut readers = JoinSet::new();
            for _ in 0..4 {
                readers.spawn(read_for_ever(Arc::clone(&log)));
            }
            // Each of them has its connection by now, and goes on with it.
            for _ in 0..4 {
                log.read_stream(&stream(0), Revision::NONE, 1)
                    .await
                    .expect("it is open");
            }
            log.close().await;
            readers.join_all().await;
        });
        let left = fs::metadata(home.path().join("log-wal"));
        assert!(left.is_err(), "round {round}: {left:?}");
        assert_sound(&path);
    }
}

/// Reads a stream over and over, which nobody remembers.
async fn read_for_ever(log: Arc<SqliteLog>) {
    while log
        .read_stream(&stream(0), Revision::NONE, 100)
        .await
        .is_ok()
    {}
}
