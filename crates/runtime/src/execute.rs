//! The way of a command: read or recall the fold, decide, append at the expected revision.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use jiff::Timestamp;
use keizoku_core::{Ctx, Decider, Position, Recorded, Revision, StreamId};
use keizoku_log::{AppendError, EventLog};
use keizoku_proto::{StoredEvent, common};
use tonic::Code;

use crate::fold::{Done, Fold, fold_in};
use crate::folds::Folds;
use crate::{Calendar, Call, DomainError, Failure, Lifecycle, Outcome, Token};

/// Races lost in a row before the client is asked to try again.
const ATTEMPTS: usize = 16;
/// Events read from a stream at once.
const PAGE: usize = 1_000;

/// What a decision is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basis {
    /// Nothing, unless the cache knows better.
    Assumed,
    /// The cache, or else the log.
    Recalled,
    /// What the log has just said.
    Fresh,
}

/// A bug in a decision: the panic itself is logged where it happens.
#[derive(Debug, thiserror::Error)]
#[error("a command panicked")]
struct Panicked;

/// Executes the commands of one kind of aggregate on one log.
pub struct Executor<D: Decider> {
    log: Arc<dyn EventLog>,
    calendar: Calendar,
    lifecycle: Lifecycle,
    folds: Folds<D::State>,
    /// Whether the last row of an import was new.
    imports_are_new: AtomicBool,
}

impl<D> Executor<D>
where
    D: Decider + 'static,
    D::Command: Clone + Send + 'static,
    D::Event: StoredEvent,
    D::Error: DomainError,
{
    /// An executor with an empty cache.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, calendar: Calendar, lifecycle: Lifecycle) -> Arc<Self> {
        Arc::new(Self {
            log,
            calendar,
            lifecycle,
            folds: Folds::new(),
            imports_are_new: AtomicBool::new(true),
        })
    }

    /// What a caller answers when something that its command needs is missing: if the command was
    /// done before, what it answered then, because what it needed may be gone by now.
    ///
    /// # Errors
    /// `failure`, when it was not done before; a stale etag, a reused request id.
    pub async fn done_or(
        &self,
        stream: &StreamId,
        call: &Call,
        failure: Failure,
    ) -> Result<Outcome<D::State>, Failure> {
        self.admit(stream, call).await?.ok_or(failure)
    }

    /// What comes before a caller looks for, or writes elsewhere, what its command needs.
    ///
    /// A repetition is answered here, because what it needed may be gone by now; and a stale etag
    /// is refused here, before anything is written for nothing. `None`: go on.
    ///
    /// # Errors
    /// A stale etag, a reused request id, or that the log cannot be read.
    pub async fn admit(
        &self,
        stream: &StreamId,
        call: &Call,
    ) -> Result<Option<Outcome<D::State>>, Failure> {
        let fold = self.refresh(stream).await?;
        if let Some(done) = fold.requests.get(&call.request_id) {
            let repeated = self.repeat(stream, Arc::clone(&fold), *done, call).await;
            return repeated.map(Some);
        }
        match call.etag.filter(|seen| *seen != fold.revision) {
            Some(seen) => Err(stale(seen, fold.revision)),
            None => Ok(None),
        }
    }

    /// Executes `command` on `stream`, once per request id.
    ///
    /// A client that disconnects does not leave a command half-done: it goes on as a task.
    ///
    /// # Errors
    /// The domain's refusal, a stale etag, a reused request id, or that the log cannot take it.
    pub async fn execute(
        self: &Arc<Self>,
        stream: StreamId,
        command: D::Command,
        call: Call,
    ) -> Result<Outcome<D::State>, Failure> {
        self.whole(stream, command, call, Basis::Recalled).await
    }

    /// Executes a command that creates its stream: like [`execute`](Self::execute), but without
    /// looking first whether the stream is there, which it hardly ever is. The append finds out.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn create(
        self: &Arc<Self>,
        stream: StreamId,
        command: D::Command,
        call: Call,
    ) -> Result<Outcome<D::State>, Failure> {
        self.whole(stream, command, call, Basis::Assumed).await
    }

    /// Executes a row of an import, of which nobody knows whether its stream is there.
    ///
    /// Imports bring mostly new things or mostly known ones, so the last row tells what to try
    /// first: to assume spares a new thing the reading, and to read spares a known one the append.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn upsert(
        self: &Arc<Self>,
        stream: StreamId,
        command: D::Command,
        call: Call,
    ) -> Result<Outcome<D::State>, Failure> {
        let basis = if self.imports_are_new.load(Ordering::Relaxed) {
            Basis::Assumed
        } else {
            Basis::Recalled
        };
        let outcome = self.whole(stream, command, call, basis).await?;
        let was_new = outcome.before == Revision::NONE;
        self.imports_are_new.store(was_new, Ordering::Relaxed);
        Ok(outcome)
    }

    async fn whole(
        self: &Arc<Self>,
        stream: StreamId,
        command: D::Command,
        call: Call,
        basis: Basis,
    ) -> Result<Outcome<D::State>, Failure> {
        let this = Arc::clone(self);
        let work = async move {
            let run = this.run(&stream, command, &call, basis);
            let done = AssertUnwindSafe(run).catch_unwind().await;
            done.unwrap_or_else(|_| Err(Failure::internal(&Panicked)))
        };
        self.lifecycle.in_place(Box::pin(work)).await
    }

    async fn run(
        &self,
        stream: &StreamId,
        command: D::Command,
        call: &Call,
        mut basis: Basis,
    ) -> Result<Outcome<D::State>, Failure> {
        for _ in 0..ATTEMPTS {
            let fold = match basis {
                Basis::Assumed => self.folds.newest(stream).unwrap_or_default(),
                Basis::Recalled => {
                    if let Some(fold) = self.folds.newest(stream) {
                        fold
                    } else {
                        // What had to be read is fresh, and need not be read again for a refusal.
                        basis = Basis::Fresh;
                        self.refresh(stream).await?
                    }
                }
                Basis::Fresh => self.refresh(stream).await?,
            };
            if let Some(done) = fold.requests.get(&call.request_id) {
                return self.repeat(stream, fold.clone(), *done, call).await;
            }
            let decided = self.decide(&fold, command.clone(), call);
            let events = match decided {
                Ok(events) if !events.is_empty() => events,
                // Only a successful append proves the cache: all else is decided on a fresh read.
                _ if basis != Basis::Fresh => {
                    basis = Basis::Fresh;
                    continue;
                }
                Ok(_) => {
                    return Ok(Outcome {
                        before: fold.revision,
                        fold,
                        token: Token::default(),
                    });
                }
                Err(failure) => return Err(failure),
            };
            let metadata = call.metadata();
            let new = call.encode(stream, &events, &metadata);
            let head = self.log.head().borrow().position;
            let _under_way = self.folds.appending(stream);
            self.lifecycle.reached("command.append.before");
            match self.log.append(stream, fold.revision, new).await {
                // The log had these very events: an earlier execution, perhaps by another actor.
                Ok(appended) if appended.position <= head => basis = Basis::Fresh,
                Ok(appended) => {
                    self.lifecycle.reached("command.append.after");
                    let before = fold.revision;
                    let fold = self.folds.advance(stream, fold, |fold| {
                        fold.grow::<D>(&events, &metadata, appended.recorded_at);
                    });
                    let token = Token::of(self.log.log_id(), appended.position);
                    return Ok(Outcome {
                        before,
                        fold,
                        token,
                    });
                }
                Err(AppendError::WrongRevision { .. } | AppendError::IdReused { .. })
                    if basis != Basis::Fresh =>
                {
                    basis = Basis::Fresh;
                }
                Err(AppendError::WrongRevision { .. }) => {}
                Err(error) => {
                    self.folds.forget(stream);
                    return Err(append_failure(&error));
                }
            }
        }
        let message = "others keep changing the resource; try again";
        Err(Failure::new(
            Code::Aborted,
            common::ErrorReason::Contention,
            message,
        ))
    }

    fn decide(
        &self,
        fold: &Fold<D::State>,
        command: D::Command,
        call: &Call,
    ) -> Result<Vec<D::Event>, Failure> {
        if let Some(seen) = call.etag.filter(|seen| *seen != fold.revision) {
            return Err(stale(seen, fold.revision));
        }
        let ctx = Ctx {
            now: self.calendar.now(),
            today: self.calendar.today(),
            actor: call.actor.clone(),
            origin: call.origin,
            request_id: call.request_id,
        };
        D::decide(&fold.state, command, &ctx).map_err(Failure::from)
    }

    /// Answers a repetition with the state as it was after the first execution.
    async fn repeat(
        &self,
        stream: &StreamId,
        fold: Arc<Fold<D::State>>,
        done: Done,
        call: &Call,
    ) -> Result<Outcome<D::State>, Failure> {
        if done.hash != call.hash {
            let message = "the request id was used for another request; use a fresh one";
            return Err(Failure::new(
                Code::InvalidArgument,
                common::ErrorReason::RequestIdReused,
                message,
            ));
        }
        let (then, position) = self
            .fold_where(stream, |event| event.revision <= done.revision)
            .await?;
        let fold = if done.revision == fold.revision {
            fold
        } else {
            Arc::new(then)
        };
        Ok(Outcome {
            before: fold.revision,
            fold,
            token: Token::of(self.log.log_id(), position),
        })
    }

    /// The stream's fold with everything that this process wrote, recalled if that can be: whoever follows the
    /// log finds in it what it has heard of. What others may write needs [`Self::refresh`].
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn recall(&self, stream: &StreamId) -> Result<Arc<Fold<D::State>>, Failure> {
        let whole = self.folds.whole(stream);
        match whole {
            Some(fold) => Ok(fold),
            None => self.refresh(stream).await,
        }
    }

    /// The stream's fold with everything that the log has by now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn refresh(&self, stream: &StreamId) -> Result<Arc<Fold<D::State>>, Failure> {
        let mut fold = self.folds.newest(stream).unwrap_or_default();
        let mut page = self
            .log
            .read_stream(stream, fold.revision, PAGE)
            .await
            .map_err(unreadable)?;
        while !page.is_empty() {
            let grown = Arc::make_mut(&mut fold);
            for event in &page {
                fold_in::<D>(grown, event)?;
            }
            page = if page.len() < PAGE {
                Vec::new()
            } else {
                self.log
                    .read_stream(stream, fold.revision, PAGE)
                    .await
                    .map_err(unreadable)?
            };
        }
        self.folds.remember(stream, &fold);
        Ok(fold)
    }

    /// The stream's fold as it was at an instant (FC-6), or as it is now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn as_known_at(
        &self,
        stream: &StreamId,
        known_at: Option<Timestamp>,
    ) -> Result<Arc<Fold<D::State>>, Failure> {
        let Some(known_at) = known_at else {
            return self.refresh(stream).await;
        };
        let (fold, _) = self
            .fold_where(stream, |event| event.recorded_at <= known_at)
            .await?;
        Ok(Arc::new(fold))
    }

    /// Folds the stream's first events, while `wanted`; also tells where the last one stands.
    async fn fold_where(
        &self,
        stream: &StreamId,
        wanted: impl Fn(&Recorded) -> bool,
    ) -> Result<(Fold<D::State>, Position), Failure> {
        let mut fold = Fold::default();
        let mut position = Position::START;
        loop {
            let page = self
                .log
                .read_stream(stream, fold.revision, PAGE)
                .await
                .map_err(unreadable)?;
            for event in &page {
                if !wanted(event) {
                    return Ok((fold, position));
                }
                fold_in::<D>(&mut fold, event)?;
                position = event.position;
            }
            if page.len() < PAGE {
                return Ok((fold, position));
            }
        }
    }
}

fn stale(seen: Revision, actual: Revision) -> Failure {
    let message = "the resource changed since the etag was read; read it again and decide again";
    Failure::new(Code::Aborted, common::ErrorReason::StaleEtag, message)
        .with("etag", crate::call::etag(seen))
        .with("current_etag", crate::call::etag(actual))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn unreadable(error: keizoku_log::LogError) -> Failure {
    tracing::error!(%error, "the log cannot be read");
    Failure::unavailable(
        common::ErrorReason::Unavailable,
        "the event log cannot be read just now",
    )
}

fn append_failure(error: &AppendError) -> Failure {
    use common::ErrorReason as Reason;
    match error {
        AppendError::Full => Failure::new(
            Code::ResourceExhausted,
            Reason::StorageFull,
            "the disk is full: nothing was written; make room and try again",
        ),
        AppendError::Unknown(_) => Failure::unavailable(
            Reason::OutcomeUnknown,
            "it is not known whether the change was written; retry with the same request id",
        ),
        AppendError::Closed | AppendError::Unavailable(_) => Failure::unavailable(
            Reason::Unavailable,
            "the event log takes no changes just now",
        ),
        other => Failure::internal(other),
    }
}
