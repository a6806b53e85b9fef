//! Start, drain and stop: the first signal drains, the second ends at once.
//!
//! Probe points, where crash tests end the process: `command.append.before` and `.after` (around
//! the append of a command), `projection.apply.before` and `.after` (around a batch of a model),
//! `reaction.done.after` (what follows from a fact is recorded, that it was dealt with is not),
//! `churn.recorded.after` (a churn date's events are recorded, its row is there still),
//! `notification.plan.after` (recipients are frozen), `notification.send.before` (the attempt is
//! recorded) and `.after` (the other side has answered, which is not recorded yet).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use keizoku_core::{NoProbe, Probe};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::Failure;
use crate::telemetry::Telemetry;

/// How long draining may take before the process gives up.
pub const DRAIN: Duration = Duration::from_secs(10);

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its read model can neither be opened nor replaced.
    #[error("the read model can neither be opened nor replaced")]
    ReadModel(#[from] rusqlite::Error),
    /// Its log does not take that it has started.
    #[error("the log cannot be written: {}", .0.message())]
    Log(Failure),
}

impl From<Failure> for BuildError {
    fn from(failure: Failure) -> Self {
        Self::Log(failure)
    }
}

/// Handle that every part of a process shares: what to wait for, and when to stop.
#[derive(Clone)]
pub struct Lifecycle {
    stop: CancellationToken,
    tasks: TaskTracker,
    probe: Arc<dyn Probe>,
    telemetry: Telemetry,
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
            telemetry: Telemetry::default(),
        }
    }

    /// The same, measured.
    #[must_use]
    pub fn measured(self, telemetry: Telemetry) -> Self {
        Self { telemetry, ..self }
    }

    /// What measures the process.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Work has come to a named point.
    pub fn reached(&self, point: &'static str) {
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

    /// Runs work where it is awaited, and shutdown waits for it. When whoever awaits it goes away, it
    /// goes on as a task: it is never left half-done.
    ///
    /// A task from the start would do as well, and would make a server that is busy take up all
    /// requests before it goes on with the first.
    ///
    /// It comes boxed, because a large future is costly to move.
    pub fn in_place<T: Send + 'static>(&self, work: BoxFuture<'static, T>) -> InPlace<T> {
        InPlace(Some((work, self.tasks.token())))
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

/// See [`Lifecycle::in_place`].
#[must_use = "work that is not awaited runs as a task"]
pub struct InPlace<T: Send + 'static>(Option<(BoxFuture<'static, T>, TaskTrackerToken)>);

impl<T: Send + 'static> Future for InPlace<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some((work, _)) = &mut self.0 else {
            return Poll::Pending; // it is done: nobody polls again
        };
        let done = work.as_mut().poll(cx);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl<T: Send + 'static> Drop for InPlace<T> {
    fn drop(&mut self) {
        // Without a runtime the process ends, and a restart finds what was done.
        if let (Some((work, token)), Ok(runtime)) = (self.0.take(), Handle::try_current())
            && !std::thread::panicking()
        {
            runtime.spawn(async move {
                work.await;
                drop(token);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_nobody_awaits_it_any_more() {
        let lifecycle = Lifecycle::new();
        let (go, wait) = oneshot::channel::<()>();
        let (done, told) = oneshot::channel();
        let mut work = lifecycle.in_place(Box::pin(async move {
            wait.await.unwrap();
            done.send(1).unwrap();
        }));
        assert!(futures::poll!(&mut work).is_pending());
        drop(work);
        go.send(()).unwrap();
        assert!(lifecycle.drained().await, "shutdown waits for it");
        assert_eq!(told.await, Ok(1));
    }

    #[tokio::test]
    async fn work_that_is_awaited_is_done_in_place() {
        let lifecycle = Lifecycle::new();
        assert_eq!(lifecycle.in_place(Box::pin(async { 1 })).await, 1);
        assert!(lifecycle.drained().await);
    }
}
