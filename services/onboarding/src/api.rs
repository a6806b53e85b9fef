//! Requests into commands: every violation at once.

pub(crate) mod enablement;
pub(crate) mod learning;

use keizoku_core::{AccountId, OnboardingId, derive_id};
use keizoku_proto::onboarding as proto;
use keizoku_runtime::Violations;
use keizoku_runtime::names::{self, InvalidName, Owner};
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use uuid::Uuid;

use crate::domain;
use crate::domain::goals::{Next, Review};
use crate::domain::handing_over::{Held, Rated};
use crate::domain::onboarding::Command;
use crate::domain::plan::{self, Subject};
use crate::domain::template::Version;

/// Reads `collection/{id}`.
fn id(text: &str, collection: &str, form: &'static str) -> Result<Uuid, InvalidName> {
    let id = text.strip_prefix(collection).and_then(|id| id.parse().ok());
    id.ok_or(InvalidName(form))
}

/// What every change of an existing onboarding carries.
pub(crate) struct Target {
    /// Its idempotency key.
    pub(crate) request_id: Option<Uuid>,
    /// Account, where the name says it, and onboarding.
    pub(crate) name: Option<(Option<AccountId>, OnboardingId)>,
}

impl Target {
    pub(crate) fn parse(violations: &mut Violations, request_id: &str, name: &str) -> Self {
        Self {
            request_id: violations.request_id(request_id),
            name: violations.parse("name", names::parse_onboarding(name)),
        }
    }
}

/// Ids of the user and of the team, one of them empty; `None` when the text is.
pub(crate) fn owner(violations: &mut Violations, text: &str) -> Option<(String, String)> {
    if text.is_empty() {
        return None;
    }
    let owner = violations.parse("owner", names::parse_owner(text))?;
    Some(match owner {
        Owner::User(user) => (user.to_string(), String::new()),
        Owner::Team(team) => (String::new(), team.to_string()),
    })
}

/// Id of the user; `None` when the text is empty.
pub(crate) fn specialist(violations: &mut Violations, text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let user = violations.parse("specialist", names::parse_user(text))?;
    Some(user.to_string())
}

/// A version of a template, as it must be (ONB-3).
pub(crate) fn version(
    violations: &mut Violations,
    request: &proto::PublishTemplateRequest,
) -> Version {
    let product = violations.text("product", &request.product, SHORT_TEXT);
    let tier = violations.text("tier", &request.tier, SHORT_TEXT);
    for (field, why) in plan::violations(Subject::Customer, &request.phases, &request.questions) {
        violations.add(&field, why);
    }
    Version {
        template_id: domain::template_id(&product, &tier).to_string(),
        product,
        tier,
        phases: request.phases.clone(),
        questions: request.questions.clone(),
        programme: String::new(),
    }
}

/// An onboarding to start. Plan, owner and date are filled in later.
pub(crate) fn started(
    violations: &mut Violations,
    request: &proto::StartOnboardingRequest,
) -> (Option<AccountId>, proto::OnboardingStarted) {
    let account = violations.parse("parent", names::parse_account(&request.parent));
    let product = violations.required_text("product", &request.product, SHORT_TEXT);
    let (owner_user_id, owner_team_id) = owner(violations, &request.owner).unwrap_or_default();
    let assignment = proto::Assignment {
        owner_user_id,
        owner_team_id,
        specialist_id: specialist(violations, &request.specialist).unwrap_or_default(),
    };
    let start_date = violations.day("start_date", request.start_date.as_ref());
    let won_date = violations.day("won_date", request.won_date.as_ref());
    let deal = (!request.deal.is_empty())
        .then(|| violations.parse("deal", names::parse_deal(&request.deal)))
        .flatten();
    let started = proto::OnboardingStarted {
        account_id: account.map(|id| id.to_string()).unwrap_or_default(),
        product,
        assignment: Some(assignment),
        start_date: start_date.map(Into::into),
        deal_id: deal.map(|(_, deal)| deal.to_string()).unwrap_or_default(),
        won_date: won_date.map(Into::into),
        ..proto::OnboardingStarted::default()
    };
    (account, started)
}

/// What is handed over, as far as it is known; stakeholders as ids of contacts.
pub(crate) fn hand_off(
    violations: &mut Violations,
    request: &proto::RecordHandOffRequest,
) -> Command {
    let form = request.hand_off.clone().unwrap_or_default();
    let mut stakeholders = Vec::new();
    for (at, name) in form.stakeholders.iter().enumerate() {
        let field = format!("hand_off.stakeholders[{at}]");
        let contact = violations.parse(&field, names::parse_contact(name));
        stakeholders.extend(contact.map(|(_, contact)| contact.to_string()));
    }
    let mut answers = Vec::new();
    for (at, answer) in form.answers.iter().enumerate() {
        let field = format!("hand_off.answers[{at}]");
        answers.push(proto::HandOffAnswer {
            question: violations.required_text(
                &format!("{field}.question"),
                &answer.question,
                SHORT_TEXT,
            ),
            answer: violations.text(&format!("{field}.answer"), &answer.answer, LONG_TEXT),
        });
    }
    Command::HandOff(proto::HandOff {
        why_bought: violations.text("hand_off.why_bought", &form.why_bought, LONG_TEXT),
        expectations: violations.text("hand_off.expectations", &form.expectations, LONG_TEXT),
        temperature: form.temperature().into(),
        stakeholders,
        answers,
    })
}

/// A rating of the expectation gap, which must be stated: 0 is one.
fn gap(violations: &mut Violations, rating: Option<u32>, note: (&str, &str)) -> Rated {
    const FAR_APART: u32 = 3;
    if rating.is_none_or(|rating| rating > FAR_APART) {
        violations.add("gap", "must be 0 (none) to 3 (far apart)");
    }
    Rated {
        rating: rating.unwrap_or_default(),
        note: violations.text(note.0, note.1, LONG_TEXT),
    }
}

/// A kickoff.
pub(crate) fn kickoff(
    violations: &mut Violations,
    request: &proto::RecordKickoffRequest,
) -> Command {
    let wants = &request.confirmed_wants;
    Command::Kickoff(Held {
        confirmed_wants: violations.required_text("confirmed_wants", wants, LONG_TEXT),
        gap: gap(violations, request.gap, ("gap_note", &request.gap_note)),
        date: violations.day("date", request.date.as_ref()),
        override_reason: violations.text("override_reason", &request.override_reason, LONG_TEXT),
    })
}

/// A rating at closing.
pub(crate) fn rate(
    violations: &mut Violations,
    request: &proto::RateExpectationGapRequest,
) -> Command {
    let gap = gap(violations, request.gap, ("note", &request.note));
    Command::Rate(gap, violations.day("date", request.date.as_ref()))
}

/// That a task was done.
pub(crate) fn complete_task(
    violations: &mut Violations,
    request: &proto::CompleteTaskRequest,
) -> Command {
    Command::CompleteTask {
        task: violations.required_text("task", &request.task, SHORT_TEXT),
        date: violations.day("date", request.date.as_ref()),
        note: violations.text("note", &request.note, LONG_TEXT),
    }
}

/// That a task is not done after all.
pub(crate) fn reopen_task(
    violations: &mut Violations,
    request: &proto::ReopenTaskRequest,
) -> Command {
    Command::ReopenTask {
        task: violations.required_text("task", &request.task, SHORT_TEXT),
        reason: violations.required_text("reason", &request.reason, LONG_TEXT),
    }
}

/// A phase to go to, whatever the exit criteria say (ONB-6).
pub(crate) fn move_to(
    violations: &mut Violations,
    request: &proto::MoveOnboardingRequest,
) -> Command {
    Command::Move {
        phase: violations.required_text("phase", &request.phase, SHORT_TEXT),
        reason: violations.required_text("reason", &request.reason, LONG_TEXT),
        date: violations.day("date", request.date.as_ref()),
    }
}

/// A pause.
pub(crate) fn hold(
    violations: &mut Violations,
    request: &proto::HoldOnboardingRequest,
) -> Option<Command> {
    let until = violations.required_day("until_date", request.until_date.as_ref());
    let reason = violations.required_text("reason", &request.reason, LONG_TEXT);
    Some(Command::Hold {
        until: until?,
        reason,
    })
}

/// What the customer wants, whose fields are called `field.…`.
fn declaration(
    violations: &mut Violations,
    field: &str,
    declaration: Option<&proto::Declaration>,
) -> proto::Declaration {
    let stated = declaration.cloned().unwrap_or_default();
    let due_date = stated.due_date.as_ref();
    proto::Declaration {
        feature: violations.required_text(&format!("{field}.feature"), &stated.feature, SHORT_TEXT),
        due_date: violations
            .required_day(&format!("{field}.due_date"), due_date)
            .map(Into::into),
        looks_like: violations.text(
            &format!("{field}.looks_like"),
            &stated.looks_like,
            LONG_TEXT,
        ),
    }
}

/// A goal that the customer declares (ONB-4); its id follows from the request.
pub(crate) fn declare(violations: &mut Violations, request: &proto::DeclareGoalRequest) -> Command {
    let declared = declaration(violations, "declaration", request.declaration.as_ref());
    Command::Declare(goal_id(&request.request_id), declared)
}

fn goal_id(request_id: &str) -> String {
    derive_id("goal", &[request_id.to_lowercase().as_bytes()]).to_string()
}

/// A review: what comes next depends on whether the goal is met.
pub(crate) fn review(
    violations: &mut Violations,
    request: &proto::ReviewGoalRequest,
) -> Option<Command> {
    let goal = violations.required_text("goal_id", &request.goal_id, SHORT_TEXT);
    let used = violations.required_text("use", &request.r#use, LONG_TEXT);
    let date = violations.day("date", request.date.as_ref());
    let next = match request.met {
        None => {
            violations.add("met", "is required: whether the goal is met");
            None
        }
        Some(true) => {
            let next = declaration(violations, "next_goal", request.next_goal.as_ref());
            Some(Next::Goal(goal_id(&request.request_id), next))
        }
        Some(false) => {
            let action = &request.next_action;
            let action = violations.required_text("next_action", action, LONG_TEXT);
            let by = request.next_action_date.as_ref();
            let by = violations.required_day("next_action_date", by);
            by.map(|by| Next::Action(action, by))
        }
    };
    Some(Command::Review(Review {
        goal_id: goal,
        used,
        date,
        next: next?,
    }))
}

/// A completion: all three evidences are mandatory (ONB-5).
pub(crate) fn complete(
    violations: &mut Violations,
    request: &proto::CompleteOnboardingRequest,
) -> Command {
    let evidence = request.evidence.clone().unwrap_or_default();
    let mut required = |field: &str, text: &str| {
        violations.required_text(&format!("evidence.{field}"), text, LONG_TEXT)
    };
    let evidence = proto::Evidence {
        issue_set: required("issue_set", &evidence.issue_set),
        product_used: required("product_used", &evidence.product_used),
        effect_felt: required("effect_felt", &evidence.effect_felt),
    };
    Command::Complete {
        evidence,
        date: violations.day("date", request.date.as_ref()),
    }
}
