//! A seminar: who registered, who attended (ONB-9).

use std::collections::BTreeMap;

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    Learner, SeminarAttendanceRecorded, SeminarCancelled, SeminarPlan, SeminarRegistered,
    SeminarScheduled, SeminarWithdrawn,
};
use keizoku_runtime::DomainError;
use tonic::Code;

/// A seminar for customers.
pub struct Seminar;

/// Account and contact of a participant; the contact is empty where it is not said who.
type Who = (String, String);

/// What is known of a seminar.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such seminar.
    pub id: String,
    /// What it is.
    pub plan: SeminarPlan,
    /// The local date on which it begins.
    pub date: Option<Day>,
    /// Why it is not held.
    pub cancelled: Option<String>,
    /// Everybody of whom it knows.
    pub participants: BTreeMap<Who, Participant>,
}

/// What is known of a participant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Participant {
    /// Whether they are registered.
    pub registered: bool,
    /// Whether they attended, where somebody said.
    pub attended: Option<bool>,
}

impl State {
    /// How many are registered.
    #[must_use]
    pub fn registered(&self) -> usize {
        let participants = self.participants.values();
        participants.filter(|one| one.registered).count()
    }

    /// How many attended.
    #[must_use]
    pub fn attended(&self) -> usize {
        let participants = self.participants.values();
        participants
            .filter(|one| one.attended == Some(true))
            .count()
    }

    fn of(&self, who: &Learner) -> Participant {
        self.participants
            .get(&key(who))
            .copied()
            .unwrap_or_default()
    }

    fn entry(&mut self, who: Option<&Learner>) -> &mut Participant {
        let who = who.map(key).unwrap_or_default();
        self.participants.entry(who).or_default()
    }
}

fn key(who: &Learner) -> Who {
    (who.account_id.clone(), who.contact_id.clone())
}

/// What somebody wants of a seminar.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Schedules a new one.
    Schedule(SeminarScheduled),
    /// Changes what it is.
    Change(SeminarPlan, Day),
    /// Cancels it, for a reason.
    Cancel(String),
    /// Registers somebody.
    Register(Learner),
    /// Takes a registration back.
    Withdraw(Learner),
    /// Says who attended and who did not.
    Attend(Vec<(Learner, bool)>),
}

/// Why a seminar is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such seminar.
    #[error("the seminar does not exist")]
    Unknown,
    /// It is not held.
    #[error("the seminar was cancelled")]
    Cancelled,
    /// As many as it takes are registered.
    #[error("the seminar is full: {0} are registered")]
    Full(usize),
    /// Nobody can have attended it.
    #[error("the seminar has not begun: record attendance afterwards")]
    NotBegun,
    /// Somebody attended it.
    #[error("the seminar was held: {0} attended")]
    Held(usize),
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unknown => Code::NotFound,
            _ => Code::FailedPrecondition,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Unknown => ErrorReason::NotFound,
            Self::Cancelled => ErrorReason::SeminarCancelled,
            Self::Full(_) => ErrorReason::SeminarFull,
            Self::NotBegun => ErrorReason::SeminarNotBegun,
            Self::Held(_) => ErrorReason::SeminarHeld,
        }
    }
}

impl Decider for Seminar {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let seminar_id = state.id.clone();
        match command {
            Command::Schedule(scheduled) => Ok(vec![Kind::SeminarScheduled(scheduled)]),
            _ if state.id.is_empty() => Err(Error::Unknown),
            _ if state.cancelled.is_some() => Err(Error::Cancelled),
            Command::Change(plan, _) if plan == state.plan => Ok(Vec::new()),
            Command::Change(plan, date) => Ok(vec![Kind::SeminarScheduled(SeminarScheduled {
                seminar_id,
                plan: Some(plan),
                date: Some(date.into()),
            })]),
            Command::Cancel(_) if state.attended() > 0 => Err(Error::Held(state.attended())),
            Command::Cancel(reason) => Ok(vec![Kind::SeminarCancelled(SeminarCancelled {
                seminar_id,
                reason,
            })]),
            Command::Register(who) => register(state, who),
            Command::Withdraw(who) if !state.of(&who).registered => Ok(Vec::new()),
            Command::Withdraw(who) => Ok(vec![Kind::SeminarWithdrawn(SeminarWithdrawn {
                seminar_id,
                learner: Some(who),
            })]),
            Command::Attend(said) => attend(state, said, ctx),
        }
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        match event {
            Kind::SeminarScheduled(e) => {
                state.id.clone_from(&e.seminar_id);
                state.plan = e.plan.clone().unwrap_or_default();
                state.date = keizoku_proto::optional_day(e.date.as_ref()).ok().flatten();
            }
            Kind::SeminarCancelled(e) => state.cancelled = Some(e.reason.clone()),
            Kind::SeminarRegistered(e) => state.entry(e.learner.as_ref()).registered = true,
            Kind::SeminarWithdrawn(e) => state.entry(e.learner.as_ref()).registered = false,
            Kind::SeminarAttendanceRecorded(e) => {
                state.entry(e.learner.as_ref()).attended = Some(e.attended);
            }
            _ => {}
        }
    }
}

fn register(state: &State, who: Learner) -> Result<Vec<Kind>, Error> {
    if state.of(&who).registered {
        return Ok(Vec::new());
    }
    let (registered, capacity) = (state.registered(), state.plan.capacity);
    if capacity > 0 && registered >= capacity as usize {
        return Err(Error::Full(registered));
    }
    Ok(vec![Kind::SeminarRegistered(SeminarRegistered {
        seminar_id: state.id.clone(),
        learner: Some(who),
    })])
}

fn attend(state: &State, said: Vec<(Learner, bool)>, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    let begins = state.plan.start_time.as_ref();
    if begins
        .and_then(keizoku_proto::instant)
        .is_none_or(|begins| ctx.now < begins)
    {
        return Err(Error::NotBegun);
    }
    let news = said
        .into_iter()
        .filter(|(who, attended)| state.of(who).attended != Some(*attended));
    let record = |(who, attended)| {
        Kind::SeminarAttendanceRecorded(SeminarAttendanceRecorded {
            seminar_id: state.id.clone(),
            learner: Some(who),
            attended,
        })
    };
    Ok(news.map(record).collect())
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::testing::{ctx, day};

    /// Now is 12:00 on 24 November.
    fn seminar(begins: &str, capacity: u32) -> Given<Seminar> {
        let plan = SeminarPlan {
            start_time: Some(keizoku_proto::timestamp(begins.parse().unwrap())),
            capacity,
            ..SeminarPlan::default()
        };
        Given::nothing(ctx()).commands([Command::Schedule(SeminarScheduled {
            seminar_id: "s".to_owned(),
            plan: Some(plan),
            date: Some(day("2026-11-24").into()),
        })])
    }

    fn who(account: &str) -> Learner {
        Learner {
            account_id: account.to_owned(),
            contact_id: String::new(),
        }
    }

    #[test]
    fn onb_9_a_full_seminar_takes_nobody_until_somebody_withdraws() {
        let given = seminar("2026-11-25T01:00:00Z", 1).commands([Command::Register(who("a"))]);
        assert_eq!(given.when(Command::Register(who("a"))), Ok(Vec::new()));
        assert_eq!(given.when(Command::Register(who("b"))), Err(Error::Full(1)));
        assert_eq!(given.when(Command::Withdraw(who("b"))), Ok(Vec::new()));
        let given = given.commands([Command::Withdraw(who("a")), Command::Register(who("b"))]);
        assert_eq!(
            (given.state().registered(), given.state().attended()),
            (1, 0)
        );
    }

    #[test]
    fn onb_9_attendance_is_recorded_once_it_has_begun_and_can_be_corrected() {
        let said = |attended| Command::Attend(vec![(who("a"), attended), (who("b"), false)]);
        let ahead = seminar("2026-11-24T03:00:01Z", 0);
        assert_eq!(ahead.when(said(true)), Err(Error::NotBegun));
        let given = seminar("2026-11-24T03:00:00Z", 0).commands([said(true)]);
        assert_eq!(given.state().attended(), 1);
        assert_eq!(given.when(said(true)), Ok(Vec::new()));
        assert_eq!(
            given.when(Command::Cancel("雪".to_owned())),
            Err(Error::Held(1))
        );
        let given = given.commands([said(false)]);
        assert_eq!(given.state().attended(), 0);
    }

    #[test]
    fn onb_9_a_cancelled_seminar_changes_no_more() {
        let given = seminar("2026-11-24T01:00:00Z", 0).commands([Command::Cancel("雪".to_owned())]);
        for command in [
            Command::Register(who("a")),
            Command::Attend(vec![(who("a"), true)]),
            Command::Cancel("風".to_owned()),
        ] {
            assert_eq!(given.when(command), Err(Error::Cancelled));
        }
        let nothing = Given::<Seminar>::nothing(ctx());
        assert_eq!(
            nothing.when(Command::Withdraw(who("a"))),
            Err(Error::Unknown)
        );
    }
}
