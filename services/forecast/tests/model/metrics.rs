//! FC-8 as the metric dictionary defines it.

use keizoku_core::{Day, Money, Month};
use keizoku_forecast::metrics::{
    DEFINITIONS, Figure, NoValue, RevenueMetrics, Value, revenue_metrics,
};
use keizoku_forecast::{Filter, OwnerFilter};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{Organisation, OrganisationConfigured};
use keizoku_revenue::{AsOf, Book, Entry};
use proptest::prelude::*;

use crate::given::*;
use crate::properties::{history_of, questions, steps};

const TODAY: &str = "2026-11-22";

fn month(text: &str) -> Month {
    day(&format!("{text}-01")).month()
}

fn metrics_of(history: &History, of: &str, filter: &Filter) -> RevenueMetrics {
    let (book, board) = history.read(day(TODAY));
    revenue_metrics(&book, &board, AsOf::now(day(TODAY)), month(of), filter).unwrap()
}

fn figure(metrics: &RevenueMetrics, id: &str) -> Figure {
    metrics
        .metrics
        .iter()
        .find(|metric| metric.id == id)
        .unwrap()
        .month
}

fn trailing(metrics: &RevenueMetrics, id: &str) -> Figure {
    metrics
        .metrics
        .iter()
        .find(|metric| metric.id == id)
        .unwrap()
        .trailing
        .unwrap()
}

fn amount(figure: Figure) -> i64 {
    match figure.value {
        Ok(Value::Amount(amount)) => amount.minor(),
        other => panic!("{other:?}"),
    }
}

fn fraction(figure: Figure) -> (i64, i64) {
    match figure.value {
        Ok(Value::Rate(rate)) => (rate.numerator(), rate.denominator()),
        other => panic!("{other:?}"),
    }
}

/// Customers since 2025 of 100, 200 and 400 a month; in October 2026 the first expands by 50, the
/// second downsizes to 150, the third leaves, and a fourth comes with 30.
fn october() -> History {
    let mut history = History::default();
    history.accounts(team_defined(team(1), None));
    history.accounts(registered(user(1), team(1)));
    let begins = ["2025-01-01", "2025-01-01", "2025-01-01", "2026-10-31"];
    for (number, (mrr, on)) in (1..).zip([100, 200, 400, 30].into_iter().zip(begins)) {
        history.accounts(opened(
            account(number),
            attributes("", "Mid", user(1)),
            "関東",
        ));
        let terms = terms(Some(day("2027-01-01")), 0);
        history.accounts(started(
            subscription(number),
            account(number),
            "core",
            day(on),
            mrr,
            terms,
        ));
    }
    history.accounts(expanded(subscription(1), day("2026-10-10"), 150));
    history.accounts(expanded(subscription(2), day("2026-10-20"), 150));
    history.accounts(churned(subscription(3), day("2026-10-31")));
    history
}

#[test]
fn fc_8_the_movements_of_a_month() {
    let metrics = metrics_of(&october(), "2026-10", &Filter::default());
    let amounts = [
        "opening_mrr",
        "new_mrr",
        "reactivation_mrr",
        "expansion_mrr",
        "contraction_mrr",
        "churn_mrr",
        "closing_mrr",
    ];
    let shown = amounts.map(|id| amount(figure(&metrics, id)));
    assert_eq!(shown, [700, 30, 0, 50, 50, 400, 330]);
    assert_eq!(
        fraction(figure(&metrics, "gross_revenue_churn_rate")),
        (450, 700)
    );
    assert_eq!(fraction(figure(&metrics, "grr")), (250, 700));
    assert_eq!(fraction(figure(&metrics, "nrr")), (300, 700));
    assert_eq!(fraction(figure(&metrics, "logo_retention")), (2, 3));
    assert!(!metrics.provisional);
}

#[test]
fn fc_8_what_takes_effect_on_the_first_is_not_in_the_opening() {
    let mut history = october();
    history.accounts(expanded(subscription(1), day("2026-10-01"), 120));
    let metrics = metrics_of(&history, "2026-10", &Filter::default());
    assert_eq!(amount(figure(&metrics, "opening_mrr")), 700);
    let before = metrics_of(&history, "2026-09", &Filter::default());
    assert_eq!(
        amount(figure(&before, "closing_mrr")),
        700,
        "equals the closing before"
    );
}

#[test]
fn fc_8_churn_counts_in_the_month_of_its_date_and_reactivation_is_not_new() {
    let mut history = october();
    history.accounts(reactivated(subscription(3), day("2026-11-15"), 300));
    let metrics = metrics_of(&history, "2026-11", &Filter::default());
    assert_eq!(amount(figure(&metrics, "reactivation_mrr")), 300);
    assert_eq!(amount(figure(&metrics, "new_mrr")), 0);
    assert!(metrics.provisional, "the month is running");
    // Won back within the twelve months: kept, with what it pays now.
    assert_eq!(fraction(trailing(&metrics, "nrr")), (600, 700));
    assert_eq!(fraction(trailing(&metrics, "grr")), (550, 700));
    assert_eq!(amount(trailing(&metrics, "churn_mrr")), 400);
}

#[test]
fn fc_8_one_of_several_products_ended_is_contraction_not_churn() {
    let mut history = october();
    let terms = terms(None, 0);
    history.accounts(started(
        subscription(9),
        account(1),
        "add-on",
        day("2025-01-01"),
        7,
        terms,
    ));
    history.accounts(churned(subscription(9), day("2026-09-15")));
    let metrics = metrics_of(&history, "2026-09", &Filter::default());
    assert_eq!(amount(figure(&metrics, "contraction_mrr")), 7);
    assert_eq!(amount(figure(&metrics, "churn_mrr")), 0);
    let filter = Filter {
        product: Some("add-on".to_owned()),
        ..Filter::default()
    };
    assert_eq!(
        amount(figure(
            &metrics_of(&history, "2026-09", &filter),
            "churn_mrr"
        )),
        7
    );
}

#[test]
fn fc_8_a_rate_of_nothing_has_no_value() {
    let filter = Filter {
        tier: Some("SMB".to_owned()),
        ..Filter::default()
    };
    let metrics = metrics_of(&october(), "2026-10", &filter);
    assert_eq!(figure(&metrics, "grr").value, Err(NoValue::ZeroDenominator));
    assert_eq!(amount(figure(&metrics, "opening_mrr")), 0);
}

#[test]
fn fc_8_a_month_that_has_not_begun_has_no_figures() {
    let (book, board) = october().read(day(TODAY));
    let as_of = AsOf::now(day(TODAY));
    assert!(revenue_metrics(&book, &board, as_of, month("2026-12"), &Filter::default()).is_err());
}

#[test]
fn fc_8_ltv_needs_a_margin_a_loss_and_twelve_months() {
    let reason = |history: &History| {
        figure(&metrics_of(history, "2026-10", &Filter::default()), "ltv").value
    };
    let mut history = october();
    assert_eq!(reason(&history), Err(NoValue::MarginUnset));
    let organisation = Organisation {
        gross_margin_ppm: Some(800_000),
        ..Organisation::default()
    };
    // In effect from 2026-11-22 on, so not on the last day of October.
    history.accounts(Kind::OrganisationConfigured(OrganisationConfigured {
        organisation: Some(organisation),
    }));
    assert_eq!(reason(&history), Err(NoValue::MarginUnset));
    let ltv = figure(&metrics_of(&history, "2026-11", &Filter::default()), "ltv");
    // 330 over 3 accounts, margin 0.8, lost 450 of openings of 11 × 700 and 330: 1,570.3.
    assert_eq!(amount(ltv), 1_570);
    let (book, board) = history.read(day(TODAY));
    let young = |of| {
        let metrics = revenue_metrics(
            &book,
            &board,
            AsOf::now(day(TODAY)),
            month(of),
            &Filter::default(),
        );
        figure(&metrics.unwrap(), "ltv").value
    };
    assert_eq!(young("2025-06"), Err(NoValue::InsufficientHistory));
}

#[test]
fn fc_8_before_the_first_import_movements_are_unknown() {
    let history = october();
    let (_, board) = history.read(day(TODAY));
    let mut book = Book::new(day(TODAY));
    let mut imported_at = at(1);
    for (recorded_at, event) in &history.events {
        let Event::Accounts(revision, kind) = event else {
            continue;
        };
        imported_at = *recorded_at;
        book.apply(Entry {
            recorded_at: *recorded_at,
            revision: *revision,
            imported: true,
            kind,
        })
        .unwrap();
    }
    let figures = |on: &str, of: &str| {
        revenue_metrics(
            &book,
            &board,
            AsOf::now(day(on)),
            month(of),
            &Filter::default(),
        )
        .unwrap()
    };
    let metrics = figures(TODAY, "2026-11");
    for id in [
        "expansion_mrr",
        "contraction_mrr",
        "gross_revenue_churn_rate",
        "grr",
        "nrr",
        "ltv",
    ] {
        assert_eq!(
            figure(&metrics, id).value,
            Err(NoValue::InsufficientHistory),
            "{id}"
        );
    }
    assert!(figure(&metrics, "opening_mrr").reconstructed);
    assert!(figure(&metrics, "logo_retention").reconstructed);
    assert!(
        !figure(&metrics, "at_risk_mrr").reconstructed,
        "today's amounts are known"
    );
    let metrics = figures("2026-12-10", "2026-12");
    assert!(!figure(&metrics, "opening_mrr").reconstructed);
    assert!(
        figure(&metrics, "grr").value.is_ok(),
        "December lies after the import, whole"
    );
    assert_eq!(
        trailing(&metrics, "grr").value,
        Err(NoValue::InsufficientHistory)
    );
    assert_eq!(
        book.first_import(Some(imported_at)),
        book.first_import(None)
    );
}

#[test]
fn every_figure_has_an_entry_in_the_dictionary() {
    let metrics = metrics_of(&october(), "2026-10", &Filter::default());
    let shown: Vec<_> = metrics
        .metrics
        .iter()
        .map(|metric| (metric.id, metric.version))
        .collect();
    let defined = DEFINITIONS.map(|definition| (definition.id, definition.version));
    assert_eq!(shown, defined);
    for definition in DEFINITIONS {
        let bare = definition.label_ja.contains("継続率")
            && !definition.label_ja.contains("売上継続率")
            && !definition.label_ja.contains("社数継続率");
        assert!(!bare, "{}", definition.label_ja);
    }
}

/// O, N, R, E, D, X, C and the figures at risk, account by account and day by day.
fn naive(book: &Book, as_of: AsOf, filter: &Filter, start: Day, last: Day) -> [i64; 7] {
    let product = filter
        .product
        .as_ref()
        .map(|name| book.products().find(name));
    let [mut o_, mut n_, mut r_, mut e_, mut d_, mut x_, mut c_] = [0; 7];
    for account in book
        .survivors(as_of.known_at)
        .filter(|_| product != Some(None))
    {
        let (attributes, segment) = book.attributes_on(account, as_of);
        let owner = attributes
            .owner
            .as_user()
            .map(|user| book.directory().user_id(user));
        let region = book
            .segments()
            .regions
            .name(book.segments().all()[segment as usize].region);
        let is_left = filter
            .tier
            .as_ref()
            .is_none_or(|tier| tier == book.tiers().name(attributes.tier.into()))
            && filter.region.as_ref().is_none_or(|asked| asked == region)
            && filter
                .owner
                .is_none_or(|asked| owner.map(OwnerFilter::User) == Some(asked));
        if !is_left {
            continue;
        }
        let mrr = |on| {
            let on = AsOf {
                known_at: as_of.known_at,
                on,
            };
            book.account_on(account, on, product.flatten()).mrr.minor()
        };
        let (o, c) = (mrr(start.plus_days(-1)), mrr(last));
        let first = day(TODAY).plus_days(-401);
        let days = (0..start.days_since(first).max(0)).map(|days| first.plus_days(days));
        let was_customer = o == 0 && c > 0 && days.map(mrr).any(|mrr| mrr > 0);
        o_ += o;
        c_ += c;
        match (o, c) {
            (0, c) if was_customer => r_ += c,
            (0, c) => n_ += c,
            (o, 0) => x_ += o,
            (o, c) => {
                e_ += (c - o).max(0);
                d_ += (o - c).max(0);
            }
        }
    }
    [o_, n_, r_, e_, d_, x_, c_]
}

const MOVEMENTS: [&str; 7] = [
    "opening_mrr",
    "new_mrr",
    "reactivation_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churn_mrr",
    "closing_mrr",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn fc_8_movements_are_the_naive_ones_and_add_up(
        steps in steps(), question in questions(), months_ago in 0..20i32,
    ) {
        let (book, board) = history_of(&steps).read(day(TODAY));
        let as_of = question.as_of;
        let filter = Filter { team: None, ..question.filter };
        let month = as_of.on.month().plus(-months_ago);
        let metrics = revenue_metrics(&book, &board, as_of, month, &filter).unwrap();
        let last = if months_ago == 0 { as_of.on } else { month.last_day() };
        let shown = MOVEMENTS.map(|id| amount(figure(&metrics, id)));
        prop_assert_eq!(shown, naive(&book, as_of, &filter, month.first_day(), last));
        let identity = |[o, n, r, e, d, x, c]: [i64; 7]| o + n + r + e - d - x == c;
        prop_assert!(identity(shown));
        prop_assert!(identity(MOVEMENTS.map(|id| amount(trailing(&metrics, id)))));
        let [o, _, _, e, d, x, _] = shown;
        if o > 0 {
            prop_assert_eq!(fraction(figure(&metrics, "grr")), (o - x - d, o));
            prop_assert_eq!(fraction(figure(&metrics, "nrr")), (o + e - d - x, o));
        }
    }

    #[test]
    fn fc_8_without_a_filter_the_opening_is_the_organisations(steps in steps(), months_ago in 0..20i32) {
        let (book, board) = history_of(&steps).read(day(TODAY));
        let as_of = AsOf::now(day(TODAY));
        let month = day(TODAY).month().plus(-months_ago);
        let metrics = revenue_metrics(&book, &board, as_of, month, &Filter::default()).unwrap();
        let opening = Money::from_minor(amount(figure(&metrics, "opening_mrr")));
        prop_assert_eq!(opening, book.opening_mrr(month));
    }
}
