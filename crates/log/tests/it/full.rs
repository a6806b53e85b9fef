//! A full disk refuses, loses nothing, and needs no restart once there is room.

use std::path::Path;

use keizoku_core::Revision;
use keizoku_log::conformance::{event, events, read_everything, stream};
use keizoku_log::sqlite::SqliteLog;
use keizoku_log::{AppendError, EventLog};
use rusqlite::Connection;

use crate::support::{assert_sound, block_on, open, options};

/// Fills pages that are given back later, and answers how many the file has then.
fn fill(path: &Path) -> u32 {
    let db = Connection::open(path).expect("opens");
    db.execute_batch("CREATE TABLE filler AS SELECT zeroblob(1000000) AS blank")
        .expect("filled");
    db.pragma_query_value(None, "page_count", |row| row.get(0))
        .expect("counted")
}

#[test]
fn a_full_disk_refuses_whole_appends_until_there_is_room() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    block_on(async {
        open(&path).close().await;
        let mut options = options(&path);
        options.max_pages = Some(fill(&path) + 10);
        let log = SqliteLog::open(options).expect("the log opens");

        let mut revision = Revision::NONE;
        let refused = loop {
            let batch = events(revision.0, 3);
            match log.append(&stream(0), revision, batch).await {
                Ok(appended) => revision = appended.last,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, AppendError::Full), "{refused}");
        assert!(revision > Revision::NONE, "there was some room");
        let stored = read_everything(&log).await;
        assert_eq!(
            stored.len() as u64,
            revision.0,
            "acknowledged is what is there"
        );
        let head = *log.head().borrow();
        assert_eq!(head.position, stored[stored.len() - 1].position);

        // Everybody in the group is refused, and what is larger than the room stays refused.
        let (one, other) = (stream(1), stream(2));
        let answers = tokio::join!(
            log.append(&one, Revision::NONE, events(0, 900)),
            log.append(&other, Revision::NONE, events(0, 900)),
        );
        assert!(matches!(
            answers,
            (Err(AppendError::Full), Err(AppendError::Full))
        ));
        assert_eq!(*log.head().borrow(), head);

        let db = Connection::open(&path).expect("opens");
        db.execute_batch("DROP TABLE filler").expect("dropped");
        let batch = events(revision.0, 3);
        let appended = log
            .append(&stream(0), revision, batch)
            .await
            .expect("there is room again");
        assert_eq!(
            appended.position.0,
            head.position.0 + 3,
            "nothing was left behind"
        );
        log.append(&one, Revision::NONE, vec![event(0)])
            .await
            .expect("there is room again");
        log.close().await;
    });
    assert_sound(&path);
}
