//! A replica is a bus like any other, and answers when its source cannot be reached.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use keizoku_bus::conformance::{Backend, Follower, append, block_on, open_log};
use keizoku_bus::{Bus, BusError, LocalBus};
use keizoku_log::EventLog;
use keizoku_runtime::Lifecycle;
use keizoku_runtime::replica::Replica;
use tempfile::TempDir;
use tokio::sync::Mutex;

/// A process that follows logs of others; another one takes its place at each start.
struct Replicas {
    folder: TempDir,
    logs: BTreeMap<&'static str, Arc<dyn EventLog>>,
    running: Mutex<Lifecycle>,
}

#[async_trait]
impl Backend for Replicas {
    async fn fresh() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            logs: BTreeMap::new(),
            running: Mutex::default(),
        }
    }

    async fn offer(&mut self, source: &'static str, log: Arc<dyn EventLog>) {
        self.logs.insert(source, log);
    }

    async fn bus(&self) -> Arc<dyn Bus> {
        let mut running = self.running.lock().await;
        running.stop();
        assert!(running.drained().await);
        *running = Lifecycle::new();
        let mut bus = LocalBus::new();
        for (source, log) in &self.logs {
            let origin = Arc::new(LocalBus::new().with(source, Arc::clone(log)));
            let path = self.folder.path().join(source);
            let replica = Replica::open(&path, source, origin, &running).unwrap();
            bus = bus.with_remote(source, Arc::new(replica));
        }
        Arc::new(bus)
    }
}

keizoku_bus::conformance_suite!(Replicas);

#[test]
fn what_a_replica_had_is_there_when_its_source_cannot_be_reached() {
    block_on(async {
        let mut process = Replicas::fresh().await;
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..20).await;
        process.offer("sample", Arc::clone(&log)).await;
        Follower::new(process.bus().await, "sample")
            .reads_exactly(&*log)
            .await;
        process.running.lock().await.stop();
        assert!(process.running.lock().await.drained().await);

        let unreachable = Arc::new(LocalBus::new());
        let path = process.folder.path().join("sample");
        let lifecycle = Lifecycle::new();
        let kept = Replica::open(&path, "sample", unreachable, &lifecycle).unwrap();
        Follower::new(Arc::new(kept), "sample")
            .reads_exactly(&*log)
            .await;
        log.close().await;
    });
}

#[test]
fn of_a_source_that_was_never_heard_a_replica_knows_nothing() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample");
        let unreachable = Arc::new(LocalBus::new());
        let empty = Replica::open(&path, "sample", unreachable, &Lifecycle::new()).unwrap();
        let refused = empty.source("sample").await;
        assert!(matches!(refused, Err(BusError::Unheard(_))));
    });
}
