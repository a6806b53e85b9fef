//! Given, when, then; and what holds whatever happens in which order.

use keizoku_core::Given;
use proptest::prelude::*;

use super::*;
use crate::testing::{ctx, now};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn planned(resend_ambiguous: bool) -> Given<Delivery> {
    let planned = DeliveryPlanned {
        delivery_id: "d".to_owned(),
        resend_ambiguous,
        ..DeliveryPlanned::default()
    };
    Given::nothing(ctx()).commands([Command::Plan(Box::new(planned))])
}

fn start() -> Command {
    Command::Start {
        deadline: now() + MINUTE,
    }
}

fn lost(attempt: u32) -> Command {
    Command::Doubt {
        attempt,
        reason: AmbiguityReason::ConnectionLost,
        jitter: 0,
    }
}

fn failed(attempt: u32, permanent: bool) -> Command {
    Command::Fail(Failed {
        attempt,
        problem: "503".to_owned(),
        permanent,
        retry_after: Some(SignedDuration::ZERO),
        throttled: false,
        jitter: 0,
    })
}

#[test]
fn ntf_4_a_delivery_is_planned_once() {
    let other = DeliveryPlanned {
        delivery_id: "other".to_owned(),
        ..DeliveryPlanned::default()
    };
    let again = planned(true).when(Command::Plan(Box::new(other)));
    assert_eq!(again, Ok(vec![]), "recipient and words are frozen");
}

#[test]
fn ntf_4_of_two_senders_one_starts() {
    let started = planned(true).commands([start()]);
    assert_eq!(started.when(start()), Err(Error::NotOpen));
}

#[test]
fn ntf_4_before_the_deadline_nobody_else_says_what_became_of_it() {
    let doubt = Command::Doubt {
        attempt: 1,
        reason: AmbiguityReason::NoAnswer,
        jitter: 0,
    };
    let started = planned(false).commands([start()]);
    assert_eq!(started.when(doubt.clone()), Err(Error::NotOpen));
    let overdue = planned(false).commands([Command::Start { deadline: now() }]);
    let events = overdue.when(doubt).unwrap();
    assert!(
        matches!(&events[..], [Kind::AttemptAmbiguous(event)] if event.retry_time.is_none()),
        "{events:?}"
    );
}

#[test]
fn ntf_4_an_ambiguous_message_is_resent_or_not_as_the_rule_says() {
    let kept = planned(false).commands([start(), lost(1)]);
    assert_eq!(kept.state().phase, Phase::Ambiguous);
    let resent = planned(true).commands([start(), lost(1)]);
    assert!(matches!(resent.state().phase, Phase::Pending(_)));
    assert!(resent.state().may_have_arrived(), "so that it is labelled");
}

#[test]
fn ntf_4_a_late_answer_resolves_what_was_ambiguous() {
    let doubtful = planned(false).commands([start(), lost(1)]);
    let arrived = planned(false).commands([start(), lost(1), Command::Succeed { attempt: 1 }]);
    assert_eq!(arrived.state().phase, Phase::Delivered);
    assert!(!arrived.state().may_have_arrived());
    let refused = doubtful.commands([failed(1, false)]);
    assert!(matches!(refused.state().phase, Phase::Pending(_)));
    assert!(!refused.state().may_have_arrived());
}

#[test]
fn ntf_4_a_late_answer_does_not_disturb_the_attempt_after_it() {
    let retried = planned(true).commands([start(), lost(1)]);
    let Phase::Pending(due) = retried.state().phase else {
        panic!("{:?}", retried.state());
    };
    let mut state = retried.state().clone();
    let later = Ctx { now: due, ..ctx() };
    for command in [start(), failed(1, true)] {
        for event in Delivery::decide(&state, command, &later).unwrap() {
            Delivery::evolve(&mut state, &event, due);
        }
    }
    assert_eq!(state.phase, Phase::Attempting);
    assert_eq!(state.in_flight.map(|(attempt, _)| attempt), Some(2));
}

#[test]
fn ntf_5_permanent_errors_are_dead_letters_that_can_be_redriven() {
    let dead = planned(true).commands([start(), failed(1, true)]);
    assert_eq!(dead.state().phase, Phase::GivenUp);
    assert_eq!(dead.when(start()), Err(Error::NotOpen));
    let redriven = dead.commands([Command::Redrive]);
    assert_eq!(redriven.state().phase, Phase::Pending(now()));
    assert_eq!(redriven.when(Command::Redrive), Err(Error::NotRedrivable));
    let events = redriven.when(start()).unwrap();
    assert!(
        matches!(&events[..], [Kind::AttemptStarted(event)] if event.attempt == 2),
        "numbers of attempts go on: {events:?}"
    );
}

#[test]
fn ntf_5_after_enough_failures_it_is_given_up() {
    let mut state = planned(true).state().clone();
    for attempt in 1..=MOST_FAILURES {
        for command in [start(), failed(attempt, false)] {
            for event in Delivery::decide(&state, command, &ctx()).unwrap() {
                Delivery::evolve(&mut state, &event, now());
            }
        }
    }
    assert_eq!(state.phase, Phase::GivenUp);
    assert_eq!(state.problem, "503");
}

#[test]
fn ntf_4_a_delivered_message_stays_delivered() {
    let done = planned(true).commands([start(), Command::Succeed { attempt: 1 }]);
    for command in [
        start(),
        lost(1),
        failed(1, true),
        Command::Succeed { attempt: 1 },
    ] {
        assert_eq!(done.when(command), Err(Error::NotOpen));
    }
    assert_eq!(done.when(Command::Redrive), Err(Error::NotRedrivable));
}

fn any_command() -> impl Strategy<Value = Command> {
    let attempt = 1_u32..5;
    prop_oneof![
        Just(start()),
        Just(Command::Start { deadline: now() }),
        attempt
            .clone()
            .prop_map(|attempt| Command::Succeed { attempt }),
        (attempt.clone(), any::<bool>())
            .prop_map(|(attempt, permanent)| failed(attempt, permanent)),
        attempt.clone().prop_map(lost),
        attempt.prop_map(|attempt| Command::Doubt {
            attempt,
            reason: AmbiguityReason::NoAnswer,
            jitter: 0
        }),
        Just(Command::Redrive),
        Just(Command::Suppress(SuppressionReason::NoAddress)),
    ]
}

proptest! {
    /// Every attempt ends known or listed as ambiguous, and at most one is under way.
    #[test]
    fn ntf_4_no_attempt_is_lost_sight_of(commands in proptest::collection::vec(any_command(), 0..40), resend: bool) {
        let mut state = planned(resend).state().clone();
        let (mut known, mut started) = (0_u32, 0_u32);
        for (number, command) in commands.into_iter().enumerate() {
            let now = now() + MINUTE * i32::try_from(number).unwrap() * 60;
            let Ok(events) = Delivery::decide(&state, command, &Ctx { now, ..ctx() }) else { continue };
            for event in events {
                match &event {
                    Kind::AttemptStarted(_) => {
                        prop_assert!(state.in_flight.is_none());
                        started += 1;
                    }
                    Kind::Delivered(_) | Kind::AttemptFailed(_) => known += 1,
                    _ => {}
                }
                Delivery::evolve(&mut state, &event, now);
            }
            let open = u32::from(state.in_flight.is_some());
            let ambiguous = u32::try_from(state.ambiguous.len()).unwrap();
            prop_assert_eq!(started, known + ambiguous + open);
            prop_assert_eq!(state.attempts, started);
        }
    }
}

fn with_fact(fact: usize) -> Command {
    Command::Group(Box::new(DeliveryPlanned {
        delivery_id: "d".to_owned(),
        fact_id: fact.to_string(),
        ..DeliveryPlanned::default()
    }))
}

#[test]
fn ntf_6_ntf_4_facts_join_a_message_once_and_until_it_is_being_sent() {
    let two = Given::<Delivery>::nothing(ctx()).commands([with_fact(1), with_fact(2)]);
    assert_eq!(
        two.state().grouped.len(),
        1,
        "the first is the message's own"
    );
    for heard_again in [1, 2] {
        assert_eq!(two.when(with_fact(heard_again)), Ok(vec![]));
    }
    let sending = two.commands([start()]);
    assert_eq!(sending.when(with_fact(3)), Err(Error::GroupClosed));
    assert_eq!(sending.when(with_fact(2)), Ok(vec![]), "it is in there");
    let failed = sending.commands([failed(1, false)]);
    assert_eq!(failed.when(with_fact(3)), Err(Error::GroupClosed));
}

#[test]
fn ntf_6_a_message_takes_no_more_facts_than_it_has_lines_for() {
    let full = Given::<Delivery>::nothing(ctx()).commands((0..MOST_GROUPED).map(with_fact));
    assert_eq!(full.state().messages().count(), 0, "these have no words");
    assert_eq!(full.state().grouped.len() + 1, MOST_GROUPED);
    assert_eq!(full.when(with_fact(MOST_GROUPED)), Err(Error::GroupClosed));
}

#[test]
fn ntf_6_a_message_that_waits_for_its_time_does_not_start_before() {
    let due = now() + MINUTE;
    let planned = DeliveryPlanned {
        delivery_id: "d".to_owned(),
        send_time: Some(keizoku_proto::timestamp(due)),
        ..DeliveryPlanned::default()
    };
    let waits = Given::<Delivery>::nothing(ctx()).commands([Command::Plan(Box::new(planned))]);
    assert_eq!(waits.state().phase, Phase::Pending(due));
    assert_eq!(waits.when(start()), Err(Error::NotOpen));
}
