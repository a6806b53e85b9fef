//! Requests about contents and seminars: every violation at once.

use keizoku_proto::accounts::TouchModel;
use keizoku_proto::onboarding::{
    CoachingLack, CoachingRule, CoachingStart, CoachingTask, ContentItem, ContentKind, Learner,
    SeminarPlan,
};
use keizoku_runtime::Violations;
use keizoku_runtime::names::{self, InvalidName};
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use uuid::Uuid;

use super::id;
use crate::domain::plan::{self, Subject};

/// Longest address on the web, in characters.
const LONGEST_URL: usize = 2_048;

/// Longest time of a coaching rule, in days.
const LONGEST_WAIT: u32 = 1_000;
/// Conditions of a coaching rule at most.
const MOST_CONDITIONS: usize = 20;

/// Id of a content.
pub(crate) fn content_name(violations: &mut Violations, name: &str) -> Option<Uuid> {
    let form = "onboardingContents/{content}";
    violations.parse("name", id(name, "onboardingContents/", form))
}

/// Id of a seminar.
pub(crate) fn seminar_name(violations: &mut Violations, name: &str) -> Option<Uuid> {
    violations.parse("name", id(name, "seminars/", "seminars/{seminar}"))
}

/// Somebody of an account, or the account where it is not said who.
pub(crate) fn learner(violations: &mut Violations, field: &str, name: &str) -> Option<Learner> {
    const FORM: &str = "accounts/{account} or accounts/{account}/contacts/{contact}";
    let named = || match names::parse_contact(name) {
        Ok((Some(account), contact)) => Some((account, contact.to_string())),
        Ok((None, _)) => None,
        Err(_) => names::parse_account(name)
            .ok()
            .map(|id| (id, String::new())),
    };
    let (account, contact_id) = violations.parse(field, named().ok_or(InvalidName(FORM)))?;
    Some(Learner {
        account_id: account.to_string(),
        contact_id,
    })
}

/// A content, as it must be.
pub(crate) fn item(violations: &mut Violations, item: Option<&ContentItem>) -> ContentItem {
    let item = item.cloned().unwrap_or_default();
    if let Some(why) = plan::wrong_key(&item.key) {
        violations.add("item.key", why);
    }
    // A number that this version does not know is as good as none.
    if item.kind() == ContentKind::Unspecified {
        violations.add("item.kind", "is required: article, video or lesson");
    }
    if let Some(why) = plan::wrong_title(item.title.as_ref()) {
        violations.add("item.title", why);
    }
    ContentItem {
        product: violations.text("item.product", &item.product, SHORT_TEXT),
        feature: violations.text("item.feature", &item.feature, SHORT_TEXT),
        purpose: violations.text("item.purpose", &item.purpose, SHORT_TEXT),
        url: violations.text("item.url", &item.url, LONGEST_URL),
        ..item
    }
}

/// A seminar, as it must be.
pub(crate) fn seminar(violations: &mut Violations, plan: Option<&SeminarPlan>) -> SeminarPlan {
    let plan = plan.cloned().unwrap_or_default();
    if let Some(why) = plan::wrong_title(plan.title.as_ref()) {
        violations.add("plan.title", why);
    }
    if plan.start_time.is_none() {
        violations.add("plan.start_time", "is required");
    }
    violations.instant("plan.start_time", plan.start_time.as_ref());
    SeminarPlan {
        product: violations.text("plan.product", &plan.product, SHORT_TEXT),
        feature: violations.text("plan.feature", &plan.feature, SHORT_TEXT),
        purpose: violations.text("plan.purpose", &plan.purpose, SHORT_TEXT),
        place: violations.text("plan.place", &plan.place, LONGEST_URL),
        ..plan
    }
}

/// A coaching rule, as it must be.
pub(crate) fn coaching_rule(
    violations: &mut Violations,
    rule: Option<&CoachingRule>,
) -> CoachingRule {
    let mut rule = rule.cloned().unwrap_or_default();
    if let Some(why) = plan::wrong_key(&rule.key) {
        violations.add("rule.key", why);
    }
    let known = |model: &i32| TouchModel::try_from(*model).is_ok_and(|model| model as i32 != 0);
    if !rule.touch_models.iter().all(known) {
        violations.add("rule.touch_models", "must be HIGH, MID, LOW or TECH");
    }
    for (at, tier) in rule.tiers.iter_mut().enumerate() {
        *tier = violations.required_text(&format!("rule.tiers[{at}]"), tier, SHORT_TEXT);
    }
    if rule.start() == CoachingStart::Unspecified {
        violations.add("rule.start", "is required: ONBOARDING or DEAL_WON");
    }
    if !(1..=LONGEST_WAIT).contains(&rule.days) {
        violations.add("rule.days", format!("must be 1 to {LONGEST_WAIT}"));
    }
    if rule.conditions.is_empty() || rule.conditions.len() > MOST_CONDITIONS {
        violations.add("rule.conditions", format!("must be 1 to {MOST_CONDITIONS}"));
    }
    for (at, condition) in rule.conditions.iter_mut().enumerate() {
        let field = format!("rule.conditions[{at}]");
        if condition.lack() == CoachingLack::Unspecified {
            let why = "must be SEMINAR, CONTENT or FEATURE_USE";
            violations.add(&format!("{field}.lack"), why);
        }
        let subject = &condition.subject;
        condition.subject = violations.text(&format!("{field}.subject"), subject, SHORT_TEXT);
    }
    if let Some(task) = &rule.task {
        coaching_task(violations, task);
    }
    if let Some(why) = (rule.message.as_ref()).and_then(|told| plan::wrong_title(Some(told))) {
        violations.add("rule.message", why);
    }
    if rule.task.is_none() && rule.message.is_none() {
        violations.add("rule.task", "is required, unless there is a message");
    }
    rule
}

fn coaching_task(violations: &mut Violations, task: &CoachingTask) {
    if let Some(why) = plan::wrong_title(task.title.as_ref()) {
        violations.add("rule.task.title", why);
    }
    if let Some(why) = Subject::Customer.wrong_party(task.party()) {
        violations.add("rule.task.party", why);
    }
    if task.due_working_days > LONGEST_WAIT {
        let why = format!("must be {LONGEST_WAIT} at most");
        violations.add("rule.task.due_working_days", why);
    }
}

/// Why a seminar is not held.
pub(crate) fn reason(violations: &mut Violations, reason: &str) -> String {
    violations.required_text("reason", reason, LONG_TEXT)
}

/// Who attended a seminar and who did not.
pub(crate) fn attendance(
    violations: &mut Violations,
    attended: &[String],
    absent: &[String],
) -> Vec<(Learner, bool)> {
    if attended.is_empty() && absent.is_empty() {
        violations.add("attended", "is required, unless somebody was absent");
    }
    let mut said: Vec<(Learner, bool)> = Vec::new();
    for (field, names, was_there) in [("attended", attended, true), ("absent", absent, false)] {
        for (at, name) in names.iter().enumerate() {
            let field = format!("{field}[{at}]");
            let Some(who) = learner(violations, &field, name) else {
                continue;
            };
            if said.iter().any(|(known, _)| *known == who) {
                violations.add(&field, "is named twice");
            }
            said.push((who, was_there));
        }
    }
    said
}
