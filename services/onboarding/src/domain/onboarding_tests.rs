//! What may be done to an onboarding, and when.

use keizoku_core::Given;
use keizoku_proto::onboarding::{HandOffAnswer, PhaseMove, Temperature};
use proptest::prelude::*;

use super::handing_over::{Held, Rated};
use super::*;
use crate::template_file;
use crate::testing::{ctx, day};

fn plan(version: u32) -> Plan {
    Plan {
        template_id: "t".to_owned(),
        version,
        phases: template_file::shipped().unwrap().phases,
        questions: template_file::shipped().unwrap().questions,
    }
}

fn started() -> OnboardingStarted {
    OnboardingStarted {
        onboarding_id: "o".to_owned(),
        account_id: "a".to_owned(),
        product: "Core".to_owned(),
        plan: Some(plan(1)),
        assignment: Some(Assignment {
            owner_user_id: "csm".to_owned(),
            owner_team_id: String::new(),
            specialist_id: "specialist".to_owned(),
        }),
        start_date: Some(day("2026-11-02").into()),
        tier: "Enterprise".to_owned(),
        ..OnboardingStarted::default()
    }
}

fn running() -> Given<Onboarding> {
    Given::nothing(ctx()).commands([Command::Start(started())])
}

fn done(task: &str) -> Command {
    Command::CompleteTask {
        task: task.to_owned(),
        date: None,
        note: String::new(),
    }
}

/// A kickoff for which the hand-off need not be complete.
fn kickoff() -> Command {
    Command::Kickoff(held("先方の希望日"))
}

fn held(override_reason: &str) -> Held {
    Held {
        confirmed_wants: "申請の紙をなくす".to_owned(),
        gap: gap(1),
        date: None,
        override_reason: override_reason.to_owned(),
    }
}

fn gap(rating: u32) -> Rated {
    Rated {
        rating,
        note: String::new(),
    }
}

fn form() -> HandOff {
    let answers = [
        "industry",
        "employee_emails",
        "sign_in_without_email",
        "sign_off",
    ];
    HandOff {
        why_bought: "紙の申請が多い".to_owned(),
        expectations: "年度内に全社へ".to_owned(),
        temperature: Temperature::Hot.into(),
        stakeholders: vec!["contact".to_owned()],
        answers: answers
            .map(|question| HandOffAnswer {
                question: question.to_owned(),
                answer: "はい".to_owned(),
            })
            .into(),
    }
}

fn go(phase: &str) -> Command {
    Command::Move {
        phase: phase.to_owned(),
        reason: "前倒し".to_owned(),
        date: None,
    }
}

fn evidence() -> Evidence {
    Evidence {
        issue_set: "申請の紙をなくす".to_owned(),
        product_used: "8割がログイン".to_owned(),
        effect_felt: "申請が半日で終わる".to_owned(),
    }
}

fn complete() -> Command {
    Command::Complete {
        evidence: evidence(),
        date: None,
    }
}

fn every_change() -> Vec<Command> {
    vec![
        Command::Assign {
            owner: Some(("other".to_owned(), String::new())),
            specialist: None,
        },
        kickoff(),
        Command::HandOff(form()),
        Command::Rate(gap(2), None),
        done("read_hand_off"),
        Command::ReopenTask {
            task: "hold_kickoff".to_owned(),
            reason: "誤り".to_owned(),
        },
        Command::Advance(None),
        go("closing"),
        Command::Hold {
            until: day("2026-12-01"),
            reason: "繁忙期".to_owned(),
        },
        Command::Resume,
        Command::ChangeTemplate {
            plan: plan(2),
            phase: None,
        },
        complete(),
    ]
}

#[test]
fn onb_2_it_begins_in_the_first_phase() {
    let given = running();
    let state = given.state();
    assert_eq!(state.course.phase, "kickoff");
    assert_eq!(state.course.phase_since(), Some(day("2026-11-02")));
    assert_eq!(given.when(Command::Start(started())), Err(Error::Exists));
}

#[test]
fn nothing_begins_in_the_future() {
    let mut tomorrow = started();
    tomorrow.start_date = Some(day("2026-11-25").into());
    let refused = Given::<Onboarding>::nothing(ctx()).when(Command::Start(tomorrow));
    assert_eq!(
        refused,
        Err(Refusal::ImpossibleDate(day("2026-11-25")).into())
    );
}

#[test]
fn onb_6_moving_forward_checks_the_exit_criteria() {
    let given = running();
    let unmet = Error::from(Refusal::Unmet(vec!["hold_kickoff".to_owned()]));
    assert_eq!(given.when(Command::Advance(None)), Err(unmet));
    let given = given.commands([kickoff(), Command::Advance(None)]);
    assert_eq!(given.state().course.phase, "operation");
    let step = given.state().course.steps.last().unwrap();
    assert_eq!(step.r#move(), PhaseMove::Forward);
}

#[test]
fn onb_6_a_task_that_is_reopened_is_missing_again() {
    let reopen = |reason: &str| Command::ReopenTask {
        task: "hold_kickoff".to_owned(),
        reason: reason.to_owned(),
    };
    let given = running().commands([kickoff(), reopen("欠席者が多い")]);
    assert!(given.when(Command::Advance(None)).is_err());
    assert_eq!(given.when(reopen("もう一度")), Ok(Vec::new()));
}

#[test]
fn onb_6_skipping_and_going_back_stay_visible_with_their_reason() {
    let given = running().commands([go("rollout"), go("operation")]);
    let steps: Vec<_> = given.state().course.steps.iter().collect();
    let seen = steps
        .iter()
        .map(|step| (step.r#move(), step.reason.as_str()));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [(PhaseMove::Skipped, "前倒し"), (PhaseMove::Back, "前倒し")]
    );
    assert_eq!(given.when(go("operation")), Ok(Vec::new()));
    let unknown = Error::from(Refusal::PhaseUnknown("nowhere".to_owned()));
    assert_eq!(given.when(go("nowhere")), Err(unknown));
}

#[test]
fn onb_8_time_in_a_phase_adds_up_over_all_stays() {
    let to = |phase: &str, date: &str| Command::Move {
        phase: phase.to_owned(),
        reason: "理由".to_owned(),
        date: Some(day(date)),
    };
    let given = running().commands([
        to("operation", "2026-11-09"),
        to("kickoff", "2026-11-12"),
        to("operation", "2026-11-20"),
    ]);
    let days = |phase, on| given.state().course.days_in(phase, day(on));
    assert_eq!(days("kickoff", "2026-11-24"), 7 + 8);
    assert_eq!(days("operation", "2026-11-24"), 3 + 4);
    assert_eq!(days("rollout", "2026-11-24"), 0);
    assert_eq!(days("kickoff", "2026-11-05"), 3, "as of an earlier date");
    let early = given.when(to("rollout", "2026-11-19"));
    assert_eq!(
        early,
        Err(Refusal::ImpossibleDate(day("2026-11-19")).into())
    );
}

#[test]
fn onb_3_it_keeps_its_version_until_it_is_given_another_one() {
    let mut second = plan(2);
    second.phases.remove(0);
    let change = |phase: Option<&str>| Command::ChangeTemplate {
        plan: second.clone(),
        phase: phase.map(str::to_owned),
    };
    let given = running().commands([kickoff()]);
    let same = Command::ChangeTemplate {
        plan: plan(1),
        phase: None,
    };
    assert_eq!(given.when(same), Ok(Vec::new()));
    let unknown = Error::from(Refusal::PhaseUnknown("kickoff".to_owned()));
    assert_eq!(given.when(change(None)), Err(unknown));
    let given = given.commands([change(Some("operation"))]);
    let state = given.state();
    assert_eq!(
        (state.course.plan.version, state.course.phase.as_str()),
        (2, "operation")
    );
    assert_eq!(state.course.steps[0].r#move(), PhaseMove::Template);
    assert!(
        state.course.tasks.contains_key("hold_kickoff"),
        "it stays done"
    );
}

#[test]
fn onb_7_a_hold_ends_with_its_last_day_or_when_it_is_resumed() {
    let hold = |until: &str| Command::Hold {
        until: day(until),
        reason: "年末の繁忙期".to_owned(),
    };
    let past = running().when(hold("2026-11-23"));
    assert_eq!(past, Err(Refusal::ImpossibleDate(day("2026-11-23")).into()));
    let given = running().commands([kickoff(), hold("2026-11-30")]);
    let pausing = Error::OnHold(day("2026-11-30"));
    assert_eq!(given.when(Command::Advance(None)), Err(pausing));
    assert_eq!(given.when(hold("2026-11-30")), Ok(Vec::new()));
    let longer = given.on(day("2026-11-26")).commands([hold("2026-12-04")]);
    let holds = &longer.state().holds;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].from, day("2026-11-24"), "it is the same pause");
    let over = longer.on(day("2026-12-05"));
    assert!(over.when(Command::Advance(None)).is_ok());
    assert_eq!(over.when(Command::Resume), Err(Error::NotOnHold));
    let resumed = over.on(day("2026-12-01")).commands([Command::Resume]);
    assert_eq!(resumed.state().holds[0].until, day("2026-11-30"));
    assert!(resumed.when(Command::Advance(None)).is_ok());
}

#[test]
fn onb_5_completion_is_of_the_last_phase_and_hands_over_to_the_csm() {
    let early = Error::from(Refusal::LastPhaseNotReached("kickoff".to_owned()));
    assert_eq!(running().when(complete()), Err(early));
    let given = running().commands([go("complete")]);
    assert_eq!(
        given.when(Command::Advance(None)),
        Err(Refusal::NoPhaseAfter.into())
    );
    let given = given.commands([complete()]);
    let state = given.state();
    let completion = state.completion.as_ref().unwrap();
    assert_eq!(completion.evidence, Some(evidence()));
    assert_eq!(state.assignment.owner_user_id, "csm");
    assert!(state.assignment.specialist_id.is_empty());
    for command in every_change() {
        assert_eq!(given.when(command), Err(Error::Closed));
    }
}

#[test]
fn what_never_started_cannot_be_changed() {
    for command in every_change() {
        let refused = Given::<Onboarding>::nothing(ctx()).when(command);
        assert_eq!(refused, Err(Error::Unknown));
    }
}

#[test]
fn onb_1_a_kickoff_needs_a_complete_hand_off_of_its_tier() {
    let given = running();
    let Err(Error::HandOffIncomplete(missing)) = given.when(Command::Kickoff(held(""))) else {
        panic!("it needs a hand-off");
    };
    let form_fields = ["why_bought", "expectations", "temperature", "stakeholders"];
    let questions = [
        "industry",
        "employee_emails",
        "sign_in_without_email",
        "sign_off",
    ];
    assert_eq!(missing, [form_fields, questions].concat());
    let mut small = started();
    "SMB".clone_into(&mut small.tier);
    let small = Given::<Onboarding>::nothing(ctx()).commands([Command::Start(small)]);
    let missing = small.state().hand_off_missing();
    assert_eq!(missing[4..], ["industry", "employee_emails"]);

    let complete = given.commands([Command::HandOff(form())]);
    assert_eq!(complete.when(Command::HandOff(form())), Ok(Vec::new()));
    let complete = complete.commands([Command::Kickoff(held("急ぎ"))]);
    let held_one = complete.state().kickoff.as_ref().unwrap();
    assert!(held_one.override_reason.is_empty(), "nothing was missing");
    assert!(complete.when(Command::Advance(None)).is_ok());
}

#[test]
fn onb_1_a_kickoff_without_it_needs_a_reason_that_stays_visible() {
    let given = running().commands([kickoff()]);
    let held_one = given.state().kickoff.as_ref().unwrap();
    assert_eq!(held_one.override_reason, "先方の希望日");
    assert_eq!(given.when(kickoff()), Ok(Vec::new()));
}

#[test]
fn onb_1_the_gap_is_rated_at_kickoff_and_closing() {
    let direct = |task: &str| Err(Error::HasItsOwnCommand(task.to_owned()));
    let given = running().commands([kickoff(), go("closing"), done("agree_next_step")]);
    assert_eq!(given.when(done("hold_kickoff")), direct("hold_kickoff"));
    assert_eq!(given.when(done("review_effect")), direct("review_effect"));
    let unmet = Error::from(Refusal::Unmet(vec!["review_effect".to_owned()]));
    assert_eq!(given.when(Command::Advance(None)), Err(unmet));
    let given = given.commands([Command::Rate(gap(3), None)]);
    let state = given.state();
    let at_kickoff = state
        .kickoff
        .as_ref()
        .and_then(|kickoff| kickoff.gap.clone());
    assert_eq!(at_kickoff.map(|gap| gap.rating), Some(1));
    assert_eq!(state.closing_gap.as_ref().map(|gap| gap.rating), Some(3));
    assert!(given.when(Command::Advance(None)).is_ok());
}

proptest! {
    /// Whatever is done in whatever order: one phase is the present one, stays follow one another
    /// without a gap, and only it is open.
    #[test]
    fn stays_in_phases_follow_one_another(picks in prop::collection::vec(0_usize..12, 0..40)) {
        let mut given = running();
        for pick in picks {
            let command = every_change().swap_remove(pick);
            if let Ok(events) = given.when(command) {
                given = given.events(events);
            }
        }
        let state = given.state();
        for pair in state.course.visits.windows(2) {
            prop_assert_eq!(pair[0].left, Some(pair[1].entered));
        }
        let last = state.course.visits.last().unwrap();
        prop_assert_eq!(&last.phase, &state.course.phase);
        prop_assert_eq!(last.left.is_some(), state.completion.is_some());
    }
}
