//! Programmes for new members, as clients see them (ONB-10).

use keizoku_core::{Day, WorkingDays};
use keizoku_proto::onboarding as proto;
use keizoku_runtime::{Fold, call};
use uuid::Uuid;

use super::{progress, resource};
use crate::domain::course::Course;
use crate::domain::programme::State;
use crate::domain::{plan, template};

/// What a programme needs besides its own state.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// The newest version of the template.
    pub(crate) latest_version: u32,
    /// On which days people work.
    pub(crate) working_days: &'a WorkingDays,
    /// The date of the question.
    pub(crate) on: Day,
}

/// A template of programmes in one of its versions; `None` when it has no such version.
pub(crate) fn template(
    id: Uuid,
    fold: &Fold<template::State>,
    version: u32,
) -> Option<proto::ProgrammeTemplate> {
    let (plan, published) = fold.state.version(version)?;
    if fold.state.programme.is_empty() {
        return None;
    }
    Some(proto::ProgrammeTemplate {
        name: format!("programmeTemplates/{id}"),
        key: fold.state.programme.clone(),
        version: plan.version,
        latest_version: fold.state.latest(),
        phases: plan.phases.clone(),
        publish_time: published.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
    })
}

fn state_of(state: &State) -> proto::ProgrammeState {
    if state.completion.is_some() {
        proto::ProgrammeState::Completed
    } else if state.ended.is_some() {
        proto::ProgrammeState::Ended
    } else {
        proto::ProgrammeState::InProgress
    }
}

/// What is to be done in a programme that goes on, in the order of the plan; nothing after its end.
fn open<'s>(
    state: &'s State,
    working_days: &'s WorkingDays,
) -> impl Iterator<Item = (&'s proto::TemplatePhase, &'s proto::TemplateTask, Day)> {
    let open = state.course.open(working_days);
    open.filter(|_| state.end().is_none())
}

/// A programme.
pub(crate) fn programme(
    id: Uuid,
    fold: &Fold<State>,
    around: Surroundings<'_>,
) -> proto::Programme {
    let Surroundings {
        latest_version,
        working_days,
        on,
    } = around;
    let state = &fold.state;
    let course = &state.course;
    let phases = course.plan.phases.iter();
    let unmet = if state.end().is_some() {
        Vec::new()
    } else {
        course.unmet().into_iter().cloned().collect()
    };
    let overdue = open(state, working_days).filter(|(_, _, due)| *due < on);
    let next = open(state, working_days).map(|(_, _, due)| due).min();
    proto::Programme {
        name: name(id),
        member: resource("users/", &state.member_id),
        mentor: resource("users/", &state.mentor_id),
        lead: resource("users/", &state.lead_id),
        key: state.key.clone(),
        template: resource("programmeTemplates/", &course.plan.template_id),
        template_version: course.plan.version,
        latest_template_version: latest_version,
        state: state_of(state).into(),
        start_date: state.start.map(Into::into),
        phase: course.phase.clone(),
        phases: phases
            .map(|phase| progress(course, phase, working_days, on))
            .collect(),
        unmet_criteria: unmet,
        overdue_tasks: overdue.map(|(_, task, _)| task.key.clone()).collect(),
        next_due_date: next.map(Into::into),
        steps: course.steps.clone(),
        end: state.end().cloned(),
        create_time: fold.created_at.map(keizoku_proto::timestamp),
        update_time: fold.updated_at.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
    }
}

/// What is to be done in a programme, each with its date.
pub(crate) fn tasks(
    id: Uuid,
    state: &State,
    working_days: &WorkingDays,
    on: Day,
) -> Vec<(Day, proto::ProgrammeTask)> {
    let tasks = open(state, working_days).map(|(phase, task, due)| {
        let told = proto::ProgrammeTask {
            programme: name(id),
            member: resource("users/", &state.member_id),
            assignee: resource("users/", state.assignee(task.party())),
            phase: phase.key.clone(),
            task: Some(task_progress(&state.course, task, due)),
            overdue: due < on,
        };
        (due, told)
    });
    tasks.collect()
}

fn task_progress(course: &Course, task: &proto::TemplateTask, due: Day) -> proto::TaskProgress {
    proto::TaskProgress {
        key: task.key.clone(),
        title: task.title.clone(),
        party: task.party,
        due_date: Some(due.into()),
        required: plan::is_required(&course.plan, &task.key),
        kind: task.kind,
        ..proto::TaskProgress::default()
    }
}

fn name(id: Uuid) -> String {
    format!("programmes/{id}")
}
