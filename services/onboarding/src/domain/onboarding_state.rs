//! What is known of an onboarding.

use std::sync::Arc;

use keizoku_core::Day;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    Assignment, CoachedTask, CoachingRuleHeld, Completion, ExpectationGap, Goal, HandBack, HandOff,
    Kickoff, Relaunch, StallCause, TaskKind, TaskParty, Temperature, TemplateTask,
};

use super::course::Course;
use super::plan;

/// What is known of an onboarding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such onboarding.
    pub id: String,
    /// Id of the account.
    pub account_id: String,
    /// Product.
    pub product: String,
    /// Where it is in the plan that it follows.
    pub course: Course,
    /// Who works on it.
    pub assignment: Assignment,
    /// The first day.
    pub start: Option<Day>,
    /// The day on which it is written down, where it is history.
    pub written_down: Option<Day>,
    /// When the deal was won.
    pub won: Option<Day>,
    /// Id of the deal that it follows from; empty when there is none.
    pub deal_id: String,
    /// Tier of the account when it began.
    pub tier: String,
    /// What was handed over.
    pub hand_off: HandOff,
    /// The kickoff.
    pub kickoff: Option<Kickoff>,
    /// The gap as it was rated at closing.
    pub closing_gap: Option<ExpectationGap>,
    /// Every pause, oldest first.
    pub holds: Vec<Held>,
    /// How it was completed.
    pub completion: Option<Completion>,
    /// Id of the salesperson who was asked for the hand-off; empty when nobody was.
    pub salesperson_id: String,
    /// Every time in which it was stalled, oldest first.
    pub stalls: Vec<Stalled>,
    /// How it left because nobody reached the customer, while it has.
    pub hand_back: Option<HandBack>,
    /// Whether that was after a relaunch.
    pub dormant: bool,
    /// Every relaunch, oldest first.
    pub relaunches: Vec<Relaunch>,
    /// When the account churned that it ended with.
    pub ended: Option<Day>,
    /// What the customer declared, oldest first.
    pub goals: Vec<Goal>,
    /// The coaching rules that held, each with its task, oldest first.
    pub coached: Vec<CoachingRuleHeld>,
}

/// A time in which it was stalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stalled {
    /// Its first day.
    pub from: Day,
    /// What came first.
    pub cause: StallCause,
    /// When it ended.
    pub until: Option<Day>,
}

/// A pause, both days included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub until: Day,
    /// Why.
    pub reason: String,
}

fn day(date: Option<&Date>) -> Option<Day> {
    keizoku_proto::optional_day(date).ok().flatten()
}

impl State {
    /// Whether it was started at all.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.id.is_empty()
    }

    /// Who does a task of the plan, or one that a coaching rule gave; `None` when there is no such task.
    #[must_use]
    pub fn party_of(&self, key: &str) -> Option<TaskParty> {
        let planned = plan::task(&self.course.plan, key).map(TemplateTask::party);
        planned.or_else(|| {
            let mut coached = self.coached.iter().filter_map(|held| held.task.as_ref());
            coached.find(|task| task.key == key).map(CoachedTask::party)
        })
    }

    /// The stall that lasts.
    #[must_use]
    pub fn stalled(&self) -> Option<&Stalled> {
        self.stalls.last().filter(|stall| stall.until.is_none())
    }

    /// Whether it was handed back, is dormant, or ended with its account.
    #[must_use]
    pub const fn has_left(&self) -> bool {
        self.hand_back.is_some() || self.ended.is_some()
    }

    /// When it was last relaunched.
    #[must_use]
    pub fn relaunched(&self) -> Option<Day> {
        let relaunch = self.relaunches.last()?;
        day(relaunch.date.as_ref())
    }

    /// What the hand-off lacks: names of its fields, and keys of questions (ONB-1).
    #[must_use]
    pub fn hand_off_missing(&self) -> Vec<String> {
        let form = &self.hand_off;
        let fields = [
            ("why_bought", form.why_bought.is_empty()),
            ("expectations", form.expectations.is_empty()),
            (
                "temperature",
                form.temperature() == Temperature::Unspecified,
            ),
            ("stakeholders", form.stakeholders.is_empty()),
        ];
        let missing = fields.into_iter().filter(|(_, missing)| *missing);
        let is_answered = |key: &str| {
            let mut answers = form.answers.iter();
            answers.any(|answer| answer.question == key && !answer.answer.is_empty())
        };
        let questions =
            plan::questions(&self.course.plan, &self.tier).map(|question| &*question.key);
        missing
            .map(|(field, _)| field)
            .chain(questions.filter(|key| !is_answered(key)))
            .map(str::to_owned)
            .collect()
    }

    /// The tasks of a kind are done.
    fn do_all(&mut self, kind: TaskKind, date: Option<&Date>, note: &str) {
        let plan = Arc::clone(&self.course.plan);
        for task in plan::tasks_of(&plan, kind) {
            self.course.do_task(task, day(date), note);
        }
    }

    /// The pause that a day lies in.
    #[must_use]
    pub fn held_on(&self, day: Day) -> Option<&Held> {
        let mut holds = self.holds.iter();
        holds.find(|hold| hold.from <= day && day <= hold.until)
    }

    pub(super) fn take(&mut self, event: &Kind) {
        match event {
            Kind::OnboardingStarted(e) => {
                self.id.clone_from(&e.onboarding_id);
                self.account_id.clone_from(&e.account_id);
                self.product.clone_from(&e.product);
                self.assignment = e.assignment.clone().unwrap_or_default();
                self.start = day(e.start_date.as_ref());
                self.course = Course::begin(e.plan.as_ref(), self.start);
                self.written_down = day(e.history_date.as_ref());
                self.won = day(e.won_date.as_ref());
                self.deal_id.clone_from(&e.deal_id);
                self.tier.clone_from(&e.tier);
            }
            Kind::OnboardingAssigned(e) => {
                self.assignment = e.assignment.clone().unwrap_or_default();
            }
            Kind::TaskCompleted(e) => {
                let date = day(e.date.as_ref());
                self.course.do_task(&e.task, date, &e.note);
            }
            Kind::TaskReopened(e) => {
                self.course.tasks.remove(&e.task);
            }
            Kind::PhaseChanged(e) => self.course.follow(e.step.clone().unwrap_or_default()),
            Kind::OnboardingHeld(e) => {
                let hold = e.hold.clone().unwrap_or_default();
                let days = day(hold.from_date.as_ref()).zip(day(hold.until_date.as_ref()));
                if let Some((from, until)) = days {
                    self.holds.retain(|known| known.from != from);
                    let reason = hold.reason;
                    self.holds.push(Held {
                        from,
                        until,
                        reason,
                    });
                }
            }
            Kind::OnboardingResumed(e) => self.resume(day(e.date.as_ref())),
            Kind::TemplateChanged(e) => {
                let date = day(e.date.as_ref());
                self.course.change_plan(e.plan.as_ref(), &e.phase, date);
            }
            Kind::OnboardingCompleted(e) => {
                self.completion.clone_from(&e.completion);
                self.assignment = e.assignment.clone().unwrap_or_default();
                let date = e.completion.as_ref().and_then(|done| done.date.as_ref());
                self.course.leave(day(date));
                self.no_longer_stalled(day(date));
            }
            Kind::HandOffRecorded(e) => self.hand_off = e.hand_off.clone().unwrap_or_default(),
            Kind::KickoffHeld(e) => {
                let kickoff = e.kickoff.clone().unwrap_or_default();
                let wants = &kickoff.confirmed_wants;
                self.do_all(TaskKind::Kickoff, kickoff.date.as_ref(), wants);
                self.kickoff = Some(kickoff);
            }
            Kind::ExpectationGapRated(e) => {
                let gap = e.gap.clone().unwrap_or_default();
                self.do_all(TaskKind::ClosingReview, gap.date.as_ref(), &gap.note);
                self.closing_gap = Some(gap);
            }
            Kind::HandOffRequested(_)
            | Kind::OnboardingStalled(_)
            | Kind::OnboardingPickedUp(_)
            | Kind::OnboardingReturned(_)
            | Kind::OnboardingWentDormant(_)
            | Kind::OnboardingRelaunched(_)
            | Kind::OnboardingEnded(_)
            | Kind::GoalDeclared(_)
            | Kind::GoalReviewed(_)
            | Kind::CoachingRuleHeld(_) => self.come_to(event),
            Kind::TemplatePublished(_)
            | Kind::ContentPublished(_)
            | Kind::ContentCompleted(_)
            | Kind::SeminarScheduled(_)
            | Kind::SeminarCancelled(_)
            | Kind::SeminarRegistered(_)
            | Kind::SeminarWithdrawn(_)
            | Kind::SeminarAttendanceRecorded(_)
            | Kind::CoachingRuleSet(_)
            | Kind::ProgrammeStarted(_)
            | Kind::ProgrammeAssigned(_)
            | Kind::ProgrammeTaskCompleted(_)
            | Kind::ProgrammeTaskReopened(_)
            | Kind::ProgrammePhaseChanged(_)
            | Kind::ProgrammeTemplateChanged(_)
            | Kind::ProgrammeCompleted(_)
            | Kind::ProgrammeEnded(_)
            | Kind::ReactionsAdvanced(_) => {}
        }
    }

    /// What others said of it, what came of it, and what the customer declared.
    fn come_to(&mut self, event: &Kind) {
        match event {
            Kind::HandOffRequested(e) => {
                self.deal_id.clone_from(&e.deal_id);
                self.salesperson_id.clone_from(&e.salesperson_id);
                self.won = self.won.or_else(|| day(e.won_date.as_ref()));
            }
            Kind::OnboardingStalled(e) => {
                self.stalls.extend(day(e.date.as_ref()).map(|from| Stalled {
                    from,
                    cause: e.cause(),
                    until: None,
                }));
            }
            Kind::OnboardingPickedUp(e) => self.no_longer_stalled(day(e.date.as_ref())),
            Kind::OnboardingReturned(e) => self.hand_back(e.hand_back.as_ref(), false),
            Kind::OnboardingWentDormant(e) => self.hand_back(e.hand_back.as_ref(), true),
            Kind::OnboardingRelaunched(e) => {
                self.relaunches.extend(e.relaunch.clone());
                (self.hand_back, self.dormant, self.ended) = (None, false, None);
            }
            Kind::OnboardingEnded(e) => {
                self.ended = day(e.churn_date.as_ref());
                self.no_longer_stalled(self.ended);
            }
            Kind::GoalDeclared(e) => self.goals.push(Goal {
                goal_id: e.goal_id.clone(),
                declaration: e.declaration.clone(),
                review: None,
                follows_goal_id: e.follows_goal_id.clone(),
            }),
            Kind::CoachingRuleHeld(e) => self.coached.push(e.clone()),
            Kind::GoalReviewed(e) => {
                let mut goals = self.goals.iter_mut();
                if let Some(goal) = goals.find(|goal| goal.goal_id == e.goal_id) {
                    goal.review.clone_from(&e.review);
                }
            }
            _ => {}
        }
    }

    fn hand_back(&mut self, hand_back: Option<&HandBack>, dormant: bool) {
        let hand_back = hand_back.copied().unwrap_or_default();
        self.no_longer_stalled(day(hand_back.date.as_ref()));
        (self.hand_back, self.dormant) = (Some(hand_back), dormant);
    }

    /// The pause ends on the day before a date.
    fn resume(&mut self, date: Option<Day>) {
        let Some(date) = date else {
            return;
        };
        for hold in &mut self.holds {
            hold.until = hold.until.min(date.plus_days(-1));
        }
        self.holds.retain(|hold| hold.from <= hold.until);
    }

    fn no_longer_stalled(&mut self, date: Option<Day>) {
        if let Some(stall) = self.stalls.last_mut().filter(|stall| stall.until.is_none()) {
            stall.until = date;
        }
    }
}
