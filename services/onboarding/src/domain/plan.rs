//! What a template says: phases, tasks and exit criteria, and what is wrong with one (ONB-3).

use std::collections::{BTreeMap, BTreeSet};

use keizoku_proto::onboarding::exit_criterion::Criterion;
use keizoku_proto::onboarding::{
    ExitCriterion, HandOffQuestion, LocalizedText, Plan, TaskKind, TaskParty, TemplatePhase,
    TemplateTask,
};

/// Phases of a template at most.
const MOST_PHASES: usize = 50;
/// Tasks of a phase at most.
const MOST_TASKS: usize = 100;
/// Longest duration or offset, in working days.
const LONGEST: u32 = 1_000;
/// Longest time from the first day, in months.
const LONGEST_MONTHS: u32 = 36;
/// Longest key, in characters.
const LONGEST_KEY: usize = 64;

/// The phase with this key, and its place.
#[must_use]
pub fn phase<'p>(plan: &'p Plan, key: &str) -> Option<(usize, &'p TemplatePhase)> {
    let mut phases = plan.phases.iter().enumerate();
    phases.find(|(_, phase)| phase.key == key)
}

/// The task with this key.
#[must_use]
pub fn task<'p>(plan: &'p Plan, key: &str) -> Option<&'p TemplateTask> {
    let mut tasks = plan.phases.iter().flat_map(|phase| &phase.tasks);
    tasks.find(|task| task.key == key)
}

/// The key of the task that a criterion asks for.
#[must_use]
pub fn task_of(criterion: &ExitCriterion) -> Option<&str> {
    match &criterion.criterion {
        Some(Criterion::Task(task)) => Some(task),
        None => None,
    }
}

/// Whether an exit criterion of some phase asks for the task.
#[must_use]
pub fn is_required(plan: &Plan, task: &str) -> bool {
    let phases = plan.phases.iter();
    let mut criteria = phases.flat_map(|phase| &phase.exit_criteria);
    criteria.any(|criterion| task_of(criterion) == Some(task))
}

/// Whom a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Customers: an onboarding.
    Customer,
    /// New members of the team: a programme (ONB-10).
    Member,
}

impl Subject {
    /// What is wrong with a party of a task.
    #[must_use]
    pub fn wrong_party(self, party: TaskParty) -> Option<&'static str> {
        use TaskParty::{Csm, Customer, Lead, Member, Mentor, Specialist};
        match self {
            Self::Customer if matches!(party, Customer | Csm | Specialist) => None,
            Self::Customer => Some("must be CUSTOMER, CSM or SPECIALIST"),
            Self::Member if matches!(party, Member | Mentor | Lead) => None,
            Self::Member => Some("must be MEMBER, MENTOR or LEAD"),
        }
    }
}

/// A field, and what is wrong with it.
pub type Violation = (String, String);

/// Keys of the tasks of a kind.
pub fn tasks_of(plan: &Plan, kind: TaskKind) -> impl Iterator<Item = &str> {
    let tasks = plan.phases.iter().flat_map(|phase| &phase.tasks);
    let of_kind = tasks.filter(move |task| task.kind() == kind);
    of_kind.map(|task| task.key.as_str())
}

/// What the hand-off must answer for an account of a tier (ONB-1).
pub fn questions<'p>(plan: &'p Plan, tier: &str) -> impl Iterator<Item = &'p HandOffQuestion> {
    let questions = plan.questions.iter();
    questions.filter(move |question| {
        question.tiers.is_empty() || question.tiers.iter().any(|of| of == tier)
    })
}

/// Everything that is wrong with the phases and questions of a template.
#[must_use]
pub fn violations(
    subject: Subject,
    phases: &[TemplatePhase],
    questions: &[HandOffQuestion],
) -> Vec<Violation> {
    let mut check = Check {
        subject,
        found: Vec::new(),
        phases: BTreeMap::new(),
        tasks: BTreeMap::new(),
    };
    if phases.is_empty() || phases.len() > MOST_PHASES {
        check.add("phases", format!("must be 1 to {MOST_PHASES}"));
    }
    let closing = phases.iter().filter(|phase| phase.closing).count();
    match subject {
        Subject::Customer if closing != 1 && !phases.is_empty() => {
            let why = "exactly one must be the closing one, whose end is the end of the lead time";
            check.add("phases", why);
        }
        Subject::Member if closing > 0 => {
            check.add(
                "phases",
                "none may be the closing one: that is of customers",
            );
        }
        Subject::Customer | Subject::Member => {}
    }
    // Keys first: a criterion may name a task that stands after it.
    for (at, phase) in phases.iter().enumerate() {
        check.phase(at, phase);
    }
    for (at, phase) in phases.iter().enumerate() {
        check.exit(at, phase);
    }
    if questions.len() > MOST_TASKS {
        check.add("questions", format!("must be {MOST_TASKS} at most"));
    }
    let mut keys = BTreeSet::new();
    for (at, question) in questions.iter().enumerate() {
        let field = format!("questions[{at}]");
        check.key(&field, &question.key);
        if !keys.insert(&question.key) {
            let why = format!("`{}` is the key of another question", question.key);
            check.add(format!("{field}.key"), why);
        }
        check.title(&field, question.title.as_ref());
    }
    check.found
}

struct Check<'p> {
    subject: Subject,
    found: Vec<Violation>,
    /// Where each key is first used.
    phases: BTreeMap<&'p str, usize>,
    /// In which phase each task is.
    tasks: BTreeMap<&'p str, usize>,
}

impl<'p> Check<'p> {
    fn add(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.found.push((field.into(), why.into()));
    }

    fn phase(&mut self, at: usize, phase: &'p TemplatePhase) {
        let field = format!("phases[{at}]");
        self.key(&field, &phase.key);
        if self.phases.insert(&phase.key, at).is_some() {
            let why = format!("`{}` is the key of another phase", phase.key);
            self.add(format!("{field}.key"), why);
        }
        self.title(&field, phase.title.as_ref());
        if phase.expected_working_days == 0 || phase.expected_working_days > LONGEST {
            let why = format!("must be 1 to {LONGEST}");
            self.add(format!("{field}.expected_working_days"), why);
        }
        if phase.tasks.len() > MOST_TASKS {
            let why = format!("must be {MOST_TASKS} at most");
            self.add(format!("{field}.tasks"), why);
        }
        for (number, task) in phase.tasks.iter().enumerate() {
            self.task(at, &format!("{field}.tasks[{number}]"), task);
        }
    }

    fn task(&mut self, at: usize, field: &str, task: &'p TemplateTask) {
        self.key(field, &task.key);
        if self.tasks.insert(&task.key, at).is_some() {
            let why = format!("`{}` is the key of another task", task.key);
            self.add(format!("{field}.key"), why);
        }
        self.title(field, task.title.as_ref());
        if let Some(why) = self.subject.wrong_party(task.party()) {
            self.add(format!("{field}.party"), why);
        }
        if self.subject == Subject::Member && task.kind() != TaskKind::Unspecified {
            let why = "must be left out: kickoff and closing review are of customers";
            self.add(format!("{field}.kind"), why);
        }
        if task.due_working_days > LONGEST {
            let why = format!("must be {LONGEST} at most");
            self.add(format!("{field}.due_working_days"), why);
        }
        if task.due_months > LONGEST_MONTHS {
            let why = format!("must be {LONGEST_MONTHS} at most");
            self.add(format!("{field}.due_months"), why);
        }
        if task.due_months > 0 && task.due_working_days > 0 {
            let why = "must be left out where due_working_days says when";
            self.add(format!("{field}.due_months"), why);
        }
    }

    /// A phase that waits for what can only be done after it is left would never be left.
    fn exit(&mut self, at: usize, phase: &TemplatePhase) {
        for (number, criterion) in phase.exit_criteria.iter().enumerate() {
            let field = format!("phases[{at}].exit_criteria[{number}]");
            let Some(task) = task_of(criterion) else {
                self.add(field, "must name what it asks for");
                continue;
            };
            match self.tasks.get(task) {
                None => self.add(
                    format!("{field}.task"),
                    format!("the template has no task `{task}`: nobody could leave the phase"),
                ),
                Some(place) if *place > at => self.add(
                    format!("{field}.task"),
                    format!("`{task}` is of a later phase: nobody could leave this one"),
                ),
                Some(_) => {}
            }
        }
    }

    fn key(&mut self, field: &str, key: &str) {
        if let Some(why) = wrong_key(key) {
            self.add(format!("{field}.key"), why);
        }
    }

    fn title(&mut self, field: &str, title: Option<&LocalizedText>) {
        if let Some(why) = wrong_title(title) {
            self.add(format!("{field}.title"), why);
        }
    }
}

/// What is wrong with a key, by which something is known in all of its versions.
#[must_use]
pub fn wrong_key(key: &str) -> Option<String> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_wrong = key.is_empty() || key.len() > LONGEST_KEY || !key.chars().all(letter);
    is_wrong.then(|| format!("must be 1 to {LONGEST_KEY} lower-case letters, digits or `_`"))
}

/// What is wrong with a title, which must be there in one language at least.
#[must_use]
pub fn wrong_title(title: Option<&LocalizedText>) -> Option<String> {
    const LONGEST_TITLE: usize = 255;
    let is_empty =
        |title: &&LocalizedText| title.ja.trim().is_empty() && title.en.trim().is_empty();
    let Some(title) = title.filter(|title| !is_empty(title)) else {
        return Some("is required, in Japanese, in English, or both".to_owned());
    };
    let is_wrong =
        |text: &str| text.chars().count() > LONGEST_TITLE || text.chars().any(char::is_control);
    (is_wrong(&title.ja) || is_wrong(&title.en))
        .then(|| format!("must be one line of {LONGEST_TITLE} characters at most"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template_file;

    fn fields(phases: &[TemplatePhase]) -> Vec<String> {
        let found = violations(Subject::Customer, phases, &[]);
        found.into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn onb_2_the_shipped_template_has_six_phases_in_both_languages() {
        let phases = template_file::shipped().unwrap().phases;
        assert_eq!(violations(Subject::Customer, &phases, &[]), Vec::new());
        assert_eq!(phases.len(), 6);
        let titles = phases.iter().map(|phase| &phase.title);
        let tasks = phases.iter().flat_map(|phase| &phase.tasks);
        for title in titles.chain(tasks.map(|task| &task.title)) {
            let LocalizedText { ja, en } = title.as_ref().unwrap();
            assert!(!ja.is_empty() && !en.is_empty(), "{ja}{en}");
        }
        assert!(phases[4].closing, "the lead time ends with phase 5");
    }

    #[test]
    fn onb_10_the_shipped_programme_has_three_months_in_both_languages_and_an_interview_after_two()
    {
        let phases = template_file::shipped_programme().unwrap().phases;
        assert_eq!(violations(Subject::Member, &phases, &[]), Vec::new());
        assert_eq!(phases.len(), 3);
        let titles = phases.iter().map(|phase| &phase.title);
        let tasks = || phases.iter().flat_map(|phase| &phase.tasks);
        for title in titles.chain(tasks().map(|task| &task.title)) {
            let LocalizedText { ja, en } = title.as_ref().unwrap();
            assert!(!ja.is_empty() && !en.is_empty(), "{ja}{en}");
        }
        for party in [TaskParty::Member, TaskParty::Mentor, TaskParty::Lead] {
            assert!(tasks().any(|task| task.party() == party), "{party:?}");
        }
        let interview = tasks().find(|task| task.key == "interview").unwrap();
        assert_eq!(interview.due_months, 2);
    }

    #[test]
    fn onb_10_what_is_of_customers_is_refused_in_a_programme_and_the_other_way_round() {
        let of = |subject, phases: &[TemplatePhase]| -> Vec<String> {
            let found = violations(subject, phases, &[]);
            found.into_iter().map(|(field, _)| field).collect()
        };
        let mut phases = template_file::shipped_programme().unwrap().phases;
        phases.truncate(1);
        phases[0].tasks.truncate(2);
        phases[0].exit_criteria.clear();
        phases[0].tasks[1].set_kind(TaskKind::Kickoff);
        phases[0].tasks[1].due_months = 2;
        let expected = ["phases[0].tasks[1].kind", "phases[0].tasks[1].due_months"];
        assert_eq!(of(Subject::Member, &phases), expected);
        phases[0].closing = true;
        let expected = [
            "phases[0].tasks[0].party",
            "phases[0].tasks[1].party",
            "phases[0].tasks[1].due_months",
        ];
        assert_eq!(of(Subject::Customer, &phases), expected);
        let customers = template_file::shipped().unwrap().phases;
        let wrong = of(Subject::Member, &customers[..1]);
        let expected = [
            "phases[0].tasks[0].party",
            "phases[0].tasks[1].party",
            "phases[0].tasks[1].kind",
        ];
        assert_eq!(wrong, expected);
        assert_eq!(of(Subject::Member, &customers[4..5])[0], "phases");
    }

    #[test]
    fn onb_3_a_phase_that_nobody_can_leave_is_refused() {
        let mut phases = template_file::shipped().unwrap().phases;
        let later = phases[3].tasks[0].key.clone();
        let ask = |task: &str| ExitCriterion {
            criterion: Some(Criterion::Task(task.to_owned())),
        };
        phases[0].exit_criteria = vec![ask(&later), ask("no_such_task")];
        // A task of an earlier phase is as good as one of its own.
        phases[4].exit_criteria = vec![ask(&later)];
        let expected = [
            "phases[0].exit_criteria[0].task",
            "phases[0].exit_criteria[1].task",
        ];
        assert_eq!(fields(&phases), expected);
    }

    #[test]
    fn onb_3_everything_that_is_wrong_is_said_at_once() {
        let phase = TemplatePhase {
            key: "Two words".to_owned(),
            tasks: vec![TemplateTask::default(), TemplateTask::default()],
            exit_criteria: vec![ExitCriterion::default()],
            ..TemplatePhase::default()
        };
        let expected = [
            "phases",
            "phases[0].key",
            "phases[0].title",
            "phases[0].expected_working_days",
            "phases[0].tasks[0].key",
            "phases[0].tasks[0].title",
            "phases[0].tasks[0].party",
            "phases[0].tasks[1].key",
            "phases[0].tasks[1].key",
            "phases[0].tasks[1].title",
            "phases[0].tasks[1].party",
            "phases[0].exit_criteria[0]",
        ];
        assert_eq!(fields(&[phase]), expected);
        assert_eq!(fields(&[]), ["phases"]);
    }
}
