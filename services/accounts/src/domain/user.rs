//! People in the directory (ACC-6).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{
    UserDeparted, UserProfile, UserRegistered, UserReturned, UserRevised, UserTeamChanged,
};

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
    /// Whether there is such a person.
    #[must_use]
    pub fn exists(&self) -> bool {
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
        /// Of name and addresses, and of who the person is as a caller.
        changes: Vec<ProfileChange>,
        /// Id of the team, and from when.
        team: Option<(String, Day)>,
        /// Whether the person works here.
        active: Option<bool>,
    },
}

/// What one field of a person's entry says from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileChange {
    /// Name.
    DisplayName(String),
    /// Email address.
    Email(String),
    /// Slack member id.
    SlackMemberId(String),
    /// Role.
    Role(String),
    /// Id in another system; one that is known stays.
    ExternalId(String),
    /// IANA time zone.
    TimeZone(String),
    /// Who the person is as a caller.
    Subject(String),
}

impl ProfileChange {
    /// Changes an entry.
    pub fn apply(self, profile: &mut UserProfile) {
        match self {
            Self::DisplayName(name) => profile.display_name = name,
            Self::Email(address) => profile.email = address,
            Self::SlackMemberId(id) => profile.slack_member_id = id,
            Self::Role(role) => profile.role = role,
            // The id by which an import knows somebody stays.
            Self::ExternalId(id) if profile.external_id.is_empty() => profile.external_id = id,
            Self::ExternalId(_) => {}
            Self::TimeZone(zone) => profile.time_zone = zone,
            Self::Subject(subject) => profile.subject = subject,
        }
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
                Ok(differences(state, profile, Some(team), Some(active)))
            }
            Command::Change { .. } if !state.exists() => Err(Existence::Unknown("user")),
            Command::Change {
                changes,
                team,
                active,
            } => {
                let mut profile = state.profile.clone();
                for change in changes {
                    change.apply(&mut profile);
                }
                Ok(differences(state, profile, team, active))
            }
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
    profile: UserProfile,
    team: Option<(String, Day)>,
    active: Option<bool>,
) -> Vec<Kind> {
    let user_id = || state.id.clone();
    let mut events = Vec::new();
    if profile != state.profile {
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

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::testing::ctx;

    fn profile(name: &str, subject: &str) -> UserProfile {
        UserProfile {
            display_name: name.to_owned(),
            subject: subject.to_owned(),
            ..UserProfile::default()
        }
    }

    fn registered(profile: UserProfile) -> Command {
        Command::Register(UserRegistered {
            user_id: "1".to_owned(),
            profile: Some(profile),
            team_id: String::new(),
        })
    }

    fn change(changes: impl Into<Vec<ProfileChange>>) -> Command {
        Command::Change {
            changes: changes.into(),
            team: None,
            active: None,
        }
    }

    fn revised(profile: UserProfile) -> Vec<Kind> {
        vec![Kind::UserRevised(UserRevised {
            user_id: "1".to_owned(),
            profile: Some(profile),
        })]
    }

    #[test]
    fn acc_6_what_is_not_named_stays_as_it_is_when_the_command_is_decided() {
        let given = Given::<User>::nothing(ctx()).commands([
            registered(profile("花子", "hanako")),
            change([ProfileChange::Subject(String::new())]),
        ]);
        let renamed = change([ProfileChange::DisplayName("山田 花子".to_owned())]);
        assert_eq!(given.when(renamed), Ok(revised(profile("山田 花子", ""))));
        assert_eq!(given.when(change([])), Ok(Vec::new()));
    }

    #[test]
    fn acc_6_an_import_says_nothing_of_who_somebody_is_as_a_caller() {
        let set = |name: &str| Command::Set {
            id: "1".to_owned(),
            profile: profile(name, "somebody else"),
            team: (String::new(), ctx().today),
            active: true,
        };
        let new = Given::<User>::nothing(ctx()).commands([set("花子")]);
        assert_eq!(new.state().profile.subject, "");
        let given = Given::<User>::nothing(ctx()).commands([registered(profile("花子", "hanako"))]);
        let renamed = revised(profile("山田 花子", "hanako"));
        assert_eq!(given.when(set("山田 花子")), Ok(renamed));
    }

    #[test]
    fn acc_6_the_id_by_which_an_import_knows_somebody_stays() {
        let known = UserProfile {
            external_id: "hr:1".to_owned(),
            ..profile("花子", "")
        };
        let given = Given::<User>::nothing(ctx()).commands([registered(known)]);
        let other = change([ProfileChange::ExternalId("hr:2".to_owned())]);
        assert_eq!(given.when(other), Ok(Vec::new()));
    }
}
