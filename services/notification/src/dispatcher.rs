//! From planned deliveries to sent ones: a queue per channel, none of which waits for another.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use keizoku_core::Origin;
use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification::recipient::To;
use keizoku_proto::notification::{AmbiguityReason, Channel, Recipient, SuppressionReason};
use keizoku_runtime::{Failure, Fold};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::channel::{Address, Channels, Outcome, Outgoing};
use crate::domain::delivery::{Command, Failed, Phase, State};
use crate::domain::{delivery_stream, own_call};
use crate::message;
use crate::planner::Desk;

/// Least time between two messages to one Slack channel (NTF-5).
const SPACING: SignedDuration = SignedDuration::from_secs(1);
/// How long an answer is listened for after the attempt's deadline: it resolves what is ambiguous.
const LATE_ANSWER: SignedDuration = SignedDuration::from_mins(2);
/// Wait before something is written again that the log did not take.
const RETRY: Duration = Duration::from_millis(500);

/// Sends what is due.
pub(crate) struct Dispatcher {
    desk: Arc<Desk>,
    channels: Arc<Channels>,
    lanes: Mutex<Lanes>,
    lane_is_free: Notify,
}

#[derive(Default)]
struct Lanes {
    /// Lanes in which something is being sent.
    busy: HashSet<String>,
    /// When each lane may send again.
    free_at: HashMap<String, Timestamp>,
}

impl Dispatcher {
    pub(crate) fn new(desk: Arc<Desk>, channels: Channels) -> Arc<Self> {
        Arc::new(Self {
            desk,
            channels: Arc::new(channels),
            lanes: Mutex::default(),
            lane_is_free: Notify::new(),
        })
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends for as long as the process runs.
    pub(crate) async fn send_for_ever(self: Arc<Self>) {
        let mut own = self.desk.own.clone();
        if let Err(failure) = self.remember_spacing().await {
            tracing::warn!(
                error = failure.message(),
                "the last messages' times are not known"
            );
        }
        loop {
            own.mark_unchanged();
            let next = match self.start_due().await {
                Ok(next) => next,
                Err(failure) => {
                    tracing::warn!(error = failure.message(), "messages wait; trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            let next_due = async {
                match next {
                    Some(next) => self.desk.calendar.reach(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = own.changed() => if changed.is_err() { return },
                () = self.lane_is_free.notified() => {}
                () = next_due => {}
            }
        }
    }

    /// A restart does not send faster than a channel takes it.
    async fn remember_spacing(&self) -> Result<(), Failure> {
        let last = self.desk.queries.last_attempts().await?;
        let free_at = last
            .into_iter()
            .map(|(lane, at)| (lane.clone(), free_after(&lane, at)));
        self.lanes().free_at.extend(free_at);
        Ok(())
    }

    /// Starts whatever is due; answers when something is due next.
    async fn start_due(self: &Arc<Self>) -> Result<Option<Timestamp>, Failure> {
        if self.desk.active_since().await?.is_none() {
            return Ok(None);
        }
        let waiting = self.desk.queries.lanes().await?;
        let now = self.desk.calendar.now();
        let mut next: Option<Timestamp> = None;
        let mut lanes = self.lanes();
        for lane in waiting {
            if lanes.busy.contains(&lane.name) {
                continue;
            }
            let free_at = lanes.free_at.get(&lane.name).copied();
            let due = lane
                .due
                .max(lane.throttled_until)
                .max(free_at.unwrap_or(lane.due));
            if due > now {
                next = Some(next.map_or(due, |next| next.min(due)));
                continue;
            }
            lanes.busy.insert(lane.name.clone());
            let this = Arc::clone(self);
            // Tracked: a message that is on its way when the process stops is waited for.
            self.desk.lifecycle.track(this.serve(lane.name));
        }
        Ok(next)
    }

    async fn serve(self: Arc<Self>, lane: String) {
        if let Err(failure) = self.serve_one(&lane).await {
            tracing::warn!(
                lane,
                error = failure.message(),
                "a message waits; trying again"
            );
            let later = self.desk.calendar.now().saturating_add(SPACING);
            self.lanes()
                .free_at
                .insert(lane.clone(), later.unwrap_or(Timestamp::MAX));
        }
        self.lanes().busy.remove(&lane);
        self.lane_is_free.notify_one();
    }

    /// Does what is due next in a lane.
    async fn serve_one(&self, lane: &str) -> Result<(), Failure> {
        let now = self.desk.calendar.now();
        let Some(id) = self.desk.queries.next_in(lane.to_owned(), now).await? else {
            return Ok(());
        };
        let stream = delivery_stream(id);
        let fold = self.desk.deliveries.refresh(&stream).await?;
        match (fold.state.phase, fold.state.in_flight) {
            (Phase::Pending(_), _) => self.attempt(lane, id, &fold).await?,
            // Whoever sent it has not said what became of it, and its time is over.
            (_, Some((attempt, deadline))) if deadline <= now => {
                self.doubt(id, attempt, AmbiguityReason::NoAnswer).await;
            }
            // The row is behind the log.
            _ => {}
        }
        self.read_own(id).await
    }

    /// Waits until the model has read all of the delivery: the next look at the queue must not find
    /// what was just done.
    async fn read_own(&self, id: Uuid) -> Result<(), Failure> {
        let read_to = self.desk.log.head().borrow().position;
        let mut own = self.desk.own.clone();
        let reached = own.wait_for(|progress| progress.position >= read_to || progress.parked);
        // The sender is gone only when the process stops.
        if reached.await.is_ok_and(|progress| progress.parked) {
            tracing::error!(delivery = %id, "the queues cannot be read any further");
        }
        Ok(())
    }

    /// Sends a message, and records what became of it.
    async fn attempt(&self, lane: &str, id: Uuid, fold: &Fold<State>) -> Result<(), Failure> {
        let since = self.desk.active_since().await?;
        if since.is_none_or(|since| fold.state.wanted_since <= since) {
            self.record(id, Command::Suppress(SuppressionReason::StartedOver))
                .await;
            return Ok(());
        }
        let outgoing = self.outgoing(id, &fold.state).await?;
        let now = self.desk.calendar.now();
        let timeout = SignedDuration::from_secs(self.desk.config.timeout_seconds.into());
        let deadline = now.saturating_add(timeout).unwrap_or(Timestamp::MAX);
        // Its own id: of two processes that start the same attempt one must fail.
        let call = own_call(Origin::Reaction, self.desk.entropy.uuid(), "");
        let start = Command::Start { deadline };
        let started = self
            .desk
            .deliveries
            .execute(delivery_stream(id), start, call);
        let attempt = match started.await {
            Ok(started) => started.fold.state.attempts,
            Err(failure) if failure.reason() == ErrorReason::AttemptNotOpen => return Ok(()),
            Err(failure) => return Err(failure),
        };
        self.desk.lifecycle.reached("notification.send.before");
        self.occupy(lane);
        let Some(outgoing) = outgoing else {
            let problem = "the recipient has no address any more".to_owned();
            self.settle(id, attempt, crate::channel::Problem::permanent(problem))
                .await;
            return Ok(());
        };
        let channels = Arc::clone(&self.channels);
        let mut sending: BoxFuture<'static, Outcome> =
            Box::pin(async move { channels.send(&outgoing).await });
        tokio::select! {
            outcome = &mut sending => {
                self.desk.lifecycle.reached("notification.send.after");
                self.settle(id, attempt, outcome).await;
            }
            () = self.desk.calendar.reach(deadline) => {
                self.doubt(id, attempt, AmbiguityReason::NoAnswer).await;
                self.listen_on(id, attempt, deadline, sending);
            }
        }
        Ok(())
    }

    /// The lane sends now, and for a while nothing more.
    fn occupy(&self, lane: &str) {
        let free_at = free_after(lane, self.desk.calendar.now());
        self.lanes().free_at.insert(lane.to_owned(), free_at);
    }

    /// Listens for an answer that comes late; the lane goes on meanwhile.
    fn listen_on(
        &self,
        id: Uuid,
        attempt: u32,
        deadline: Timestamp,
        sending: BoxFuture<'static, Outcome>,
    ) {
        let desk = Arc::clone(&self.desk);
        let until = deadline
            .saturating_add(LATE_ANSWER)
            .unwrap_or(Timestamp::MAX);
        self.desk.lifecycle.until_stop(async move {
            let answer = tokio::select! {
                answer = sending => answer,
                () = desk.calendar.reach(until) => Outcome::Unknown,
            };
            match answer {
                // It is known to be unknown.
                Outcome::Unknown => {}
                answer => settle(&desk, id, attempt, answer).await,
            }
        });
    }

    async fn settle(&self, id: Uuid, attempt: u32, outcome: Outcome) {
        settle(&self.desk, id, attempt, outcome).await;
    }

    async fn doubt(&self, id: Uuid, attempt: u32, reason: AmbiguityReason) {
        let jitter = jitter(&self.desk);
        let command = Command::Doubt {
            attempt,
            reason,
            jitter,
        };
        self.record(id, command).await;
    }

    async fn record(&self, id: Uuid, command: Command) {
        record(&self.desk, id, command).await;
    }

    /// The message with names and address as the directory has them; `None` when there is no
    /// address any more.
    async fn outgoing(&self, id: Uuid, state: &State) -> Result<Option<Outgoing>, Failure> {
        let planned = state.planned.clone().unwrap_or_default();
        let message = planned.message.unwrap_or_default();
        let recipient = planned.recipient.unwrap_or_default();
        let directory = self.desk.queries.directory().await?;
        let person = |name: &str| {
            directory
                .users
                .get(name.strip_prefix("users/").unwrap_or(name))
        };
        let named = message::with_names(message, |user| {
            person(user).map_or_else(String::new, |found| message::line(&found.display_name, 60))
        });
        let address = address_of(&recipient, |user| {
            let found = person(user)?;
            found
                .active
                .then(|| (found.slack_member_id.clone(), found.email.clone()))
        });
        Ok(address.map(|address| Outgoing {
            id: id.to_string(),
            address,
            message: named,
            is_resent: state.may_have_arrived(),
        }))
    }
}

/// Where a recipient is; `person` answers a person's Slack member id and email address.
fn address_of(
    recipient: &Recipient,
    person: impl Fn(&str) -> Option<(String, String)>,
) -> Option<Address> {
    let filled = |text: String| (!text.is_empty()).then_some(text);
    match (recipient.to.as_ref()?, recipient.channel()) {
        (To::User(user), Channel::Email) => filled(person(user)?.1).map(Address::Email),
        (To::User(user), _) => filled(person(user)?.0).map(Address::Slack),
        (To::SlackChannel(channel), _) => Some(Address::Slack(channel.clone())),
        (To::Webhook(name), _) => Some(Address::Webhook(name.clone())),
        (To::Email(address), _) => Some(Address::Email(address.clone())),
    }
}

/// When a lane may send again after it began to send.
fn free_after(lane: &str, began: Timestamp) -> Timestamp {
    let is_spaced = lane.starts_with("slack:") || lane.starts_with("webhook:");
    let spacing = if is_spaced {
        SPACING
    } else {
        SignedDuration::ZERO
    };
    began.saturating_add(spacing).unwrap_or(Timestamp::MAX)
}

fn jitter(desk: &Desk) -> u64 {
    // The low half of an id of either kind is random.
    desk.entropy.uuid().as_u64_pair().1
}

/// Records what became of an attempt.
async fn settle(desk: &Arc<Desk>, id: Uuid, attempt: u32, outcome: Outcome) {
    let command = match outcome {
        Outcome::Delivered => Command::Succeed { attempt },
        Outcome::Unknown => Command::Doubt {
            attempt,
            reason: AmbiguityReason::ConnectionLost,
            jitter: jitter(desk),
        },
        Outcome::Failed(problem) => {
            tracing::info!(delivery = %id, attempt, problem = problem.text, "a message was not taken");
            Command::Fail(Failed {
                attempt,
                problem: problem.text,
                permanent: problem.permanent,
                retry_after: problem.retry_after,
                throttled: problem.throttled,
                jitter: jitter(desk),
            })
        }
    };
    record(desk, id, command).await;
}

/// Records what is known, for as long as the log does not take it: it is known to nobody else.
async fn record(desk: &Arc<Desk>, id: Uuid, command: Command) {
    let call = own_call(Origin::Reaction, desk.entropy.uuid(), "");
    loop {
        let recording = desk
            .deliveries
            .execute(delivery_stream(id), command.clone(), call.clone());
        match recording.await {
            Ok(_) => return,
            // Somebody else has said it.
            Err(failure) if failure.reason() == ErrorReason::AttemptNotOpen => return,
            Err(failure) => {
                tracing::warn!(delivery = %id, error = failure.message(), "an outcome waits to be recorded");
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
