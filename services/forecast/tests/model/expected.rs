//! What to expect (FC-5): rates learned from what became of past parts.

use keizoku_core::{Day, Money};
use keizoku_forecast::Filter;
use keizoku_forecast::churn::{Basis, BucketKey, Question, Scenario, expected, forecast};
use keizoku_forecast::hindsight::PartFlag;
use keizoku_revenue::AsOf;
use proptest::prelude::*;

use crate::given::*;
use crate::hindsight::{TODAY, go_to, month};

/// Customers with a risk each whose contracts came up in some month of the two years before.
#[derive(Debug, Clone)]
struct Customer {
    months_before: i32,
    is_lost: bool,
    leads: bool,
    kind: usize,
    is_voided: bool,
}

fn customers() -> impl Strategy<Value = Vec<Customer>> {
    let customer = (1..24i32, 0..3u8, any::<bool>(), 0..2usize, 0..9u8).prop_map(
        |(months_before, lost, leads, kind, voided)| Customer {
            months_before,
            is_lost: lost > 0,
            leads,
            kind,
            is_voided: voided == 0,
        },
    );
    prop::collection::vec(customer, 40..90)
}

fn history_of_customers(customers: &[Customer]) -> History {
    let mut history = History::default();
    go_to(&mut history, "2024-06-01");
    let mut later = Vec::new();
    for (number, customer) in (0..).zip(customers) {
        let renewal = month("2026-12")
            .plus(-customer.months_before)
            .first_day()
            .plus_days(9);
        let owner = attributes("", "Mid", user(0));
        history.accounts(opened(account(number), owner, "関東"));
        let mrr = i64::try_from(100 + number * 7).unwrap();
        let product = "core";
        let since = day("2023-01-01");
        let terms = terms(Some(renewal), 0);
        history.accounts(started(
            subscription(number),
            account(number),
            product,
            since,
            mrr,
            terms,
        ));
        let flag = if customer.leads { LEADS } else { UNKNOWN };
        let kind = ["usage", "price"][customer.kind];
        history.risk(risk_opened(
            risk_id(number),
            account(number),
            flag,
            kind,
            day("2024-06-01"),
        ));
        if customer.is_lost {
            later.push((renewal, 0, number));
        }
        if customer.is_lost && customer.is_voided {
            later.push((renewal.plus_days(40), 1, number));
        }
    }
    later.sort_unstable();
    for (on, what, number) in later {
        go_to(&mut history, &on.to_string());
        // Several on one day follow each other.
        history.second += i64::try_from(number).unwrap();
        if what == 0 {
            history.accounts(churned(subscription(number), on));
        } else {
            let fact = history.revision(subscription(number));
            history.accounts(voided(subscription(number), fact));
        }
    }
    history
}

fn widest(on: Day) -> Question {
    Question {
        as_of: AsOf::now(on),
        basis: Basis::Account,
        scenario: Scenario::UnknownAtPresent,
        filter: Filter::default(),
    }
}

/// Thirty of forty usage risks that lead to churn were lost last year, none of twenty others of
/// which it is not known; one of each is open now.
pub(crate) fn learned() -> History {
    let customer = |is_lost, leads| Customer {
        months_before: 6,
        is_lost,
        leads,
        kind: usize::from(!leads),
        is_voided: false,
    };
    let mut customers = vec![customer(true, true); 30];
    customers.extend(vec![customer(false, true); 10]);
    customers.extend(vec![customer(false, false); 20]);
    customers.extend([true, false].map(|leads| Customer {
        months_before: -1,
        ..customer(false, leads)
    }));
    history_of_customers(&customers)
}

#[test]
fn fc_5_each_part_is_weighted_by_how_often_parts_like_it_were_lost() {
    let (book, board) = learned().read(day(TODAY));
    let answer = expected(&book, &board, &widest(day(TODAY)));
    assert_eq!((answer.losses, answer.sample), (30, 60));
    let line = answer.line.unwrap();
    let rates: Vec<_> = line
        .rates
        .iter()
        .map(|used| {
            let rate = used.rate;
            (
                rate.key.flag,
                used.risk_type.as_str(),
                rate.losses,
                rate.sample,
                rate.rate.ppm(),
            )
        })
        .collect();
    // p̄ = 1/2: (30 + 10) ÷ (40 + 20), and (0 + 10) ÷ (20 + 20).
    let shown = [
        (PartFlag::LeadsToChurn, "usage", 30, 40, 666_667),
        (PartFlag::UnknownAtPresent, "price", 0, 20, 250_000),
    ];
    assert_eq!(rates, shown);
    let january = BucketKey::Month(month("2027-01"));
    let at = line
        .buckets
        .iter()
        .find(|(key, _)| *key == january)
        .unwrap();
    // The two that are open pay 520 and 527: 346.67 and 131.75, each rounded.
    assert_eq!(at.1, Money::from_minor(347 + 132));
    // The others' renewals have passed, and their risks are still open.
    let overdue: i64 = (30..40)
        .map(|n| 100 + n * 7)
        .map(|mrr| (mrr * 2 + 1) / 3)
        .sum();
    let unknown: i64 = (40..60).map(|n| 100 + n * 7).sum::<i64>();
    let found = line.buckets[0].1.minor();
    assert!((found - overdue - unknown / 4).abs() <= 20, "{found}");
    assert_eq!(line.total, line.buckets.iter().map(|(_, mrr)| *mrr).sum());
}

#[test]
fn fc_5_the_expected_line_is_hidden_below_thirty_losses() {
    let mut history = learned();
    go_to(&mut history, "2026-11-25");
    let fact = history.revision(subscription(3));
    history.accounts(voided(subscription(3), fact));
    let (book, board) = history.read(day(TODAY));
    let answer = expected(&book, &board, &widest(day(TODAY)));
    assert_eq!((answer.line, answer.losses), (None, 29));
    // As known before one of them was taken back, there were enough.
    let as_of = AsOf::known_at(at(0), day("2026-11-22"));
    let then = Question {
        as_of,
        ..widest(day(TODAY))
    };
    assert!(expected(&book, &board, &then).line.is_some());
}

#[test]
fn fc_5_an_outcome_counts_31_days_after_the_end_of_its_month() {
    let history = learned();
    let on = |text: &str| {
        let (book, board) = history.read(day(text));
        expected(&book, &board, &widest(day(text))).sample
    };
    // All came up in June.
    assert_eq!([on("2026-07-30"), on("2026-07-31")], [0, 60]);
}

/// The two whose risks are open and ahead (520 and 527) join a group with one of 73 that is at no risk.
fn grouped() -> History {
    let mut history = learned();
    go_to(&mut history, "2026-11-20");
    for number in [60, 61] {
        let of = attributes("G", "Mid", user(0));
        history.accounts(attributes_changed(account(number), of, day("2026-11-20")));
    }
    history.accounts(opened(account(90), attributes("G", "Mid", user(0)), "関東"));
    let (id, of, since) = (subscription(90), account(90), day("2026-01-01"));
    let terms = terms(Some(day("2027-06-30")), 0);
    history.accounts(started(id, of, "core", since, 73, terms));
    history
}

#[test]
fn fc_5_on_basis_group_a_group_has_the_rate_of_the_account_that_speaks_for_it() {
    let question = Question {
        basis: Basis::Group,
        ..widest(day(TODAY))
    };
    let (book, board) = grouped().read(day(TODAY));
    let line = expected(&book, &board, &question).line.unwrap();
    let january = BucketKey::Month(month("2027-01"));
    let mut buckets = line.buckets.iter();
    let (_, at) = buckets.find(|(key, _)| *key == january).unwrap();
    // 1,120 at two thirds: the risk that leads to churn speaks, not the one that may.
    assert_eq!(*at, Money::from_minor(747));
    let weighed: Money = line.rates.iter().map(|used| used.mrr).sum();
    assert_eq!(weighed, forecast(&book, &board, &question).total.mrr);
    // Who has no group is one by itself: the rest is as on basis ACCOUNT.
    let by_account = expected(&book, &board, &widest(day(TODAY))).line.unwrap();
    assert_eq!(line.buckets[0], by_account.buckets[0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn fc_5_the_expected_line_is_the_one_that_was_given_then(
        customers in customers(), days_before in 0..500i32,
    ) {
        let history = history_of_customers(&customers);
        let (book, board) = history.read(day(TODAY));
        let on = day(TODAY).plus_days(-days_before);
        let known_at = on.last_instant(book.zone_at(None)).unwrap();
        let as_of = AsOf::known_at(known_at, on);
        let then = expected(&book, &board, &Question { as_of, ..widest(on) });
        let (old_book, old_board) = history.known_at(known_at, on);
        prop_assert_eq!(then, expected(&old_book, &old_board, &widest(on)));
    }

    #[test]
    fn fc_5_the_expected_line_weighs_each_yen_of_the_widest_scenario_once(
        customers in customers(),
    ) {
        let history = history_of_customers(&customers);
        let (book, board) = history.read(day(TODAY));
        for basis in [Basis::Account, Basis::Group] {
        let question = Question { basis, ..widest(day(TODAY)) };
        if let Some(line) = expected(&book, &board, &question).line {
            let weighed: Money = line.rates.iter().map(|used| used.mrr).sum();
            prop_assert_eq!(weighed, forecast(&book, &board, &question).total.mrr);
            let by_rate: Money = line.rates.iter().map(|used| used.expected).sum();
            let by_bucket: Money = line.buckets.iter().map(|(_, mrr)| *mrr).sum();
            prop_assert_eq!((by_rate, by_bucket), (line.total, line.total));
            prop_assert!(line.total <= weighed);
        }
        }
    }
}
