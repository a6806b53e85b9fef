//! Time and identity.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{Clock, ManualClock, Revision};

use super::{Backend, NOON, event, events, open, read_everything, stream};

fn minutes(minutes: i64) -> Timestamp {
    NOON + SignedDuration::from_mins(minutes)
}

/// The clock goes back; recorded time stands still until the clock has caught up.
pub async fn recorded_time_never_goes_back<B: Backend>(backend: B) {
    let clock = Arc::new(ManualClock::at(NOON));
    let log = backend.open(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let expected = [(0, 0), (10, 10), (-60, 10), (5, 10), (11, 11)];
    for (number, (shown, recorded)) in (0..).zip(expected) {
        clock.set(minutes(shown));
        let batch = vec![event(number)];
        let appended = log
            .append(&stream(number), Revision::NONE, batch)
            .await
            .expect("fits");
        assert_eq!(appended.recorded_at, minutes(recorded));
    }
    let stored: Vec<_> = read_everything(&*log)
        .await
        .iter()
        .map(|one| one.recorded_at)
        .collect();
    assert_eq!(stored, expected.map(|(_, recorded)| minutes(recorded)));
    log.close().await;
}

/// A machine that starts with a wrong clock does not go back either.
pub async fn recorded_time_does_not_go_back_across_a_restart<B: Backend>(backend: B) {
    let log = backend.open(Arc::new(ManualClock::at(NOON))).await;
    log.append(&stream(0), Revision::NONE, vec![event(0)])
        .await
        .expect("fits");
    log.close().await;
    let log = backend.open(Arc::new(ManualClock::at(minutes(-60)))).await;
    let appended = log
        .append(&stream(0), Revision(1), vec![event(1)])
        .await
        .expect("fits");
    assert_eq!(appended.recorded_at, NOON);
    log.close().await;
}

/// What was decided at once was recorded at once.
pub async fn events_of_one_append_are_recorded_at_one_time<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let appended = log
        .append(&stream(0), Revision::NONE, events(0, 9))
        .await
        .expect("fits");
    let stored = read_everything(&*log).await;
    assert!(
        stored
            .iter()
            .all(|one| one.recorded_at == appended.recorded_at)
    );
    log.close().await;
}

/// The log is the same after a restart.
pub async fn the_log_id_survives_a_restart<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let id = log.log_id();
    log.close().await;
    let log = open(&backend).await;
    assert_eq!(log.log_id(), id);
    log.close().await;
}

/// Positions of different logs can be told apart.
pub async fn two_logs_have_two_ids<B: Backend>(backend: B) {
    let (one, other) = (open(&backend).await, open(&B::fresh()).await);
    assert_ne!(one.log_id(), other.log_id());
    one.close().await;
    other.close().await;
}
