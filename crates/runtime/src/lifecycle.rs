//! Start, drain and stop: the first signal drains, the second ends at once.
//!
//! Probe points, where crash tests end the process: `command.append.before` and `.after` (around
//! the append of a command), `projection.apply.before` and `.after` (around a batch of a model).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use keizoku_core::{NoProbe, Probe};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long draining may take before the process gives up.
pub const DRAIN: Duration = Duration::from_secs(10);

/// Handle that every part of a process shares: what to wait for, and when to stop.
#[derive(Clone)]
pub struct Lifecycle {
    stop: CancellationToken,
    tasks: TaskTracker,
    probe: Arc<dyn Probe>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::probed(Arc::new(NoProbe))
    }
}

impl Lifecycle {
    /// A process that has just started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A process that has just started, and whose named points `probe` is told about.
    #[must_use]
    pub fn probed(probe: Arc<dyn Probe>) -> Self {
        Self {
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            probe,
        }
    }

    /// Work has come to a named point.
    pub(crate) fn reached(&self, point: &'static str) {
        self.probe.reached(point);
    }

    /// Runs a task that shutdown waits for.
    pub fn track<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Runs a task that ends when shutdown begins.
    pub fn until_stop<F>(&self, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        })
    }

    /// Begins shutdown.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until shutdown begins.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Waits until shutdown begins, without borrowing the handle.
    pub fn stopped_owned(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stop.clone().cancelled_owned()
    }

    /// Waits for every task, at most [`DRAIN`]; tells whether all of them ended.
    pub async fn drained(&self) -> bool {
        self.tasks.close();
        tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_ok()
    }
}
