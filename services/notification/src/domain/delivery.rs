//! One message to one recipient, from plan to outcome (NTF-4).
//!
//! Between the start of an attempt and its answer nobody but the sender knows what became of it.
//! Past the deadline that the start names, anyone may say that it is not known: from then on the
//! attempt is ambiguous, until an answer that comes late resolves it.

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{Ctx, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{
    AmbiguityReason, AttemptAmbiguous, AttemptFailed, AttemptStarted, Delivered, DeliveryGivenUp,
    DeliveryPlanned, DeliveryRedriven, DeliverySuppressed, FactGrouped, Message, SuppressionReason,
};
use keizoku_runtime::DomainError;

use super::backoff::retry_time;

/// Failures after which a message becomes a dead letter: about half a day of trying.
pub const MOST_FAILURES: u32 = 20;
/// Ambiguous attempts after which a message is not sent again by itself.
pub const MOST_AMBIGUOUS: usize = 3;

/// Facts that one message tells about; another one after them is a message of its own.
pub const MOST_GROUPED: usize = 20;

/// One message to one recipient.
pub struct Delivery;

/// What became of it so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Recipient and words; `None` while nothing is planned.
    pub planned: Option<DeliveryPlanned>,
    /// Further facts that it tells about.
    pub grouped: Vec<FactGrouped>,
    /// Where it stands.
    pub phase: Phase,
    /// When somebody last wanted it sent: when it was planned or redriven.
    pub wanted_since: Timestamp,
    /// Number of the last attempt.
    pub attempts: u32,
    /// Failed attempts since it was planned or redriven.
    pub failures: u32,
    /// The attempt of which an answer is awaited, and until when.
    pub in_flight: Option<(u32, Timestamp)>,
    /// Attempts of which nobody knows whether they arrived.
    pub ambiguous: Vec<u32>,
    /// Why the last attempt failed.
    pub problem: String,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is planned.
    #[default]
    Nothing,
    /// Waits for an attempt, not before this instant.
    Pending(Timestamp),
    /// Is being sent.
    Attempting,
    /// Arrived.
    Delivered,
    /// May have arrived, and is not sent again by itself.
    Ambiguous,
    /// A dead letter.
    GivenUp,
    /// Not sent on purpose.
    Suppressed(SuppressionReason),
}

/// What to do with a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Freezes recipient and words.
    Plan(Box<DeliveryPlanned>),
    /// Tells a fact in the message of others, or plans that message with it.
    Group(Box<DeliveryPlanned>),
    /// Begins an attempt that ends at the deadline at the latest.
    Start {
        /// When the sender stops waiting for an answer.
        deadline: Timestamp,
    },
    /// The other side took it.
    Succeed {
        /// Number of the attempt.
        attempt: u32,
    },
    /// The other side did not take it, for certain.
    Fail(Failed),
    /// Nobody knows whether the other side took it.
    Doubt {
        /// Number of the attempt.
        attempt: u32,
        /// Why. The connection is lost to the sender alone; that there is no answer, anyone may say
        /// once the deadline has passed.
        reason: AmbiguityReason,
        /// Spreads what failed together.
        jitter: u64,
    },
    /// It is not sent.
    Suppress(SuppressionReason),
    /// It is sent after all.
    Redrive,
}

/// An attempt that the other side did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Number of the attempt.
    pub attempt: u32,
    /// What the other side said.
    pub problem: String,
    /// Whether trying again is in vain.
    pub permanent: bool,
    /// How long the other side asked everybody to wait.
    pub retry_after: Option<SignedDuration>,
    /// Whether it did so because too much was sent.
    pub throttled: bool,
    /// Spreads what failed together.
    pub jitter: u64,
}

/// Why a delivery does not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It has arrived or is on its way.
    #[error(
        "the message is on its way or has arrived: only dead letters, ambiguous and suppressed messages are redriven"
    )]
    NotRedrivable,
    /// Somebody else sends it, or has sent it, or said what became of it.
    #[error("the attempt is somebody else's, or was settled before")]
    NotOpen,
    /// It is being sent, or was, or it tells about enough.
    #[error("the message takes no further facts")]
    GroupClosed,
}

impl DomainError for Error {
    fn reason(&self) -> ErrorReason {
        match self {
            Self::NotRedrivable => ErrorReason::DeliveryNotRedrivable,
            Self::NotOpen | Self::GroupClosed => ErrorReason::AttemptNotOpen,
        }
    }
}

impl State {
    fn id(&self) -> String {
        let planned = self.planned.as_ref();
        planned.map_or_else(String::new, |planned| planned.delivery_id.clone())
    }

    fn is_in_flight(&self, attempt: u32) -> bool {
        self.in_flight
            .is_some_and(|(current, _)| current == attempt)
    }

    /// Whether an answer to this attempt is still news.
    fn awaits(&self, attempt: u32) -> bool {
        self.is_in_flight(attempt) || self.ambiguous.contains(&attempt)
    }

    /// The words of every fact that it tells about, in the order in which they came.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        let first = self
            .planned
            .iter()
            .filter_map(|planned| planned.message.as_ref());
        let others = self.grouped.iter();
        first.chain(others.filter_map(|grouped| grouped.message.as_ref()))
    }

    /// Whether it tells about a fact.
    fn has(&self, fact_id: &str) -> bool {
        let first = self.planned.iter().map(|planned| &planned.fact_id);
        let mut known = first.chain(self.grouped.iter().map(|grouped| &grouped.fact_id));
        known.any(|known| known == fact_id)
    }

    /// Whether what is sent now may be the second copy.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        !self.ambiguous.is_empty()
    }
}

impl Decider for Delivery {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let delivery_id = state.id();
        let event = match command {
            Command::Plan(planned) => match state.planned {
                None => Kind::DeliveryPlanned(*planned),
                Some(_) => return Ok(Vec::new()),
            },
            Command::Group(planned) if state.planned.is_none() => Kind::DeliveryPlanned(*planned),
            Command::Group(planned) if state.has(&planned.fact_id) => return Ok(Vec::new()),
            Command::Group(planned) => {
                let is_waiting = matches!(state.phase, Phase::Pending(_)) && state.attempts == 0;
                if !is_waiting || state.grouped.len() + 1 >= MOST_GROUPED {
                    return Err(Error::GroupClosed);
                }
                Kind::FactGrouped(FactGrouped {
                    delivery_id,
                    fact_id: planned.fact_id,
                    subject: planned.subject,
                    message: planned.message,
                })
            }
            Command::Start { deadline } => match state.phase {
                Phase::Pending(due) if due <= ctx.now => Kind::AttemptStarted(AttemptStarted {
                    delivery_id,
                    attempt: state.attempts + 1,
                    deadline: Some(keizoku_proto::timestamp(deadline)),
                }),
                _ => return Err(Error::NotOpen),
            },
            Command::Succeed { attempt } if state.awaits(attempt) => Kind::Delivered(Delivered {
                delivery_id,
                attempt,
            }),
            Command::Fail(failed) if state.awaits(failed.attempt) => {
                return Ok(fail(state, failed, ctx));
            }
            Command::Doubt {
                attempt,
                reason,
                jitter,
            } => match state.in_flight {
                Some((current, deadline))
                    if current == attempt
                        && (reason == AmbiguityReason::ConnectionLost || deadline <= ctx.now) =>
                {
                    doubt(state, attempt, reason, jitter, ctx)
                }
                _ => return Err(Error::NotOpen),
            },
            Command::Succeed { .. } | Command::Fail(_) => return Err(Error::NotOpen),
            Command::Suppress(reason) => match state.phase {
                Phase::Pending(_) => Kind::DeliverySuppressed(DeliverySuppressed {
                    delivery_id,
                    reason: reason.into(),
                }),
                _ => return Ok(Vec::new()),
            },
            Command::Redrive => match state.phase {
                Phase::GivenUp | Phase::Ambiguous | Phase::Suppressed(_) => {
                    Kind::DeliveryRedriven(DeliveryRedriven { delivery_id })
                }
                _ => return Err(Error::NotRedrivable),
            },
        };
        Ok(vec![event])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        let instant = |time: Option<&_>| time.and_then(keizoku_proto::instant);
        match event {
            Kind::DeliveryPlanned(event) => {
                let due = instant(event.send_time.as_ref()).map_or(at, |due| due.max(at));
                state.planned = Some(event.clone());
                state.phase = Phase::Pending(due);
                state.wanted_since = at;
            }
            Kind::FactGrouped(event) => state.grouped.push(event.clone()),
            Kind::AttemptStarted(event) => {
                state.attempts = event.attempt;
                state.in_flight = Some((
                    event.attempt,
                    instant(event.deadline.as_ref()).unwrap_or(at),
                ));
                state.phase = Phase::Attempting;
            }
            Kind::Delivered(event) => {
                state.settle(event.attempt);
                state.phase = Phase::Delivered;
                state.problem.clear();
            }
            Kind::AttemptFailed(event) => {
                let was_current = state.is_in_flight(event.attempt);
                state.settle(event.attempt);
                state.problem.clone_from(&event.problem);
                state.failures += 1;
                if was_current && state.phase == Phase::Attempting
                    || state.phase == Phase::Ambiguous
                {
                    let due = instant(event.retry_time.as_ref()).unwrap_or(at);
                    state.phase = Phase::Pending(due);
                }
            }
            Kind::AttemptAmbiguous(event) => {
                state.settle(event.attempt);
                state.ambiguous.push(event.attempt);
                if state.phase == Phase::Attempting {
                    state.phase =
                        instant(event.retry_time.as_ref()).map_or(Phase::Ambiguous, Phase::Pending);
                }
            }
            Kind::DeliveryGivenUp(event) => {
                state.phase = Phase::GivenUp;
                state.problem.clone_from(&event.problem);
            }
            Kind::DeliverySuppressed(event) => state.phase = Phase::Suppressed(event.reason()),
            Kind::DeliveryRedriven(_) => {
                state.phase = Phase::Pending(at);
                state.wanted_since = at;
                state.failures = 0;
            }
            Kind::NotificationsActivated(_)
            | Kind::NotificationsDeactivated(_)
            | Kind::RuleDefined(_)
            | Kind::RuleRetired(_)
            | Kind::EndpointDisabled(_)
            | Kind::EndpointEnabled(_)
            | Kind::FactRouted(_)
            | Kind::DigestSkipped(_) => {}
        }
    }
}

impl State {
    /// It is known what became of an attempt, or known that it is not known.
    fn settle(&mut self, attempt: u32) {
        self.ambiguous.retain(|other| *other != attempt);
        if self.is_in_flight(attempt) {
            self.in_flight = None;
        }
    }
}

/// What an attempt that failed for certain leads to.
fn fail(state: &State, failed: Failed, ctx: &Ctx) -> Vec<Kind> {
    let delivery_id = state.id();
    let failures = state.failures + 1;
    let retry_time = retry_time(ctx.now, failures, failed.retry_after, failed.jitter);
    // A late answer to an attempt after which another one was made settles that attempt alone.
    let decides = state.is_in_flight(failed.attempt) && state.phase == Phase::Attempting
        || state.phase == Phase::Ambiguous;
    let is_last = decides && (failed.permanent || failures >= MOST_FAILURES);
    let mut events = vec![Kind::AttemptFailed(AttemptFailed {
        delivery_id: delivery_id.clone(),
        attempt: failed.attempt,
        problem: failed.problem.clone(),
        retry_time: (!is_last).then(|| keizoku_proto::timestamp(retry_time)),
        throttled: failed.throttled,
    })];
    if is_last {
        events.push(Kind::DeliveryGivenUp(DeliveryGivenUp {
            delivery_id,
            attempt: failed.attempt,
            problem: failed.problem,
        }));
    }
    events
}

/// What an attempt leads to of which nobody knows whether it arrived.
fn doubt(state: &State, attempt: u32, reason: AmbiguityReason, jitter: u64, ctx: &Ctx) -> Kind {
    let ambiguous = state.ambiguous.len() + 1;
    let resend = state
        .planned
        .as_ref()
        .is_some_and(|planned| planned.resend_ambiguous)
        && ambiguous < MOST_AMBIGUOUS;
    let failures = u32::try_from(ambiguous).unwrap_or(u32::MAX);
    Kind::AttemptAmbiguous(AttemptAmbiguous {
        delivery_id: state.id(),
        attempt,
        reason: reason.into(),
        retry_time: resend
            .then(|| keizoku_proto::timestamp(retry_time(ctx.now, failures, None, jitter))),
    })
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
