//! Does what follows from facts, each once: the worker behind messages and reactions.
//!
//! It takes the facts of an [`Intake`] in order. What it does about one is in the service's own log
//! before the fact is forgotten; whatever is done twice dies there, by ids that follow from the fact.
//! So crashes, replays and replicas that compete come to the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::select_all;
use keizoku_proto::UnreadableEvent;
use tokio::sync::watch;

use crate::intake::{Fact, Intake};
use crate::telemetry::metrics::EFFECT_WAITING;
use crate::token::Progress;
use crate::{Failure, Lifecycle};

/// Wait before trying again what failed for a passing reason.
pub const RETRY: Duration = Duration::from_millis(500);

/// Why nothing was done about a fact.
#[derive(Debug, thiserror::Error)]
pub enum NotYet {
    /// A replica has yet to read what is needed; the others do not wait.
    #[error("the replicas have not read what it is about")]
    Unread,
    /// It was written by a newer version; the others do not wait.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEvent),
    /// Something failed for a passing reason; the others wait.
    #[error("{}", .0.message())]
    Failure(Failure),
}

impl From<Failure> for NotYet {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// What a service does about facts.
#[async_trait]
pub trait Effect: Send + Sync + 'static {
    /// What it is called where it is measured.
    fn name(&self) -> &'static str;

    /// Whether anything is done at all; else facts wait.
    ///
    /// # Errors
    /// When that is not known just now.
    async fn is_on(&self) -> Result<bool, Failure> {
        Ok(true)
    }

    /// Whether a fact was dealt with before, or is older than the effect: nothing is done about it.
    ///
    /// # Errors
    /// When that is not known just now.
    async fn is_history(&self, fact: &Fact) -> Result<bool, Failure>;

    /// Does what follows from a fact. It may be asked again.
    ///
    /// # Errors
    /// When it cannot be done yet.
    async fn deal(&self, fact: &Fact) -> Result<(), NotYet>;

    /// Everything up to this fact has been dealt with.
    ///
    /// # Errors
    /// When that cannot be noted just now.
    async fn dealt(&self, _last: &Fact) -> Result<(), Failure> {
        Ok(())
    }
}

/// Deals with facts, for as long as the process runs. `sources` are those that may bring facts, or
/// what facts wait for.
pub fn work(
    lifecycle: &Lifecycle,
    intake: Intake,
    effect: Arc<dyn Effect>,
    sources: Vec<watch::Receiver<Progress>>,
) {
    let waiting = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&waiting);
    let labels = [("effect", effect.name())];
    lifecycle
        .telemetry()
        .gauge(EFFECT_WAITING, &labels, move || {
            counted.load(Ordering::Relaxed)
        });
    lifecycle.until_stop(for_ever(intake, effect, sources, waiting));
}

async fn for_ever(
    intake: Intake,
    effect: Arc<dyn Effect>,
    mut sources: Vec<watch::Receiver<Progress>>,
    waiting: Arc<AtomicU64>,
) {
    loop {
        for source in &mut sources {
            source.mark_unchanged();
        }
        if let Err(failure) = pass(&intake, &*effect, &waiting).await {
            let (effect, error) = (effect.name(), failure.message());
            tracing::warn!(effect, error, "facts wait; trying again");
            tokio::time::sleep(RETRY).await;
            continue;
        }
        let to_come = sources.iter_mut().map(|source| source.changed().boxed());
        let (changed, ..) = select_all(to_come).await;
        if changed.is_err() {
            return; // the process stops
        }
    }
}

/// Deals with everything that waits.
async fn pass(intake: &Intake, effect: &dyn Effect, waiting: &AtomicU64) -> Result<(), Failure> {
    waiting.store(intake.waiting().await?, Ordering::Relaxed);
    if !effect.is_on().await? {
        return Ok(());
    }
    let mut last = None;
    let mut all_dealt = true;
    loop {
        let facts = intake.after(last.as_ref()).await?;
        let mut done = Vec::new();
        for fact in &facts {
            if effect.is_history(fact).await? {
                done.push(fact);
                continue;
            }
            match effect.deal(fact).await {
                Ok(()) => done.push(fact),
                Err(NotYet::Unread) => all_dealt = false,
                Err(NotYet::Failure(failure)) => return Err(failure),
                Err(NotYet::Unreadable(error)) => {
                    all_dealt = false;
                    let (effect, position) = (effect.name(), fact.position.0);
                    tracing::error!(effect, %error, position, "a fact waits for a newer version");
                }
            }
            if all_dealt {
                effect.dealt(fact).await?;
            }
        }
        intake.forget(&done).await?;
        let left = waiting.load(Ordering::Relaxed);
        waiting.store(left.saturating_sub(done.len() as u64), Ordering::Relaxed);
        match facts.into_iter().last() {
            Some(fact) => last = Some(fact),
            None => return Ok(()),
        }
    }
}
