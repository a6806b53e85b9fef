//! One programme for a new member of the team, from its first day until they work on their own (ONB-10).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    Plan, ProgrammeAssigned, ProgrammeCompleted, ProgrammeEnd, ProgrammeEnded,
    ProgrammePhaseChanged, ProgrammeStarted, ProgrammeTaskCompleted, ProgrammeTaskReopened,
    ProgrammeTemplateChanged, TaskParty,
};
use keizoku_runtime::DomainError;
use tonic::Code;

use super::course::{Course, Refusal, possible};
use super::plan;

/// What a new member goes through.
pub struct Programme;

/// What is known of a programme.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such programme.
    pub id: String,
    /// Id of the member.
    pub member_id: String,
    /// Id of the mentor.
    pub mentor_id: String,
    /// Id of the lead.
    pub lead_id: String,
    /// Key of its kind.
    pub key: String,
    /// Where it is in its plan.
    pub course: Course,
    /// The first day.
    pub start: Option<Day>,
    /// How it was completed.
    pub completion: Option<ProgrammeEnd>,
    /// How it was broken off.
    pub ended: Option<ProgrammeEnd>,
}

impl State {
    /// Whether it was started at all.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.id.is_empty()
    }

    /// How it came to its end; `None` while it goes on.
    #[must_use]
    pub fn end(&self) -> Option<&ProgrammeEnd> {
        self.completion.as_ref().or(self.ended.as_ref())
    }

    /// Id of whoever does what a party does.
    #[must_use]
    pub fn assignee(&self, party: TaskParty) -> &str {
        match party {
            TaskParty::Member => &self.member_id,
            TaskParty::Mentor => &self.mentor_id,
            TaskParty::Lead => &self.lead_id,
            TaskParty::Unspecified
            | TaskParty::Customer
            | TaskParty::Csm
            | TaskParty::Specialist => "",
        }
    }
}

/// What somebody wants of a programme.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Starts it, or starts it anew after it was ended.
    Start(ProgrammeStarted),
    /// Gives it another mentor or lead, by their ids; as before when absent.
    Assign {
        /// Id of the mentor.
        mentor: Option<String>,
        /// Id of the lead.
        lead: Option<String>,
    },
    /// Says that a task was done, today unless a date is given.
    CompleteTask {
        /// Its key.
        task: String,
        /// When.
        date: Option<Day>,
        /// What is worth noting.
        note: String,
    },
    /// Says that a task is not done after all.
    ReopenTask {
        /// Its key.
        task: String,
        /// Why.
        reason: String,
    },
    /// Moves it into the next phase.
    Advance(Option<Day>),
    /// Skips phases or goes back.
    Move {
        /// Key of the phase to go to.
        phase: String,
        /// Why.
        reason: String,
        /// When; today when absent.
        date: Option<Day>,
    },
    /// Lets it follow another version.
    ChangeTemplate {
        /// The version.
        plan: Plan,
        /// Key of the phase in which it goes on; the present one's when absent.
        phase: Option<String>,
    },
    /// Completes it: what the member can do now, and when.
    Complete(String, Option<Day>),
    /// Breaks it off: why, and when.
    End(String, Option<Day>),
}

/// Why a programme is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is one of this kind.
    #[error("the member has a programme of this kind")]
    Exists,
    /// There is no such programme.
    #[error("the programme does not exist")]
    Unknown,
    /// Nothing of it changes any more.
    #[error("the programme is completed or ended")]
    Closed,
    /// Nobody is their own mentor.
    #[error("the mentor must be somebody else than the member")]
    OwnMentor,
    /// Its plan does not allow it.
    #[error(transparent)]
    Course(#[from] Refusal),
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Exists => Code::AlreadyExists,
            Self::Unknown => Code::NotFound,
            Self::OwnMentor | Self::Closed => Code::FailedPrecondition,
            Self::Course(refusal) => refusal.code(),
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Exists => ErrorReason::AlreadyExists,
            Self::Unknown => ErrorReason::NotFound,
            Self::OwnMentor => ErrorReason::MentorIsMember,
            Self::Closed => ErrorReason::ProgrammeClosed,
            Self::Course(refusal) => refusal.reason(),
        }
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Course(refusal) => refusal.metadata(),
            _ => Vec::new(),
        }
    }
}

fn day(date: Option<&Date>) -> Option<Day> {
    keizoku_proto::optional_day(date).ok().flatten()
}

impl Decider for Programme {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let programme_id = state.id.clone();
        let course = &state.course;
        let event = match command {
            Command::Start(_) if state.exists() && state.ended.is_none() => {
                return Err(Error::Exists);
            }
            Command::Start(started) => return start(started, ctx),
            _ if !state.exists() => return Err(Error::Unknown),
            _ if state.end().is_some() => return Err(Error::Closed),
            Command::Assign { mentor, lead } => return assign(state, mentor, lead),
            Command::CompleteTask { task, .. } | Command::ReopenTask { task, .. }
                if plan::task(&course.plan, &task).is_none() =>
            {
                return Err(Refusal::TaskUnknown(task).into());
            }
            Command::CompleteTask { task, date, note } => {
                let date = course.done(&task, date, &note, ctx.today)?;
                date.map(|date| {
                    Kind::ProgrammeTaskCompleted(ProgrammeTaskCompleted {
                        programme_id,
                        task,
                        date: Some(date.into()),
                        note,
                    })
                })
            }
            Command::ReopenTask { task, reason } => {
                let was_done = course.tasks.contains_key(&task);
                let reopened = ProgrammeTaskReopened {
                    programme_id,
                    task,
                    reason,
                };
                was_done.then_some(Kind::ProgrammeTaskReopened(reopened))
            }
            Command::Advance(date) => {
                let step = Some(course.forward(date, ctx.today)?);
                Some(Kind::ProgrammePhaseChanged(ProgrammePhaseChanged {
                    programme_id,
                    step,
                }))
            }
            Command::Move {
                phase,
                reason,
                date,
            } => {
                let step = course.step_to(phase, reason, date, ctx.today)?;
                step.map(|step| {
                    Kind::ProgrammePhaseChanged(ProgrammePhaseChanged {
                        programme_id,
                        step: Some(step),
                    })
                })
            }
            Command::ChangeTemplate { plan, phase } => {
                let phase = course.phase_in(&plan, phase)?;
                phase.map(|phase| {
                    Kind::ProgrammeTemplateChanged(ProgrammeTemplateChanged {
                        programme_id,
                        plan: Some(plan),
                        phase,
                        date: Some(ctx.today.into()),
                    })
                })
            }
            Command::Complete(text, date) => {
                let date = course.finish(date, ctx.today)?;
                let end = Some(end(text, date));
                Some(Kind::ProgrammeCompleted(ProgrammeCompleted {
                    programme_id,
                    end,
                }))
            }
            Command::End(text, date) => {
                // Who does not come at all leaves before the first day.
                let earliest = course.phase_since().min(Some(ctx.today));
                let date = possible(date, earliest, ctx.today)?;
                let end = Some(end(text, date));
                Some(Kind::ProgrammeEnded(ProgrammeEnded { programme_id, end }))
            }
        };
        Ok(event.into_iter().collect())
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        let course = &mut state.course;
        match event {
            // After an end it is another one, of which nothing is done.
            Kind::ProgrammeStarted(e) => {
                let start = day(e.start_date.as_ref());
                *state = State {
                    id: e.programme_id.clone(),
                    member_id: e.member_id.clone(),
                    mentor_id: e.mentor_id.clone(),
                    lead_id: e.lead_id.clone(),
                    key: e.key.clone(),
                    course: Course::begin(e.plan.as_ref(), start),
                    start,
                    completion: None,
                    ended: None,
                };
            }
            Kind::ProgrammeAssigned(e) => {
                state.mentor_id.clone_from(&e.mentor_id);
                state.lead_id.clone_from(&e.lead_id);
            }
            Kind::ProgrammeTaskCompleted(e) => {
                course.do_task(&e.task, day(e.date.as_ref()), &e.note);
            }
            Kind::ProgrammeTaskReopened(e) => {
                course.tasks.remove(&e.task);
            }
            Kind::ProgrammePhaseChanged(e) => course.follow(e.step.clone().unwrap_or_default()),
            Kind::ProgrammeTemplateChanged(e) => {
                course.change_plan(e.plan.as_ref(), &e.phase, day(e.date.as_ref()));
            }
            Kind::ProgrammeCompleted(e) => {
                course.leave(e.end.as_ref().and_then(|end| day(end.date.as_ref())));
                state.completion.clone_from(&e.end);
            }
            Kind::ProgrammeEnded(e) => {
                course.leave(e.end.as_ref().and_then(|end| day(end.date.as_ref())));
                state.ended.clone_from(&e.end);
            }
            _ => {}
        }
    }
}

fn end(text: String, date: Day) -> ProgrammeEnd {
    ProgrammeEnd {
        date: Some(date.into()),
        text,
    }
}

/// Whoever is to join can be waited for: a programme may begin later than today.
fn start(started: ProgrammeStarted, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    const LONGEST_AHEAD: i32 = 366;
    let date = day(started.start_date.as_ref()).unwrap_or(ctx.today);
    if date > ctx.today.plus_days(LONGEST_AHEAD) {
        return Err(Refusal::ImpossibleDate(date).into());
    }
    if started.member_id == started.mentor_id {
        return Err(Error::OwnMentor);
    }
    Ok(vec![Kind::ProgrammeStarted(started)])
}

fn assign(state: &State, mentor: Option<String>, lead: Option<String>) -> Result<Vec<Kind>, Error> {
    let mentor_id = mentor.unwrap_or_else(|| state.mentor_id.clone());
    let lead_id = lead.unwrap_or_else(|| state.lead_id.clone());
    if mentor_id == state.member_id {
        return Err(Error::OwnMentor);
    }
    if mentor_id == state.mentor_id && lead_id == state.lead_id {
        return Ok(Vec::new());
    }
    Ok(vec![Kind::ProgrammeAssigned(ProgrammeAssigned {
        programme_id: state.id.clone(),
        mentor_id,
        lead_id,
    })])
}

#[cfg(test)]
#[path = "programme_tests.rs"]
mod tests;
