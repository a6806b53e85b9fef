//! Keeps a read model in step with the sources that it reads.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keizoku_bus::{Bus, Delivery, Source};
use keizoku_core::{Position, Recorded};
use tokio::sync::{Notify, watch};
use tokio::time::{Interval, MissedTickBehavior};
use uuid::Uuid;

use crate::Lifecycle;
use crate::inbox::Inbox;
use crate::token::{Followed, Progress};

/// Wait before trying again what failed for a passing reason.
const RETRY: Duration = Duration::from_millis(500);

/// The pace of models in SQLite. What a transaction costs is pages: under load many changes share
/// each page that a longer one writes. A reader who must see a change does not wait for it, see
/// [`Followed::reach`].
pub const SQLITE_PACE: Duration = Duration::from_millis(100);

/// A read model, as the projector sees it.
#[async_trait]
pub trait Projection: Send + Sync + 'static {
    /// What the model has of `source` from before the process started: it is answered from where the
    /// source cannot be reached.
    ///
    /// # Errors
    /// When the model cannot be read.
    async fn kept(&self, _source: &str) -> Result<Option<(Uuid, Position)>, ProjectionError> {
        Ok(None)
    }

    /// Where to go on reading `source`; a model of another log starts over.
    ///
    /// # Errors
    /// When the model cannot be read.
    async fn position(&self, source: &str, log_id: Uuid) -> Result<Position, ProjectionError>;

    /// Waits until the model no longer has what it had read of `source`: another of its sources has
    /// another log now, and it started over.
    async fn lost(&self, _source: &str) {
        std::future::pending::<()>().await;
    }

    /// Takes in events of `source`: rows and position together, or nothing.
    ///
    /// # Errors
    /// When an event cannot be read, or the model cannot be written.
    async fn apply(&self, source: &str, events: Vec<Arc<Recorded>>) -> Result<(), ProjectionError>;

    /// What the model is called where it is measured.
    #[expect(
        clippy::unnecessary_literal_bound,
        reason = "a model may be named after its file"
    )]
    fn name(&self) -> &str {
        "model"
    }

    /// Everything that `source` was known to have is taken in: the time to tidy up.
    ///
    /// # Errors
    /// When the model cannot be written.
    async fn caught_up(&self, _source: &str) -> Result<(), ProjectionError> {
        Ok(())
    }
}

/// Why a model did not take events in.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// An event cannot be read: the model parks there and answers stale. Never skipped.
    #[error("the event at position {position} cannot be read")]
    Poison {
        /// Where it stands.
        position: Position,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The model cannot be written just now.
    #[error("the read model cannot be written")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ProjectionError {
    /// An event that cannot be read.
    pub fn poison(
        event: &Recorded,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Poison {
            position: event.position,
            cause: cause.into(),
        }
    }
}

/// Events that a model in memory takes in where they arrive; more of them go to a thread of their
/// own, see [`off_thread`].
pub const AT_ONCE: usize = 64;

/// Events that a model in memory takes in under one lock: readers wait for a millisecond at most.
pub const LOCKED_BATCH: usize = 500;

/// Does what takes long without holding up the thread that serves.
///
/// # Errors
/// As `work` does; a panic goes on here.
pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProjectionError> + Send + 'static,
) -> Result<T, ProjectionError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is stopping.
            Err(error) => Err(ProjectionError::Storage(error.into())),
        },
    }
}

/// Follows `source` into `model` until the process stops.
///
/// `pace` is the least time between two batches that nobody waits for: it lets busy sources fill
/// transactions.
pub fn project(
    lifecycle: &Lifecycle,
    bus: Arc<dyn Bus>,
    source: &'static str,
    model: Arc<dyn Projection>,
    pace: Duration,
) -> Followed {
    let (progress, receiver) = watch::channel(Progress::default());
    let hurry = Arc::new(Notify::new());
    let followed = Followed::new(receiver.clone(), Arc::clone(&hurry));
    let probe = lifecycle.clone();
    lifecycle
        .telemetry()
        .follows(model.name(), source, &receiver);
    lifecycle.until_stop(async move {
        let mut told = String::new();
        loop {
            let pace = Pace::new(pace, &hurry);
            let stopped = follow(&*bus, source, &*model, pace, &progress, &probe);
            let Err(error) = stopped.await;
            let text = chain(&error);
            if let Stopped::Projection(ProjectionError::Poison { .. }) = &error {
                tracing::error!(source, error = %text, "read model parked: answers are stale");
                progress.send_modify(|progress| progress.parked = true);
                return;
            }
            // What lasts is said once.
            if text != told {
                tracing::warn!(source, error = %text, "read model interrupted; trying again");
                told = text;
            }
            tokio::time::sleep(RETRY).await;
        }
    });
    followed
}

/// Why a source is followed no longer, or has to be followed anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    #[error(transparent)]
    Bus(#[from] keizoku_bus::BusError),
    #[error("the source ended")]
    Ended,
    #[error("the source has another log now")]
    OtherLog,
    #[error("the read model starts over, because another of its sources has another log")]
    Lost,
}

enum Never {}

async fn follow(
    bus: &dyn Bus,
    source: &'static str,
    model: &dyn Projection,
    mut pace: Pace<'_>,
    progress: &watch::Sender<Progress>,
    probe: &Lifecycle,
) -> Result<Never, Stopped> {
    let Source { log_id, head } = match bus.source(source).await {
        Ok(found) => found,
        Err(error) => {
            answer_from_what_is_kept(source, model, progress).await?;
            return Err(error.into());
        }
    };
    let position = model.position(source, log_id).await?;
    progress.send_modify(|progress| {
        if progress.log_id != log_id {
            // Before this is read, the model says less than what was answered before.
            progress.ready_at = head;
        }
        (progress.log_id, progress.position, progress.head) = (log_id, position, head);
    });
    let ready_at = progress.borrow().ready_at;
    let mut inbox = Inbox::new(bus.subscribe(source, position).await?, log_id);
    // A source in which nothing happens must notice it, too.
    let mut starts_over = model.lost(source);
    loop {
        tokio::select! {
            biased;
            () = &mut starts_over => return Err(Stopped::Lost),
            begun = inbox.begin() => begun?,
        }
        pace.fill(&mut inbox).await?;
        let Delivery { events, head, .. } = inbox.take();
        let last = events
            .last()
            .map(|event| (event.position, event.recorded_at));
        if !events.is_empty() {
            probe.reached("projection.apply.before");
            let is_new = last.is_some_and(|(position, _)| position > ready_at);
            let _taking = is_new.then(|| probe.telemetry().takes(model.name(), source, &events));
            let mut applied = model.apply(source, events);
            // What follows is gathered meanwhile.
            tokio::select! {
                biased;
                done = &mut applied => done?,
                failed = inbox.gather() => {
                    applied.await?;
                    inbox.fail(failed);
                }
            }
            probe.reached("projection.apply.after");
        }
        progress.send_modify(|progress| {
            progress.head = head;
            if let Some((position, recorded_at)) = last {
                progress.position = position;
                progress.recorded_at = Some(recorded_at);
                progress.head = progress.head.max(position);
            }
        });
        if last.is_some_and(|(position, _)| position >= head) {
            model.caught_up(source).await?;
        }
    }
}

/// A source that nobody has heard of since the start must not keep the model from answering: what it
/// had read before is known. Once the source is heard, it goes on from there.
async fn answer_from_what_is_kept(
    source: &str,
    model: &dyn Projection,
    progress: &watch::Sender<Progress>,
) -> Result<(), ProjectionError> {
    if !progress.borrow().log_id.is_nil() {
        return Ok(());
    }
    if let Some((log_id, position)) = model.kept(source).await? {
        progress.send_modify(|progress| {
            (progress.log_id, progress.position) = (log_id, position);
            (progress.head, progress.ready_at) = (position, position);
        });
    }
    Ok(())
}

/// When the next batch is due.
struct Pace<'a> {
    turns: Option<Interval>,
    hurry: &'a Notify,
}

impl<'a> Pace<'a> {
    fn new(least: Duration, hurry: &'a Notify) -> Self {
        let turns = (!least.is_zero()).then(|| {
            let mut turns = tokio::time::interval(least);
            turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
            turns
        });
        Self { turns, hurry }
    }

    /// Gathers until the batch is due: at once, if the last one was long enough ago.
    async fn fill(&mut self, inbox: &mut Inbox) -> Result<(), Stopped> {
        let Some(turns) = &mut self.turns else {
            return Ok(());
        };
        tokio::select! {
            biased;
            _ = turns.tick() => Ok(()),
            () = self.hurry.notified() => Ok(()),
            full = inbox.fill() => full,
        }
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
