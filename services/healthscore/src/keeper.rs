//! Keeps scores as they are now: works the queue off as events arrive and as the clock reaches what is due,
//! and says which bands changed (HLT-5). What it costs grows with what changes, not with the accounts.
//!
//! It writes what it worked off into the read model, after it recorded the bands in the own log. So the
//! model may be read anew at any time, and whatever is worked off again changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use keizoku_core::{AccountId, Position};
use keizoku_runtime::effect::RETRY;
use keizoku_runtime::telemetry::metrics::EFFECT_WAITING;
use keizoku_runtime::token::Followed;
use keizoku_runtime::{Failure, book};
use tokio::sync::watch;

use crate::domain::banding::untold;
use crate::domain::{scorecards, uses};
use crate::history::{History, Lately, UpTo};
use crate::queue::{Batch, Outcome, Settled, Snapshot};
use crate::scoring::{Band, Step, next_change};
use crate::{HealthScores, SOURCE, domain};

/// Accounts worked off at once: enough to fill the log's groups.
const IN_FLIGHT: usize = 64;

/// Events of the own log that are read in one piece for each month of an account in which signals arrived: a
/// signal makes one, and what is said of the account sometimes others.
const EVENTS_EACH: usize = 4;

/// How far scores are worked off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Everything of the own log up to here, and of that of the accounts, is in the scores.
    pub(crate) read: [Position; 2],
    /// Nothing is due before.
    next: Option<Timestamp>,
}

impl Progress {
    /// Whether scores are as they are at an instant, after everything up to these positions.
    pub(crate) fn covers(&self, read: [Position; 2], now: Timestamp) -> bool {
        let all_read = self.read[0] >= read[0] && self.read[1] >= read[1];
        all_read && self.next.is_none_or(|next| now < next)
    }
}

/// Works the queue off.
pub(crate) struct Keeper {
    pub(crate) health: Arc<HealthScores>,
    /// How far the own model has read the own log, and that of the accounts.
    pub(crate) own: Followed,
    pub(crate) accounts: Followed,
    pub(crate) progress: watch::Sender<Progress>,
}

impl Keeper {
    /// Works for as long as the process runs.
    pub(crate) fn run(self) {
        let lifecycle = self.health.lifecycle.clone();
        let waiting = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&waiting);
        let labels = [("effect", "health_scores")];
        lifecycle
            .telemetry()
            .gauge(EFFECT_WAITING, &labels, move || {
                counted.load(Ordering::Relaxed)
            });
        lifecycle.until_stop(self.for_ever(waiting));
    }

    async fn for_ever(self, waiting: Arc<AtomicU64>) {
        // What was said of bands before the start has been read then.
        self.health.list_freshness.ready().await;
        self.health.book_freshness.ready().await;
        let (mut own, mut accounts) = (self.own.progress.clone(), self.accounts.progress.clone());
        loop {
            own.mark_unchanged();
            accounts.mark_unchanged();
            let next = match self.pass(&waiting).await {
                Ok(next) => next,
                Err(failure) => {
                    let error = failure.message();
                    tracing::warn!(error, "scores wait; trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            let due = async {
                match next {
                    Some(next) => self.health.calendar.reach(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = own.changed() => if changed.is_err() { return },
                changed = accounts.changed() => if changed.is_err() { return },
                () = due => {}
            }
        }
    }

    /// Works off everything that waits; answers when something is due next.
    async fn pass(&self, waiting: &AtomicU64) -> Result<Option<Timestamp>, Failure> {
        loop {
            let now = self.health.calendar.now();
            let batch = self
                .health
                .model
                .read(move |rows| Batch::of(rows, now))
                .await?;
            waiting.store(batch.due, Ordering::Relaxed);
            self.tell_progress(&batch);
            if batch.is_empty() {
                return Ok(batch.next);
            }
            if batch.next.is_some_and(|next| next <= now) {
                // What was recorded before something is due comes before it.
                let head = self.health.log.head().borrow().position;
                self.own.reach(head).await;
            }
            // The book has what the model has of the accounts.
            let accounts = batch.read[1];
            self.health
                .book_freshness
                .reach(book::SOURCE, accounts)
                .await;
            self.work_off(batch, now).await?;
            self.health.lifecycle.reached("scores.kept.after");
        }
    }

    /// Looks at the accounts of a batch, and writes down what became of their scores.
    async fn work_off(&self, batch: Batch, now: Timestamp) -> Result<(), Failure> {
        let accounts: Vec<AccountId> = self.subjects(&batch).into_iter().collect();
        let asked = accounts.clone();
        let snapshots = self
            .health
            .model
            .read(move |rows| Snapshot::of(rows, &asked));
        let snapshots = snapshots.await?;
        let lately = match batch.first_arrival {
            Some(first) => {
                let limit = batch.arrived * EVENTS_EACH;
                self.health.lately(first, limit).await?
            }
            None => Lately::default(),
        };
        let cards = self.health.scorecards.refresh(&domain::SCORECARDS).await?;
        let settled: Vec<Settled> = stream::iter(accounts.into_iter().zip(snapshots))
            .map(|(account, snapshot)| self.settle(account, snapshot, &lately, &cards.state, now))
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        let noted = self.health.model.note(move |rows| {
            batch.done(rows)?;
            settled.iter().try_for_each(|settled| settled.note(rows))
        });
        noted.await
    }

    /// The accounts that a batch is about.
    fn subjects(&self, batch: &Batch) -> BTreeSet<AccountId> {
        let book = self.health.book.read();
        let mut accounts = batch.accounts.clone();
        for heard in &batch.heard {
            let account = book
                .account(heard.subject.into())
                .or_else(|| book.account_of(heard.subject.into()));
            accounts.extend(account.map(|account| book.account_id(account)));
        }
        accounts
    }

    /// Follows one account's score, and says what changed.
    async fn settle(
        &self,
        account: AccountId,
        snapshot: Snapshot,
        lately: &Lately,
        cards: &scorecards::State,
        now: Timestamp,
    ) -> Result<Settled, Failure> {
        let arrivals = snapshot.arrivals.clone();
        let settled = |outcome| Settled {
            account,
            arrivals,
            outcome,
        };
        let survivor = self.health.survivor_now(account);
        if survivor.is_some_and(|survivor| survivor != account) {
            return Ok(settled(Outcome::Gone { survivor }));
        }
        let resumed = self
            .health
            .resumed(account, &snapshot, lately, Timestamp::MAX)
            .await?;
        let resumed = resumed
            .and_then(|(course, arrived)| self.health.resumed_history(account, course, arrived))
            .filter(|history| self.health.stands(history, cards));
        let is_resumed = resumed.is_some();
        let Some(history) = self.begin(account, resumed, &snapshot).await? else {
            return Ok(settled(Outcome::Gone { survivor: None }));
        };
        // The log's clock may be ahead of this one.
        let last = history.arrived.last.as_ref().map(|(last, _)| *last);
        let until = last.map_or(now, |last| last.max(now));
        let mut course = history.course.clone();
        let (mut band, mut band_since) = (course.band(), snapshot.band_since);
        if !is_resumed {
            band_since = None;
        }
        let signals = &history.arrived.signals;
        let features = uses::news(&course.latest, signals);
        let (steps, changes_at) =
            self.health
                .with_situations(&history, cards, None, |moments, holds| {
                    let steps = course.advance(signals, moments, holds, until);
                    (steps, next_change(&course, moments, until))
                });
        let mut changes = steps;
        changes.retain(|step| std::mem::replace(&mut band, step.band) != step.band);
        band_since = changes.last().map(|step| step.at).or(band_since);
        let standing = Step {
            at: until,
            ..course.step.clone().unwrap_or(NOTHING)
        };
        let cause = history.arrived.last.as_ref();
        for step in untold(changes, standing, snapshot.told) {
            let cause = cause.filter(|(at, _)| *at == step.at);
            let cause = cause.map(|(_, cause)| cause.clone()).unwrap_or_default();
            let is_first = snapshot.told.is_none();
            self.tell(account, step, cause, is_first).await?;
        }
        let signed_in = self.sign_in_since(&history.course, &course, until);
        if signed_in.is_some() || !features.is_empty() {
            let say = uses::Say {
                account,
                features,
                signed_in,
            };
            let cause = cause.map(|(_, cause)| cause.clone()).unwrap_or_default();
            self.say_uses(say, cause).await?;
        }
        let silence = self.silence(&course, until);
        let silent_since = silence.filter(|since| *since <= until);
        if silent_since != snapshot.silent_since {
            self.say_silence(account, silent_since, &course).await?;
        }
        Ok(settled(Outcome::Followed {
            course: Box::new(course),
            band_since,
            changes_at,
            silent_since,
            falls_silent_at: silence.filter(|since| *since > until),
        }))
    }

    /// The account's history from where it was left, or from the beginning.
    async fn begin(
        &self,
        account: AccountId,
        resumed: Option<History>,
        snapshot: &Snapshot,
    ) -> Result<Option<History>, Failure> {
        if resumed.is_some() {
            return Ok(resumed);
        }
        let up_to = UpTo {
            instant: Timestamp::MAX,
            position: snapshot.read[0],
        };
        self.health.whole_history(account, up_to).await
    }

    /// Tells how far scores are, before a batch is worked off.
    fn tell_progress(&self, batch: &Batch) {
        self.progress.send_if_modified(|progress| {
            let before = *progress;
            progress.next = batch.next;
            if batch.sweep.is_none() {
                let [own, accounts] = batch.read;
                progress.read[0] = match batch.first_arrival {
                    Some(first) => Position(first.0 - 1),
                    None => own,
                };
                if batch.heard.is_empty() {
                    progress.read[1] = accounts;
                }
            }
            *progress != before
        });
    }
}

/// Before the first score.
const NOTHING: Step = Step {
    at: Timestamp::MIN,
    score: None,
    band: None::<Band>,
    card: None,
};

impl HealthScores {
    /// Waits until the scores in the read model are what they are now.
    pub(crate) async fn scores_keep_up(&self) -> Result<(), Failure> {
        let read = [SOURCE, book::SOURCE].map(|source| self.list_freshness.position(source));
        let now = self.calendar.now();
        let mut progress = self.kept.clone();
        let kept = progress.wait_for(|progress| progress.covers(read, now));
        match tokio::time::timeout(PATIENCE, kept).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Failure::unavailable(
                keizoku_proto::common::ErrorReason::NotCaughtUp,
                "the scores do not include the change yet; try again",
            )),
        }
    }
}

/// How long a list waits for scores that it must include.
const PATIENCE: Duration = Duration::from_secs(5);
