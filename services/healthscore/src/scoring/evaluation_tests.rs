use keizoku_proto::healthscore::{self as proto, JourneyPoint};

use super::super::testing::{at, card, measure, signal, tokyo};
use super::*;

const NPS: SignalKind = SignalKind::Nps;
const SIGN_INS: SignalKind = SignalKind::SignIns;

fn of(signals: Vec<Signal>) -> Latest {
    let mut latest = Latest::default();
    for signal in signals {
        latest.take(&Arc::new(signal));
    }
    latest
}

fn by(declared: proto::Scorecard, signals: Vec<Signal>, day: i64) -> Evaluation {
    let start = Some("2026-01-01".parse().unwrap());
    let card = Scorecard::read(declared).unwrap();
    evaluate(&card, &of(signals), at(day), &tokyo(), start)
}

fn two(when_stale: WhenStale) -> proto::Scorecard {
    let mut stale = measure("stale", NPS, 40);
    stale.when_stale = when_stale.into();
    stale.stale_after_days = 10;
    card(vec![stale, measure("fresh", SIGN_INS, 60)])
}

fn onboarding(percent: i64, target: &str) -> Signal {
    let mut state = signal(SignalKind::OnboardingState, percent, at(0));
    state.target = Some(target.parse().unwrap());
    state
}

#[test]
fn hlt_2_a_stale_value_is_dropped_neutral_or_zero() {
    let signals = || vec![signal(NPS, 100, at(0)), signal(SIGN_INS, 70, at(0))];
    let on = |policy, day| by(two(policy), signals(), day);
    assert_eq!(on(WhenStale::Drop, 9).score, Some(82), "both are fresh");
    assert_eq!(
        on(WhenStale::Drop, 10).score,
        Some(70),
        "the others make up for it"
    );
    assert_eq!(on(WhenStale::Neutral, 10).score, Some(62));
    assert_eq!(on(WhenStale::Zero, 10).score, Some(42));
    assert_eq!(on(WhenStale::Zero, 10).lines[0].standing, Standing::Zero);
    assert_eq!(on(WhenStale::Drop, 10).fresh_weight, 60);
}

#[test]
fn hlt_2_with_fresh_weight_under_40_there_is_no_score() {
    let exactly_40 = by(two(WhenStale::Drop), vec![signal(NPS, 55, at(0))], 1);
    assert_eq!((exactly_40.score, exactly_40.fresh_weight), (Some(55), 40));
    let mut less = two(WhenStale::Neutral);
    (less.measures[0].weight, less.measures[1].weight) = (39, 61);
    let less = by(less, vec![signal(NPS, 55, at(0))], 1);
    assert_eq!((less.score, less.fresh_weight), (None, 39));
}

#[test]
fn hlt_3_unfinished_onboarding_past_its_target_caps_the_score_as_a_contribution() {
    let card = || card(vec![measure("use", SIGN_INS, 100)]);
    let signals = |percent| {
        vec![
            signal(SIGN_INS, 90, at(0)),
            onboarding(percent, "2026-01-04"),
        ]
    };
    let before = by(card(), signals(99), 3);
    assert_eq!(
        (before.score, before.cap.clone()),
        (Some(90), None),
        "on the target itself"
    );
    assert_eq!(
        before.changes_at,
        Some("2026-01-04T15:00:00Z".parse().unwrap()),
        "midnight in Tokyo"
    );
    let after = by(card(), signals(99), 4);
    assert_eq!(after.score, Some(60));
    assert_eq!(after.cap.map(|cap| cap.contribution), Some(-30));
    assert_eq!(
        by(card(), signals(100), 4).score,
        Some(90),
        "it is complete"
    );
    let low = vec![signal(SIGN_INS, 50, at(0)), onboarding(0, "2026-01-04")];
    assert_eq!(by(card(), low, 4).cap, None, "it takes nothing away");
}

#[test]
fn hlt_4_a_value_is_judged_by_what_is_expected_at_its_age_of_the_contract() {
    let mut adoption = measure("use", SIGN_INS, 100);
    adoption.journey = [(0, 10), (100, 110)]
        .map(|(age_days, expected_value)| JourneyPoint {
            age_days,
            expected_value,
        })
        .into();
    let on = |occurred, asked| {
        let signals = vec![signal(SIGN_INS, 15, at(occurred))];
        by(card(vec![adoption.clone()]), signals, asked)
    };
    assert_eq!(on(20, 20).score, Some(50), "15 of 30");
    assert_eq!(
        on(20, 45).score,
        Some(50),
        "its age when it occurred, not when somebody asks"
    );
    assert_eq!(
        on(0, 0).score,
        Some(100),
        "more than expected is not more than all"
    );
    assert_eq!(on(20, 20).lines[0].expected, Some(30_000));
}

#[test]
fn hlt_5_the_next_change_is_the_next_staleness_and_then_there_is_none() {
    let signals = || vec![signal(NPS, 100, at(0)), signal(SIGN_INS, 70, at(0))];
    let next = |day| by(two(WhenStale::Zero), signals(), day).changes_at;
    assert_eq!(next(9), Some(at(10)));
    assert_eq!(next(10), Some(at(30)));
    assert_eq!(next(30), None);
}

#[test]
fn hlt_6_a_line_names_signal_and_curve_point() {
    let signals = vec![signal(NPS, 100, at(0)), signal(SIGN_INS, 70, at(0))];
    let evaluation = by(two(WhenStale::Zero), signals, 5);
    let line = &evaluation.lines[1];
    assert_eq!(line.signal.as_ref().map(|signal| signal.value), Some(70));
    assert_eq!(
        (line.judged, line.points, line.contribution),
        (Some(70_000), Some(70_000), 42)
    );
}
