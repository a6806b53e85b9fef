//! What may be done to a programme, and when (ONB-10).

use keizoku_core::{Given, WorkingDays};
use keizoku_proto::onboarding::{PhaseMove, PhaseStep};

use super::*;
use crate::template_file;
use crate::testing::{ctx, day};

fn plan(version: u32) -> Plan {
    Plan {
        template_id: "t".to_owned(),
        version,
        phases: template_file::shipped_programme().unwrap().phases,
        ..Plan::default()
    }
}

fn started(on: &str) -> Command {
    Command::Start(ProgrammeStarted {
        programme_id: "p".to_owned(),
        member_id: "tanaka".to_owned(),
        key: "new_member".to_owned(),
        plan: Some(plan(1)),
        mentor_id: "kimura".to_owned(),
        lead_id: "sato".to_owned(),
        start_date: Some(day(on).into()),
    })
}

/// One that began on 1 October 2026; today is 24 November.
fn running() -> Given<Programme> {
    Given::nothing(ctx()).commands([started("2026-10-01")])
}

fn done(task: &str) -> Command {
    Command::CompleteTask {
        task: task.to_owned(),
        date: None,
        note: String::new(),
    }
}

fn to(phase: &str) -> Command {
    Command::Move {
        phase: phase.to_owned(),
        reason: "経験者".to_owned(),
        date: None,
    }
}

#[test]
fn onb_10_a_phase_is_left_when_its_exit_criteria_are_met_or_with_a_reason_that_stays_visible() {
    let given = running();
    let refused = given.when(Command::Advance(None));
    let unmet = ["agree_goals", "learn_product", "review_month_1"];
    let unmet = Refusal::Unmet(unmet.map(str::to_owned).to_vec());
    assert_eq!(refused, Err(unmet.into()));
    let given = given.commands([
        done("agree_goals"),
        done("learn_product"),
        done("review_month_1"),
        Command::Advance(None),
        to("month_1"),
        to("month_3"),
    ]);
    let course = &given.state().course;
    let steps = course.steps.iter().map(PhaseStep::r#move);
    let expected = [PhaseMove::Forward, PhaseMove::Back, PhaseMove::Skipped];
    assert_eq!(steps.collect::<Vec<_>>(), expected);
    assert_eq!(course.steps[2].reason, "経験者");
    assert_eq!(given.when(to("month_3")), Ok(Vec::new()), "there already");
}

#[test]
fn onb_10_the_interview_is_due_two_months_after_the_start_on_a_working_day_whatever_the_phase() {
    let due = |start: &str| {
        let given = Given::<Programme>::nothing(ctx()).commands([started(start)]);
        let course = given.state().course.clone();
        let working_days = WorkingDays::default();
        let mut open = course.open(&working_days);
        let interview = open.find(|(_, task, _)| task.key == "interview");
        interview.unwrap().2
    };
    assert_eq!(due("2026-10-01"), day("2026-12-01"));
    // 31 December has no counterpart in February, whose last day is a Sunday.
    assert_eq!(due("2026-12-31"), day("2027-03-01"));
    // 3 November is a holiday.
    assert_eq!(due("2026-09-03"), day("2026-11-04"));
    let given = running();
    let before = given.state().course.clone();
    let working_days = WorkingDays::default();
    let open = before.open(&working_days);
    let dated = open.filter(|(phase, ..)| phase.key != "month_1");
    let dated: Vec<&str> = dated.map(|(_, task, _)| task.key.as_str()).collect();
    assert_eq!(dated, ["interview", "final_review"]);
}

#[test]
fn onb_10_it_is_completed_in_the_last_phase_with_what_the_member_can_do_now() {
    let complete = || Command::Complete("一人で担当できる".to_owned(), None);
    let early = Refusal::LastPhaseNotReached("month_1".to_owned());
    assert_eq!(running().when(complete()), Err(early.into()));
    let given = running().commands([to("month_3")]);
    let unmet = ["take_over_accounts", "final_review"].map(str::to_owned);
    let unmet = Refusal::Unmet(unmet.to_vec());
    assert_eq!(given.when(complete()), Err(unmet.into()));
    let given = given.commands([done("take_over_accounts"), done("final_review"), complete()]);
    let end = given.state().end().unwrap();
    assert_eq!(end.date, Some(day("2026-11-24").into()));
    assert_eq!(given.when(done("file_risks")), Err(Error::Closed));
    assert_eq!(given.when(started("2026-11-24")), Err(Error::Exists));
}

#[test]
fn onb_10_one_that_was_broken_off_begins_anew_and_nothing_of_it_is_done() {
    let given = running().commands([done("agree_goals"), Command::End("異動".to_owned(), None)]);
    assert_eq!(given.when(to("month_2")), Err(Error::Closed));
    let given = given.commands([started("2026-11-20")]);
    let state = given.state();
    assert_eq!((state.end(), state.course.tasks.len()), (None, 0));
    assert_eq!(state.course.phase_since(), Some(day("2026-11-20")));
}

#[test]
fn onb_10_who_is_to_come_is_prepared_for_and_who_does_not_come_is_let_go() {
    let given = Given::<Programme>::nothing(ctx()).commands([started("2026-12-01")]);
    let early = given.when(to("month_2"));
    let impossible = Refusal::ImpossibleDate(day("2026-11-24"));
    assert_eq!(early, Err(impossible.into()));
    let given = given.commands([
        done("prepare_accounts"),
        Command::End("内定辞退".to_owned(), None),
    ]);
    assert!(given.state().end().is_some());
    let far = Given::<Programme>::nothing(ctx()).when(started("2028-01-01"));
    assert_eq!(far, Err(Refusal::ImpossibleDate(day("2028-01-01")).into()));
}

#[test]
fn onb_10_nobody_is_their_own_mentor_and_a_task_belongs_to_whoever_is_that_now() {
    let assign = |mentor: &str| Command::Assign {
        mentor: Some(mentor.to_owned()),
        lead: None,
    };
    assert_eq!(running().when(assign("tanaka")), Err(Error::OwnMentor));
    assert_eq!(running().when(assign("kimura")), Ok(Vec::new()));
    let given = running().commands([assign("suzuki")]);
    let state = given.state();
    let parties = [TaskParty::Member, TaskParty::Mentor, TaskParty::Lead];
    let assignees = parties.map(|party| state.assignee(party));
    assert_eq!(assignees, ["tanaka", "suzuki", "sato"]);
}

#[test]
fn onb_10_it_keeps_its_version_until_it_is_moved_and_what_is_done_stays_done() {
    let mut newer = plan(2);
    newer.phases.remove(0);
    let change = |phase: Option<&str>| Command::ChangeTemplate {
        plan: newer.clone(),
        phase: phase.map(str::to_owned),
    };
    let given = running().commands([done("agree_goals")]);
    let unknown = Refusal::PhaseUnknown("month_1".to_owned());
    assert_eq!(given.when(change(None)), Err(unknown.into()));
    let given = given.commands([change(Some("month_2"))]);
    let course = &given.state().course;
    assert_eq!((course.plan.version, course.phase.as_str()), (2, "month_2"));
    assert!(course.tasks.contains_key("agree_goals"));
    let gone = Refusal::TaskUnknown("agree_goals".to_owned());
    assert_eq!(given.when(done("agree_goals")), Err(gone.into()));
}
