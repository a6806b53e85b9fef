//! States as the resources that clients see.

pub(crate) mod programme;

use keizoku_core::{AccountId, Day, OnboardingId, WorkingDays};
use keizoku_proto::onboarding as proto;
use keizoku_runtime::{Fold, call, names};
use uuid::Uuid;

use crate::domain::course::Course;
use crate::domain::onboarding::{Held, Stalled, State};
use crate::domain::{plan, template};

/// What an onboarding needs besides its own state.
pub(crate) struct Surroundings<'a> {
    /// The account that stayed, where its own was merged.
    pub(crate) account: AccountId,
    /// Its name, where it has been read.
    pub(crate) account_name: String,
    /// Its tier.
    pub(crate) tier: String,
    /// How it gets on.
    pub(crate) progress: Option<proto::Progress>,
    /// The newest version of the template.
    pub(crate) latest_version: u32,
    /// On which days people work.
    pub(crate) working_days: &'a WorkingDays,
    /// The date of the question.
    pub(crate) on: Day,
}

/// `onboardingTemplates/{template}`.
pub(crate) fn template_name(id: &str) -> String {
    format!("onboardingTemplates/{id}")
}

/// A template in one of its versions; `None` when it has no such version.
pub(crate) fn template(
    id: Uuid,
    fold: &Fold<template::State>,
    version: u32,
) -> Option<proto::Template> {
    let (plan, published) = fold.state.version(version)?;
    // Those of programmes are apart (ONB-10).
    if !fold.state.programme.is_empty() {
        return None;
    }
    Some(proto::Template {
        name: template_name(&id.to_string()),
        product: fold.state.product.clone(),
        tier: fold.state.tier.clone(),
        version: plan.version,
        latest_version: fold.state.latest(),
        phases: plan.phases.clone(),
        questions: plan.questions.clone(),
        publish_time: published.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
    })
}

/// Where an onboarding stands on a day.
pub(crate) fn state_on(state: &State, on: Day) -> proto::OnboardingState {
    if state.completion.is_some() {
        proto::OnboardingState::Completed
    } else if state.ended.is_some() {
        proto::OnboardingState::Ended
    } else if state.dormant {
        proto::OnboardingState::Dormant
    } else if state.hand_back.is_some() {
        proto::OnboardingState::Returned
    } else if state.held_on(on).is_some() {
        proto::OnboardingState::OnHold
    } else {
        proto::OnboardingState::InProgress
    }
}

/// An onboarding.
pub(crate) fn onboarding(
    id: OnboardingId,
    fold: &Fold<State>,
    around: &Surroundings<'_>,
) -> proto::Onboarding {
    let state = &fold.state;
    let assignment = &state.assignment;
    let course = &state.course;
    let progress = |phase| progress(course, phase, around.working_days, around.on);
    let phases = course.plan.phases.iter();
    let unmet = if state.completion.is_some() || state.has_left() {
        Vec::new()
    } else {
        state.course.unmet().into_iter().cloned().collect()
    };
    proto::Onboarding {
        name: names::onboarding(around.account, id),
        account_display_name: around.account_name.clone(),
        tier: around.tier.clone(),
        product: state.product.clone(),
        state: state_on(state, around.on).into(),
        owner: match (
            assignment.owner_user_id.as_str(),
            assignment.owner_team_id.as_str(),
        ) {
            ("", "") => String::new(),
            ("", team) => format!("teams/{team}"),
            (user, _) => format!("users/{user}"),
        },
        specialist: resource("users/", &assignment.specialist_id),
        start_date: state.start.map(Into::into),
        won_date: state.won.map(Into::into),
        deal: resource(
            &format!("{}/deals/", names::account(around.account)),
            &state.deal_id,
        ),
        template: template_name(&state.course.plan.template_id),
        template_version: state.course.plan.version,
        latest_template_version: around.latest_version,
        phase: state.course.phase.clone(),
        phases: phases.map(progress).collect(),
        unmet_criteria: unmet,
        steps: state.course.steps.clone(),
        holds: state.holds.iter().map(hold).collect(),
        completion: state.completion.clone(),
        create_time: fold.created_at.map(keizoku_proto::timestamp),
        update_time: fold.updated_at.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
        hand_off: hand_off(state, around.account),
        questions: plan::questions(&state.course.plan, &state.tier)
            .cloned()
            .collect(),
        hand_off_missing: state.hand_off_missing(),
        kickoff: state.kickoff.clone(),
        closing_gap: state.closing_gap.clone(),
        progress: around.progress.clone(),
        salesperson: resource("users/", &state.salesperson_id),
        stalls: state.stalls.iter().map(stall).collect(),
        hand_back: state.hand_back,
        relaunches: state.relaunches.clone(),
        end_date: state.ended.map(Into::into),
        goals: state.goals.clone(),
        coached_tasks: state
            .coached
            .iter()
            .filter_map(|held| held.task.as_ref())
            .map(|task| coached(state, task))
            .collect(),
    }
}

/// A task that a coaching rule gave.
fn coached(state: &State, task: &proto::CoachedTask) -> proto::TaskProgress {
    let done = state.course.tasks.get(&task.key);
    proto::TaskProgress {
        key: task.key.clone(),
        title: task.title.clone(),
        party: task.party,
        due_date: task.due_date,
        done_date: done.and_then(|done| done.date).map(Into::into),
        note: done.map(|done| done.note.clone()).unwrap_or_default(),
        ..proto::TaskProgress::default()
    }
}

fn stall(stalled: &Stalled) -> proto::Stall {
    proto::Stall {
        date: Some(stalled.from.into()),
        cause: stalled.cause.into(),
        end_date: stalled.until.map(Into::into),
    }
}

/// What was handed over, with names of contacts instead of their ids; nothing while nothing was.
fn hand_off(state: &State, account: AccountId) -> Option<proto::HandOff> {
    let mut form = state.hand_off.clone();
    for contact in &mut form.stakeholders {
        *contact = format!("{}/contacts/{contact}", names::account(account));
    }
    (form != proto::HandOff::default()).then_some(form)
}

fn resource(collection: &str, id: &str) -> String {
    if id.is_empty() {
        String::new()
    } else {
        format!("{collection}{id}")
    }
}

fn hold(held: &Held) -> proto::Hold {
    proto::Hold {
        from_date: Some(held.from.into()),
        until_date: Some(held.until.into()),
        reason: held.reason.clone(),
    }
}

/// A phase, as it is on a day.
pub(crate) fn progress(
    course: &Course,
    phase: &proto::TemplatePhase,
    working_days: &WorkingDays,
    on: Day,
) -> proto::PhaseProgress {
    let visit = course.last_visit(&phase.key);
    let task = |task: &proto::TemplateTask| {
        let done = course.tasks.get(&task.key);
        let due = course.due(phase, task, working_days);
        proto::TaskProgress {
            key: task.key.clone(),
            title: task.title.clone(),
            party: task.party,
            due_date: due.map(Into::into),
            done_date: done.and_then(|done| done.date).map(Into::into),
            note: done.map(|done| done.note.clone()).unwrap_or_default(),
            required: plan::is_required(&course.plan, &task.key),
            kind: task.kind,
        }
    };
    proto::PhaseProgress {
        key: phase.key.clone(),
        title: phase.title.clone(),
        expected_working_days: phase.expected_working_days,
        enter_date: visit.map(|visit| visit.entered.into()),
        leave_date: visit.and_then(|visit| visit.left).map(Into::into),
        days: course.days_in(&phase.key, on),
        tasks: phase.tasks.iter().map(task).collect(),
    }
}
