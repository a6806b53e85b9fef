//! Who a caller is, is a stream of its own: whoever writes it first is the caller (ACC-6).
//!
//! The stream is named after the subject and holds ids alone: what a subject says may name somebody, and
//! personal data is in `user-*` and `contact-*` streams only.

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider, UserId};
use keizoku_proto::accounts::CallerClaimed;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

/// The claim to be one caller.
pub struct Caller;

/// Who is the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The person; `None` while it is nobody.
    pub user: Option<UserId>,
}

/// Claims for a person to be the caller.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who claims it.
    pub user: UserId,
    /// Who has the claim, if their entry does not say that they are the caller: they gave it up, or their
    /// command went no further, and it may be taken over.
    pub abandoned_by: Option<UserId>,
}

/// Somebody else in the directory is that caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("users/{user} is the caller with this subject")]
pub struct Taken {
    /// Who.
    pub user: UserId,
}

impl DomainError for Taken {
    fn code(&self) -> Code {
        Code::AlreadyExists
    }
    fn reason(&self) -> ErrorReason {
        ErrorReason::SubjectTaken
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("user", self.user.to_string())]
    }
}

impl Decider for Caller {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Taken;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Taken> {
        match state.user {
            Some(user) if user == command.user => Ok(Vec::new()),
            Some(user) if command.abandoned_by != Some(user) => Err(Taken { user }),
            _ => Ok(vec![Kind::CallerClaimed(CallerClaimed {
                user_id: command.user.to_string(),
            })]),
        }
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::CallerClaimed(claimed) = event {
            state.user = claimed.user_id.parse().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;
    use uuid::Uuid;

    use super::*;
    use crate::testing::ctx;

    fn user(number: u128) -> UserId {
        Uuid::from_u128(number).into()
    }

    fn claim(by: u128, abandoned_by: Option<u128>) -> Command {
        Command {
            user: user(by),
            abandoned_by: abandoned_by.map(user),
        }
    }

    #[test]
    fn acc_6_whoever_claims_a_caller_first_has_it_and_may_say_so_again() {
        let given = Given::<Caller>::nothing(ctx()).commands([claim(1, None)]);
        assert_eq!(given.state().user, Some(user(1)));
        assert_eq!(given.when(claim(1, None)), Ok(Vec::new()));
        let taken = Err(Taken { user: user(1) });
        assert_eq!(given.when(claim(2, None)), taken);
        // Somebody else's claim was left over, which says nothing of this one.
        assert_eq!(given.when(claim(2, Some(3))), taken);
    }

    #[test]
    fn acc_6_a_caller_whom_nobody_says_to_be_any_more_can_be_claimed() {
        let given = Given::<Caller>::nothing(ctx()).commands([claim(1, None), claim(2, Some(1))]);
        assert_eq!(given.state().user, Some(user(2)));
        assert_eq!(
            given.when(claim(1, Some(1))),
            Err(Taken { user: user(2) }),
            "what was seen before no longer holds"
        );
    }
}
