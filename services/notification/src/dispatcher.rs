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
use keizoku_runtime::{Cause, Failure, Fold};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::attempt::{self, Attempt};
use crate::channel::{Address, Channels, Outcome, Outgoing, Problem};
use crate::domain::delivery::{Command, Phase, State};
use crate::domain::{delivery_stream, endpoint_stream, own_call};
use crate::message;
use crate::planner::Desk;

/// Least time between the arrivals of two messages in one Slack channel (NTF-5). When one arrived is known
/// to nobody here, but not later than its answer: so long after that the next one may start.
const SPACING: SignedDuration = SignedDuration::from_secs(1);
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
        let now = self.desk.calendar.now();
        let free_at = last.into_iter().map(|(lane, seen)| {
            // What was on its way when the process ended may arrive as late as this.
            let seen = if seen.is_open { now } else { seen.at };
            (lane.clone(), free_after(&lane, seen))
        });
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
        let next = self.desk.queries.next_in(lane.to_owned(), now).await?;
        let Some((id, cause)) = next else {
            return Ok(());
        };
        let stream = delivery_stream(id);
        let fold = self.desk.deliveries.refresh(&stream).await?;
        match (fold.state.phase, fold.state.in_flight) {
            (Phase::Pending(_), _) => self.attempt(lane, (id, cause), &fold).await?,
            // Whoever sent it has not said what became of it, and its time is over.
            (_, Some((attempt, deadline))) if deadline <= now => {
                let attempt = Attempt::of(&self.desk, id, attempt, &fold.state, cause);
                attempt.doubt(AmbiguityReason::NoAnswer).await;
            }
            // The row is behind the log.
            _ => {}
        }
        // The next look at the queue must not find what was just done.
        self.desk.read_own().await
    }

    /// Sends a message, and records what became of it.
    async fn attempt(
        &self,
        lane: &str,
        (id, cause): (Uuid, Cause),
        fold: &Fold<State>,
    ) -> Result<(), Failure> {
        let since = self.desk.active_since().await?;
        if since.is_none_or(|since| fold.state.wanted_since <= since) {
            let told = Attempt::of(&self.desk, id, 0, &fold.state, cause);
            told.record(Command::Suppress(SuppressionReason::StartedOver))
                .await;
            return Ok(());
        }
        if self.is_disabled(&fold.state).await? {
            let told = Attempt::of(&self.desk, id, 0, &fold.state, cause);
            let reason = SuppressionReason::EndpointDisabled;
            told.record(Command::Suppress(reason)).await;
            return Ok(());
        }
        let step = self.desk.lifecycle.telemetry();
        let step = step.call_out("notification.send", &cause.traceparent);
        let cause = cause.within(step.traceparent());
        let sending = async {
            let outgoing = self.outgoing(id, &fold.state, step.traceparent()).await?;
            let Some((attempt, deadline, state)) = self.begin(id, &fold.state, cause).await? else {
                return Ok(()); // somebody else sends it
            };
            // What was told in the same message since it was looked at.
            let outgoing = if state.grouped.len() == fold.state.grouped.len() {
                outgoing
            } else {
                match self.outgoing(id, &state, step.traceparent()).await {
                    Ok(outgoing) => outgoing,
                    Err(failure) => {
                        let problem = Problem::passing(failure.message().to_owned());
                        attempt.settle(problem).await;
                        return Ok(());
                    }
                }
            };
            step.note("channel", attempt.channel());
            self.desk.lifecycle.reached("notification.send.before");
            let outcome = self.send(lane, attempt, deadline, outgoing).await;
            step.note("outcome", outcome);
            if outcome != "delivered" {
                step.fail(outcome);
            }
            Ok(())
        };
        step.around(sending).await
    }

    /// Whether it goes to an endpoint that had said that it is gone.
    async fn is_disabled(&self, state: &State) -> Result<bool, Failure> {
        let Some(name) = attempt::endpoint_of(state) else {
            return Ok(false);
        };
        let endpoint = self.desk.endpoints.recall(&endpoint_stream(&name)).await?;
        Ok(endpoint.state.disabled.is_some())
    }

    /// Records that an attempt begins: from then on it is this process's own, until its deadline.
    async fn begin(
        &self,
        id: Uuid,
        state: &State,
        cause: Cause,
    ) -> Result<Option<(Attempt, Timestamp, State)>, Failure> {
        let now = self.desk.calendar.now();
        let timeout = SignedDuration::from_secs(self.desk.config.timeout_seconds.into());
        let deadline = now.saturating_add(timeout).unwrap_or(Timestamp::MAX);
        // Its own id: of two processes that start the same attempt one must fail.
        let call = own_call(Origin::Reaction, self.desk.entropy.uuid(), cause);
        let stream = delivery_stream(id);
        let begun = call.followed(&stream);
        let start = Command::Start { deadline };
        match self.desk.deliveries.execute(stream, start, call).await {
            Ok(started) => {
                let number = started.fold.state.attempts;
                let attempt = Attempt::of(&self.desk, id, number, state, begun);
                Ok(Some((attempt, deadline, started.fold.state.clone())))
            }
            Err(failure) if failure.reason() == ErrorReason::AttemptNotOpen => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Sends what was begun; answers how it ended.
    async fn send(
        &self,
        lane: &str,
        attempt: Attempt,
        deadline: Timestamp,
        outgoing: Option<Outgoing>,
    ) -> &'static str {
        let Some(outgoing) = outgoing else {
            let problem = "the recipient has no address any more";
            return attempt.settle(Problem::permanent(problem)).await;
        };
        let channels = Arc::clone(&self.channels);
        let mut sending: BoxFuture<'static, Outcome> =
            Box::pin(async move { channels.send(&outgoing).await });
        tokio::select! {
            outcome = &mut sending => {
                self.rest(lane);
                self.desk.lifecycle.reached("notification.send.after");
                attempt.settle(outcome).await
            }
            () = self.desk.calendar.reach(deadline) => {
                self.rest(lane);
                let outcome = attempt.doubt(AmbiguityReason::NoAnswer).await;
                attempt.listen_on(deadline, sending);
                outcome
            }
        }
    }

    /// What the lane sent has arrived by now, if it ever does; for a while it sends nothing more.
    fn rest(&self, lane: &str) {
        let free_at = free_after(lane, self.desk.calendar.now());
        self.lanes().free_at.insert(lane.to_owned(), free_at);
    }

    /// The message with names and address as the directory has them; `None` when there is no
    /// address any more.
    async fn outgoing(
        &self,
        id: Uuid,
        state: &State,
        traceparent: String,
    ) -> Result<Option<Outgoing>, Failure> {
        let planned = state.planned.clone().unwrap_or_default();
        let message = message::group::of(state).unwrap_or_default();
        let recipient = planned.recipient.clone().unwrap_or_default();
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
            planned,
            is_resent: state.may_have_arrived(),
            traceparent,
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
        (To::Endpoint(name), _) => Some(Address::Endpoint(name.clone())),
    }
}

/// When a lane may send again after a message that had arrived by `seen`.
fn free_after(lane: &str, seen: Timestamp) -> Timestamp {
    let is_spaced = lane.starts_with("slack:") || lane.starts_with("webhook:");
    let spacing = if is_spaced {
        SPACING
    } else {
        SignedDuration::ZERO
    };
    seen.saturating_add(spacing).unwrap_or(Timestamp::MAX)
}
