//! Initiatives (FC-12): what is done for whom, and what it should change.

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{Initiative as Charter, InitiativeChartered};

use super::Existence;

/// One initiative.
pub struct Initiative;

/// What is known of an initiative.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Its id; empty while there is no such initiative.
    pub id: String,
    /// The charter as it was written last; `name` and `etag` are empty.
    pub charter: Charter,
}

/// What somebody wants of an initiative.
#[derive(Debug, Clone)]
pub enum Command {
    /// Creates it under an id.
    Create(InitiativeChartered),
    /// Replaces its charter.
    Replace(Charter),
}

impl Decider for Initiative {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Existence;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Existence> {
        let is_known = !state.id.is_empty();
        let chartered = match command {
            Command::Create(chartered) if is_known => {
                return Err(Existence::exists("initiative", &chartered.initiative_id));
            }
            Command::Create(chartered) => chartered,
            Command::Replace(_) if !is_known => return Err(Existence::Unknown("initiative")),
            Command::Replace(charter) if charter == state.charter => return Ok(Vec::new()),
            Command::Replace(charter) => InitiativeChartered {
                initiative_id: state.id.clone(),
                charter: Some(charter),
            },
        };
        Ok(vec![Kind::InitiativeChartered(chartered)])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::InitiativeChartered(chartered) = event {
            state.id.clone_from(&chartered.initiative_id);
            state.charter = chartered.charter.clone().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ctx;

    fn charter(purpose: &str) -> Charter {
        Charter {
            purpose: purpose.to_owned(),
            ..Charter::default()
        }
    }

    fn chartered(purpose: &str) -> InitiativeChartered {
        InitiativeChartered {
            initiative_id: "1".to_owned(),
            charter: Some(charter(purpose)),
        }
    }

    #[test]
    fn fc_12_a_charter_is_written_once_and_changed_where_it_differs() {
        let mut state = State::default();
        let replace = |state: &State, purpose: &str| {
            Initiative::decide(state, Command::Replace(charter(purpose)), &ctx())
        };
        let unknown = replace(&state, "adoption");
        assert_eq!(unknown, Err(Existence::Unknown("initiative")));
        let create = Command::Create(chartered("adoption"));
        let created = Initiative::decide(&state, create.clone(), &ctx()).unwrap();
        assert_eq!(created, [Kind::InitiativeChartered(chartered("adoption"))]);
        Initiative::evolve(&mut state, &created[0], Timestamp::UNIX_EPOCH);
        assert_eq!(replace(&state, "adoption"), Ok(Vec::new()));
        let changed = Kind::InitiativeChartered(chartered("retention"));
        assert_eq!(replace(&state, "retention"), Ok(vec![changed]));
        let again = Initiative::decide(&state, create, &ctx());
        assert_eq!(again, Err(Existence::exists("initiative", "1")));
    }
}
