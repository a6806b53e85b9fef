//! What the logs on disk hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use keizoku_cli::server::log_path;
use keizoku_core::{Position, Recorded, SystemClock, SystemEntropy};
use keizoku_log::EventLog as _;
use keizoku_log::sqlite::{ReadOnlyLog, SqliteLog, SqliteOptions, verify};
use keizoku_runtime::reaction::ReactingEvent;

/// The services that keep a log.
pub const SERVICES: [&str; 5] = [
    "accounts",
    "risk",
    "notification",
    "onboarding",
    "healthscore",
];
/// Events read at once.
const PAGE: usize = 1_000;

/// How many events each log holds, by service. The server may be running.
///
/// Each log must be sound, and its positions count from 1 without a gap.
#[must_use]
pub fn heads(folder: &Path) -> BTreeMap<&'static str, u64> {
    let head = |service| {
        let path = log_path(folder, service);
        let found = verify(&path, |_| {}).expect("a log can be read beside its server");
        assert!(found.is_sound(), "{service}: {:?}", found.problems);
        assert_eq!(found.events, found.last.0, "{service}: positions have gaps");
        (service, found.events)
    };
    SERVICES.into_iter().map(head).collect()
}

/// How many events of a kind a service recorded so far. The server may be running.
#[must_use]
pub fn count(folder: &Path, service: &str, kind: &str) -> usize {
    let mut count = 0;
    for_each(folder, service, |event| {
        count += usize::from(event.kind == kind);
    });
    count
}

/// Where the last event of a kind stands that a service recorded so far. The server may be running.
#[must_use]
pub fn last(folder: &Path, service: &str, kind: &str) -> Option<Position> {
    let mut last = None;
    for_each(folder, service, |event| {
        last = (event.kind == kind).then_some(event.position).or(last);
    });
    last
}

/// Up to where in the log of `source` the reactions of a service are known to be done. The server may
/// be running.
#[must_use]
pub fn dealt_with<E: ReactingEvent>(folder: &Path, service: &str, source: &str) -> Position {
    let mut dealt_with = Position::START;
    for_each(folder, service, |event| {
        let event = E::from_bytes(&event.data).expect("the service reads its own events");
        if let Some(advanced) = event.as_advanced().filter(|it| it.source == source) {
            dealt_with = Position(advanced.position);
        }
    });
    dealt_with
}

/// Shows everything that a service recorded so far. The server may be running.
pub fn for_each(folder: &Path, service: &str, mut show: impl FnMut(&Recorded)) {
    let log = ReadOnlyLog::open(&log_path(folder, service)).expect("the log is there");
    let mut after = Position::START;
    loop {
        let page = log.read_all(after, PAGE).expect("the log is readable");
        for event in &page {
            show(event);
        }
        let Some(last) = page.last() else { return };
        after = last.position;
    }
}

/// Everything that a service recorded. Nobody else may have the log open.
pub async fn events(folder: &Path, service: &str) -> Vec<Recorded> {
    let options = SqliteOptions::new(
        log_path(folder, service),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    let log = SqliteLog::open(options).expect("the log is there and free");
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let after = events
            .last()
            .map_or(Position::START, |event| event.position);
        let page = log
            .read_all(after, PAGE)
            .await
            .expect("the log is readable");
        let is_last = page.len() < PAGE;
        events.extend(page.into_iter().map(Arc::unwrap_or_clone));
        if is_last {
            log.close().await;
            return events;
        }
    }
}
