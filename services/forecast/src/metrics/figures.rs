use keizoku_core::{Money, Month, NoRate, Rate};
use keizoku_revenue::{AsOf, Book, TargetMetric};

use super::completions::{Completion, Completions};
use super::movements::{Movement, Movements};
use super::window::{MONTHS, Window};

/// Version of every figure's definition.
pub(crate) const VERSION: &str = "v1";

/// The figures of a month and of the twelve that end with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueMetrics {
    /// The month.
    pub month: Month,
    /// Whether it is still running: its last day is then today.
    pub provisional: bool,
    /// In the order of the dictionary.
    pub metrics: Vec<Metric>,
}

/// One entry of the dictionary, with its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Entry of the dictionary.
    pub id: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The month's.
    pub month: Figure,
    /// Of the trailing twelve months; `None` where that is not defined.
    pub trailing: Option<Figure>,
}

/// A value, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The value.
    pub value: Result<Value, NoValue>,
    /// Computed from current amounts only, for a time before the first import.
    pub reconstructed: bool,
}

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// An amount.
    Amount(Money),
    /// A rate.
    Rate(Rate),
    /// A count.
    Count(i64),
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoValue {
    /// There is nothing to divide by.
    ZeroDenominator,
    /// The window reaches back before the first import, or before there were customers.
    InsufficientHistory,
    /// Nothing was lost in the window, so a lifetime cannot be told.
    NoLossObserved,
    /// The organisation's gross margin is not set.
    MarginUnset,
}

/// All figures, in the order of the dictionary.
pub(crate) fn figures(
    book: &Book,
    window: &Window,
    movements: &Movements,
    onboardings: &Completions,
) -> RevenueMetrics {
    let month = Span {
        is_known: window.is_known_from(MONTHS - 1),
    };
    let trailing = Span {
        is_known: window.is_known_from(0),
    };
    let (one, whole) = (movements.month(), &movements.whole);
    let sum = |of: fn(&Movement) -> i64| movements.sum(of);
    // What current amounts give as well, and what needs earlier ones.
    let shown = |id, of: fn(&Movement) -> i64| {
        metric(
            id,
            month.shown(amount(of(one))),
            trailing.shown(amount(sum(of))),
        )
    };
    let known = |id, of: fn(&Movement) -> i64| {
        metric(
            id,
            month.known(amount(of(one))),
            trailing.known(amount(sum(of))),
        )
    };
    let ends = |id, of: fn(&Movement) -> i64| {
        metric(
            id,
            month.shown(amount(of(one))),
            trailing.shown(amount(of(whole))),
        )
    };
    let retained = |id, of: fn(&Movement) -> i64| {
        let (one, whole) = (rate(of(one), one.opening), rate(of(whole), whole.opening));
        metric(id, month.known(one), trailing.known(whole))
    };
    let lost: fn(&Movement) -> i64 = |of| of.churn + of.contraction;
    let ltv = ltv(book, window, movements, &trailing);
    let reconstructs_the_end = window.imported_on.is_some_and(|on| window.last() < on);
    let at_risk = Span {
        is_known: !reconstructs_the_end,
    }
    .shown(amount(movements.at_risk));
    let metrics = vec![
        ends("opening_mrr", |of| of.opening),
        shown("new_mrr", |of| of.new),
        shown("reactivation_mrr", |of| of.reactivation),
        known("expansion_mrr", |of| of.expansion),
        known("contraction_mrr", |of| of.contraction),
        shown("churn_mrr", |of| of.churn),
        ends("closing_mrr", |of| of.closing),
        metric(
            "gross_revenue_churn_rate",
            month.known(rate(lost(one), one.opening)),
            trailing.known(rate(sum(lost), sum(|of| of.opening))),
        ),
        retained("grr", |of| of.kept),
        retained("nrr", |of| of.kept_with_growth),
        metric(
            "logo_retention",
            month.shown(rate(one.customers_kept, one.customers_before)),
            trailing.shown(rate(whole.customers_kept, whole.customers_before)),
        ),
        metric("ltv", ltv, ltv),
        onboardings.metric("onboarding_completion_rate", |of| rate(of.in_time, of.due)),
        onboardings.metric("onboardings_completed_to_date", |of| {
            Ok(Value::Count(of.completed))
        }),
        Metric {
            id: "at_risk_mrr",
            version: VERSION,
            month: at_risk,
            trailing: None,
        },
    ];
    RevenueMetrics {
        month: window.month,
        provisional: window.provisional,
        metrics,
    }
}

impl Completions {
    /// No amounts are in it, so that nothing before the first import is missing.
    fn metric(
        &self,
        id: &'static str,
        of: impl Fn(&Completion) -> Result<Value, NoValue>,
    ) -> Metric {
        let figure = |found: &Completion| Figure {
            value: of(found),
            reconstructed: false,
        };
        metric(id, figure(self.month()), figure(&self.sum()))
    }
}

/// One of the figures that targets are set for, over the months of a window that count.
pub(crate) fn of_period(window: &Window, movements: &Movements, metric: TargetMetric) -> Figure {
    let start = window.start;
    let span = Span {
        is_known: window.is_known_from(start),
    };
    let whole = &movements.whole;
    match metric {
        TargetMetric::Grr => span.known(rate(whole.kept, whole.opening)),
        TargetMetric::Nrr => span.known(rate(whole.kept_with_growth, whole.opening)),
        TargetMetric::LogoRetention => {
            span.shown(rate(whole.customers_kept, whole.customers_before))
        }
        TargetMetric::ExpansionMrr => {
            span.known(amount(movements.sum_from(start, |of| of.expansion)))
        }
    }
}

/// The figures of one stretch of days other than a month, as the dictionary defines them for one;
/// `is_known`: all of it lies after the first import.
pub(crate) fn of_movement(
    one: &Movement,
    at_risk: i64,
    is_known: bool,
) -> Vec<(&'static str, Figure)> {
    let span = Span { is_known };
    let lost = one.churn + one.contraction;
    let shown = |value| span.shown(amount(value));
    let known = |value| span.known(value);
    vec![
        ("opening_mrr", shown(one.opening)),
        ("new_mrr", shown(one.new)),
        ("reactivation_mrr", shown(one.reactivation)),
        ("expansion_mrr", known(amount(one.expansion))),
        ("contraction_mrr", known(amount(one.contraction))),
        ("churn_mrr", shown(one.churn)),
        ("closing_mrr", shown(one.closing)),
        ("gross_revenue_churn_rate", known(rate(lost, one.opening))),
        ("grr", known(rate(one.kept, one.opening))),
        ("nrr", known(rate(one.kept_with_growth, one.opening))),
        (
            "logo_retention",
            span.shown(rate(one.customers_kept, one.customers_before)),
        ),
        ("at_risk_mrr", shown(at_risk)),
    ]
}

fn metric(id: &'static str, month: Figure, trailing: Figure) -> Metric {
    Metric {
        id,
        version: VERSION,
        month,
        trailing: Some(trailing),
    }
}

/// Some months in a row; `is_known`: all after the first import.
struct Span {
    is_known: bool,
}

impl Span {
    /// A figure that current amounts give as well, marked as such before the first import.
    fn shown(&self, value: Result<Value, NoValue>) -> Figure {
        Figure {
            value,
            reconstructed: !self.is_known,
        }
    }

    /// A figure that needs earlier amounts.
    fn known(&self, value: Result<Value, NoValue>) -> Figure {
        let value = if self.is_known {
            value
        } else {
            Err(NoValue::InsufficientHistory)
        };
        Figure {
            value,
            reconstructed: false,
        }
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every figure is a value or a reason for none"
)]
fn amount(minor: i64) -> Result<Value, NoValue> {
    Ok(Value::Amount(Money::from_minor(minor)))
}

fn rate(part: i64, whole: i64) -> Result<Value, NoValue> {
    Rate::new(part, whole)
        .map(Value::Rate)
        .map_err(NoValue::from)
}

impl From<NoRate> for NoValue {
    fn from(NoRate::ZeroDenominator: NoRate) -> Self {
        Self::ZeroDenominator
    }
}

/// (C ÷ customers) × margin ÷ r, where r is the trailing monthly loss, rounded half-even once.
fn ltv(book: &Book, window: &Window, movements: &Movements, trailing: &Span) -> Figure {
    // Twelve complete months: somebody had to be a customer on the first day of the oldest.
    let is_complete = movements
        .began
        .is_some_and(|began| began <= window.first_day(0));
    let at_the_end = AsOf {
        known_at: window.known_at,
        on: window.last(),
    };
    let margin = book.settings_in_effect(at_the_end).gross_margin_ppm;
    let value = match margin {
        _ if !is_complete => Err(NoValue::InsufficientHistory),
        None => Err(NoValue::MarginUnset),
        Some(margin) => lifetime_value(movements, margin).map(Value::Amount),
    };
    trailing.known(value)
}

fn lifetime_value(movements: &Movements, margin_ppm: u32) -> Result<Money, NoValue> {
    let lost = movements.sum(|month| month.churn + month.contraction);
    let opening = movements.sum(|month| month.opening);
    let customers = movements.whole.customers_after;
    if opening == 0 || customers == 0 {
        return Err(NoValue::ZeroDenominator);
    }
    if lost == 0 {
        return Err(NoValue::NoLossObserved);
    }
    let product = |factors: [i64; 3]| {
        factors
            .into_iter()
            .try_fold(1i128, |product, factor| product.checked_mul(factor.into()))
    };
    let numerator = product([movements.whole.closing, margin_ppm.into(), opening]);
    let denominator = product([customers, 1_000_000, lost]);
    let (Some(numerator), Some(denominator)) = (numerator, denominator) else {
        return Ok(Money::from_minor(i64::MAX));
    };
    let rounded = div_half_even(numerator, denominator);
    Ok(Money::from_minor(
        i64::try_from(rounded).unwrap_or(i64::MAX),
    ))
}

/// To the nearest integer, ties to the even one; neither is negative, and the denominator not 0.
fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    let (floor, rest) = (numerator / denominator, numerator % denominator);
    let over = rest - (denominator - rest);
    if over > 0 || (over == 0 && floor % 2 == 1) {
        floor + 1
    } else {
        floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ltv_is_rounded_half_even_once() {
        assert_eq!(
            [(5, 2), (7, 2), (9, 4), (11, 4)].map(|(n, d)| div_half_even(n, d)),
            [2, 4, 2, 3]
        );
    }
}
