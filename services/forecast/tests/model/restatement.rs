//! Figures as reported beside the restated ones (FC-8).

use std::sync::LazyLock;

use jiff::Timestamp;
use keizoku_core::{Money, Month, WorkingDays};
use keizoku_forecast::Filter;
use keizoku_forecast::metrics::{Difference, Figure, as_reported, revenue_metrics};
use keizoku_revenue::AsOf;
use proptest::prelude::*;

use crate::given::*;
use crate::properties::{history_of, steps};

const TODAY: &str = "2026-11-22";
/// October's books: the 9th of November is their fifth working day, as the 3rd is a holiday.
const CLOSED_AT: &str = "2026-11-09T14:59:59.999999Z";
static JAPAN: LazyLock<WorkingDays> = LazyLock::new(WorkingDays::default);
const DAY: i64 = 24 * 60 * 60;

fn october() -> Month {
    day("2026-10-01").month()
}

/// A customer of 100 since 2025, recorded before the books were closed; afterwards it turns out to
/// have paid 40 less since the 10th of October.
fn restated() -> History {
    let mut history = History::default();
    history.second -= 30 * DAY;
    history.accounts(opened(account(1), attributes("", "Mid", user(1)), "関東"));
    let since = day("2025-01-01");
    history.accounts(started(
        subscription(1),
        account(1),
        "core",
        since,
        100,
        terms(None, 0),
    ));
    history.second += 29 * DAY;
    history.accounts(expanded(subscription(1), day("2026-10-10"), 60));
    history
}

fn figures(history: &History, as_of: AsOf) -> Vec<(&'static str, Figure)> {
    let (book, board) = history.read(day(TODAY));
    let metrics = revenue_metrics(&book, &board, as_of, october(), &Filter::default());
    let metrics = metrics.unwrap().metrics;
    metrics
        .into_iter()
        .map(|metric| (metric.id, metric.month))
        .collect()
}

#[test]
fn fc_8_a_backdated_fact_restates_the_month_and_not_what_was_reported() {
    let history = restated();
    let (book, _) = history.read(day(TODAY));
    let now = AsOf::now(day(TODAY));
    let closed = as_reported(&book, &JAPAN, now, october()).unwrap();
    let closed_at: Timestamp = CLOSED_AT.parse().unwrap();
    assert_eq!(closed, AsOf::known_at(closed_at, day("2026-11-09")));
    let differences = figures(&history, now)
        .into_iter()
        .zip(figures(&history, closed));
    let differences = differences.filter_map(|((id, restated), (_, reported))| {
        let difference = restated.minus(&reported)?;
        let is_none = matches!(
            difference,
            Difference::Amount(Money::ZERO) | Difference::Ppm(0) | Difference::Count(0)
        );
        (!is_none).then_some((id, difference))
    });
    let amount = |minor| Difference::Amount(Money::from_minor(minor));
    let expected = [
        ("contraction_mrr", amount(40)),
        ("closing_mrr", amount(-40)),
        ("gross_revenue_churn_rate", Difference::Ppm(400_000)),
        ("grr", Difference::Ppm(-400_000)),
        ("nrr", Difference::Ppm(-400_000)),
    ];
    assert_eq!(differences.collect::<Vec<_>>(), expected);
}

#[test]
fn fc_8_nothing_is_reported_before_the_books_are_closed() {
    let (book, _) = restated().read(day("2026-11-09"));
    assert_eq!(
        as_reported(&book, &JAPAN, AsOf::now(day("2026-11-09")), october()),
        None
    );
    let (book, _) = restated().read(day("2026-11-10"));
    let now = AsOf::now(day("2026-11-10"));
    assert!(as_reported(&book, &JAPAN, now, october()).is_some());
    assert_eq!(as_reported(&book, &JAPAN, now, october().plus(1)), None);
    let ahead = AsOf::known_at("2027-01-01T00:00:00Z".parse().unwrap(), now.on);
    assert_eq!(as_reported(&book, &JAPAN, ahead, october().plus(1)), None);
    // The same for what was known then, to the instant.
    let closed_at: Timestamp = CLOSED_AT.parse().unwrap();
    let known_at = |at| as_reported(&book, &JAPAN, AsOf::known_at(at, now.on), october());
    assert!(known_at(closed_at).is_some());
    assert_eq!(
        known_at(closed_at - jiff::SignedDuration::from_micros(1)),
        None
    );
}

#[test]
fn fc_8_an_earlier_date_that_was_asked_for_stays() {
    let (book, _) = restated().read(day(TODAY));
    let asked = AsOf::now(day("2026-10-15"));
    let closed = as_reported(&book, &JAPAN, asked, october()).unwrap();
    assert_eq!(closed.on, asked.on);
}

#[test]
fn fc_8_the_books_close_with_the_fifth_working_day_of_the_next_month() {
    let (book, _) = restated().read(day("2028-01-01"));
    let closing_day = |month: &str, working_days: &WorkingDays| {
        let month = day(&format!("{month}-01")).month();
        let closed = as_reported(&book, working_days, AsOf::now(day("2028-01-01")), month);
        closed.unwrap().on.to_string()
    };
    // November 2026 begins on a Sunday, December on a Tuesday, May with the Golden Week.
    assert_eq!(closing_day("2026-10", &JAPAN), "2026-11-09");
    assert_eq!(closing_day("2026-11", &JAPAN), "2026-12-07");
    assert_eq!(closing_day("2026-04", &JAPAN), "2026-05-12");
    let weekends = WorkingDays::parse("").unwrap();
    assert_eq!(closing_day("2026-10", &weekends), "2026-11-06");
}

proptest! {
    #[test]
    fn fc_8_the_figures_as_reported_are_the_ones_that_were_given_then(
        steps in steps(), closed_after in 0..60i64,
    ) {
        let mut history = history_of(&steps);
        // Some of it was recorded before October's books were closed, the rest after.
        let closed_at: Timestamp = CLOSED_AT.parse().unwrap();
        let shift = closed_at.duration_since(at(closed_after));
        for (recorded_at, _) in &mut history.events {
            *recorded_at += shift;
        }
        let (book, _) = history.read(day(TODAY));
        let closed = as_reported(&book, &JAPAN, AsOf::now(day(TODAY)), october()).unwrap();
        let (old_book, old_board) = history.known_at(closed_at, closed.on);
        let then = AsOf::now(closed.on);
        let given = revenue_metrics(&old_book, &old_board, then, october(), &Filter::default());
        let given = given.unwrap().metrics.into_iter().map(|metric| (metric.id, metric.month));
        prop_assert_eq!(figures(&history, closed), given.collect::<Vec<_>>());
    }
}
