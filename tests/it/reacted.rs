//! Waiting until nothing follows any more: a test that asks before would not see all of it.

use keizoku_core::Position;
use keizoku_runtime::read_model::rusqlite::{self, OpenFlags};
use keizoku_testkit::{Cluster, logs};

/// Events of an onboarding that become signals.
const SIGNALLED: [&str; 6] = [
    "onboarding_started",
    "phase_changed",
    "template_changed",
    "onboarding_completed",
    "kickoff_held",
    "expectation_gap_rated",
];

/// Waits until what onboardings say has become signals (RX-4).
pub(crate) async fn to_onboardings(cluster: &Cluster) {
    let said = SIGNALLED.map(|kind| logs::last(cluster.folder(), "onboarding", kind));
    let last = said.into_iter().max().flatten();
    to(cluster, "healthscore", "onboarding", last).await;
}

/// Waits until a service has heard of what stands at a position of a source, and reacted to everything.
pub(crate) async fn to(cluster: &Cluster, service: &str, source: &str, last: Option<Position>) {
    let path = cluster.folder().join(format!("{service}.model.sqlite"));
    let model = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let model = model.unwrap();
    let is_done = || {
        model.query_row(
            "SELECT position >= ?2 AND NOT EXISTS (SELECT 1 FROM facts)
             FROM sources WHERE source = ?1",
            rusqlite::params![source, last.unwrap_or_default().0.cast_signed()],
            |row| row.get(0),
        )
    };
    while !is_done().unwrap_or(false) {
        tokio::task::yield_now().await;
    }
}
