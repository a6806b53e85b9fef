//! One attempt to deliver a message, and what is recorded of how it ended.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use keizoku_core::Origin;
use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification::AmbiguityReason;
use keizoku_proto::notification::recipient::To;
use keizoku_runtime::Cause;
use uuid::Uuid;

use crate::channel::Outcome;
use crate::domain::delivery::{Command, Failed, Phase, State};
use crate::domain::{delivery_stream, endpoint, endpoint_stream, own_call};
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
    /// The endpoint that it goes to, by name, where it goes to one.
    endpoint: Option<String>,
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
            endpoint: endpoint_of(state),
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
                if problem.gone {
                    self.disable_endpoint(problem_text).await;
                }
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

    /// An endpoint that says that it is gone is written to no more.
    async fn disable_endpoint(&self, problem: &str) {
        let Some(name) = self.endpoint.clone() else {
            return;
        };
        tracing::warn!(
            endpoint = name,
            problem,
            "the endpoint is gone, and disabled"
        );
        let stream = endpoint_stream(&name);
        let call = own_call(
            Origin::Reaction,
            self.desk.entropy.uuid(),
            self.cause.clone(),
        );
        let problem = problem.to_owned();
        let disable = endpoint::Command::Disable { name, problem };
        // The next message to it finds out the same.
        if let Err(failure) = self.desk.endpoints.execute(stream, disable, call).await {
            let error = failure.message();
            tracing::warn!(
                error,
                "that an endpoint is gone cannot be recorded just now"
            );
        }
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

/// The endpoint that a delivery goes to, by name, where it goes to one.
pub(crate) fn endpoint_of(state: &State) -> Option<String> {
    let planned = state.planned.as_ref()?;
    match &planned.recipient.as_ref()?.to {
        Some(To::Endpoint(name)) => Some(name.clone()),
        _ => None,
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
