//! That somebody worked through a content: the first time counts (ONB-9).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::onboarding::ContentCompleted;
use keizoku_proto::onboarding::event::Kind;
use keizoku_runtime::DomainError;

/// Somebody's completion of a content.
pub struct Completion;

/// What was completed; nothing while nothing was.
pub type State = Option<ContentCompleted>;

/// What somebody wants of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Records it, today unless it has a date.
    Complete(ContentCompleted),
}

/// Why it is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A date in the future.
    #[error("the date {0} lies in the future")]
    ImpossibleDate(Day),
}

impl DomainError for Error {
    fn reason(&self) -> ErrorReason {
        match self {
            Self::ImpossibleDate(_) => ErrorReason::OnboardingDateImpossible,
        }
    }
}

impl Decider for Completion {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let Command::Complete(mut completed) = command;
        let date = keizoku_proto::optional_day(completed.date.as_ref());
        let date = date.ok().flatten().unwrap_or(ctx.today);
        if date > ctx.today {
            return Err(Error::ImpossibleDate(date));
        }
        if state.is_some() {
            return Ok(Vec::new());
        }
        completed.date = Some(date.into());
        Ok(vec![Kind::ContentCompleted(completed)])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::ContentCompleted(completed) = event {
            *state = Some(completed.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::testing::{ctx, day};

    fn on(date: Option<&str>) -> Command {
        Command::Complete(ContentCompleted {
            content_id: "c".to_owned(),
            date: date.map(|date| day(date).into()),
            ..ContentCompleted::default()
        })
    }

    #[test]
    fn onb_9_a_content_is_completed_once_and_not_in_the_future() {
        let nothing = Given::<Completion>::nothing(ctx());
        let tomorrow = nothing.when(on(Some("2026-11-25")));
        assert_eq!(tomorrow, Err(Error::ImpossibleDate(day("2026-11-25"))));
        let given = nothing.commands([on(None)]);
        let first = given.state().clone().unwrap();
        assert_eq!(first.date, Some(day("2026-11-24").into()));
        assert_eq!(given.when(on(Some("2026-11-20"))), Ok(Vec::new()));
    }
}
