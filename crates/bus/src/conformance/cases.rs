//! The cases.

use std::sync::Arc;

use futures::StreamExt as _;
use keizoku_core::{NewEvent, Position, Revision, StreamId};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Backend, Follower, append, open_log, read_everything};
use crate::Source;

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is a place for temporary files")
}

/// Ids, kinds, times, bytes: all as the log has them.
pub async fn everything_of_an_event_arrives<B: Backend>(mut backend: B) {
    let folder = folder();
    let log = open_log(folder.path());
    append(&*log, 0..3).await;
    backend.offer("sample", Arc::clone(&log)).await;
    let mut follower = Follower::new(backend.bus().await, "sample");
    follower.reads_exactly(&*log).await;
    log.close().await;
}

/// What is at or before the position does not come, the next one does.
pub async fn a_subscription_begins_after_any_position<B: Backend>(mut backend: B) {
    let folder = folder();
    let log = open_log(folder.path());
    append(&*log, 0..9).await;
    backend.offer("sample", Arc::clone(&log)).await;
    // The relay may still be at it: a source is as far as somebody has read.
    let bus = backend.bus().await;
    Follower::new(Arc::clone(&bus), "sample")
        .reads_exactly(&*log)
        .await;
    let events = read_everything(&*log).await;
    let starts = std::iter::once(Position::START).chain(events.iter().map(|one| one.position));
    for (after, expected) in starts.zip(&events) {
        let subscribed = bus.subscribe("sample", after).await;
        let mut deliveries = subscribed.expect("it is offered");
        let first = loop {
            let delivery = deliveries.next().await.expect("it goes on");
            if let Some(first) = delivery.expect("it comes").events.first() {
                break Arc::clone(first);
            }
        };
        assert_eq!(&first, expected, "after {after}");
    }
    let last = events.last().map_or(Position::START, |last| last.position);
    let mut from_end = bus.subscribe("sample", last).await.expect("it is offered");
    let next = append(&*log, 9..10).await;
    let delivery = from_end
        .next()
        .await
        .expect("it goes on")
        .expect("it comes");
    let positions: Vec<_> = delivery.events.iter().map(|one| one.position).collect();
    // The head may be told before the event.
    assert!(positions.is_empty() || positions == [next], "{positions:?}");
    log.close().await;
}

/// First what is there, then what comes, as it comes.
pub async fn it_catches_up_and_then_follows<B: Backend>(mut backend: B) {
    let folder = folder();
    let log = open_log(folder.path());
    append(&*log, 0..5).await;
    backend.offer("sample", Arc::clone(&log)).await;
    let mut follower = Follower::new(backend.bus().await, "sample");
    for number in 5..25 {
        follower.reads_exactly(&*log).await;
        append(&*log, number..number + 1).await;
    }
    follower.reads_exactly(&*log).await;
    log.close().await;
}

/// Nothing was ever recorded: the log is known all the same.
pub async fn an_empty_source_is_known_and_followed<B: Backend>(mut backend: B) {
    let folder = folder();
    let log = open_log(folder.path());
    backend.offer("sample", Arc::clone(&log)).await;
    let bus = backend.bus().await;
    let expected = Source {
        log_id: log.log_id(),
        head: Position::START,
    };
    assert_eq!(bus.source("sample").await.expect("it is offered"), expected);
    let mut follower = Follower::new(bus, "sample");
    follower.reads_exactly(&*log).await;
    append(&*log, 0..1).await;
    follower.reads_exactly(&*log).await;
    log.close().await;
}

/// Both operations say so at once.
pub async fn a_source_that_nobody_offers_is_refused<B: Backend>(backend: B) {
    let bus = backend.bus().await;
    assert!(bus.source("sample").await.is_err());
    assert!(bus.subscribe("sample", Position::START).await.is_err());
}

/// Each subscriber gets its source, and all of it.
pub async fn sources_do_not_mix<B: Backend>(mut backend: B) {
    let (one, other) = (folder(), folder());
    let (one, other) = (open_log(one.path()), open_log(other.path()));
    backend.offer("sample", Arc::clone(&one)).await;
    backend.offer("samples", Arc::clone(&other)).await;
    let bus = backend.bus().await;
    let mut of_one = Follower::new(Arc::clone(&bus), "sample");
    let mut of_other = Follower::new(bus, "samples");
    tokio::join!(append(&*one, 0..50), append(&*other, 100..200));
    tokio::join!(of_one.reads_exactly(&*one), of_other.reads_exactly(&*other));
    tokio::join!(one.close(), other.close());
}

/// Far more than any window or page, while they are appended, to several subscribers.
pub async fn many_events_arrive_once_and_in_order<B: Backend>(mut backend: B) {
    let folder = folder();
    let log = open_log(folder.path());
    backend.offer("sample", Arc::clone(&log)).await;
    let bus = backend.bus().await;
    let mut first = Follower::new(Arc::clone(&bus), "sample");
    let mut second = Follower::new(Arc::clone(&bus), "sample");
    let appending = async {
        for thousand in 0..15 {
            append(&*log, thousand * 1_000..(thousand + 1) * 1_000).await;
        }
    };
    tokio::join!(appending, first.reads_exactly(&*log));
    tokio::join!(first.reads_exactly(&*log), second.reads_exactly(&*log));
    log.close().await;
}

/// As large as a request may be.
pub async fn a_large_event_arrives<B: Backend>(mut backend: B) {
    let folder = folder();
    let log = open_log(folder.path());
    backend.offer("sample", Arc::clone(&log)).await;
    let event = NewEvent {
        id: Uuid::from_u128(1),
        kind: "sampled",
        data: vec![7; 4 << 20],
        metadata: Vec::new(),
    };
    let stream = StreamId::singleton("sample");
    let appended = log.append(&stream, Revision::NONE, vec![event]).await;
    appended.expect("the log takes it");
    let mut follower = Follower::new(backend.bus().await, "sample");
    follower.reads_exactly(&*log).await;
    log.close().await;
}

/// The log's process ends and starts again; so does the subscriber's. Positions hold.
pub async fn a_source_goes_on_after_a_restart<B: Backend>(mut backend: B) {
    let folder = folder();
    let log = open_log(folder.path());
    append(&*log, 0..10).await;
    backend.offer("sample", Arc::clone(&log)).await;
    let mut follower = Follower::new(backend.bus().await, "sample");
    follower.reads_exactly(&*log).await;
    log.close().await;
    drop(log);

    let log = open_log(folder.path());
    append(&*log, 10..20).await;
    backend.offer("sample", Arc::clone(&log)).await;
    let mut follower = follower.restarted(backend.bus().await);
    follower.reads_exactly(&*log).await;
    log.close().await;
}

/// As after a backup was restored: positions of the log before it mean nothing.
pub async fn another_log_is_read_from_its_start<B: Backend>(mut backend: B) {
    let (before, after) = (folder(), folder());
    let log = open_log(before.path());
    append(&*log, 0..20).await;
    backend.offer("sample", Arc::clone(&log)).await;
    let mut follower = Follower::new(backend.bus().await, "sample");
    follower.reads_exactly(&*log).await;
    log.close().await;

    let log = open_log(after.path());
    append(&*log, 5..15).await;
    backend.offer("sample", Arc::clone(&log)).await;
    let mut follower = follower.restarted(backend.bus().await);
    follower.reads_exactly(&*log).await;
    append(&*log, 20..30).await;
    follower.reads_exactly(&*log).await;
    log.close().await;
}
