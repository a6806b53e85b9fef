//! Rules of the forecast that the worked example does not show.

use keizoku_core::Money;
use keizoku_forecast::Filter;
use keizoku_forecast::churn::{Basis, BucketKey, Question, Scenario, accounts, forecast};
use keizoku_forecast::risks::RiskBoard;
use keizoku_proto::risk::Completion;
use keizoku_revenue::{AsOf, Book};

use crate::given::*;

const TODAY: &str = "2026-11-22";

/// Account 1 with products core (100, renews 2027-03-31) and add-on (30, ends 2026-12-31).
fn two_products() -> History {
    let mut history = History::default();
    history.accounts(team_defined(team(1), None));
    history.accounts(registered(user(1), team(1)));
    history.accounts(opened(account(1), attributes("G", "Mid", user(1)), "関東"));
    let begins = day("2026-01-01");
    let (core, add_on) = (
        terms(Some(day("2027-03-31")), 0),
        terms(Some(day("2027-01-31")), 0),
    );
    history.accounts(started(
        subscription(1),
        account(1),
        "core",
        begins,
        100,
        core,
    ));
    history.accounts(started(
        subscription(2),
        account(1),
        "add-on",
        begins,
        30,
        add_on,
    ));
    history.accounts(announced(subscription(2), day("2026-12-31")));
    history
}

fn shown(history: &History, question: &Question) -> Vec<(String, i64, i64)> {
    let (book, board) = history.read(day(TODAY));
    buckets(&book, &board, question)
}

fn buckets(book: &Book, board: &RiskBoard, question: &Question) -> Vec<(String, i64, i64)> {
    let forecast = forecast(book, board, question);
    let filled = forecast.buckets.iter().filter(|bucket| bucket.count > 0);
    filled
        .map(|bucket| {
            (
                bucket.key.unwrap().to_string(),
                bucket.count,
                bucket.mrr.minor(),
            )
        })
        .collect()
}

fn of_product(product: &str, date: &str) -> Question {
    let filter = Filter {
        product: Some(product.to_owned()),
        ..Filter::default()
    };
    Question { filter, ..on(date) }
}

fn row(key: &str, count: i64, mrr: i64) -> (String, i64, i64) {
    (key.to_owned(), count, mrr)
}

#[test]
fn fc_5_each_yen_once_announced_part_and_rest() {
    let mut history = two_products();
    assert_eq!(shown(&history, &on(TODAY)), [row("2026-12", 1, 30)]);
    history.risk(risk_opened(
        risk_id(1),
        account(1),
        UNKNOWN,
        "usage",
        day(TODAY),
    ));
    assert_eq!(shown(&history, &on(TODAY)), [row("2026-12", 1, 30)]);
    let question = Question {
        scenario: Scenario::UnknownAtPresent,
        ..on(TODAY)
    };
    let with_rest = [row("2026-12", 1, 30), row("2027-03", 1, 100)];
    assert_eq!(shown(&history, &question), with_rest);
    history.risk(assessed(risk_id(1), LEADS));
    assert_eq!(shown(&history, &on(TODAY)), with_rest);
    let question = Question {
        scenario: Scenario::Announced,
        ..on(TODAY)
    };
    assert_eq!(shown(&history, &question), [row("2026-12", 1, 30)]);
}

#[test]
fn fc_5_a_members_announced_date_places_its_group() {
    let mut history = two_products();
    history.accounts(opened(account(2), attributes("G", "SMB", user(1)), "関東"));
    let renews = terms(Some(day("2027-02-28")), 0);
    history.accounts(started(
        subscription(3),
        account(2),
        "core",
        day("2026-01-01"),
        7,
        renews,
    ));
    history.risk(risk_opened(
        risk_id(1),
        account(2),
        LEADS,
        "usage",
        day(TODAY),
    ));
    let question = Question {
        basis: Basis::Group,
        ..on(TODAY)
    };
    assert_eq!(shown(&history, &question), [row("2026-12", 1, 137)]);
    // Members outside the filter count as well, with their dates.
    let filter = Filter {
        tier: Some("SMB".to_owned()),
        ..Filter::default()
    };
    assert_eq!(
        shown(&history, &Question { filter, ..question }),
        [row("2026-12", 1, 137)]
    );
}

#[test]
fn fc_4_a_product_restricts_mrr_and_renewal() {
    let mut history = two_products();
    history.risk(risk_opened(
        risk_id(1),
        account(1),
        LEADS,
        "usage",
        day(TODAY),
    ));
    let of = |product, basis| Question {
        basis,
        ..of_product(product, TODAY)
    };
    for basis in [Basis::Account, Basis::Group] {
        assert_eq!(
            shown(&history, &of("core", basis)),
            [row("2027-03", 1, 100)]
        );
        assert_eq!(
            shown(&history, &of("add-on", basis)),
            [row("2026-12", 1, 30)]
        );
        assert_eq!(shown(&history, &of("other", basis)), []);
    }
}

/// Each product of an account renews by itself, whichever of them is the earliest (FC-4): the first
/// and the last of the set, on dates before and after a renewal that moves on.
#[test]
fn fc_4_each_of_several_products_has_a_renewal_of_its_own() {
    let cases = [
        // Renewals of core and of support, which moves on by itself each year.
        ("2027-03-01", "2026-12-01", TODAY, "2027-03", "2026-12"),
        (
            "2027-03-01",
            "2026-12-01",
            "2027-01-15",
            "2027-03",
            "2027-12",
        ),
        ("2026-12-05", "2027-03-01", TODAY, "2026-12", "2027-03"),
        (
            "2026-12-05",
            "2027-03-01",
            "2027-01-15",
            "OVERDUE",
            "2027-03",
        ),
        (
            "2026-12-05",
            "2027-03-01",
            "2027-04-01",
            "OVERDUE",
            "2028-03",
        ),
        ("2026-12-01", "2026-12-01", TODAY, "2026-12", "2026-12"),
    ];
    for (core, support, date, of_core, of_support) in cases {
        let mut history = History::default();
        history.accounts(opened(account(1), attributes("", "Mid", user(1)), "関東"));
        for (number, product, mrr, terms) in [
            (1, "support", 30, terms(Some(day(support)), 12)),
            (2, "core", 100, terms(Some(day(core)), 0)),
            (3, "core", 5, terms(None, 0)),
        ] {
            let id = subscription(number);
            let start = day("2026-01-01");
            history.accounts(started(id, account(1), product, start, mrr, terms));
        }
        history.risk(risk_opened(
            risk_id(1),
            account(1),
            LEADS,
            "usage",
            day(TODAY),
        ));
        for (product, bucket, mrr) in [("core", of_core, 105), ("support", of_support, 30)] {
            let question = of_product(product, date);
            assert_eq!(
                shown(&history, &question),
                [row(bucket, 1, mrr)],
                "{product} on {date}, renewing {core} and {support}"
            );
        }
    }
}

#[test]
fn fc_4_a_risk_type_restricts_risks_but_not_what_was_announced() {
    let mut history = two_products();
    history.risk(risk_opened(
        risk_id(1),
        account(1),
        LEADS,
        "usage",
        day(TODAY),
    ));
    let filter = Filter {
        risk_type: Some("price".to_owned()),
        ..Filter::default()
    };
    assert_eq!(
        shown(
            &history,
            &Question {
                filter,
                ..on(TODAY)
            }
        ),
        [row("2026-12", 1, 30)]
    );
}

#[test]
fn fc_6_a_risk_counts_on_past_dates_by_its_own_dates() {
    let mut history = two_products();
    history.risk(risk_opened(
        risk_id(1),
        account(1),
        LEADS,
        "usage",
        day("2026-11-01"),
    ));
    history.risk(risk_closed(
        risk_id(1),
        Completion::Completed,
        day("2026-11-10"),
    ));
    let (book, board) = history.read(day(TODAY));
    let at_risk = |on_date: &str| forecast(&book, &board, &on(on_date)).at_risk_accounts;
    let dates = [
        "2026-10-31",
        "2026-11-01",
        "2026-11-09",
        "2026-11-10",
        TODAY,
    ];
    assert_eq!(dates.map(at_risk), [0, 1, 1, 0, 0]);
    let before = AsOf::known_at(at(history.second - 1), day(TODAY));
    let question = Question {
        as_of: before,
        ..on(TODAY)
    };
    assert_eq!(forecast(&book, &board, &question).at_risk_accounts, 1);
}

#[test]
fn acc_8_risks_of_a_merged_account_are_the_survivors() {
    let mut history = two_products();
    history.accounts(opened(account(2), attributes("", "Mid", user(1)), "関東"));
    history.risk(risk_opened(
        risk_id(1),
        account(2),
        LEADS,
        "usage",
        day(TODAY),
    ));
    history.accounts(merged(account(2), account(1)));
    let (book, board) = history.read(day(TODAY));
    assert_eq!(forecast(&book, &board, &on(TODAY)).at_risk_accounts, 1);
    let before = AsOf::known_at(at(history.second - 1), day(TODAY));
    let question = Question {
        as_of: before,
        ..on(TODAY)
    };
    assert_eq!(
        forecast(&book, &board, &question).at_risk_accounts,
        0,
        "account 2 is not active"
    );
}

#[test]
fn the_accounts_of_a_bucket_show_what_puts_them_there() {
    let mut history = two_products();
    history.risk(risk_opened(
        risk_id(1),
        account(1),
        LEADS,
        "usage",
        day(TODAY),
    ));
    let (book, board) = history.read(day(TODAY));
    let page = accounts(&book, &board, &on(TODAY), None, 0, 50);
    assert_eq!(page.total, 2);
    let [announced, rest] = page.accounts.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!(
        (announced.announced, announced.date),
        (true, Some(day("2026-12-31")))
    );
    assert_eq!((rest.announced, rest.mrr), (false, Money::from_minor(100)));
    assert_eq!(rest.bucket, BucketKey::Month(day("2027-03-01").month()));
    assert_eq!(rest.open_risks.leads_to_churn, 1);
}

/// Core (100) renews by itself every month; add-on (30), recorded later, ends next year. Both renew
/// on the same day, which goes by.
#[test]
fn fc_5_the_rest_renews_by_itself_as_days_go_by() {
    let mut history = History::default();
    history.accounts(team_defined(team(1), None));
    history.accounts(registered(user(1), team(1)));
    history.accounts(opened(account(1), attributes("", "Mid", user(1)), "関東"));
    let (begins, renews) = (day("2026-01-01"), Some(day("2026-11-21")));
    for (number, product, mrr, months) in [(1, "core", 100, 1), (2, "add-on", 30, 0)] {
        let subscription = subscription(number);
        let terms = terms(renews, months);
        history.accounts(started(
            subscription,
            account(1),
            product,
            begins,
            mrr,
            terms,
        ));
    }
    history.accounts(announced(subscription(2), day("2027-01-01")));
    history.risk(risk_opened(
        risk_id(1),
        account(1),
        LEADS,
        "usage",
        day("2026-11-01"),
    ));
    let expected = [row("2026-12", 1, 100), row("2027-01", 1, 30)];
    let (mut book, board) = history.read(day("2026-11-21"));
    let tomorrow = on("2026-11-22");
    assert_eq!(buckets(&book, &board, &tomorrow), expected, "ahead");
    book.roll_to(day("2026-11-22"));
    assert_eq!(buckets(&book, &board, &tomorrow), expected, "today");
}
