//! Teams (ACC-6).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider, TeamId};
use keizoku_proto::accounts::TeamDefined;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;

/// One team.
pub struct Team;

/// What a team is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// As last defined; `None` while there is no such team.
    pub defined: Option<TeamDefined>,
}

/// Creates the team, or replaces what it is.
#[derive(Debug, Clone)]
pub struct Define {
    /// What it is from now on.
    pub team: TeamDefined,
    /// The teams above its new parent, the parent included.
    pub ancestors: Vec<TeamId>,
}

/// The parent lies below the team.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a team cannot be its own ancestor")]
pub struct Cycle;

impl DomainError for Cycle {
    fn reason(&self) -> ErrorReason {
        ErrorReason::TeamCycle
    }
}

impl Decider for Team {
    type State = State;
    type Command = Define;
    type Event = Kind;
    type Error = Cycle;

    fn decide(state: &State, command: Define, _ctx: &Ctx) -> Result<Vec<Kind>, Cycle> {
        if command
            .ancestors
            .iter()
            .any(|team| team.to_string() == command.team.team_id)
        {
            return Err(Cycle);
        }
        if state.defined.as_ref() == Some(&command.team) {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::TeamDefined(command.team)])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::TeamDefined(team) = event {
            state.defined = Some(team.clone());
        }
    }
}
