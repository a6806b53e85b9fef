//! Suggested risks, one at a time per account and cause (RISK-9).

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{Ctx, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::risk::event::Kind;
use keizoku_proto::risk::{
    RiskSuggested, SuggestionAccepted, SuggestionCauseCleared, SuggestionDismissed,
};
use keizoku_runtime::DomainError;
use tonic::Code;

/// The suggestions of one cause for one account.
pub struct Suggestion;

/// How long a cause stays quiet after somebody decided.
const QUIET: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is known of the suggestions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The latest suggestion; `None` before the first.
    pub suggested: Option<RiskSuggested>,
    /// How many times the cause was suggested.
    pub times: u64,
    /// When the latest was made.
    pub suggested_at: Option<Timestamp>,
    /// What became of the latest.
    pub settled: Option<Settled>,
    /// Whether the condition has cleared since somebody decided.
    pub cleared: bool,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// It became this risk.
    Accepted(String, Timestamp),
    /// It was dismissed, for this reason.
    Dismissed(String, Timestamp),
}

/// What somebody wants of a suggestion.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it.
    Suggest(RiskSuggested),
    /// Makes it this risk.
    Accept(String),
    /// Dismisses it, for this reason.
    Dismiss(String),
    /// The condition behind the cause no longer holds.
    Clear,
}

/// Why a suggestion is not made or settled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("the suggestion does not exist")]
    Unknown,
    /// A person decided before.
    #[error("the suggestion was accepted or dismissed before")]
    Settled,
    /// The cause stays quiet for 30 days after a decision, and until its condition has cleared.
    #[error("the cause is quiet: it was decided lately, or its condition has not cleared since")]
    Quiet,
}

impl DomainError for Error {
    fn code(&self) -> Code {
        if *self == Self::Unknown {
            Code::NotFound
        } else {
            Code::FailedPrecondition
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Unknown => ErrorReason::NotFound,
            Self::Settled => ErrorReason::SuggestionSettled,
            Self::Quiet => ErrorReason::SuggestionQuiet,
        }
    }
}

impl Decider for Suggestion {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let id = || {
            state
                .suggested
                .as_ref()
                .map(|s| s.suggestion_id.clone())
                .unwrap_or_default()
        };
        match (command, &state.settled) {
            (Command::Suggest(suggested), None) if state.suggested.is_none() => {
                Ok(vec![Kind::RiskSuggested(suggested)])
            }
            // It waits for a person: once is enough.
            (Command::Suggest(_), None) => Ok(Vec::new()),
            (
                Command::Suggest(suggested),
                Some(Settled::Accepted(_, at) | Settled::Dismissed(_, at)),
            ) => {
                let quiet = !state.cleared || ctx.now.duration_since(*at) < QUIET;
                if quiet {
                    Err(Error::Quiet)
                } else {
                    Ok(vec![Kind::RiskSuggested(suggested)])
                }
            }
            (Command::Clear, _) if state.cleared || state.suggested.is_none() => Ok(Vec::new()),
            (Command::Clear, _) => Ok(vec![Kind::SuggestionCauseCleared(SuggestionCauseCleared {
                suggestion_id: id(),
            })]),
            _ if state.suggested.is_none() => Err(Error::Unknown),
            (_, Some(_)) => Err(Error::Settled),
            (Command::Accept(risk_id), None) => {
                Ok(vec![Kind::SuggestionAccepted(SuggestionAccepted {
                    suggestion_id: id(),
                    risk_id,
                })])
            }
            (Command::Dismiss(reason), None) => {
                Ok(vec![Kind::SuggestionDismissed(SuggestionDismissed {
                    suggestion_id: id(),
                    reason,
                })])
            }
        }
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::RiskSuggested(suggested) => {
                *state = State {
                    suggested: Some(suggested.clone()),
                    times: state.times + 1,
                    suggested_at: Some(at),
                    settled: None,
                    cleared: false,
                };
            }
            Kind::SuggestionAccepted(e) => {
                state.settled = Some(Settled::Accepted(e.risk_id.clone(), at));
            }
            Kind::SuggestionDismissed(e) => {
                state.settled = Some(Settled::Dismissed(e.reason.clone(), at));
            }
            Kind::SuggestionCauseCleared(_) => state.cleared = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keizoku_core::{Actor, Day, Given, Origin};
    use uuid::Uuid;

    fn ctx(now: &str) -> Ctx {
        Ctx {
            now: now.parse().unwrap(),
            today: "2026-11-22".parse::<Day>().unwrap(),
            actor: Actor::new("service", "healthscore"),
            origin: Origin::Reaction,
            request_id: Uuid::from_u128(1),
        }
    }

    fn suggest() -> Command {
        Command::Suggest(RiskSuggested {
            suggestion_id: "s".to_owned(),
            ..RiskSuggested::default()
        })
    }

    fn dismissed() -> Vec<Kind> {
        let start = Given::<Suggestion>::nothing(ctx("2026-11-01T00:00:00Z"));
        let made = start.when(suggest()).unwrap();
        let settled = start
            .events(made.clone())
            .when(Command::Dismiss("誤検知".to_owned()))
            .unwrap();
        [made, settled].concat()
    }

    /// The same past, dismissed on 1 November, seen at another instant.
    fn later(now: &str, cleared: bool) -> Result<Vec<Kind>, Error> {
        let mut state = State::default();
        for event in &dismissed() {
            Suggestion::evolve(&mut state, event, "2026-11-01T00:00:00Z".parse().unwrap());
        }
        state.cleared = cleared;
        Suggestion::decide(&state, suggest(), &ctx(now))
    }

    #[test]
    fn risk_9_a_pending_suggestion_is_made_once() {
        let start = Given::<Suggestion>::nothing(ctx("2026-11-01T00:00:00Z"));
        let made = start.when(suggest()).unwrap();
        assert_eq!(start.events(made).when(suggest()), Ok(Vec::new()));
    }

    #[test]
    fn risk_9_a_dismissed_cause_is_quiet_for_30_days_and_until_it_clears() {
        assert_eq!(later("2026-11-30T23:59:59Z", true), Err(Error::Quiet));
        assert_eq!(later("2026-12-01T00:00:00Z", false), Err(Error::Quiet));
        assert!(later("2026-12-01T00:00:00Z", true).is_ok());
    }

    #[test]
    fn risk_9_a_settled_suggestion_stays_settled() {
        let given = Given::<Suggestion>::nothing(ctx("2026-11-01T00:00:00Z")).events(dismissed());
        assert_eq!(
            given.when(Command::Accept("r".to_owned())),
            Err(Error::Settled)
        );
    }
}
