use keizoku_proto::healthscore::{CurvePoint, JourneyPoint, SignalKind, WhenStale};
use proptest::prelude::*;

use super::super::testing::{at, card, measure, signal, tokyo};
use super::Band::{Green, Red, Yellow};
use super::*;

const KINDS: [SignalKind; 4] = [
    SignalKind::Nps,
    SignalKind::SignIns,
    SignalKind::ActiveUsers,
    SignalKind::OnboardingState,
];

fn single(version: u32, since: Timestamp) -> CardInEffect {
    let card = Scorecard::read(card(vec![measure("use", SignalKind::SignIns, 100)])).unwrap();
    CardInEffect {
        key: "all".to_owned(),
        version,
        since,
        card: Arc::new(card),
    }
}

fn situation(card: CardInEffect) -> Situation {
    Situation {
        card: Some(card),
        zone: tokyo(),
        contract_start: Some("2026-01-01".parse().unwrap()),
    }
}

fn sign_ins(values: &[(i64, i64)]) -> Vec<Arc<Signal>> {
    let one = |(day, value): &(i64, i64)| Arc::new(signal(SignalKind::SignIns, *value, at(*day)));
    values.iter().map(one).collect()
}

fn shown(track: &Track) -> Vec<(Timestamp, Option<u8>, Option<Band>)> {
    track
        .steps
        .iter()
        .map(|step| (step.at, step.score, step.band))
        .collect()
}

#[test]
fn hlt_5_bands_fold_the_changes_in_order_and_the_score_goes_when_its_signal_is_stale() {
    let history = sign_ins(&[(0, 71), (1, 69), (2, 72), (3, 73), (4, 10), (5, 41)]);
    let followed = track(
        Course::default(),
        &history,
        &[],
        |_| situation(single(1, at(0))),
        at(100),
    );
    assert_eq!(
        shown(&followed),
        [
            (at(0), Some(71), Some(Green)),
            (at(1), Some(69), Some(Yellow)),
            (at(2), Some(72), Some(Yellow)),
            (at(3), Some(73), Some(Green)),
            (at(4), Some(10), Some(Red)),
            (at(5), Some(41), Some(Red)),
            (at(35), None, None),
        ]
    );
}

#[test]
fn hlt_5_a_new_scorecard_version_starts_from_the_plain_borders() {
    let history = sign_ins(&[(0, 30), (1, 41)]);
    let versions = |instant: Timestamp| {
        let version = if instant < at(2) {
            single(1, at(0))
        } else {
            single(2, at(2))
        };
        situation(version)
    };
    let followed = track(Course::default(), &history, &[at(2)], versions, at(3));
    assert_eq!(
        shown(&followed)[1..],
        [
            (at(1), Some(41), Some(Red)),
            (at(2), Some(41), Some(Yellow)),
        ]
    );
}

#[test]
fn hlt_5_a_signal_that_comes_late_changes_nothing_before_it_was_recorded() {
    let mut late = signal(SignalKind::SignIns, 20, at(3));
    (late.recorded_at, late.place) = (at(9), (u64::MAX, 0));
    let mut history = sign_ins(&[(0, 80)]);
    history.push(Arc::new(late));
    let followed = track(
        Course::default(),
        &history,
        &[],
        |_| situation(single(1, at(0))),
        at(9),
    );
    let scores: Vec<_> = shown(&followed)
        .into_iter()
        .map(|(at, score, _)| (at, score))
        .collect();
    assert_eq!(scores, [(at(0), Some(80)), (at(9), Some(20))]);
}

prop_compose! {
    fn arrivals()(
        rows in prop::collection::vec((0..4_usize, -20..140_i64, 0..120_i64, 0..20_i64), 0..40)
    ) -> Vec<Arc<Signal>> {
        let mut history: Vec<Signal> = rows.into_iter().map(|(kind, value, day, delay)| {
            let mut one = signal(KINDS[kind], value, at(day));
            one.recorded_at = at(day + delay);
            one.target = (kind == 3).then(|| "2026-02-10".parse().unwrap());
            one
        }).collect();
        history.sort_by_key(|signal| signal.recorded_at);
        for (place, signal) in (1..).zip(&mut history) {
            signal.place = (place, 0);
        }
        history.into_iter().map(Arc::new).collect()
    }
}

prop_compose! {
    fn scorecards()(
        rows in prop::collection::vec((1..50_i32, 1..60_i32, 0..3_usize, 1..60_i64, 0..=100_i32, any::<bool>()), 3),
        cap in 0..=100,
    ) -> Scorecard {
        let total: i32 = rows.iter().take(2).map(|row| row.0).sum();
        let measures = rows.into_iter().enumerate().map(|(index, row)| {
            let (weight, stale_after_days, policy, knee, height, on_journey) = row;
            let weight = if index == 2 { 100 - total } else { weight };
            let mut one = measure(&index.to_string(), KINDS[index], weight);
            one.stale_after_days = stale_after_days;
            one.when_stale = [WhenStale::Drop, WhenStale::Neutral, WhenStale::Zero][policy].into();
            one.curve[1].points = height;
            one.curve.insert(1, CurvePoint { value: knee, points: 100 - height });
            if on_journey {
                one.journey = [(0, 1), (60, knee)]
                    .map(|(age_days, expected_value)| JourneyPoint { age_days, expected_value })
                    .into();
            }
            one
        });
        let mut declared = card(measures.collect());
        declared.unfinished_onboarding_cap = cap;
        Scorecard::read(declared).unwrap()
    }
}

proptest! {
    #[test]
    fn hlt_6_contributions_add_up_to_the_score_exactly(
        history in arrivals(), card in scorecards(), day in 0..200_i64,
    ) {
        let in_effect = CardInEffect { card: Arc::new(card), ..single(1, at(0)) };
        let followed = track(Course::default(), &history, &[], |_| situation(in_effect.clone()), at(day));
        let evaluation = followed.evaluation.unwrap();
        let Some(score) = evaluation.score else {
            prop_assert!(evaluation.fresh_weight < 40);
            return Ok(());
        };
        let lines: i64 = evaluation.lines.iter().map(|line| line.contribution).sum();
        let cap = evaluation.cap.map_or(0, |cap| cap.contribution);
        prop_assert!(cap <= 0);
        prop_assert_eq!(lines + cap, i64::from(score));
    }

    #[test]
    fn hlt_6_a_score_alone_is_the_one_that_is_explained(
        history in arrivals(), card in scorecards(), day in 0..200_i64, start in any::<bool>(),
    ) {
        let mut latest = Latest::default();
        for signal in &history {
            latest.take(signal);
        }
        let start = start.then(|| "2026-01-01".parse().unwrap());
        let alone = rate(&card, &latest, at(day), &tokyo(), start);
        let explained = evaluate(&card, &latest, at(day), &tokyo(), start);
        prop_assert_eq!((alone.score, alone.changes_at), (explained.score, explained.changes_at));
    }

    #[test]
    fn hlt_5_a_score_never_depends_on_what_was_recorded_after_its_instant(
        history in arrivals(), card in scorecards(), day in 0..160_i64,
    ) {
        let in_effect = CardInEffect { card: Arc::new(card), ..single(1, at(0)) };
        let follow = |history: &[Arc<Signal>], until| {
            track(Course::default(), history, &[], |_| situation(in_effect.clone()), until)
        };
        let known: Vec<_> = history.iter().filter(|signal| signal.recorded_at <= at(day)).cloned().collect();
        let (then, now) = (follow(&known, at(day)), follow(&history, at(day)));
        prop_assert_eq!(&then.evaluation, &now.evaluation);
        prop_assert_eq!(then.band, now.band);
        prop_assert_eq!(&then.steps, &now.steps);
        let whole = follow(&history, at(400));
        let until_then = whole.steps.iter().take_while(|step| step.at <= at(day));
        prop_assert!(until_then.eq(then.steps.iter()), "history is not rewritten");
    }

    #[test]
    fn hlt_5_between_two_steps_the_score_stands_still(
        history in arrivals(), card in scorecards(), day in 0..200_i64,
    ) {
        let in_effect = CardInEffect { card: Arc::new(card), ..single(1, at(0)) };
        let whole = track(Course::default(), &history, &[], |_| situation(in_effect.clone()), at(400));
        let asked = track(Course::default(), &history, &[], |_| situation(in_effect.clone()), at(day));
        let step = whole.steps.iter().rev().find(|step| step.at <= at(day));
        prop_assert_eq!(step.and_then(|step| step.score), asked.evaluation.and_then(|e| e.score));
        prop_assert_eq!(step.and_then(|step| step.band), asked.band);
    }
}

proptest! {
    #[test]
    fn hlt_5_a_score_that_is_followed_piece_by_piece_goes_the_same_way(
        history in arrivals(), card in scorecards(), mut stops in prop::collection::vec(0..200_i64, 0..6),
        published in 0..160_i64,
    ) {
        let card = Arc::new(card);
        let holds = |instant: Timestamp| {
            let version = if instant < at(published) { (1, at(0)) } else { (2, at(published)) };
            situation(CardInEffect { card: Arc::clone(&card), ..single(version.0, version.1) })
        };
        let moments = [at(published)];
        let mut whole = Course::default();
        let all = whole.advance(&history, &moments, holds, at(300));
        stops.extend([300]);
        stops.sort_unstable();
        let (mut course, mut steps, mut taken) = (Course::default(), Vec::new(), 0);
        for stop in stops {
            let known = history.partition_point(|signal| signal.recorded_at <= at(stop));
            steps.extend(course.advance(&history[taken..known], &moments, holds, at(stop)));
            taken = known;
            let stored = crate::stored::from_bytes(&crate::stored::to_bytes(&course));
            prop_assert_eq!(stored.as_ref(), Some(&course));
        }
        prop_assert_eq!(steps, all);
        prop_assert_eq!(course, whole);
    }
}

#[test]
fn hlt_5_a_course_does_not_stand_once_a_scorecard_came_at_the_instant_at_which_it_was_left() {
    let versions = |published: i64| {
        move |instant: Timestamp| {
            let (version, since) = if instant < at(published) {
                (1, 0)
            } else {
                (2, published)
            };
            situation(single(version, at(since)))
        }
    };
    let mut course = Course::default();
    assert!(course.stands(versions(2)), "nothing was taken in yet");
    course.advance(&sign_ins(&[(0, 30), (2, 41)]), &[], versions(9), at(2));
    assert_eq!(course.band(), Some(Red));
    assert!(course.stands(versions(9)) && course.stands(versions(3)));
    assert!(
        !course.stands(versions(2)),
        "it starts from the plain borders then"
    );
    assert!(!course.stands(versions(1)), "or before");
    let nothing = |_| Situation {
        card: None,
        ..situation(single(1, at(0)))
    };
    assert!(!course.stands(nothing), "the tier has no scorecard");
}

proptest! {
    #[test]
    fn hlt_5_a_course_that_stands_goes_on_as_from_the_beginning_whenever_a_scorecard_is_heard_of(
        history in arrivals(), card in scorecards(), published in 0..120_i64, heard in 0..120_i64, left in 0..120_i64,
    ) {
        let card = Arc::new(card);
        let version = |number, since| {
            let card = Arc::clone(&card);
            situation(CardInEffect { card, ..single(number, at(since)) })
        };
        let holds = |instant: Timestamp| {
            if instant < at(published) { version(1, 0) } else { version(2, published) }
        };
        let mut course = Course::default();
        let known = history.partition_point(|signal| signal.recorded_at <= at(left));
        if published <= heard {
            course.advance(&history[..known], &[at(published)], holds, at(left));
        } else {
            course.advance(&history[..known], &[], |_| version(1, 0), at(left));
        }
        if !course.stands(holds) {
            return Ok(());
        }
        course.advance(&history[known..], &[at(published)], holds, at(300));
        let mut whole = Course::default();
        whole.advance(&history, &[at(published)], holds, at(300));
        prop_assert_eq!(course, whole);
    }
}
