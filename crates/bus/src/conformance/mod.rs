//! What every bus keeps to, as test cases: a bus is one [`Backend`] and the line
//! `conformance_suite!(…)`.

#![expect(
    clippy::missing_panics_doc,
    reason = "a case that fails panics: that is its purpose"
)]

mod cases;
mod follower;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keizoku_core::{NewEvent, Position, Recorded, Revision, StreamId, SystemClock, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use uuid::Uuid;

pub use cases::*;
pub use follower::Follower;

use crate::Bus;

/// A kind of bus under test.
#[async_trait]
pub trait Backend: Sized + Send + Sync + 'static {
    /// A place in which nothing is offered.
    async fn fresh() -> Self;

    /// Offers a log as a source there, instead of the log that was offered before.
    async fn offer(&mut self, source: &'static str, log: Arc<dyn EventLog>);

    /// The bus there, as a process that starts now sees it.
    async fn bus(&self) -> Arc<dyn Bus>;
}

/// Turns every case into a test of a [`Backend`].
#[macro_export]
macro_rules! conformance_suite {
    ($backend:ty) => {
        $crate::conformance_suite!($backend:
            everything_of_an_event_arrives,
            a_subscription_begins_after_any_position,
            it_catches_up_and_then_follows,
            an_empty_source_is_known_and_followed,
            a_source_that_nobody_offers_is_refused,
            sources_do_not_mix,
            many_events_arrive_once_and_in_order,
            a_large_event_arrives,
            a_source_goes_on_after_a_restart,
            another_log_is_read_from_its_start
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
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs one case.
pub fn run<B: Backend, F: Future<Output = ()>>(case: impl FnOnce(B) -> F) {
    block_on(async { case(B::fresh().await).await });
}

/// Runs what may take several threads, and fails when it takes for ever.
pub fn block_on(case: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let ended = tokio::time::timeout(PATIENCE, case).await;
        ended.expect("a case that waits for ever has failed");
    });
}

/// A log in a directory; opened again after it was closed, it is the same log.
#[must_use]
pub fn open_log(folder: &Path) -> Arc<dyn EventLog> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let options = SqliteOptions::new(folder.join("log"), clock, entropy);
    Arc::new(SqliteLog::open(options).expect("the log opens"))
}

/// Appends events to a new stream each; which ones follows from their numbers.
pub async fn append(log: &dyn EventLog, numbers: std::ops::Range<u64>) -> Position {
    let appends = numbers.map(async |number| {
        let stream = StreamId::new("sample", Uuid::from_u64_pair(1, number));
        let event = NewEvent {
            id: Uuid::from_u64_pair(2, number),
            kind: "sampled",
            data: format!("data {number}\r\n").into_bytes(),
            metadata: format!("metadata {number}").into_bytes(),
        };
        let appended = log.append(&stream, Revision::NONE, vec![event]).await;
        appended.expect("a new stream takes an event").position
    });
    let positions = futures::future::join_all(appends).await;
    positions.into_iter().max().unwrap_or_default()
}

/// Everything that a log holds.
pub async fn read_everything(log: &dyn EventLog) -> Vec<Arc<Recorded>> {
    let everything = log.read_all(Position::START, usize::MAX).await;
    everything.expect("the log can be read")
}
