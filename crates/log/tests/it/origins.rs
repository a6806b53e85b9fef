//! Streams are found by name wherever their origin is kept: in memory, in the index, or on the way
//! from one to the other.

use std::path::Path;

use keizoku_core::{Revision, StreamId};
use keizoku_log::conformance::{event, stream};
use keizoku_log::sqlite::{ReadOnlyLog, SqliteLog};
use keizoku_log::{AppendError, EventLog};
use rusqlite::Connection;

use crate::support::{assert_sound, block_on, open};

/// Events after each new stream: as many as take the next part of the index to its turn.
const BETWEEN: usize = 64;
/// Streams for more than two rounds of turns.
const STREAMS: u64 = 600;

/// Begins a stream, with much going on elsewhere afterwards.
async fn begin(log: &SqliteLog, number: u64, elsewhere: &mut Revision) {
    log.append(&stream(number), Revision::NONE, vec![event(number)])
        .await
        .expect("a new stream");
    let busy: StreamId = stream(u64::MAX);
    let first = (number + 1) << 32;
    let events = (0..BETWEEN as u64).map(|offset| event(first + offset));
    let appended = log.append(&busy, *elsewhere, events.collect()).await;
    *elsewhere = appended.expect("fits").last;
}

/// Every stream is there, and none can begin again.
async fn assert_all_are_found(log: &SqliteLog, streams: u64) {
    for number in 0..streams {
        let events = log.read_stream(&stream(number), Revision::NONE, 10).await;
        let ids: Vec<_> = events.expect("readable").iter().map(|e| e.id).collect();
        assert_eq!(ids, [event(number).id], "stream {number}");
        let other = vec![event(number + (1 << 20))];
        let refused = log.append(&stream(number), Revision::NONE, other).await;
        let actual = Revision(1);
        assert!(
            matches!(refused, Err(AppendError::WrongRevision { actual: found }) if found == actual)
        );
    }
}

/// Every stream is there for somebody who only reads, whatever its origin's place.
fn assert_all_are_read(path: &Path, streams: u64) {
    let log = ReadOnlyLog::open(path).expect("opens");
    for number in 0..streams {
        let events = log.read_stream(&stream(number), Revision::NONE, 10);
        let ids: Vec<_> = events.expect("readable").iter().map(|e| e.id).collect();
        assert_eq!(ids, [event(number).id], "stream {number}");
    }
}

fn count(path: &Path, sql: &str) -> i64 {
    let db = Connection::open(path).expect("opens");
    db.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[test]
fn streams_are_found_while_their_origins_move_into_the_index() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let mut elsewhere = Revision::NONE;
    block_on(async {
        let mut log = open(&path);
        for number in 0..STREAMS {
            begin(&log, number, &mut elsewhere).await;
            if number % 150 == 149 {
                assert_all_are_found(&log, number + 1).await;
                assert_all_are_read(&path, number + 1);
                log.close().await;
                assert_sound(&path);
                log = open(&path);
                assert_all_are_found(&log, number + 1).await;
            }
        }
        log.close().await;
    });
    let indexed = count(&path, "SELECT count(*) FROM stream_origin");
    assert!(indexed > 300, "{indexed} of {STREAMS} streams are indexed");
    let later = "SELECT count(*) FROM event JOIN meta ON key = 'indexed_to'
        WHERE position > CAST(value AS INTEGER)";
    let unread = count(&path, later);
    assert!(unread < 65_536, "an opening reads {unread} events");
}

#[test]
fn an_entry_that_is_missing_or_astray_is_noticed() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    block_on(async {
        let log = open(&path);
        let mut elsewhere = Revision::NONE;
        for number in 0..STREAMS {
            begin(&log, number, &mut elsewhere).await;
        }
        log.close().await;
    });
    let db = Connection::open(&path).expect("opens");
    let damage = [
        (
            "DELETE FROM stream_origin WHERE position = 1",
            "its name does not lead there",
        ),
        (
            "INSERT INTO stream_origin VALUES (7, 9)",
            "1 names lead to where no stream begins",
        ),
    ];
    for (sql, problem) in damage {
        db.execute(sql, []).expect("changed");
        let found = keizoku_log::sqlite::verify(&path, |_| {}).expect("readable");
        let problems = found.problems.join("\n");
        assert!(problems.contains(problem), "{problems}");
    }
}

/// The first format had an index of names.
fn make_older(path: &Path) {
    let db = Connection::open(path).expect("opens");
    db.execute_batch(
        "DROP TABLE stream_origin;
         DELETE FROM meta WHERE key = 'indexed_to';
         CREATE UNIQUE INDEX first_of_stream ON event (stream) WHERE origin IS NULL;
         PRAGMA user_version = 1;",
    )
    .expect("changed");
}

#[test]
fn a_log_of_an_older_format_is_brought_up_to_date() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    block_on(async {
        let log = open(&path);
        let mut elsewhere = Revision::NONE;
        for number in 0..STREAMS {
            begin(&log, number, &mut elsewhere).await;
        }
        log.close().await;
        make_older(&path);
        assert_sound(&path);
        assert_all_are_read(&path, STREAMS);
        let log = open(&path);
        assert_all_are_found(&log, STREAMS).await;
        log.close().await;
    });
    assert_sound(&path);
}

/// Streams that begin while one group is being written are in no index yet, however many they are.
#[test]
fn a_stream_goes_on_in_the_group_in_which_it_begins() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("log");
    block_on(async {
        let log = open(&path);
        // So many that the writer no longer remembers all of them.
        let crowd = (1_000..21_000).map(async |number| {
            let events = vec![event(number << 8)];
            log.append(&stream(number), Revision::NONE, events).await
        });
        let crowd = futures::future::join_all(crowd).await;
        assert_eq!(crowd.iter().filter(|answer| answer.is_err()).count(), 0);
        let streams = 0..900;
        let begin = streams.clone().map(|number| (number, Revision::NONE));
        let go_on = streams.map(|number| (number, Revision(1)));
        // Handed over at once and in this order: the writer takes them in a few groups.
        let appends = begin.chain(go_on).map(async |(number, expected)| {
            let events = vec![event(number << 8 | expected.0)];
            log.append(&stream(number), expected, events).await
        });
        let appended = futures::future::join_all(appends).await;
        assert_eq!(appended.iter().filter(|answer| answer.is_err()).count(), 0);
        log.close().await;
    });
    assert_sound(&path);
}
