//! Where something is in its plan, and how it moves on: what an onboarding of a customer and a programme for a
//! new member of the team have in common (ONB-3, ONB-6, ONB-10).

use std::collections::BTreeMap;
use std::sync::Arc;

use keizoku_core::{Day, WorkingDays};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::onboarding::{
    ExitCriterion, PhaseMove, PhaseStep, Plan, TemplatePhase, TemplateTask,
};
use keizoku_runtime::DomainError;
use tonic::Code;

use super::plan;

/// The way through a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Course {
    /// The plan that is followed.
    pub plan: Arc<Plan>,
    /// Key of the present phase.
    pub phase: String,
    /// Every stay in a phase, oldest first.
    pub visits: Vec<Visit>,
    /// Tasks that are done, by their keys.
    pub tasks: BTreeMap<String, Done>,
    /// Every change of phase, oldest first.
    pub steps: Vec<PhaseStep>,
}

/// A stay in a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Key of the phase.
    pub phase: String,
    /// Its first day.
    pub entered: Day,
    /// The day on which it ended.
    pub left: Option<Day>,
}

/// A task that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// When.
    pub date: Option<Day>,
    /// What was noted.
    pub note: String,
}

/// Why there is no way on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Exit criteria that are not met, by the keys of their tasks (ONB-6).
    #[error("not done yet: {}; do it, or move on with a reason", .0.join(", "))]
    Unmet(Vec<String>),
    /// It is in the last phase.
    #[error("there is no phase after this one: complete it")]
    NoPhaseAfter,
    /// It is not in the last phase.
    #[error("it is in phase `{0}`: only in the last phase it can be completed")]
    LastPhaseNotReached(String),
    /// The plan has no such phase.
    #[error("the plan has no phase `{0}`: name one of its phases")]
    PhaseUnknown(String),
    /// The plan has no such task.
    #[error("the plan has no task `{0}`: name one of its tasks")]
    TaskUnknown(String),
    /// A date in the future, or before what it follows.
    #[error("the date {0} lies in the future, or before what it follows")]
    ImpossibleDate(Day),
}

impl DomainError for Refusal {
    fn code(&self) -> Code {
        match self {
            Self::TaskUnknown(_) => Code::NotFound,
            _ => Code::FailedPrecondition,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Unmet(_) => ErrorReason::ExitCriteriaUnmet,
            Self::NoPhaseAfter | Self::PhaseUnknown(_) => ErrorReason::PhaseUnknown,
            Self::LastPhaseNotReached(_) => ErrorReason::LastPhaseNotReached,
            Self::TaskUnknown(_) => ErrorReason::TaskUnknown,
            Self::ImpossibleDate(_) => ErrorReason::OnboardingDateImpossible,
        }
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unmet(unmet) => vec![("unmet", unmet.join(","))],
            _ => Vec::new(),
        }
    }
}

/// The date of what is recorded: neither in the future nor before `earliest`.
pub(super) fn possible(
    date: Option<Day>,
    earliest: Option<Day>,
    today: Day,
) -> Result<Day, Refusal> {
    let date = date.unwrap_or(today);
    let too_early = earliest.is_some_and(|earliest| date < earliest);
    if date > today || too_early {
        Err(Refusal::ImpossibleDate(date))
    } else {
        Ok(date)
    }
}

/// Where it is.
impl Course {
    /// Place of the present phase in the plan.
    #[must_use]
    pub fn place(&self) -> usize {
        plan::phase(&self.plan, &self.phase).map_or(0, |(place, _)| place)
    }

    /// The present phase.
    #[must_use]
    pub fn present(&self) -> Option<&TemplatePhase> {
        self.plan.phases.get(self.place())
    }

    /// When the present phase began.
    #[must_use]
    pub fn phase_since(&self) -> Option<Day> {
        self.visits.last().map(|visit| visit.entered)
    }

    /// The last stay in a phase.
    #[must_use]
    pub fn last_visit(&self, phase: &str) -> Option<&Visit> {
        self.visits.iter().rfind(|visit| visit.phase == phase)
    }

    /// Calendar days in a phase up to `on`, all stays taken together, holds included (ONB-8).
    #[must_use]
    pub fn days_in(&self, phase: &str, on: Day) -> u32 {
        let stays = self.visits.iter().filter(|visit| visit.phase == phase);
        let days = stays.map(|visit| {
            let end = visit.left.map_or(on, |left| left.min(on));
            u32::try_from(end.days_since(visit.entered)).unwrap_or(0)
        });
        days.sum()
    }

    /// What is missing before the present phase may be left (ONB-6).
    #[must_use]
    pub fn unmet(&self) -> Vec<&ExitCriterion> {
        let criteria = self.present().map_or(&[][..], |phase| &phase.exit_criteria);
        let is_unmet = |criterion: &&ExitCriterion| {
            let task = plan::task_of(criterion);
            task.is_some_and(|task| !self.tasks.contains_key(task))
        };
        criteria.iter().filter(is_unmet).collect()
    }

    /// Until when a task of a phase is to be done; `None` before the phase has begun, unless the calendar says.
    #[must_use]
    pub fn due(
        &self,
        phase: &TemplatePhase,
        task: &TemplateTask,
        working_days: &WorkingDays,
    ) -> Option<Day> {
        if task.due_months > 0 {
            let date = self.visits.first()?.entered.plus_months(task.due_months)?;
            let on_or_after = working_days.after(date.plus_days(-1), 1);
            return Some(on_or_after);
        }
        let entered = self.last_visit(&phase.key)?.entered;
        Some(working_days.after(entered, task.due_working_days))
    }

    /// What is to be done and when, of the present phase and of those before it, and what the calendar says.
    pub fn open<'c>(
        &'c self,
        working_days: &'c WorkingDays,
    ) -> impl Iterator<Item = (&'c TemplatePhase, &'c TemplateTask, Day)> {
        let present = self.place();
        let phases = self.plan.phases.iter().enumerate();
        let tasks = phases.flat_map(move |(place, phase)| {
            let tasks = phase.tasks.iter();
            let dated = tasks.filter(move |task| place <= present || task.due_months > 0);
            dated.map(move |task| (phase, task))
        });
        let open = tasks.filter(|(_, task)| !self.tasks.contains_key(&task.key));
        open.filter_map(|(phase, task)| Some((phase, task, self.due(phase, task, working_days)?)))
    }
}

/// What may come next.
impl Course {
    /// The step into the next phase, when the exit criteria are met.
    pub(super) fn forward(&self, date: Option<Day>, today: Day) -> Result<PhaseStep, Refusal> {
        let next = self.plan.phases.get(self.place() + 1);
        let next = next.ok_or(Refusal::NoPhaseAfter)?;
        let date = possible(date, self.phase_since(), today)?;
        self.leavable()?;
        Ok(self.step(&next.key, PhaseMove::Forward, String::new(), date))
    }

    /// The step over phases, or back, whatever the exit criteria say; `None` where it is already.
    pub(super) fn step_to(
        &self,
        phase: String,
        reason: String,
        date: Option<Day>,
        today: Day,
    ) -> Result<Option<PhaseStep>, Refusal> {
        let Some((place, _)) = plan::phase(&self.plan, &phase) else {
            return Err(Refusal::PhaseUnknown(phase));
        };
        if place == self.place() {
            return Ok(None);
        }
        let how = if place > self.place() {
            PhaseMove::Skipped
        } else {
            PhaseMove::Back
        };
        let date = possible(date, self.phase_since(), today)?;
        Ok(Some(self.step(&phase, how, reason, date)))
    }

    /// The day on which it is completed, when nothing is missing in the last phase.
    pub(super) fn finish(&self, date: Option<Day>, today: Day) -> Result<Day, Refusal> {
        if self.place() + 1 < self.plan.phases.len() {
            return Err(Refusal::LastPhaseNotReached(self.phase.clone()));
        }
        let date = possible(date, self.phase_since(), today)?;
        self.leavable()?;
        Ok(date)
    }

    /// Key of the phase in which it goes on with another version of its plan; `None` with the same one.
    pub(super) fn phase_in(
        &self,
        newer: &Plan,
        phase: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        if newer.version == self.plan.version {
            return Ok(None);
        }
        let phase = phase.unwrap_or_else(|| self.phase.clone());
        if plan::phase(newer, &phase).is_none() {
            return Err(Refusal::PhaseUnknown(phase));
        }
        Ok(Some(phase))
    }

    /// The day on which a task was done; `None` when that is known. What is needed may have been done before it
    /// all began.
    pub(super) fn done(
        &self,
        task: &str,
        date: Option<Day>,
        note: &str,
        today: Day,
    ) -> Result<Option<Day>, Refusal> {
        let date = possible(date, None, today)?;
        let done = Done {
            date: Some(date),
            note: note.to_owned(),
        };
        Ok((self.tasks.get(task) != Some(&done)).then_some(date))
    }

    fn leavable(&self) -> Result<(), Refusal> {
        let unmet = self.unmet().into_iter();
        let unmet: Vec<String> = unmet
            .filter_map(|criterion| plan::task_of(criterion).map(str::to_owned))
            .collect();
        if unmet.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Unmet(unmet))
        }
    }

    fn step(&self, to: &str, how: PhaseMove, reason: String, date: Day) -> PhaseStep {
        PhaseStep {
            from: self.phase.clone(),
            to: to.to_owned(),
            r#move: how.into(),
            reason,
            date: Some(date.into()),
        }
    }
}

/// What was recorded.
impl Course {
    pub(super) fn begin(plan: Option<&Plan>, start: Option<Day>) -> Self {
        let plan = plan.cloned().unwrap_or_default();
        let first = plan.phases.first().map(|phase| phase.key.clone());
        let mut course = Self {
            plan: Arc::new(plan),
            ..Self::default()
        };
        course.enter(first.unwrap_or_default(), start);
        course
    }

    pub(super) fn follow(&mut self, step: PhaseStep) {
        let date = keizoku_proto::optional_day(step.date.as_ref());
        let date = date.ok().flatten();
        self.leave(date);
        self.enter(step.to.clone(), date);
        self.steps.push(step);
    }

    pub(super) fn leave(&mut self, date: Option<Day>) {
        if let Some(visit) = self.visits.last_mut() {
            visit.left = date;
        }
    }

    pub(super) fn change_plan(&mut self, plan: Option<&Plan>, phase: &str, date: Option<Day>) {
        self.plan = Arc::new(plan.cloned().unwrap_or_default());
        if phase != self.phase {
            self.follow(PhaseStep {
                from: self.phase.clone(),
                to: phase.to_owned(),
                r#move: PhaseMove::Template.into(),
                reason: String::new(),
                date: date.map(Into::into),
            });
        }
    }

    pub(super) fn do_task(&mut self, task: &str, date: Option<Day>, note: &str) {
        let done = Done {
            date,
            note: note.to_owned(),
        };
        self.tasks.insert(task.to_owned(), done);
    }

    fn enter(&mut self, phase: String, date: Option<Day>) {
        self.phase.clone_from(&phase);
        self.visits.extend(date.map(|entered| Visit {
            phase,
            entered,
            left: None,
        }));
    }
}
