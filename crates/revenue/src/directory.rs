//! Users, their teams with effective dates, and the tree of teams (ACC-6).

use jiff::Timestamp;
use keizoku_core::{Day, TeamId, UserId};

use crate::owner::{Owner, TeamIx, UserIx};
use crate::store::IdTable;
use crate::time::{AsOf, Known};

/// Who is in which team, at both times.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    users: IdTable,
    memberships: Vec<Vec<Membership>>,
    /// When people left, or came back; most never do.
    departures: Vec<Departure>,
    teams: IdTable,
    parents: Vec<Vec<Parent>>,
}

/// A user's team from a date on; `effective` is [`Day::MIN`] where it holds from the beginning.
#[derive(Debug, Clone, Copy)]
struct Membership {
    effective: Day,
    recorded: i64,
    team: Option<TeamIx>,
}

#[derive(Debug, Clone, Copy)]
struct Departure {
    user: UserIx,
    recorded: i64,
    has_left: bool,
}

#[derive(Debug, Clone, Copy)]
struct Parent {
    recorded: i64,
    team: Option<TeamIx>,
}

impl Directory {
    /// The number of a user that some event named.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<UserIx> {
        self.users.find(id.uuid()).map(UserIx)
    }

    /// The number of a team that some event named.
    #[must_use]
    pub fn team(&self, id: TeamId) -> Option<TeamIx> {
        self.teams.find(id.uuid()).map(TeamIx)
    }

    /// A user's id.
    #[must_use]
    pub fn user_id(&self, user: UserIx) -> UserId {
        self.users.id(user.0).into()
    }

    /// A team's id.
    #[must_use]
    pub fn team_id(&self, team: TeamIx) -> TeamId {
        self.teams.id(team.0).into()
    }

    /// A user's team on a date, as known.
    #[must_use]
    pub fn team_of_user(&self, user: UserIx, as_of: AsOf) -> Option<TeamIx> {
        let known = Known::from(as_of.known_at);
        let counts =
            |member: &&Membership| member.effective <= as_of.on && known.includes(member.recorded);
        self.memberships[user.0 as usize]
            .iter()
            .rev()
            .find(counts)
            .and_then(|member| member.team)
    }

    /// By number of a user, since when the user has departed, as known; `None` for those who are
    /// there.
    #[must_use]
    pub fn departed_users(&self, known_at: Option<Timestamp>) -> Vec<Option<Timestamp>> {
        let known = Known::from(known_at);
        let mut since = vec![None; self.memberships.len()];
        for departure in &self.departures {
            if known.includes(departure.recorded) {
                let recorded = Timestamp::from_microsecond(departure.recorded).ok();
                since[departure.user.0 as usize] = recorded.filter(|_| departure.has_left);
            }
        }
        since
    }

    /// The team of an account with this owner (ACC-2): the owner's team, or the pool.
    #[must_use]
    pub fn team_of_owner(&self, owner: Owner, as_of: AsOf) -> Option<TeamIx> {
        match owner.as_user() {
            Some(user) => self.team_of_user(user, as_of),
            None => owner.as_pool(),
        }
    }

    /// The owners who belong to a team or to one of its subteams.
    #[must_use]
    pub fn owners_in(&self, team: TeamIx, as_of: AsOf) -> OwnerScope {
        let known = Known::from(as_of.known_at);
        let number_of_teams = self.parents.len();
        let is_below = |start: usize| {
            let mut at = TeamIx(crate::store::dense(start));
            // A tree is never deeper than it has teams; past that it is a cycle.
            (0..=number_of_teams).any(|_| {
                let found = at == team;
                match self.parent(at, known) {
                    Some(parent) if !found => at = parent,
                    _ => return found,
                }
                false
            })
        };
        let teams: Vec<bool> = (0..number_of_teams).map(is_below).collect();
        let in_scope = |user: usize| {
            self.team_of_user(UserIx(crate::store::dense(user)), as_of)
                .is_some_and(|team| teams[team.0 as usize])
        };
        let users = (0..self.memberships.len()).map(in_scope).collect();
        OwnerScope { users, teams }
    }

    /// A team's parent, as known.
    #[must_use]
    pub fn parent_of(&self, team: TeamIx, as_of: AsOf) -> Option<TeamIx> {
        self.parent(team, Known::from(as_of.known_at))
    }

    fn parent(&self, team: TeamIx, known: Known) -> Option<TeamIx> {
        let versions = &self.parents[team.0 as usize];
        versions
            .iter()
            .rev()
            .find(|parent| known.includes(parent.recorded))?
            .team
    }

    pub(crate) fn intern_user(&mut self, id: UserId) -> UserIx {
        let user = self.users.intern(id.uuid());
        self.memberships.resize_with(self.users.len(), Vec::new);
        UserIx(user)
    }

    pub(crate) fn intern_team(&mut self, id: TeamId) -> TeamIx {
        let team = self.teams.intern(id.uuid());
        self.parents.resize_with(self.teams.len(), Vec::new);
        TeamIx(team)
    }

    /// Notes a user's team from a date on, or from the beginning.
    pub(crate) fn join(
        &mut self,
        user: UserIx,
        team: Option<TeamIx>,
        effective: Option<Day>,
        recorded: i64,
    ) {
        let effective = effective.unwrap_or(Day::MIN);
        let memberships = &mut self.memberships[user.0 as usize];
        let place = memberships.partition_point(|other| other.effective <= effective);
        memberships.insert(
            place,
            Membership {
                effective,
                recorded,
                team,
            },
        );
    }

    /// Notes that a user left, or came back.
    pub(crate) fn note_departure(&mut self, user: UserIx, has_left: bool, recorded: i64) {
        self.departures.push(Departure {
            user,
            recorded,
            has_left,
        });
    }

    /// Notes a team's parent from now on.
    pub(crate) fn set_parent(&mut self, team: TeamIx, parent: Option<TeamIx>, recorded: i64) {
        self.parents[team.0 as usize].push(Parent {
            recorded,
            team: parent,
        });
    }

    pub(crate) fn bytes(&self) -> usize {
        let memberships: usize = self.memberships.iter().map(Vec::capacity).sum();
        let parents: usize = self.parents.iter().map(Vec::capacity).sum();
        self.users.bytes()
            + self.teams.bytes()
            + memberships * size_of::<Membership>()
            + self.departures.capacity() * size_of::<Departure>()
            + parents * size_of::<Parent>()
    }
}

/// The owners who belong to a team or to one of its subteams, on one date.
#[derive(Debug, Clone)]
pub struct OwnerScope {
    users: Vec<bool>,
    teams: Vec<bool>,
}

impl OwnerScope {
    /// Whether an account of this owner is the team's (ACC-2).
    #[must_use]
    pub fn contains(&self, owner: Owner) -> bool {
        match (owner.as_user(), owner.as_pool()) {
            (Some(user), _) => self.users.get(user.0 as usize).copied().unwrap_or(false),
            (_, Some(team)) => self.contains_team(team),
            _ => false,
        }
    }

    /// The people among them.
    pub fn users(&self) -> impl Iterator<Item = UserIx> {
        (0..)
            .zip(&self.users)
            .filter(|(_, is_in)| **is_in)
            .map(|(number, _)| UserIx(number))
    }

    /// The team and its subteams.
    pub fn teams(&self) -> impl Iterator<Item = TeamIx> {
        (0..)
            .zip(&self.teams)
            .filter(|(_, is_in)| **is_in)
            .map(|(number, _)| TeamIx(number))
    }

    /// Whether this is the team or one of its subteams.
    #[must_use]
    pub fn contains_team(&self, team: TeamIx) -> bool {
        self.teams.get(team.0 as usize).copied().unwrap_or(false)
    }
}
