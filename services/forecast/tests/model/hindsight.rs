//! Forecasts as they were given against what was lost (FC-7).

use keizoku_core::{Money, Month, Rate};
use keizoku_forecast::churn::{Basis, BucketKey, Question, Scenario, forecast};
use keizoku_forecast::hindsight::{
    Backtest, BacktestQuestion, Comparison, Line, MonthNotOver, backtest,
};
use keizoku_forecast::risks::RiskBoard;
use keizoku_forecast::{Filter, OwnerFilter};
use keizoku_proto::risk::Completion;
use keizoku_revenue::{AsOf, Book};
use proptest::prelude::*;

use crate::expected::learned;
use crate::given::*;
use crate::properties::{history_of, questions, steps};

const DAY: i64 = 24 * 60 * 60;
/// Outcomes of October are known: 31 days after its end.
pub(crate) const TODAY: &str = "2026-12-02";

pub(crate) fn month(text: &str) -> Month {
    day(&format!("{text}-01")).month()
}

/// The history goes on about noon of a day.
pub(crate) fn go_to(history: &mut History, on: &str) {
    history.second = i64::from(day(on).days_since(day("2026-11-22"))) * DAY;
}

fn question(last: &str, horizon: u8) -> BacktestQuestion {
    BacktestQuestion {
        as_of: AsOf::now(day(TODAY)),
        last: month(last),
        months: 1,
        horizon,
        line: Line::Scenario(Scenario::LeadsToChurn),
        filter: Filter::default(),
    }
}

fn asked(history: &History, question: &BacktestQuestion) -> Backtest {
    let (book, board) = history.read(day(TODAY));
    backtest(&book, &board, question).unwrap()
}

fn compared(forecast: i64, lost: i64, lost_of_later: i64) -> Comparison {
    Comparison {
        forecast: Money::from_minor(forecast),
        lost: Money::from_minor(lost),
        lost_of_later: Money::from_minor(lost_of_later),
    }
}

/// Two teams with an account each. The first team's renews on the 15th of October and was at risk
/// since July; it stayed. The other one's ended on the 20th of October, and nobody had said so.
fn two_teams() -> History {
    two_teams_where(false)
}

/// The same, where the other one's end was perhaps announced in September.
fn two_teams_where(is_announced: bool) -> History {
    let mut history = History::default();
    go_to(&mut history, "2026-07-01");
    history.accounts(team_defined(team(0), None));
    history.accounts(team_defined(team(1), None));
    history.accounts(registered(user(0), team(0)));
    history.accounts(registered(user(1), team(1)));
    for (number, mrr, renewal) in [(0, 100, "2026-10-15"), (1, 40, "2027-03-31")] {
        let owner = attributes("", "Mid", user(number));
        history.accounts(opened(account(number), owner, "関東"));
        history.accounts(started(
            subscription(number),
            account(number),
            "core",
            day("2025-01-01"),
            mrr,
            terms(Some(day(renewal)), 0),
        ));
    }
    history.risk(risk_opened(
        risk_id(0),
        account(0),
        LEADS,
        "usage",
        day("2026-07-01"),
    ));
    if is_announced {
        go_to(&mut history, "2026-09-01");
        history.accounts(announced(subscription(1), day("2026-10-20")));
    }
    go_to(&mut history, "2026-10-10");
    history.accounts(churned(subscription(1), day("2026-10-20")));
    history
}

/// The same history with something else that happened on a day.
fn and_on(mut history: History, on: &str, what: impl FnOnce(&mut History)) -> History {
    let mut other = History::default();
    go_to(&mut other, on);
    what(&mut other);
    history.events.extend(other.events);
    history.events.sort_by_key(|(recorded_at, _)| *recorded_at);
    history
}

#[test]
fn fc_7_the_forecast_as_it_was_given_stands_beside_what_was_lost_by_team() {
    let history = two_teams();
    let test = asked(&history, &question("2026-10", 1));
    assert_eq!(test.total, compared(100, 40, 0));
    let by_team = [
        (Some(team(0)), compared(100, 0, 0)),
        (Some(team(1)), compared(0, 40, 0)),
    ];
    assert_eq!(test.by_team, by_team);
    let month = &test.months[0];
    assert_eq!(month.given.on, day("2026-09-30"));
    assert_eq!(
        month.given.known_at.unwrap().to_string(),
        "2026-09-30T14:59:59.999999Z"
    );
    assert!(month.settled);
    assert_eq!(test.total.error(), Money::from_minor(60));
    assert_eq!(test.total.bias().map(Rate::ppm), Ok(1_500_000));
    assert_eq!(test.mean_error, Some(Money::from_minor(60)));
    // The one part was expected to be lost, and stayed.
    assert_eq!(test.calibration.brier.map(Rate::ppm), Ok(1_000_000));
    assert_eq!(test.calibration.points[0].observed.ppm(), 0);
}

#[test]
fn fc_7_a_longer_horizon_knows_less() {
    let history = two_teams();
    let renewal = question("2027-03", 1);
    let (book, board) = history.read(day(TODAY));
    assert_eq!(backtest(&book, &board, &renewal), Err(MonthNotOver));
    let ahead = |horizon| asked(&history, &question("2026-10", horizon)).total;
    assert_eq!(
        ahead(3),
        compared(100, 40, 0),
        "as known at the end of July"
    );
    assert_eq!(
        ahead(4),
        compared(0, 0, 40),
        "nothing was known at the end of June"
    );
}

#[test]
fn fc_7_an_announced_end_that_came_true_has_no_error() {
    let history = two_teams_where(true);
    let scenario = |scenario| {
        let line = Line::Scenario(scenario);
        asked(
            &history,
            &BacktestQuestion {
                line,
                ..question("2026-10", 1)
            },
        )
    };
    let test = scenario(Scenario::Announced);
    assert_eq!(test.total, compared(40, 40, 0));
    assert_eq!(test.absolute_error.map(Rate::ppm), Ok(0));
    // Both parts count, whatever the scenario: one was expected and lost, one neither.
    assert_eq!(test.calibration.parts, 2);
    assert_eq!(test.calibration.brier.map(Rate::ppm), Ok(0));
    let wider = scenario(Scenario::LeadsToChurn).calibration;
    assert_eq!(wider.brier.map(Rate::ppm), Ok(500_000));
}

#[test]
fn fc_7_a_later_transfer_moves_nothing() {
    let mut history = two_teams();
    go_to(&mut history, "2026-11-10");
    let to_the_other = attributes("", "Mid", user(0));
    history.accounts(attributes_changed(
        account(1),
        to_the_other,
        day("2026-11-10"),
    ));
    let only = |owner| {
        let filter = Filter {
            owner: Some(OwnerFilter::User(owner)),
            ..Filter::default()
        };
        asked(
            &history,
            &BacktestQuestion {
                filter,
                ..question("2026-10", 1)
            },
        )
        .total
    };
    assert_eq!(only(user(1)), compared(0, 40, 0), "as the account was then");
    assert_eq!(only(user(0)), compared(100, 0, 0));
}

#[test]
fn fc_7_what_is_back_by_the_end_of_the_month_was_not_lost() {
    let mut history = two_teams();
    go_to(&mut history, "2026-11-05");
    history.accounts(reactivated(subscription(1), day("2026-10-31"), 30));
    let total = |history| asked(history, &question("2026-10", 1)).total;
    assert_eq!(total(&history), compared(100, 0, 0));
    // As known before that was recorded, it was.
    let as_of = AsOf::known_at(at(-18 * DAY), day("2026-11-04"));
    let (book, board) = history.read(day(TODAY));
    let then = backtest(
        &book,
        &board,
        &BacktestQuestion {
            as_of,
            ..question("2026-10", 1)
        },
    );
    assert_eq!(then.unwrap().total, compared(100, 40, 0));
}

#[test]
fn fc_7_the_expected_line_is_tested_with_the_rates_of_its_time() {
    let history = and_on(learned(), "2026-09-01", |history| {
        let owner = attributes("", "Mid", user(0));
        history.accounts(opened(account(900), owner, "関東"));
        let terms = terms(Some(day("2026-10-15")), 0);
        let (id, of, since) = (subscription(900), account(900), day("2025-01-01"));
        history.accounts(started(id, of, "core", since, 3_000, terms));
        let opened_on = day("2026-09-01");
        history.risk(risk_opened(risk_id(900), of, LEADS, "usage", opened_on));
    });
    let question = BacktestQuestion {
        line: Line::Expected,
        months: 5,
        ..question("2026-10", 1)
    };
    let test = asked(&history, &question);
    let given: Vec<_> = test.months.iter().map(|month| month.was_given).collect();
    // The outcomes of June were known on the 31st of July: two months' forecasts came before.
    assert_eq!(given, [false, false, true, true, true]);
    // (30 + 10) ÷ (40 + 20) of 3,000 in October; nothing was lost after June.
    assert_eq!(test.months[4].total, compared(2_000, 0, 0));
    assert_eq!(test.total, compared(2_000, 0, 0));
    assert_eq!(test.calibration.parts, 1);
    assert_eq!(test.calibration.points[0].expected.ppm(), 666_667);
}

fn buckets(book: &Book, board: &RiskBoard, question: &Question, month: Month) -> i64 {
    let answer = forecast(book, board, question);
    let mut found = answer.buckets.iter();
    found
        .find(|bucket| bucket.key == Some(BucketKey::Month(month)))
        .map_or(0, |bucket| bucket.mrr.minor())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn fc_7_a_tested_forecast_is_the_one_that_was_given_then(
        steps in steps(), asked in questions(), horizon in 1..5u8, months_before in 1..12i32,
    ) {
        let mut history = history_of(&steps);
        // Spread over the last two years.
        for (number, (recorded_at, _)) in (0..).zip(&mut history.events) {
            *recorded_at = at((number * 11 - 700) * DAY);
        }
        let (book, board) = history.read(day(TODAY));
        let last = month("2026-12").plus(-months_before);
        let Question { filter, scenario, .. } = asked;
        let line = Line::Scenario(scenario);
        let question = BacktestQuestion { filter, line, ..question("2026-10", horizon) };
        let test = backtest(&book, &board, &BacktestQuestion { last, ..question.clone() }).unwrap();
        let given = test.months[0].given;
        let (old_book, old_board) = history.known_at(given.known_at.unwrap(), given.on);
        let then = Question {
            as_of: AsOf::now(given.on),
            basis: Basis::Account,
            scenario,
            filter: question.filter,
        };
        let forecast = buckets(&old_book, &old_board, &then, last);
        prop_assert_eq!(test.total.forecast.minor(), forecast);
        let by_team: Money = test.by_team.iter().map(|(_, found)| found.forecast).sum();
        prop_assert_eq!(by_team, test.total.forecast);
    }

    #[test]
    fn fc_7_what_was_lost_is_what_contracts_say_at_both_ends_of_the_month(
        steps in steps(), months_before in 1..12i32,
    ) {
        let history = history_of(&steps);
        let (book, board) = history.read(day(TODAY));
        let last = month("2026-12").plus(-months_before);
        let test = backtest(&book, &board, &BacktestQuestion { last, ..question("2026-10", 1) });
        let found = test.unwrap().total;
        let mut lost = 0;
        for survivor in book.survivors(None) {
            let on = |day| book.subscriptions(survivor, AsOf::now(day));
            let (before, after) = (on(last.first_day().plus_days(-1)), on(last.last_day()));
            for (before, after) in before.iter().zip(&after) {
                let has_ended = after.mrr == Money::ZERO;
                lost += if has_ended { before.mrr.minor() } else { 0 };
            }
        }
        prop_assert_eq!((found.lost + found.lost_of_later).minor(), lost);
    }
}

#[test]
fn fc_7_a_closed_risk_is_no_forecast() {
    let history = and_on(two_teams(), "2026-09-15", |history| {
        let closed = risk_closed(risk_id(0), Completion::Completed, day("2026-09-15"));
        history.risk(closed);
    });
    let ahead = |horizon| asked(&history, &question("2026-10", horizon)).total;
    assert_eq!(ahead(1), compared(0, 40, 0));
    assert_eq!(
        ahead(2),
        compared(100, 40, 0),
        "it was open at the end of August"
    );
}
