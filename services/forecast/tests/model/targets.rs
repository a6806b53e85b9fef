//! Targets and where each stands (FC-13).

use keizoku_core::Money;
use keizoku_forecast::metrics::{NoValue, Value};
use keizoku_forecast::targets::{Standing, Status, standings};
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::target::Goal;
use keizoku_proto::accounts::{Organisation, OrganisationConfigured, Target, TargetMetric};
use keizoku_revenue::{AsOf, Book, Entry};

use crate::given::*;

fn target(of: Option<u128>, metric: TargetMetric, goal: Goal) -> Target {
    Target {
        team: of
            .map(|of| format!("teams/{}", team(of)))
            .unwrap_or_default(),
        metric: metric.into(),
        first_month: "2026-04".to_owned(),
        last_month: "2027-03".to_owned(),
        goal: Some(goal),
    }
}

fn rate(of: Option<u128>, metric: TargetMetric, ppm: u32) -> Target {
    target(of, metric, Goal::RatePpm(ppm))
}

/// Two teams with a customer of 100 each since 2025. The first one's pays 95 since May, the other
/// one's 130 since June.
fn history(targets: Vec<Target>) -> History {
    let mut history = History::default();
    for number in 0..2 {
        history.accounts(team_defined(team(number), None));
        history.accounts(registered(user(number), team(number)));
        let owner = attributes("", "Mid", user(number));
        history.accounts(opened(account(number), owner, "関東"));
        let (id, of, since) = (subscription(number), account(number), day("2025-01-01"));
        history.accounts(started(id, of, "core", since, 100, terms(None, 0)));
    }
    history.accounts(expanded(subscription(0), day("2026-05-10"), 95));
    history.accounts(expanded(subscription(1), day("2026-06-01"), 130));
    let organisation = Organisation {
        targets,
        ..Organisation::default()
    };
    history.accounts(AccountsKind::OrganisationConfigured(
        OrganisationConfigured {
            organisation: Some(organisation),
        },
    ));
    history
}

fn on(history: &History, date: &str) -> Vec<Standing> {
    let (book, board) = history.read(day(date));
    standings(&book, &board, AsOf::now(day(date)), None)
}

fn statuses(history: &History, date: &str) -> Vec<Status> {
    let found = on(history, date).into_iter();
    found.map(|standing| standing.status).collect()
}

#[test]
fn fc_13_retention_is_measured_beside_an_even_pace() {
    use Status::{Behind, Met, Missed, NotBegun, OnTrack};

    let targets = vec![
        rate(Some(0), TargetMetric::Grr, 900_000),
        rate(Some(0), TargetMetric::Grr, 950_000),
        rate(Some(0), TargetMetric::Grr, 960_000),
    ];
    let history = history(targets);
    let found = on(&history, "2026-11-22");
    for standing in &found {
        let Ok(Value::Rate(rate)) = standing.figure.unwrap().value else {
            panic!("{standing:?}");
        };
        assert_eq!((rate.numerator(), rate.denominator()), (95, 100));
    }
    // 236 of 365 days have passed: a tenth less by March is 6.4658 % less by now.
    let pace = found[0].pace.map(|pace| match pace {
        Value::Rate(rate) => rate.ppm(),
        Value::Amount(_) | Value::Count(_) => 0,
    });
    assert_eq!(pace, Some(935_342));
    let apart: Vec<_> = found.iter().map(|standing| standing.apart).collect();
    assert_eq!(apart, [Some(50_000), Some(0), Some(-10_000)]);
    assert_eq!(statuses(&history, "2026-11-22"), [OnTrack, Behind, Behind]);
    // On the last day the period still runs; 95 % is then what the pace asks for.
    assert_eq!(statuses(&history, "2027-03-31"), [OnTrack, OnTrack, Behind]);
    assert_eq!(statuses(&history, "2027-04-01"), [Met, Met, Missed]);
    assert_eq!(statuses(&history, "2026-03-31"), [NotBegun; 3]);
}

#[test]
fn fc_13_expansion_counts_in_the_target_s_months_alone_and_stays() {
    use Status::{Behind, Met, Missed};

    let amount = |of, amount| target(of, TargetMetric::ExpansionMrr, Goal::Amount(amount));
    let later = Target {
        first_month: "2026-07".to_owned(),
        ..amount(Some(1), 30)
    };
    let history = history(vec![
        amount(Some(1), 30),
        amount(None, 60),
        amount(Some(0), 1),
        later,
    ]);
    let found = on(&history, "2026-11-22");
    let values: Vec<_> = found
        .iter()
        .map(|standing| standing.figure.unwrap().value)
        .collect();
    let yen = |minor| Ok(Value::Amount(Money::from_minor(minor)));
    assert_eq!(values, [yen(30), yen(30), yen(0), yen(0)]);
    assert_eq!(found[1].apart, Some(-30));
    assert_eq!(
        statuses(&history, "2026-11-22"),
        [Met, Behind, Behind, Behind]
    );
    assert_eq!(
        statuses(&history, "2027-04-01"),
        [Met, Missed, Missed, Missed]
    );
}

#[test]
fn fc_13_the_whole_organisation_and_growth_count_where_they_are_asked_for() {
    let targets = vec![
        rate(None, TargetMetric::Nrr, 1_100_000),
        rate(None, TargetMetric::Grr, 970_000),
        rate(None, TargetMetric::LogoRetention, 1_000_000),
    ];
    let found = on(&history(targets), "2027-04-01");
    let ppm = found
        .iter()
        .map(|standing| match standing.figure.unwrap().value {
            Ok(Value::Rate(rate)) => rate.ppm(),
            _ => -1,
        });
    // 225, 195 and 200 of 200; of two customers two.
    assert_eq!(ppm.collect::<Vec<_>>(), [1_125_000, 975_000, 1_000_000]);
    assert!(found.iter().all(|standing| standing.status == Status::Met));
}

#[test]
fn fc_13_targets_are_those_that_were_set_then() {
    let history = history(vec![rate(None, TargetMetric::Grr, 900_000)]);
    let (book, board) = history.read(day("2026-11-22"));
    let known = |second| {
        let as_of = AsOf::known_at(at(second), day("2026-11-22"));
        standings(&book, &board, as_of, None).len()
    };
    assert_eq!([known(history.second - 1), known(history.second)], [0, 1]);
    let of_team = standings(&book, &board, AsOf::now(day("2026-11-22")), Some(team(0)));
    assert_eq!(of_team, [], "the organisation's is not the team's");
}

#[test]
fn fc_13_before_the_first_import_nothing_can_be_said() {
    let mut book = Book::new(day("2026-11-22"));
    let history = history(vec![rate(None, TargetMetric::Grr, 900_000)]);
    for (recorded_at, event) in &history.events {
        if let Event::Accounts(revision, kind) = event {
            let entry = Entry {
                recorded_at: *recorded_at,
                revision: *revision,
                imported: true,
                kind,
            };
            book.apply(entry).unwrap();
        }
    }
    let board = keizoku_forecast::risks::RiskBoard::default();
    let found = standings(&book, &board, AsOf::now(day("2026-11-22")), None);
    let value = found[0].figure.unwrap().value;
    assert_eq!(value, Err(NoValue::InsufficientHistory));
    assert_eq!((found[0].status, found[0].apart), (Status::Unknown, None));
}
