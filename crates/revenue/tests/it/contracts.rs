use keizoku_core::Money;
use keizoku_revenue::AsOf;

use crate::given::*;

const TODAY: &str = "2026-11-22";

/// One subscription of 100 a month since 2026-01-01.
fn running(of_terms: keizoku_proto::accounts::Terms) -> Log {
    let mut log = Log::default();
    log.write(opened(account(1), owned("", None, None)));
    log.write(started(
        subscription(1),
        account(1),
        "core",
        day("2026-01-01"),
        100,
        of_terms,
    ));
    log
}

#[test]
fn acc_3_active_from_its_start_until_the_day_before_its_end() {
    let mut log = running(renews("2027-01-01"));
    log.write(churned(subscription(1), day("2026-06-01")));
    let book = log.book(day(TODAY));
    let shown = ["2025-12-31", "2026-01-01", "2026-05-31", "2026-06-01"];
    assert_eq!(shown.map(|on| mrr(&book, account(1), on)), [0, 100, 100, 0]);
}

#[test]
fn acc_3_auto_renewal_advances_from_the_anchor_day() {
    let log = running(terms(
        Some(day("2026-01-31")),
        Some(day("2025-12-31")),
        1,
        true,
    ));
    let book = log.book(day(TODAY));
    let on = [
        "2026-01-31",
        "2026-02-01",
        "2026-02-28",
        "2026-03-01",
        "2026-11-22",
    ];
    let expected = [
        "2026-01-31",
        "2026-02-28",
        "2026-02-28",
        "2026-03-31",
        "2026-11-30",
    ];
    assert_eq!(
        on.map(|on| renewal(&book, account(1), on)),
        expected.map(|on| Some(day(on)))
    );
    let view = &book.subscriptions(
        book.account(account(1)).unwrap(),
        AsOf::now(day("2026-03-01")),
    )[0];
    assert_eq!(
        view.notice_deadline,
        Some(day("2026-02-28")),
        "two terms later as well"
    );
}

#[test]
fn acc_3_without_auto_renewal_a_term_or_with_notice_a_passed_date_stays() {
    let passed = Some(day("2026-10-31"));
    for (months, auto) in [(12, false), (0, true)] {
        let book = running(terms(passed, None, months, auto)).book(day(TODAY));
        assert_eq!(renewal(&book, account(1), TODAY), passed);
    }
    let mut log = running(terms(passed, None, 12, true));
    log.write(announced(subscription(1), day("2027-10-31")));
    assert_eq!(renewal(&log.book(day(TODAY)), account(1), TODAY), passed);
}

#[test]
fn acc_3_an_account_renews_at_the_earliest_of_its_active_subscriptions() {
    let mut log = running(renews("2027-03-31"));
    log.write(started(
        subscription(2),
        account(1),
        "add-on",
        day("2026-02-01"),
        30,
        renews("2026-12-31"),
    ));
    log.write(started(
        subscription(3),
        account(1),
        "past",
        day("2026-02-01"),
        5,
        renews("2026-11-30"),
    ));
    log.write(churned(subscription(3), day("2026-11-01")));
    let book = log.book(day(TODAY));
    assert_eq!(renewal(&book, account(1), TODAY), Some(day("2026-12-31")));
    assert_eq!(mrr(&book, account(1), TODAY), 130);
}

#[test]
fn acc_5_a_fact_states_the_mrr_from_its_date_until_the_next() {
    let mut log = running(renews("2027-01-01"));
    log.write(downsized(subscription(1), day("2026-09-01"), 80));
    log.write(expanded(subscription(1), day("2026-05-01"), 150));
    let book = log.book(day(TODAY));
    let shown = ["2026-04-30", "2026-05-01", "2026-08-31", "2026-09-01"];
    assert_eq!(
        shown.map(|on| mrr(&book, account(1), on)),
        [100, 150, 150, 80]
    );
}

#[test]
fn acc_5_on_the_same_date_the_later_recorded_wins() {
    let mut log = running(renews("2027-01-01"));
    log.write(expanded(subscription(1), day("2026-05-01"), 150));
    log.write_with_the_last(expanded(subscription(1), day("2026-05-01"), 140));
    let as_known = AsOf::known_at(at(2), day(TODAY));
    let book = log.book(day(TODAY));
    assert_eq!(mrr(&book, account(1), TODAY), 140);
    let account = book.account(account(1)).unwrap();
    assert_eq!(
        book.account_on(account, as_known, None).mrr,
        Money::from_minor(100)
    );
}

#[test]
fn acc_5_a_voided_fact_does_not_count_from_then_on() {
    let mut log = running(renews("2027-01-01"));
    let expansion = log.write(expanded(subscription(1), day("2026-05-01"), 150));
    log.write(voided(subscription(1), expansion));
    let book = log.book(day(TODAY));
    assert_eq!(mrr(&book, account(1), TODAY), 100);
    let ix = book.account(account(1)).unwrap();
    let before = book.account_on(ix, AsOf::known_at(at(3), day(TODAY)), None);
    assert_eq!(
        before.mrr,
        Money::from_minor(150),
        "known before it was voided"
    );
}

#[test]
fn acc_5_churn_ends_the_mrr_until_a_reactivation() {
    let mut log = running(renews("2027-01-01"));
    log.write(churned(subscription(1), day("2026-03-01")));
    log.write(expanded(subscription(1), day("2026-04-01"), 150));
    log.write(reactivated(
        subscription(1),
        day("2026-06-01"),
        120,
        renews("2027-06-01"),
    ));
    let book = log.book(day(TODAY));
    let shown = ["2026-02-28", "2026-03-01", "2026-04-01", "2026-06-01"];
    assert_eq!(shown.map(|on| mrr(&book, account(1), on)), [100, 0, 0, 120]);
    assert_eq!(renewal(&book, account(1), TODAY), Some(day("2027-06-01")));
}

#[test]
fn fc_5_an_announced_cancellation_is_active_until_its_date_and_ends_without_a_churn_event() {
    let mut log = running(renews("2027-01-01"));
    log.write(announced(subscription(1), day("2027-01-01")));
    let mut book = log.book(day(TODAY));
    let ix = book.account(account(1)).unwrap();
    let view = book.account_on(ix, AsOf::now(day(TODAY)), None);
    assert!(view.active && view.split.rest.is_none());
    assert_eq!(
        {
            let part = view.split.announced().next().unwrap();
            (part.end, part.mrr.minor())
        },
        (day("2027-01-01"), 100)
    );
    book.roll_to(day("2027-01-01"));
    assert!(!book.row(ix).is_active());
}

#[test]
fn fc_5_a_reactivation_on_the_day_of_the_end_announces_nothing() {
    let mut log = running(renews("2027-01-01"));
    log.write(announced(subscription(1), day("2027-01-01")));
    log.write(reactivated(
        subscription(1),
        day("2027-01-01"),
        100,
        renews("2028-01-01"),
    ));
    let book = log.book(day(TODAY));
    assert!(
        !book
            .row(book.account(account(1)).unwrap())
            .has_announced_end()
    );
}

#[test]
fn a_zero_yen_contract_is_active() {
    let mut log = Log::default();
    log.write(opened(account(1), owned("", None, None)));
    log.write(started(
        subscription(1),
        account(1),
        "trial",
        day("2026-01-01"),
        0,
        renews("2027-01-01"),
    ));
    let book = log.book(day(TODAY));
    let row = book.row(book.account(account(1)).unwrap());
    assert_eq!((row.is_active(), row.mrr), (true, 0));
}

#[test]
fn terms_changed_move_the_renewal_from_their_date_on() {
    let mut log = running(renews("2026-12-31"));
    log.write(terms_changed(
        subscription(1),
        day("2026-11-01"),
        renews("2027-03-31"),
    ));
    let book = log.book(day(TODAY));
    assert_eq!(
        renewal(&book, account(1), "2026-10-31"),
        Some(day("2026-12-31"))
    );
    assert_eq!(
        renewal(&book, account(1), "2026-11-01"),
        Some(day("2027-03-31"))
    );
}

#[test]
fn opening_mrr_is_that_of_the_day_before_the_month() {
    let mut log = running(renews("2027-01-01"));
    log.write(expanded(subscription(1), day("2026-11-01"), 150));
    log.write(expanded(subscription(1), day("2026-10-20"), 120));
    let book = log.book(day(TODAY));
    let month = day(TODAY).month();
    assert_eq!(book.opening_mrr(month), Money::from_minor(120));
    assert_eq!(
        book.opening_mrr_at(month, Some(at(3))),
        Money::from_minor(100)
    );
}
