//! One attempt to deliver a message, and what is recorded of how it ended.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use keizoku_core::Origin;
use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification::AmbiguityReason;
use keizoku_runtime::Cause;
use uuid::Uuid;

use crate::channel::Outcome;
use crate::domain::delivery::{Command, Failed, Phase, State};
use crate::domain::{delivery_stream, own_call};
use crate::planner::Desk;
use crate::route;

/// How long an answer is listened for after the attempt's deadline: it resolves what is ambiguous.
const LATE_ANSWER: SignedDuration = SignedDuration::from_mins(2);
/// Wait before something is written again that the log did not take.
const RETRY: Duration = Duration::from_millis(500);

/// One attempt.
pub(crate) struct Attempt {
    desk: Arc<Desk>,
    id: Uuid,
    number: u32,
    channel: &'static str,
    /// What its end follows from.
    cause: Cause,
}

impl Attempt {
    pub(crate) fn of(desk: &Arc<Desk>, id: Uuid, number: u32, state: &State, cause: Cause) -> Self {
        let planned = state.planned.as_ref();
        let recipient = planned.and_then(|planned| planned.recipient.clone());
        Self {
            desk: Arc::clone(desk),
            id,
            number,
            channel: route::channel(&recipient.unwrap_or_default()),
            cause,
        }
    }

    /// The kind of channel that it goes by.
    pub(crate) fn channel(&self) -> &'static str {
        self.channel
    }

    /// Records what became of it; answers what that comes to.
    pub(crate) async fn settle(&self, outcome: Outcome) -> &'static str {
        let attempt = self.number;
        let command = match outcome {
            Outcome::Delivered => Command::Succeed { attempt },
            Outcome::Unknown => return self.doubt(AmbiguityReason::ConnectionLost).await,
            Outcome::Failed(problem) => {
                let (delivery, problem_text) = (self.id, problem.text.as_str());
                tracing::info!(%delivery, attempt, problem = problem_text, "a message was not taken");
                Command::Fail(Failed {
                    attempt,
                    problem: problem.text,
                    permanent: problem.permanent,
                    retry_after: problem.retry_after,
                    throttled: problem.throttled,
                    jitter: self.jitter(),
                })
            }
        };
        self.record(command).await
    }

    /// Records that nobody knows what became of it.
    pub(crate) async fn doubt(&self, reason: AmbiguityReason) -> &'static str {
        self.record(Command::Doubt {
            attempt: self.number,
            reason,
            jitter: self.jitter(),
        })
        .await
    }

    /// Listens for an answer that comes late; the lane goes on meanwhile.
    pub(crate) fn listen_on(self, deadline: Timestamp, sending: BoxFuture<'static, Outcome>) {
        let until = deadline
            .saturating_add(LATE_ANSWER)
            .unwrap_or(Timestamp::MAX);
        let lifecycle = self.desk.lifecycle.clone();
        lifecycle.until_stop(async move {
            let answer = tokio::select! {
                answer = sending => answer,
                () = self.desk.calendar.reach(until) => Outcome::Unknown,
            };
            match answer {
                // It is known to be unknown.
                Outcome::Unknown => {}
                answer => drop(self.settle(answer).await),
            }
        });
    }

    /// Records what is known, for as long as the log does not take it: it is known to nobody else.
    pub(crate) async fn record(&self, command: Command) -> &'static str {
        let desk = &self.desk;
        let call = own_call(Origin::Reaction, desk.entropy.uuid(), self.cause.clone());
        loop {
            let stream = delivery_stream(self.id);
            let recording = desk
                .deliveries
                .execute(stream, command.clone(), call.clone());
            match recording.await {
                Ok(recorded) => {
                    let outcome = outcome(&command, recorded.fold.state.phase);
                    desk.measures.became(self.channel, outcome);
                    return outcome;
                }
                // Somebody else has said it.
                Err(failure) if failure.reason() == ErrorReason::AttemptNotOpen => {
                    return "settled elsewhere";
                }
                Err(failure) => {
                    tracing::warn!(
                        delivery = %self.id,
                        error = failure.message(),
                        "an outcome waits to be recorded"
                    );
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    fn jitter(&self) -> u64 {
        // The low half of an id of either kind is random.
        self.desk.entropy.uuid().as_u64_pair().1
    }
}

/// What a recorded end comes to, as it is measured.
fn outcome(command: &Command, phase: Phase) -> &'static str {
    match (command, phase) {
        (Command::Succeed { .. }, _) => "delivered",
        (Command::Doubt { .. }, _) => "ambiguous",
        (Command::Fail(_), Phase::GivenUp) => "given_up",
        (Command::Fail(_), _) => "failed",
        _ => "suppressed",
    }
}
