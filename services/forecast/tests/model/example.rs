//! Every line of the worked forecast.

use keizoku_forecast::Filter;
use keizoku_forecast::churn::{Basis, Question, forecast};
use keizoku_forecast::risks::RiskBoard;
use keizoku_proto::risk::Completion;
use keizoku_revenue::{AsOf, Book};

use crate::given::*;

const TODAY: &str = "2026-11-22";

/// East is user 1's, West user 2's.
fn example() -> History {
    let mut history = History::default();
    history.accounts(team_defined(team(1), None));
    history.accounts(team_defined(team(2), None));
    history.accounts(registered(user(1), team(1)));
    history.accounts(registered(user(2), team(2)));
    let accounts: [(u128, &str, u128, i64, Option<&str>); 7] = [
        (1, "G1", 1, 300_000, Some("2026-12-31")),
        (2, "G1", 1, 200_000, Some("2027-03-31")),
        (3, "", 2, 500_000, Some("2026-12-15")),
        (4, "", 2, 1_000_000, Some("2027-03-31")),
        (5, "", 1, 400_000, Some("2026-10-31")),
        (6, "", 2, 100_000, None),
        (7, "", 2, 2_500_000, Some("2027-06-30")),
    ];
    for (number, group, owner, mrr, renewal) in accounts {
        let attributes = attributes(group, "Mid", user(owner));
        history.accounts(opened(account(number), attributes, "関東"));
        let (begins, terms) = (day("2026-04-01"), terms(renewal.map(day), 0));
        history.accounts(started(
            subscription(number),
            account(number),
            "core",
            begins,
            mrr,
            terms,
        ));
    }
    let risks = [
        (1, 1, LEADS),
        (2, 1, LEADS),
        (3, 2, LEADS),
        (4, 3, UNKNOWN),
        (5, 4, LEADS),
        (6, 5, LEADS),
        (7, 6, LEADS),
        (8, 7, LEADS),
    ];
    for (number, of, flag) in risks {
        let kind = "usage";
        history.risk(risk_opened(
            risk_id(number),
            account(of),
            flag,
            kind,
            day("2026-11-01"),
        ));
    }
    history.risk(risk_closed(
        risk_id(8),
        Completion::Completed,
        day("2026-11-20"),
    ));
    history
}

/// Each bucket with something in it, and the total, as `key mrr ppm`.
fn shown(book: &Book, board: &RiskBoard, question: &Question) -> Vec<String> {
    let forecast = forecast(book, board, question);
    let shown = forecast
        .buckets
        .iter()
        .filter(|bucket| bucket.count > 0)
        .chain([&forecast.total]);
    shown
        .map(|bucket| {
            let key = bucket.key.map_or("total".to_owned(), |key| key.to_string());
            format!("{key} {} {}", bucket.mrr, bucket.churn_rate.unwrap().ppm())
        })
        .collect()
}

fn by_group(text: &str) -> Question {
    Question {
        basis: Basis::Group,
        ..on(text)
    }
}

#[test]
fn fc_2_by_renewal_month_on_basis_account() {
    let (book, board) = example().read(day(TODAY));
    assert_eq!(book.opening_mrr(day(TODAY).month()).minor(), 5_000_000);
    let expected = [
        "OVERDUE 400,000 80000",
        "2026-12 300,000 60000",
        "2027-03 1,200,000 240000",
        "UNKNOWN 100,000 20000",
        "total 2,000,000 400000",
    ];
    assert_eq!(shown(&book, &board, &on(TODAY)), expected);
}

#[test]
fn fc_3_a_group_counts_once_at_its_earliest_renewal() {
    let (book, board) = example().read(day(TODAY));
    let expected = [
        "OVERDUE 400,000 80000",
        "2026-12 500,000 100000",
        "2027-03 1,000,000 200000",
        "UNKNOWN 100,000 20000",
        "total 2,000,000 400000",
    ];
    assert_eq!(shown(&book, &board, &by_group(TODAY)), expected);
}

#[test]
fn risk_2_the_impact_is_the_groups_share_of_the_opening_mrr() {
    let (book, _) = example().read(day(TODAY));
    let first = book.account(account(1)).unwrap();
    assert_eq!(
        book.group_mrr(first, AsOf::now(day(TODAY))).minor(),
        500_000
    );
}

#[test]
fn fc_4_a_team_keeps_the_organisations_denominator() {
    let (book, board) = example().read(day(TODAY));
    let filter = Filter {
        team: Some(team(1)),
        ..Filter::default()
    };
    let question = Question {
        filter,
        ..on(TODAY)
    };
    let expected = [
        "OVERDUE 400,000 80000",
        "2026-12 300,000 60000",
        "2027-03 200,000 40000",
        "total 900,000 180000",
    ];
    assert_eq!(shown(&book, &board, &question), expected);
}

#[test]
fn fc_1_a_risk_that_becomes_leads_to_churn_counts() {
    let mut history = example();
    history.risk(assessed(risk_id(4), LEADS));
    let (book, board) = history.read(day(TODAY));
    assert_eq!(
        shown(&book, &board, &on(TODAY))[1],
        "2026-12 800,000 160000"
    );
}

#[test]
fn fc_3_a_whole_group_counts_while_one_member_is_at_risk() {
    let mut history = example();
    history.risk(risk_closed(risk_id(3), Completion::NotARisk, day(TODAY)));
    let (book, board) = history.read(day(TODAY));
    assert_eq!(
        shown(&book, &board, &on(TODAY))[4],
        "total 1,800,000 360000"
    );
    assert_eq!(
        shown(&book, &board, &by_group(TODAY))[4],
        "total 2,000,000 400000"
    );
}

#[test]
fn fc_6_a_backdated_expansion_counts_once_it_is_known() {
    let mut history = example();
    let before = at(history.second);
    history.accounts(expanded(subscription(1), day("2026-11-10"), 400_000));
    let (book, board) = history.read(day(TODAY));
    assert_eq!(shown(&book, &board, &on(TODAY))[1], "2026-12 400,000 80000");
    let question = Question {
        as_of: AsOf::known_at(before, day(TODAY)),
        ..on(TODAY)
    };
    assert_eq!(shown(&book, &board, &question)[1], "2026-12 300,000 60000");
}

#[test]
fn fc_2_an_expansion_before_the_month_changes_the_denominator() {
    let mut history = example();
    history.accounts(expanded(subscription(1), day("2026-10-20"), 400_000));
    let (book, board) = history.read(day(TODAY));
    assert_eq!(shown(&book, &board, &on(TODAY))[1], "2026-12 400,000 78431");
    assert_eq!(
        forecast(&book, &board, &on(TODAY)).opening_mrr.minor(),
        5_100_000
    );
}

#[test]
fn fc_6_asked_about_december_nothing_in_december_is_overdue() {
    let mut history = example();
    history.risk(assessed(risk_id(4), LEADS));
    history.accounts(expanded(subscription(7), day("2026-11-25"), 3_000_000));
    let (book, board) = history.read(day(TODAY));
    let forecast = forecast(&book, &board, &on("2026-12-01"));
    assert_eq!(forecast.opening_mrr.minor(), 5_500_000, "of December");
    assert_eq!(forecast.buckets[0].mrr.minor(), 400_000);
    assert_eq!(forecast.buckets[1].key.unwrap().to_string(), "2026-12");
    assert_eq!(forecast.buckets[1].mrr.minor(), 800_000);
}

#[test]
fn fc_2_overdue_and_unknown_are_always_shown() {
    let (book, board) = History::default().read(day(TODAY));
    let forecast = forecast(&book, &board, &on(TODAY));
    let keys: Vec<String> = forecast
        .buckets
        .iter()
        .map(|bucket| bucket.key.unwrap().to_string())
        .collect();
    assert_eq!(keys, ["OVERDUE", "UNKNOWN"]);
    assert!(
        forecast.total.churn_rate.is_err(),
        "nothing to divide by is no rate"
    );
}
