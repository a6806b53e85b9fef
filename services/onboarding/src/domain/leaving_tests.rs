use std::sync::Arc;

use keizoku_core::Given;
use keizoku_proto::onboarding::{Destination, OnboardingStarted, Plan, StallCause};

use super::*;
use crate::domain::onboarding::{Command, Onboarding};
use crate::template_file;
use crate::testing::{ctx, day};

/// Begun on Monday, 2 November 2026.
fn running(today: &str) -> Given<Onboarding> {
    started(today, |_| ())
}

fn started(today: &str, change: impl FnOnce(&mut OnboardingStarted)) -> Given<Onboarding> {
    let mut start = OnboardingStarted {
        onboarding_id: "o".to_owned(),
        account_id: "a".to_owned(),
        product: "Core".to_owned(),
        plan: Some(Plan {
            phases: template_file::shipped().unwrap().phases,
            ..Plan::default()
        }),
        start_date: Some(day("2026-11-02").into()),
        ..OnboardingStarted::default()
    };
    change(&mut start);
    let ctx = Ctx {
        today: day(today),
        ..ctx()
    };
    Given::nothing(ctx).commands([Command::Start(start)])
}

fn around(on: &str, contact: Option<&str>) -> Circumstances {
    Circumstances {
        last_contact: contact.map(day),
        last_deed: None,
        deeds_count: false,
        stalled_from: 10,
        unreachable_after_months: 3,
        destination: Destination::RenewalSales,
        working_days: Arc::default(),
        coaching: coached::Around::default(),
        on: day(on),
    }
}

fn look(on: &str, contact: Option<&str>) -> Command {
    Command::Observe(around(on, contact))
}

fn into_second_phase(date: &str) -> Command {
    Command::Move {
        phase: "operation".to_owned(),
        reason: "先に決まった".to_owned(),
        date: Some(day(date)),
    }
}

fn stalled(events: &[Kind]) -> (Day, StallCause, u32) {
    let [Kind::OnboardingStalled(stalled)] = events else {
        panic!("{events:?}");
    };
    let date = keizoku_proto::optional_day(stalled.date.as_ref());
    (date.unwrap().unwrap(), stalled.cause(), stalled.times)
}

#[test]
fn onb_7_a_stall_is_recorded_once_with_the_day_on_which_it_came() {
    let given = running("2026-12-31");
    assert_eq!(given.when(look("2026-11-16", None)), Ok(Vec::new()));
    // Noticed three days late: the day is that of the stall.
    let late = look("2026-11-20", None);
    let expected = (day("2026-11-17"), StallCause::NoContact, 1);
    assert_eq!(stalled(&given.when(late.clone()).unwrap()), expected);
    let given = given.commands([late]);
    assert_eq!(given.when(look("2026-11-24", None)), Ok(Vec::new()));
}

#[test]
fn onb_7_who_is_picked_up_and_stalls_again_has_stalled_twice() {
    let given =
        running("2026-12-31").commands([look("2026-11-17", None), into_second_phase("2026-11-18")]);
    let events = given.when(look("2026-11-18", Some("2026-11-18"))).unwrap();
    assert!(matches!(events.as_slice(), [Kind::OnboardingPickedUp(_)]));
    let given = given.commands([look("2026-11-18", Some("2026-11-18"))]);
    let again = look("2026-12-03", Some("2026-11-18"));
    let (from, cause, times) = stalled(&given.when(again).unwrap());
    assert_eq!((from, cause), (day("2026-12-03"), StallCause::NoContact));
    assert_eq!(times, 2);
    // The contact turns out to have been none: it is the first stall that goes on.
    let (from, _, times) = stalled(&given.when(look("2026-12-03", None)).unwrap());
    assert_eq!((from, times), (day("2026-11-17"), 1));
}

#[test]
fn onb_7_a_hold_neither_picks_up_nor_hands_back() {
    let hold = Command::Hold {
        until: day("2027-06-30"),
        reason: "決算".to_owned(),
    };
    let given = running("2026-11-17").commands([look("2026-11-17", None), hold]);
    for date in ["2026-11-18", "2027-03-01", "2027-06-30"] {
        assert_eq!(given.when(look(date, None)), Ok(Vec::new()), "{date}");
    }
    assert_eq!(
        next_look(given.state(), &around("2026-11-18", None)),
        Some(day("2027-07-01"))
    );
}

#[test]
fn onb_7_the_unreachable_are_handed_back_and_dormant_after_a_relaunch() {
    let given = running("2027-02-10");
    let events = given.when(look("2027-02-05", None)).unwrap();
    let [Kind::OnboardingReturned(returned)] = events.as_slice() else {
        panic!("{events:?}");
    };
    let expected = HandBack {
        date: Some(day("2027-02-02").into()),
        destination: Destination::RenewalSales.into(),
        last_contact_date: None,
    };
    assert_eq!(returned.hand_back, Some(expected));
    let relaunch = || Command::Relaunch("新しい担当者".to_owned());
    assert_eq!(given.when(relaunch()), Err(Error::GoesOn));
    let given = given.commands([look("2027-02-05", None)]);
    assert_eq!(
        given.when(into_second_phase("2027-02-05")),
        Err(Error::Left)
    );
    assert_eq!(next_look(given.state(), &around("2027-02-06", None)), None);
    // It begins anew, but with its start: nothing before the relaunch counts.
    let given = given.commands([relaunch()]);
    let state = given.state();
    assert_eq!(state.start, Some(day("2026-11-02")));
    let now = progress(state, &around("2027-02-10", Some("2027-01-20"))).unwrap();
    assert_eq!((now.quiet_working_days, now.last_contact_date), (0, None));
    assert_eq!(given.when(look("2027-02-10", None)), Ok(Vec::new()));
    let events = given.when(look("2027-05-10", None)).unwrap();
    assert!(matches!(
        events.as_slice(),
        [Kind::OnboardingWentDormant(_)]
    ));
    let given = given.commands([look("2027-05-10", None)]);
    let now = progress(given.state(), &around("2027-05-10", None)).unwrap();
    assert_eq!(now.standing(), Standing::Dormant);
    assert!(given.when(relaunch()).is_ok(), "who comes back is welcome");
}

#[test]
fn onb_7_history_is_written_down_before_anything_comes_of_it() {
    let given = started("2027-03-10", |start| {
        start.history_date = Some(day("2027-03-10").into());
    });
    assert_eq!(given.when(look("2027-03-10", None)), Ok(Vec::new()));
    let (today, next) = (around("2027-03-10", None), Some(day("2027-03-11")));
    assert_eq!(next_look(given.state(), &today), next);
    let events = given.when(look("2027-03-11", None)).unwrap();
    assert!(matches!(events.as_slice(), [Kind::OnboardingReturned(_)]));
}

#[test]
fn onb_7_the_next_look_is_when_something_may_come() {
    let given = running("2026-12-31");
    let next = |on: &str, contact| next_look(given.state(), &around(on, contact));
    assert_eq!(next("2026-11-10", None), Some(day("2026-11-17")));
    // The phase takes too long before the silence does.
    let spoken = Some("2026-11-16");
    assert_eq!(next("2026-11-16", spoken), Some(day("2026-11-18")));
    assert_eq!(next("2026-11-18", spoken), Some(day("2027-02-16")));
}

#[test]
fn rx_5_an_onboarding_ends_with_its_account_once() {
    let given = running("2026-12-31").commands([look("2026-11-17", None)]);
    let end = || Command::End(day("2026-12-01"));
    let events = given.when(end()).unwrap();
    assert!(matches!(events.as_slice(), [Kind::OnboardingEnded(_)]));
    let given = given.commands([end()]);
    assert_eq!(given.when(end()), Ok(Vec::new()));
    assert_eq!(given.state().stalled(), None);
    assert_eq!(progress(given.state(), &around("2026-12-02", None)), None);
    assert_eq!(given.when(look("2027-05-10", None)), Ok(Vec::new()));
    let done = running("2026-12-31");
    let given = done.commands([
        Command::Move {
            phase: "complete".to_owned(),
            reason: "済み".to_owned(),
            date: None,
        },
        Command::Complete {
            evidence: keizoku_proto::onboarding::Evidence::default(),
            date: None,
        },
    ]);
    assert_eq!(given.when(end()), Ok(Vec::new()), "what is done stays done");
}
