//! The promises of [`EventLog`] as named cases that every backend passes.
//!
//! *Used by* the backends' tests: implement [`Backend`], write `conformance_suite!(MyBackend);`,
//! and each case becomes a test. The cases in which many act at once come first, because they are
//! the ones that catch real mistakes. *Fails* by panicking, as tests do.

#![expect(
    clippy::missing_panics_doc,
    reason = "a case that fails panics: that is its purpose"
)]

mod append;
mod concurrent;
mod following;
mod reading;
mod recorded;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use keizoku_core::{Clock, ManualClock, NewEvent, Position, Recorded, Revision, StreamId};
use uuid::Uuid;

pub use append::*;
pub use concurrent::*;
pub use following::*;
pub use reading::*;
pub use recorded::*;

use crate::EventLog;

/// A kind of log under test.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// A place in which no log was ever opened.
    fn fresh() -> Self;

    /// Opens the log there; opened again after it was closed, it is the same log.
    async fn open(&self, clock: Arc<dyn Clock>) -> Arc<dyn EventLog>;
}

/// Turns every case into a test of a [`Backend`].
#[macro_export]
macro_rules! conformance_suite {
    ($backend:ty) => {
        $crate::conformance_suite!($backend:
            racing_writers_win_each_revision_once,
            writers_on_many_streams_are_all_kept_in_order,
            nothing_appears_below_a_visible_position,
            the_same_append_many_times_at_once_is_written_once,
            cancelled_appends_are_whole_or_absent,
            calls_left_alone_keep_nobody_waiting,
            followers_lose_nothing_while_many_append,
            an_answered_append_is_visible_and_below_the_head,
            an_append_is_all_or_nothing,
            the_same_append_again_gets_the_first_answer,
            the_same_append_gets_the_first_answer_after_a_restart,
            metadata_may_differ_when_an_append_is_repeated,
            other_ids_at_a_used_revision_are_refused,
            a_used_id_with_another_payload_is_refused,
            a_revision_that_the_stream_has_not_reached_is_refused,
            more_or_other_events_than_the_first_time_are_refused,
            an_id_twice_in_one_append_is_refused,
            an_id_may_be_used_in_two_streams,
            an_empty_append_is_refused,
            a_large_payload_comes_back_whole,
            everything_of_an_event_comes_back,
            a_closed_log_refuses_and_ends_its_followers,
            what_was_acknowledged_is_there_after_a_restart,
            an_unknown_stream_reads_empty,
            streams_are_read_in_pages_after_a_revision,
            the_log_is_read_in_pages_after_a_position,
            followers_catch_up_and_then_follow,
            a_follower_starts_where_it_is_told,
            recorded_time_never_goes_back,
            recorded_time_does_not_go_back_across_a_restart,
            events_of_one_append_are_recorded_at_one_time,
            the_head_is_where_the_log_ends,
            the_log_id_survives_a_restart,
            two_logs_have_two_ids
        );
    };
    ($backend:ty: $($case:ident),+) => {$(
        #[test]
        fn $case() {
            $crate::conformance::run($crate::conformance::$case::<$backend>);
        }
    )+};
}

/// Far longer than any case takes on a slow machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs one case, in several threads, so that what may happen at once does.
pub fn run<B: Backend, F: Future<Output = ()>>(case: impl FnOnce(B) -> F) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let ended = tokio::time::timeout(PATIENCE, case(B::fresh())).await;
        ended.expect("a case that waits for ever has failed");
    });
}

/// An instant at which nothing else happens.
pub const NOON: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A stream for the tests.
#[must_use]
pub fn stream(number: u64) -> StreamId {
    StreamId::new("sample", Uuid::from_u64_pair(1, number))
}

/// An event for the tests: its payload is told from its number.
#[must_use]
pub fn event(number: u64) -> NewEvent {
    NewEvent {
        id: Uuid::from_u64_pair(2, number),
        kind: "sampled",
        data: format!("data {number}").into_bytes(),
        metadata: format!("metadata {number}").into_bytes(),
    }
}

/// Several events, numbered from `first`.
#[must_use]
pub fn events(first: u64, count: u64) -> Vec<NewEvent> {
    (first..first + count).map(event).collect()
}

/// Everything in the log, in pages that do not divide it evenly.
pub async fn read_everything(log: &dyn EventLog) -> Vec<Recorded> {
    let mut all: Vec<Recorded> = Vec::new();
    loop {
        let after = all.last().map_or(Position::START, |last| last.position);
        let page = log.read_all(after, 7).await.expect("the log can be read");
        if page.is_empty() {
            return all;
        }
        all.extend(page.into_iter().map(Arc::unwrap_or_clone));
    }
}

/// Everything in a stream.
pub async fn read_stream(log: &dyn EventLog, stream: &StreamId) -> Vec<Recorded> {
    log.read_stream(stream, Revision::NONE, usize::MAX)
        .await
        .expect("the log can be read")
}

async fn open<B: Backend>(backend: &B) -> Arc<dyn EventLog> {
    backend.open(Arc::new(ManualClock::at(NOON))).await
}

/// Checks what holds for every log: positions rise, time does not go back, each stream counts from
/// 1 without gaps.
pub fn assert_in_order(events: &[Recorded]) {
    let mut tips = std::collections::HashMap::new();
    for pair in events.windows(2) {
        assert!(pair[0].position < pair[1].position, "positions rise");
        assert!(
            pair[0].recorded_at <= pair[1].recorded_at,
            "time does not go back"
        );
    }
    for event in events {
        let tip: &mut Revision = tips.entry(event.stream.as_str()).or_default();
        *tip = tip.plus(1);
        assert_eq!(event.revision, *tip, "{} has no gap", event.stream);
    }
}
