//! A model that takes its time between batches, and those who wait for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use keizoku_bus::LocalBus;
use keizoku_bus::conformance::{append, block_on, open_log};
use keizoku_core::{Position, Recorded};
use keizoku_log::EventLog;
use keizoku_runtime::projector::{Projection, ProjectionError, project};
use keizoku_runtime::token::{Followed, Progress};
use keizoku_runtime::{Freshness, Lifecycle};
use tempfile::TempDir;
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

/// A model that takes its time, and has read the first event of a log.
struct Gathering {
    _folder: TempDir,
    log: Arc<dyn EventLog>,
    bus: Arc<LocalBus>,
    lifecycle: Lifecycle,
    model: Arc<Batches>,
    followed: Followed,
}

impl Gathering {
    async fn begun() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..1).await;
        let bus = Arc::new(LocalBus::new().with("sample", Arc::clone(&log)));
        let (lifecycle, model) = (Lifecycle::new(), Arc::new(Batches::default()));
        let followed = project(&lifecycle, bus.clone(), "sample", model.clone(), AN_HOUR);
        let this = Self {
            _folder: folder,
            log,
            bus,
            lifecycle,
            model,
            followed,
        };
        this.comes_to(1).await;
        this
    }

    /// Waits as one who does not hurry it.
    async fn comes_to(&self, position: u64) {
        let mut progress = self.followed.progress.clone();
        let is_there = |progress: &Progress| progress.position >= Position(position);
        assert!(progress.wait_for(is_there).await.is_ok());
    }

    fn batches(&self) -> Vec<usize> {
        self.model.0.lock().unwrap().clone()
    }

    async fn end(self) -> Followed {
        self.lifecycle.stop();
        assert!(self.lifecycle.drained().await);
        self.log.close().await;
        self.followed
    }
}

#[test]
fn a_model_gathers_at_its_pace_unless_somebody_waits() {
    block_on(async {
        let model = Gathering::begun().await;
        append(&*model.log, 1..8).await;
        append(&*model.log, 8..20).await;
        tokio::task::yield_now().await;
        assert_eq!(model.batches(), [1], "the others wait for their turn");
        assert!(model.followed.reach(Position(20)).await);
        assert_eq!(model.batches().iter().sum::<usize>(), 20);
        assert!(
            model.followed.reach(Position(5)).await,
            "it is there already"
        );

        let followed = model.end().await;
        assert!(!followed.reach(Position(21)).await, "nobody reads any more");
    });
}

#[test]
fn what_others_have_read_is_read_at_once_when_it_is_needed() {
    block_on(async {
        let model = Gathering::begun().await;
        let quick = Arc::new(Batches::default());
        let bus = model.bus.clone();
        let others = project(&model.lifecycle, bus, "sample", quick, Duration::ZERO);
        append(&*model.log, 1..9).await;
        assert!(others.reach(Position(9)).await);
        let (slow, ahead) = (Freshness::default(), Freshness::default());
        slow.add("sample", model.followed.clone());
        ahead.add("sample", others);

        assert!(slow.position("sample") < Position(9));
        slow.keep_up("sample", &ahead).await;
        assert_eq!(slow.position("sample"), Position(9));
        model.end().await;
    });
}

#[test]
fn a_full_batch_does_not_wait_for_its_turn() {
    block_on(async {
        let model = Gathering::begun().await;
        append(&*model.log, 1..5_001).await;
        model.comes_to(4_097).await;
        model.end().await;
    });
}
