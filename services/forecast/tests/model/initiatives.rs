//! What initiatives have changed (FC-12).

use keizoku_core::{InitiativeId, Money};
use keizoku_forecast::health::HealthBoard;
use keizoku_forecast::initiatives::{Figures, Measured, Outcome, Status, outcome};
use keizoku_forecast::metrics::{NoValue, Value};
use keizoku_forecast::{Board as _, Boards};
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::{Cohort, Initiative, InitiativeChartered};
use keizoku_proto::healthscore::{self, HealthBandChanged};
use keizoku_proto::{date, timestamp};
use keizoku_revenue::{AsOf, Book, Entry};
use uuid::Uuid;

use crate::given::*;

const TODAY: &str = "2026-11-22";

fn initiative() -> InitiativeId {
    Uuid::from_u128(0x1417_0000).into()
}

fn charter(cohort: Cohort) -> Initiative {
    Initiative {
        display_name: "定着支援".to_owned(),
        first_date: Some(date(day("2026-09-01"))),
        last_date: Some(date(day("2026-10-31"))),
        cohort: Some(cohort),
        ..Initiative::default()
    }
}

fn chartered(charter: Initiative) -> AccountsKind {
    AccountsKind::InitiativeChartered(InitiativeChartered {
        initiative_id: initiative().to_string(),
        charter: Some(charter),
    })
}

fn listed(numbers: &[u128]) -> Cohort {
    let names = numbers
        .iter()
        .map(|of| format!("accounts/{}", account(*of)));
    Cohort {
        accounts: names.collect(),
        ..Cohort::default()
    }
}

fn kanto() -> Cohort {
    Cohort {
        region: "関東".to_owned(),
        ..Cohort::default()
    }
}

/// Customers of 100 since 2025: 0 to 2 in 関東 and 3 in 関西 are Mid, 4 in 関西 is SMB. Before the
/// initiative 2 left and 3 grew to 120; since then 0 grew to 150, 1 left, and 3 went back to 90.
fn history() -> History {
    let mut history = History::default();
    for number in 0..5 {
        let tier = if number == 4 { "SMB" } else { "Mid" };
        let region = if number < 3 { "関東" } else { "関西" };
        history.accounts(opened(
            account(number),
            attributes("", tier, user(0)),
            region,
        ));
        let (id, of, since) = (subscription(number), account(number), day("2025-01-01"));
        history.accounts(started(id, of, "core", since, 100, terms(None, 0)));
    }
    history.accounts(churned(subscription(2), day("2026-07-01")));
    history.accounts(expanded(subscription(3), day("2026-07-15"), 120));
    history.accounts(expanded(subscription(0), day("2026-10-01"), 150));
    history.accounts(churned(subscription(1), day("2026-10-01")));
    history.accounts(expanded(subscription(3), day("2026-10-10"), 90));
    history
}

fn asked(history: &History, on: &str) -> Outcome {
    let (book, board) = history.read(day(TODAY));
    let found = book.initiative(initiative(), None).unwrap();
    outcome(&book, &board, AsOf::now(day(on)), found)
}

fn measured(history: &History, on: &str) -> Measured {
    asked(history, on).measured.unwrap()
}

fn value(figures: &Figures, metric: &str) -> Result<Value, NoValue> {
    let mut metrics = figures.metrics.iter();
    let (_, found) = metrics.find(|(id, _)| *id == metric).unwrap();
    found.value
}

/// Accounts, and the amounts of some figures.
fn amounts<const N: usize>(figures: &Figures, metrics: [&str; N]) -> (i64, [i64; N]) {
    let amount = |metric| match value(figures, metric) {
        Ok(Value::Amount(amount)) => amount.minor(),
        other => panic!("{metric}: {other:?}"),
    };
    (figures.accounts, metrics.map(amount))
}

fn rate(figures: &Figures, metric: &str) -> (i64, i64) {
    match value(figures, metric) {
        Ok(Value::Rate(rate)) => (rate.numerator(), rate.denominator()),
        other => panic!("{metric}: {other:?}"),
    }
}

const MOVED: [&str; 4] = [
    "opening_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churn_mrr",
];

#[test]
fn fc_12_a_listed_cohort_stands_beside_customers_of_its_tier_before_and_since() {
    let mut history = history();
    history.accounts(chartered(charter(listed(&[0, 1]))));
    let found = measured(&history, TODAY);
    // From September 1 it is 83 days, and as many before.
    assert_eq!(found.before_from, day("2026-06-10"));
    assert_eq!(found.since_until, day(TODAY));
    let (cohort, others) = (&found.total.cohort, &found.total.others);
    assert_eq!(amounts(&cohort.before, MOVED), (2, [200, 0, 0, 0]));
    assert_eq!(amounts(&cohort.since, MOVED), (2, [200, 50, 0, 100]));
    assert_eq!(rate(&cohort.since, "grr"), (100, 200));
    assert_eq!(rate(&cohort.since, "nrr"), (150, 200));
    assert_eq!(rate(&cohort.since, "logo_retention"), (1, 2));
    // Who was no longer a customer when it began is not beside it, nor who is of another tier.
    assert_eq!(amounts(&others.before, MOVED), (1, [100, 20, 0, 0]));
    assert_eq!(amounts(&others.since, MOVED), (1, [120, 0, 30, 0]));
    assert_eq!(found.by_tier.len(), 1, "{:?}", found.by_tier);
    assert_eq!(found.by_tier[0].1, found.total);
}

#[test]
fn fc_12_a_described_cohort_is_made_of_who_was_a_customer_as_each_time_began() {
    let mut history = history();
    history.accounts(chartered(charter(kanto())));
    let found = measured(&history, TODAY);
    let (cohort, others) = (&found.total.cohort, &found.total.others);
    assert_eq!(amounts(&cohort.before, MOVED), (3, [300, 0, 0, 100]));
    assert_eq!(amounts(&cohort.since, MOVED), (2, [200, 50, 0, 100]));
    assert_eq!(amounts(&others.before, MOVED), (1, [100, 20, 0, 0]));
    assert_eq!(amounts(&others.since, MOVED), (1, [120, 0, 30, 0]));
}

#[test]
fn fc_12_tiers_of_the_cohort_add_up() {
    let mut history = history();
    history.accounts(chartered(charter(listed(&[0, 4]))));
    let found = measured(&history, TODAY);
    assert_eq!(found.by_tier.len(), 2);
    let since = |of: &Figures| amounts(of, MOVED);
    assert_eq!(since(&found.total.cohort.since), (2, [200, 50, 0, 0]));
    assert_eq!(since(&found.total.others.since), (2, [220, 0, 30, 100]));
    let (_, smb) = &found.by_tier[1];
    assert_eq!(since(&smb.cohort.since), (1, [100, 0, 0, 0]));
    assert_eq!(since(&smb.others.since), (0, [0; 4]));
    assert_eq!(
        value(&smb.others.since, "grr"),
        Err(NoValue::ZeroDenominator)
    );
}

#[test]
fn fc_12_a_merged_account_is_in_the_cohort_that_its_duplicate_is_in() {
    let mut history = history();
    history.accounts(chartered(charter(listed(&[0]))));
    history.accounts(merged(account(0), account(3)));
    let found = measured(&history, TODAY);
    assert_eq!(
        amounts(&found.total.cohort.since, MOVED),
        (1, [220, 20, 0, 0]),
        "100 and 120 became 150 and 90"
    );
}

#[test]
fn fc_12_risks_and_bands_are_those_at_the_ends() {
    let mut history = history();
    history.accounts(chartered(charter(listed(&[0, 1]))));
    history.risk(risk_opened(
        risk_id(0),
        account(0),
        LEADS,
        "price",
        day("2026-11-01"),
    ));
    let (mut book, board) = history.read(day(TODAY));
    let mut bands = HealthBoard::default();
    for (band, on) in [
        (healthscore::Band::Red, "2026-08-01T00:00:00Z"),
        (healthscore::Band::Green, "2026-10-01T00:00:00Z"),
    ] {
        let changed_at: jiff::Timestamp = on.parse().unwrap();
        let kind = healthscore::event::Kind::HealthBandChanged(HealthBandChanged {
            account_id: account(0).to_string(),
            to: band.into(),
            change_time: Some(timestamp(changed_at)),
            ..HealthBandChanged::default()
        });
        bands.apply(at(0), &kind, |id| book.intern(id)).unwrap();
    }
    let boards = Boards {
        health: &bands,
        ..Boards::from(&board)
    };
    let charter = book.initiative(initiative(), None).unwrap();
    let found = outcome(&book, boards, AsOf::now(day(TODAY)), charter);
    let cohort = found.measured.unwrap().total.cohort;
    assert_eq!(
        (cohort.before.bands, cohort.since.bands),
        ([1, 0, 0], [0, 0, 1])
    );
    let at_risk = |of| value(of, "at_risk_mrr");
    assert_eq!(at_risk(&cohort.before), Ok(Value::Amount(Money::ZERO)));
    let now = Money::from_minor(150);
    assert_eq!(at_risk(&cohort.since), Ok(Value::Amount(now)));
}

#[test]
fn fc_12_its_period_stands_where_the_date_is_and_a_year_is_measured() {
    let mut history = history();
    history.accounts(chartered(charter(kanto())));
    let status = |on: &str| asked(&history, on).status;
    assert_eq!(asked(&history, "2026-08-31").measured, None);
    assert_eq!(status("2026-08-31"), Status::NotBegun);
    assert_eq!(status("2026-10-31"), Status::Running);
    assert_eq!(status("2026-11-01"), Status::Over);
    let first = measured(&history, "2026-09-01");
    assert_eq!(first.before_from, day("2026-08-31"));
    let late = measured(&history, "2028-01-01");
    assert_eq!(late.before_from, day("2025-08-31"));
    assert_eq!(late.since_until, day("2027-09-01"));
}

#[test]
fn fc_12_a_charter_is_as_it_was_known_then() {
    let mut history = history();
    history.accounts(chartered(charter(kanto())));
    let written = history.second;
    let withdrawn = Initiative {
        withdrawal_reason: "人手不足".to_owned(),
        ..charter(listed(&[0]))
    };
    history.accounts(chartered(withdrawn));
    let (book, board) = history.read(day(TODAY));
    let status = |second| {
        let as_of = AsOf::known_at(at(second), day(TODAY));
        let found = book.initiative(initiative(), as_of.known_at)?;
        Some(outcome(&book, &board, as_of, found).status)
    };
    assert_eq!(status(written - 1), None);
    assert_eq!(status(written), Some(Status::Over));
    assert_eq!(status(written + 1), Some(Status::Withdrawn));
    assert_eq!(book.initiatives(None).count(), 1);
}

#[test]
fn fc_12_what_was_before_the_import_is_not_known() {
    let mut history = history();
    history.accounts(chartered(charter(kanto())));
    let mut book = Book::new(day(TODAY));
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
    let charter = book.initiative(initiative(), None).unwrap();
    let found = outcome(&book, &board, AsOf::now(day(TODAY)), charter);
    let since = found.measured.unwrap().total.cohort.since;
    assert_eq!(value(&since, "grr"), Err(NoValue::InsufficientHistory));
    assert_eq!(rate(&since, "logo_retention"), (1, 2));
}
