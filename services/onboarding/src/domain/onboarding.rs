//! One onboarding, from its start to its completion (ONB-2, ONB-3, ONB-5, ONB-6).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    Assignment, Completion, Declaration, Evidence, HandOff, Hold, OnboardingAssigned,
    OnboardingCompleted, OnboardingHeld, OnboardingResumed, OnboardingStarted, PhaseChanged,
    PhaseStep, Plan, TaskCompleted, TaskKind, TaskReopened, TemplateChanged,
};

use super::course::Refusal;
pub use super::onboarding_error::Error;
pub use super::onboarding_state::{Held, Stalled, State};
use super::stall::Circumstances;
use super::{goals, handing_over, leaving, plan};

/// One product that one account is brought to use.
pub struct Onboarding;

/// What somebody wants of an onboarding.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Starts it.
    Start(OnboardingStarted),
    /// A deal was won: asks for the hand-off, and starts the onboarding where there is none.
    RequestHandOff(handing_over::Requested),
    /// Says what has come of it since somebody last looked (ONB-7).
    Observe(Circumstances),
    /// Records what the customer wants to use by when, with an id for it (ONB-4).
    Declare(String, Declaration),
    /// Compares a goal with use.
    Review(goals::Review),
    /// Lets it go on after it left.
    Relaunch(String),
    /// Ends it: its account churned on this date (RX-5).
    End(Day),
    /// Records what was handed over.
    HandOff(HandOff),
    /// Records the kickoff.
    Kickoff(handing_over::Held),
    /// Rates the expectation gap at closing, today unless a date is given.
    Rate(handing_over::Rated, Option<Day>),
    /// Gives it to somebody else.
    Assign {
        /// Id of the CSM and of the team, one of them empty; as before when absent.
        owner: Option<(String, String)>,
        /// Id of the specialist; as before when absent.
        specialist: Option<String>,
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
    /// Pauses it.
    Hold {
        /// The last day of the pause.
        until: Day,
        /// Why.
        reason: String,
    },
    /// Ends the pause.
    Resume,
    /// Lets it follow another version.
    ChangeTemplate {
        /// The version.
        plan: Plan,
        /// Key of the phase in which it goes on; the present one's when absent.
        phase: Option<String>,
    },
    /// Completes it.
    Complete {
        /// All three.
        evidence: Evidence,
        /// When; today when absent.
        date: Option<Day>,
    },
}

impl Decider for Onboarding {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let onboarding_id = state.id.clone();
        match command {
            Command::Start(_) if state.exists() => Err(Error::Exists),
            Command::Start(started) => start(started, ctx),
            Command::RequestHandOff(requested) => handing_over::request(state, requested, ctx),
            _ if !state.exists() => Err(Error::Unknown),
            Command::Observe(around) => Ok(leaving::observe(state, &around)),
            Command::End(churn_date) => Ok(leaving::end(state, churn_date)),
            _ if state.completion.is_some() => Err(Error::Closed),
            Command::Relaunch(reason) => leaving::relaunch(state, reason, ctx),
            _ if state.has_left() => Err(Error::Left),
            Command::Declare(id, declaration) => Ok(goals::declare(state, id, declaration)),
            Command::Review(review) => goals::review(state, review, ctx),
            Command::HandOff(form) => Ok(handing_over::hand_off(state, form)),
            Command::Kickoff(held) => handing_over::kickoff(state, held, ctx),
            Command::Rate(gap, date) => handing_over::rate(state, gap, date, ctx),
            Command::Assign { owner, specialist } => Ok(assign(state, owner, specialist)),
            Command::CompleteTask { task, date, note } => {
                complete_task(state, task, date, note, ctx)
            }
            Command::ReopenTask { task, .. } if state.party_of(&task).is_none() => {
                Err(Refusal::TaskUnknown(task).into())
            }
            Command::ReopenTask { task, .. } if !state.course.tasks.contains_key(&task) => {
                Ok(Vec::new())
            }
            Command::ReopenTask { task, reason } => Ok(vec![Kind::TaskReopened(TaskReopened {
                onboarding_id,
                task,
                reason,
            })]),
            Command::Advance(date) => advance(state, date, ctx),
            Command::Move {
                phase,
                reason,
                date,
            } => move_to(state, phase, reason, date, ctx),
            Command::Hold { until, reason } => hold(state, until, reason, ctx),
            Command::Resume if state.held_on(ctx.today).is_none() => Err(Error::NotOnHold),
            Command::Resume => Ok(vec![Kind::OnboardingResumed(OnboardingResumed {
                onboarding_id,
                date: Some(ctx.today.into()),
            })]),
            Command::ChangeTemplate { plan, phase } => change_template(state, plan, phase, ctx),
            Command::Complete { evidence, date } => complete(state, evidence, date, ctx),
        }
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        state.take(event);
    }
}

pub(super) fn start(started: OnboardingStarted, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    for date in [&started.start_date, &started.won_date] {
        let date = keizoku_proto::optional_day(date.as_ref()).ok().flatten();
        if let Some(date) = date.filter(|date| *date > ctx.today) {
            return Err(Refusal::ImpossibleDate(date).into());
        }
    }
    Ok(vec![Kind::OnboardingStarted(started)])
}

fn assign(state: &State, owner: Option<(String, String)>, specialist: Option<String>) -> Vec<Kind> {
    let mut assignment = state.assignment.clone();
    if let Some((user, team)) = owner {
        (assignment.owner_user_id, assignment.owner_team_id) = (user, team);
    }
    if let Some(specialist) = specialist {
        assignment.specialist_id = specialist;
    }
    if assignment == state.assignment {
        return Vec::new();
    }
    vec![Kind::OnboardingAssigned(OnboardingAssigned {
        onboarding_id: state.id.clone(),
        assignment: Some(assignment),
    })]
}

fn complete_task(
    state: &State,
    task: String,
    date: Option<Day>,
    note: String,
    ctx: &Ctx,
) -> Result<Vec<Kind>, Error> {
    let Some(party) = state.party_of(&task) else {
        return Err(Refusal::TaskUnknown(task).into());
    };
    let planned = plan::task(&state.course.plan, &task);
    if planned.is_some_and(|known| known.kind() != TaskKind::Unspecified) {
        return Err(Error::HasItsOwnCommand(task));
    }
    let Some(date) = state.course.done(&task, date, &note, ctx.today)? else {
        return Ok(Vec::new());
    };
    Ok(vec![Kind::TaskCompleted(TaskCompleted {
        onboarding_id: state.id.clone(),
        task,
        date: Some(date.into()),
        note,
        party: party.into(),
    })])
}

/// Nothing is left in order while it pauses.
fn going_on(state: &State, today: Day) -> Result<(), Error> {
    match state.held_on(today) {
        Some(held) => Err(Error::OnHold(held.until)),
        None => Ok(()),
    }
}

fn changed(state: &State, step: PhaseStep) -> Vec<Kind> {
    vec![Kind::PhaseChanged(PhaseChanged {
        onboarding_id: state.id.clone(),
        step: Some(step),
    })]
}

fn advance(state: &State, date: Option<Day>, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    going_on(state, ctx.today)?;
    Ok(changed(state, state.course.forward(date, ctx.today)?))
}

fn move_to(
    state: &State,
    phase: String,
    reason: String,
    date: Option<Day>,
    ctx: &Ctx,
) -> Result<Vec<Kind>, Error> {
    let step = state.course.step_to(phase, reason, date, ctx.today)?;
    Ok(step.map_or_else(Vec::new, |step| changed(state, step)))
}

fn hold(state: &State, until: Day, reason: String, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    if until < ctx.today {
        return Err(Refusal::ImpossibleDate(until).into());
    }
    let known = state.held_on(ctx.today);
    if known.is_some_and(|known| known.until == until && known.reason == reason) {
        return Ok(Vec::new());
    }
    let from = known.map_or(ctx.today, |known| known.from);
    Ok(vec![Kind::OnboardingHeld(OnboardingHeld {
        onboarding_id: state.id.clone(),
        hold: Some(Hold {
            from_date: Some(from.into()),
            until_date: Some(until.into()),
            reason,
        }),
    })])
}

fn change_template(
    state: &State,
    plan: Plan,
    phase: Option<String>,
    ctx: &Ctx,
) -> Result<Vec<Kind>, Error> {
    let Some(phase) = state.course.phase_in(&plan, phase)? else {
        return Ok(Vec::new());
    };
    Ok(vec![Kind::TemplateChanged(TemplateChanged {
        onboarding_id: state.id.clone(),
        plan: Some(plan),
        phase,
        date: Some(ctx.today.into()),
    })])
}

fn complete(
    state: &State,
    evidence: Evidence,
    date: Option<Day>,
    ctx: &Ctx,
) -> Result<Vec<Kind>, Error> {
    going_on(state, ctx.today)?;
    let date = state.course.finish(date, ctx.today)?;
    Ok(vec![Kind::OnboardingCompleted(OnboardingCompleted {
        onboarding_id: state.id.clone(),
        account_id: state.account_id.clone(),
        product: state.product.clone(),
        completion: Some(Completion {
            date: Some(date.into()),
            evidence: Some(evidence),
        }),
        assignment: Some(Assignment {
            specialist_id: String::new(),
            ..state.assignment.clone()
        }),
    })])
}

#[cfg(test)]
#[path = "onboarding_tests.rs"]
mod tests;
