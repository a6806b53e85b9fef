//! Requests about programmes for new members: every violation at once (ONB-10).

use keizoku_core::UserId;
use keizoku_proto::onboarding as proto;
use keizoku_runtime::Violations;
use keizoku_runtime::names;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use uuid::Uuid;

use super::id;
use crate::domain;
use crate::domain::plan::{self, Subject};
use crate::domain::programme::Command;
use crate::domain::template::Version;
use crate::template_file::NEW_MEMBER;

/// Id of a programme.
pub(crate) fn name(violations: &mut Violations, name: &str) -> Option<Uuid> {
    violations.parse("name", id(name, "programmes/", "programmes/{programme}"))
}

/// Id of a template.
pub(crate) fn template_name(violations: &mut Violations, name: &str) -> Option<Uuid> {
    let form = "programmeTemplates/{template}";
    violations.parse("name", id(name, "programmeTemplates/", form))
}

/// A version of a template, as it must be.
pub(crate) fn version(
    violations: &mut Violations,
    request: &proto::PublishProgrammeTemplateRequest,
) -> Version {
    if let Some(why) = plan::wrong_key(&request.key) {
        violations.add("key", why);
    }
    for (field, why) in plan::violations(Subject::Member, &request.phases, &[]) {
        violations.add(&field, why);
    }
    Version {
        template_id: domain::programme_template_id(&request.key).to_string(),
        phases: request.phases.clone(),
        programme: request.key.clone(),
        ..Version::default()
    }
}

fn user(violations: &mut Violations, field: &str, text: &str) -> Option<UserId> {
    violations.parse(field, names::parse_user(text))
}

/// Id of the user; `None` when the text is empty.
pub(crate) fn optional_user(
    violations: &mut Violations,
    field: &str,
    text: &str,
) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    Some(user(violations, field, text)?.to_string())
}

/// A programme to start. Plan and date are filled in later.
pub(crate) fn started(
    violations: &mut Violations,
    request: &proto::StartProgrammeRequest,
) -> Option<(Uuid, proto::ProgrammeStarted)> {
    let member = user(violations, "member", &request.member);
    let mentor = user(violations, "mentor", &request.mentor);
    let lead = user(violations, "lead", &request.lead);
    let start_date = violations.day("start_date", request.start_date.as_ref());
    let key = match request.key.as_str() {
        "" => NEW_MEMBER,
        key => key,
    };
    if let Some(why) = plan::wrong_key(key) {
        violations.add("key", why);
    }
    let (member, mentor, lead) = (member?, mentor?, lead?);
    let id = domain::programme_id(member, key);
    let started = proto::ProgrammeStarted {
        programme_id: id.to_string(),
        member_id: member.to_string(),
        key: key.to_owned(),
        plan: None,
        mentor_id: mentor.to_string(),
        lead_id: lead.to_string(),
        start_date: start_date.map(Into::into),
    };
    Some((id, started))
}

/// That a task was done.
pub(crate) fn complete_task(
    violations: &mut Violations,
    request: &proto::CompleteProgrammeTaskRequest,
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
    request: &proto::ReopenProgrammeTaskRequest,
) -> Command {
    Command::ReopenTask {
        task: violations.required_text("task", &request.task, SHORT_TEXT),
        reason: violations.required_text("reason", &request.reason, LONG_TEXT),
    }
}

/// A phase to go to, whatever the exit criteria say.
pub(crate) fn move_to(
    violations: &mut Violations,
    request: &proto::MoveProgrammeRequest,
) -> Command {
    Command::Move {
        phase: violations.required_text("phase", &request.phase, SHORT_TEXT),
        reason: violations.required_text("reason", &request.reason, LONG_TEXT),
        date: violations.day("date", request.date.as_ref()),
    }
}

/// A completion.
pub(crate) fn complete(
    violations: &mut Violations,
    request: &proto::CompleteProgrammeRequest,
) -> Command {
    let result = violations.required_text("result", &request.result, LONG_TEXT);
    Command::Complete(result, violations.day("date", request.date.as_ref()))
}

/// An end before that.
pub(crate) fn end(violations: &mut Violations, request: &proto::EndProgrammeRequest) -> Command {
    let reason = violations.required_text("reason", &request.reason, LONG_TEXT);
    Command::End(reason, violations.day("date", request.date.as_ref()))
}
