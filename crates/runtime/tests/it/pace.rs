//! A model that takes its time between batches, and those who wait for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use keizoku_bus::LocalBus;
use keizoku_bus::conformance::{append, block_on, open_log};
use keizoku_core::{Position, Recorded};
use keizoku_runtime::projector::{Projection, ProjectionError, project};
use keizoku_runtime::{Freshness, Lifecycle};
use uuid::Uuid;

/// Longer than any test.
const AN_HOUR: Duration = Duration::from_hours(1);

/// Remembers how many events came in each batch.
#[derive(Default)]
struct Batches(Mutex<Vec<usize>>);

#[async_trait]
impl Projection for Batches {
    async fn position(&self, _: &str, _: Uuid) -> Result<Position, ProjectionError> {
        Ok(Position::START)
    }

    async fn apply(&self, _: &str, events: Vec<Arc<Recorded>>) -> Result<(), ProjectionError> {
        self.0.lock().unwrap().push(events.len());
        Ok(())
    }
}

#[test]
fn a_model_gathers_at_its_pace_unless_somebody_waits() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..1).await;
        let bus = Arc::new(LocalBus::new().with("sample", Arc::clone(&log)));
        let (lifecycle, model) = (Lifecycle::new(), Arc::new(Batches::default()));
        let batches = || model.0.lock().unwrap().clone();
        let followed = project(&lifecycle, bus, "sample", model.clone(), AN_HOUR);

        let mut progress = followed.progress.clone();
        let first = progress.wait_for(|progress| progress.position == Position(1));
        assert!(first.await.is_ok(), "the first one waits for nothing");
        append(&*log, 1..8).await;
        append(&*log, 8..20).await;
        tokio::task::yield_now().await;
        assert_eq!(batches(), [1], "the others wait for their turn");
        assert!(followed.reach(Position(20)).await);
        assert_eq!(batches().iter().sum::<usize>(), 20);
        assert!(followed.reach(Position(5)).await, "it is there already");

        lifecycle.stop();
        assert!(lifecycle.drained().await);
        assert!(!followed.reach(Position(21)).await, "nobody reads any more");
        log.close().await;
    });
}

#[test]
fn what_others_have_read_is_read_at_once_when_it_is_needed() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..1).await;
        let bus = Arc::new(LocalBus::new().with("sample", Arc::clone(&log)));
        let lifecycle = Lifecycle::new();
        let follow = |pace| {
            let (bus, model) = (Arc::clone(&bus), Arc::new(Batches::default()));
            project(&lifecycle, bus, "sample", model, pace)
        };
        let (slow, quick) = (Freshness::default(), Freshness::default());
        let (gathering, others) = (follow(AN_HOUR), follow(Duration::ZERO));
        let mut progress = gathering.progress.clone();
        let first = progress.wait_for(|progress| progress.position == Position(1));
        assert!(first.await.is_ok());
        append(&*log, 1..9).await;
        assert!(others.reach(Position(9)).await);
        slow.add("sample", gathering);
        quick.add("sample", others);

        assert!(slow.position("sample") < Position(9));
        slow.keep_up("sample", &quick).await;
        assert_eq!(slow.position("sample"), Position(9));
        lifecycle.stop();
        assert!(lifecycle.drained().await);
        log.close().await;
    });
}

#[test]
fn a_full_batch_does_not_wait_for_its_turn() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..1).await;
        let bus = Arc::new(LocalBus::new().with("sample", Arc::clone(&log)));
        let (lifecycle, model) = (Lifecycle::new(), Arc::new(Batches::default()));
        let followed = project(&lifecycle, bus, "sample", model.clone(), AN_HOUR);
        let mut progress = followed.progress.clone();
        let first = progress.wait_for(|progress| progress.position == Position(1));
        assert!(first.await.is_ok());

        append(&*log, 1..5_001).await;
        let full = progress.wait_for(|progress| progress.position >= Position(4_097));
        assert!(full.await.is_ok());
        lifecycle.stop();
        assert!(lifecycle.drained().await);
        log.close().await;
    });
}
