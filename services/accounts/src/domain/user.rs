//! People in the directory (ACC-6).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{
    UserDeparted, UserProfile, UserRegistered, UserReturned, UserRevised, UserTeamChanged,
};
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

use super::Existence;

/// One person.
pub struct User;

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such person.
    pub id: String,
    /// Name and addresses.
    pub profile: UserProfile,
    /// Id of the team that was stated last.
    pub team_id: String,
    /// Whether the person left.
    pub departed: bool,
}

impl State {
    fn exists(&self) -> bool {
        !self.id.is_empty()
    }
}

/// What somebody wants of a person's entry.
#[derive(Debug, Clone)]
pub enum Command {
    /// Adds the person.
    Register(UserRegistered),
    /// Makes the entry be like this, whatever it was.
    Set {
        /// Id as text.
        id: String,
        /// Name and addresses.
        profile: UserProfile,
        /// Id of the team, and from when it holds for somebody who had another one.
        team: (String, Day),
        /// Whether the person works here.
        active: bool,
    },
    /// Changes what is given.
    Change {
        /// Name and addresses.
        profile: Option<UserProfile>,
        /// Id of the team, and from when.
        team: Option<(String, Day)>,
        /// Whether the person works here.
        active: Option<bool>,
    },
}

/// Somebody else in the directory is that caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("users/{user} is the caller with this subject")]
pub struct SubjectTaken {
    /// Who: id as text.
    pub user: String,
}

impl DomainError for SubjectTaken {
    fn code(&self) -> Code {
        Code::AlreadyExists
    }
    fn reason(&self) -> ErrorReason {
        ErrorReason::SubjectTaken
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("user", self.user.clone())]
    }
}

impl Decider for User {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Existence;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Existence> {
        match command {
            Command::Register(_) if state.exists() => Err(Existence::exists("user", &state.id)),
            Command::Register(registered) => Ok(vec![Kind::UserRegistered(registered)]),
            Command::Set {
                id,
                mut profile,
                team,
                active,
            } if !state.exists() => {
                profile.subject.clear();
                let team_id = team.0;
                let registered = UserRegistered {
                    user_id: id.clone(),
                    profile: Some(profile),
                    team_id,
                };
                let mut events = vec![Kind::UserRegistered(registered)];
                if !active {
                    events.push(Kind::UserDeparted(UserDeparted { user_id: id }));
                }
                Ok(events)
            }
            Command::Set {
                mut profile,
                team,
                active,
                ..
            } => {
                // The other system knows no time zones: what somebody said here stays.
                if profile.time_zone.is_empty() {
                    profile.time_zone.clone_from(&state.profile.time_zone);
                }
                // Who somebody is as a caller is never said by another system.
                profile.subject.clone_from(&state.profile.subject);
                Ok(differences(state, Some(profile), Some(team), Some(active)))
            }
            Command::Change { .. } if !state.exists() => Err(Existence::Unknown("user")),
            Command::Change {
                profile,
                team,
                active,
            } => Ok(differences(state, profile, team, active)),
        }
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        match event {
            Kind::UserRegistered(registered) => {
                state.id.clone_from(&registered.user_id);
                state.profile = registered.profile.clone().unwrap_or_default();
                state.team_id.clone_from(&registered.team_id);
            }
            Kind::UserRevised(revised) => {
                state.profile = revised.profile.clone().unwrap_or_default();
            }
            Kind::UserTeamChanged(changed) => state.team_id.clone_from(&changed.team_id),
            Kind::UserDeparted(_) => state.departed = true,
            Kind::UserReturned(_) => state.departed = false,
            _ => {}
        }
    }
}

fn differences(
    state: &State,
    profile: Option<UserProfile>,
    team: Option<(String, Day)>,
    active: Option<bool>,
) -> Vec<Kind> {
    let user_id = || state.id.clone();
    let mut events = Vec::new();
    if let Some(profile) = profile.filter(|profile| *profile != state.profile) {
        events.push(Kind::UserRevised(UserRevised {
            user_id: user_id(),
            profile: Some(profile),
        }));
    }
    if let Some((team_id, from)) = team.filter(|(team, _)| *team != state.team_id) {
        let effective_date = Some(from.into());
        events.push(Kind::UserTeamChanged(UserTeamChanged {
            user_id: user_id(),
            team_id,
            effective_date,
        }));
    }
    match active {
        Some(false) if !state.departed => {
            events.push(Kind::UserDeparted(UserDeparted { user_id: user_id() }));
        }
        Some(true) if state.departed => {
            events.push(Kind::UserReturned(UserReturned { user_id: user_id() }));
        }
        _ => {}
    }
    events
}
