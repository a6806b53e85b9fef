use keizoku_proto::healthscore::SignalKind;
use proptest::prelude::*;

use super::*;
use crate::domain::shipped;
use crate::scoring::{Latest, SeriesKey, Signal, evaluate};

const KINDS: [SignalKind; 5] = [
    SignalKind::ActiveUsers,
    SignalKind::SignIns,
    SignalKind::SupportTickets,
    SignalKind::CsmPulse,
    SignalKind::OnboardingState,
];
const HOURS: i64 = 24 * 60;

fn hour(number: i64) -> Timestamp {
    let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(number)
}

fn situation() -> Situation {
    let (key, card) = shipped().into_iter().nth(2).unwrap();
    let card = Scorecard::read(card).unwrap();
    Situation {
        card: Some(CardInEffect {
            key: key.to_owned(),
            version: 1,
            since: Timestamp::MIN,
            card: Arc::new(card),
        }),
        zone: TimeZone::get("Asia/Tokyo").unwrap(),
        contract_start: Some("2025-10-01".parse().unwrap()),
    }
}

/// The bands as nobody would compute them: everything anew at each hour.
fn hour_by_hour(signals: &[Arc<Signal>], situation: &Situation) -> Vec<(Timestamp, Option<Band>)> {
    let card = &situation.card.as_ref().unwrap().card;
    let mut bands: Vec<(Timestamp, Option<Band>)> = Vec::new();
    for at in (0..=HOURS).map(hour) {
        let mut latest = Latest::default();
        let known = signals.iter().filter(|signal| signal.occurred_at <= at);
        known.for_each(|signal| latest.take(signal));
        let start = situation.contract_start;
        let score = evaluate(card, &latest, at, &situation.zone, start).score;
        let before = bands.last().and_then(|(_, band)| *band);
        let band = score.map(|score| match before {
            Some(before) => before.after(score),
            None => Band::plain(score),
        });
        if band != before {
            bands.push((at, band));
        }
    }
    bands
}

prop_compose! {
    /// In the order of arrival, which is that of occurrence but for a week.
    fn arrivals()(
        rows in prop::collection::vec((0..5_usize, 0..6_i64, 0..HOURS, 0..24 * 7_i64), 0..40)
    ) -> Vec<Arc<Signal>> {
        let mut rows = rows;
        rows.sort_by_key(|(_, _, occurred, delay)| occurred + delay);
        let signal = |(place, (kind, value, occurred, _)): (u64, (usize, i64, i64, i64))| {
            Arc::new(Signal {
                series: SeriesKey { kind: KINDS[kind], subject: String::new() },
                value: value * [20, 80, 3, 1, 25][kind],
                occurred_at: hour(occurred),
                recorded_at: hour(occurred),
                place: (place, 0),
                target: (kind == 4).then(|| "2026-01-20".parse().unwrap()),
                source: String::new(),
                key: String::new(),
                text: String::new(),
            })
        };
        (1..).zip(rows).map(signal).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hlt_8_a_trial_comes_to_what_a_naive_computation_comes_to(
        arrivals in arrivals(), together in 1..4_usize, enough in 1..20_usize,
    ) {
        let mut series = SeriesTable::default();
        let mut traced = Traced {
            course: Course::default(),
            waiting: Vec::new(),
            enough,
            held: vec![(Timestamp::MIN, situation())],
            moments: Vec::new(),
            bands: Vec::new(),
            is_disordered: false,
        };
        for signals in arrivals.chunks(together) {
            let signals = signals.iter().map(|signal| series.observe(signal));
            let signals: Vec<_> = signals.collect();
            traced.take(&signals, &series);
            traced.enough = enough;
        }
        prop_assert!(!traced.is_disordered);
        traced.go_on(hour(HOURS), &series);
        prop_assert_eq!(traced.bands, hour_by_hour(&arrivals, &situation()));
    }
}
