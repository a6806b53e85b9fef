//! Answers of the model as the messages that clients see.

mod hindsight;
mod initiatives;
mod quality;
mod targets;

pub(crate) use hindsight::{backtest, expected};
pub(crate) use initiatives::initiative;
pub(crate) use quality::{issue, issue_count};
pub(crate) use targets::targets;

use keizoku_core::{Money, NoRate, Rate, TeamId};
use keizoku_proto::common::{self, NoValueReason};
use keizoku_proto::forecast as proto;
use keizoku_runtime::names;

use crate::churn::{Bucket, Forecast, ForecastAccount};
use crate::deadlines::{Deadline, DeadlineKind};
use crate::metrics::{Definition, Difference, Figure, NoValue, RevenueMetrics, Value};
use crate::owner::OwnerId;
use crate::report::{ReportedRisk, RiskCounts, RiskReport};
use crate::risks::Completion;

/// An amount in the reporting currency.
pub(crate) fn money(amount: Money, currency: &str) -> common::Money {
    common::Money {
        minor_units: amount.minor(),
        currency_code: currency.to_owned(),
    }
}

/// A rate of two amounts, or why there is none.
pub(crate) fn rate(rate: Result<Rate, NoRate>, part: Money) -> common::Rate {
    match rate {
        Ok(rate) => common::Rate {
            numerator: rate.numerator(),
            denominator: rate.denominator(),
            ppm: Some(rate.ppm()),
            no_value_reason: NoValueReason::Unspecified.into(),
        },
        Err(NoRate::ZeroDenominator) => common::Rate {
            numerator: part.minor(),
            denominator: 0,
            ppm: None,
            no_value_reason: NoValueReason::ZeroDenominator.into(),
        },
    }
}

/// `users/{user}`, `teams/{team}`, or nothing.
pub(crate) fn owner(owner: OwnerId) -> String {
    match owner {
        OwnerId::Nobody => String::new(),
        OwnerId::User(user) => names::user(user),
        OwnerId::Team(team) => names::team(team),
    }
}

fn bucket(bucket: &Bucket, currency: &str) -> proto::Bucket {
    proto::Bucket {
        key: bucket
            .key
            .map_or_else(|| "TOTAL".to_owned(), |key| key.to_string()),
        count: bucket.count,
        mrr: Some(money(bucket.mrr, currency)),
        churn_rate: Some(rate(bucket.churn_rate, bucket.mrr)),
    }
}

/// A forecast; watermarks are added by the caller.
pub(crate) fn forecast(forecast: &Forecast, currency: &str) -> proto::GetForecastResponse {
    proto::GetForecastResponse {
        buckets: forecast
            .buckets
            .iter()
            .map(|shown| bucket(shown, currency))
            .collect(),
        total: Some(bucket(&forecast.total, currency)),
        opening_mrr: Some(money(forecast.opening_mrr, currency)),
        current_mrr: Some(money(forecast.current_mrr, currency)),
        active_accounts: forecast.active_accounts,
        at_risk_accounts: forecast.at_risk_accounts,
        on: Some(forecast.on.into()),
        ..proto::GetForecastResponse::default()
    }
}

/// An account's part in a bucket; its name is added by the caller.
pub(crate) fn forecast_account(
    account: &ForecastAccount,
    currency: &str,
) -> proto::ForecastAccount {
    proto::ForecastAccount {
        account: names::account(account.account),
        bucket: account.bucket.to_string(),
        date: account.date.map(Into::into),
        mrr: Some(money(account.mrr, currency)),
        announced: account.announced,
        leads_to_churn_risks: account.open_risks.leads_to_churn.into(),
        unknown_risks: account.open_risks.unknown.into(),
        owner: owner(account.owner),
        account_display_name: String::new(),
    }
}

/// An entry of the dictionary.
pub(crate) fn definition(definition: &Definition) -> proto::MetricDefinition {
    proto::MetricDefinition {
        metric: definition.id.to_owned(),
        version: definition.version.to_owned(),
        label_ja: definition.label_ja.to_owned(),
        label_en: definition.label_en.to_owned(),
        month_formula: definition.month.to_owned(),
        trailing_formula: definition.trailing.to_owned(),
        edge_cases: definition.edge_cases.to_owned(),
    }
}

/// Figures of a month; watermarks are added by the caller.
pub(crate) fn metrics(
    restated: &RevenueMetrics,
    reported: Option<&RevenueMetrics>,
    currency: &str,
) -> proto::GetRevenueMetricsResponse {
    let shown = restated.metrics.iter().map(|metric| {
        let mut of_metric = reported.iter().flat_map(|reported| &reported.metrics);
        let then = of_metric.find(|then| then.id == metric.id);
        let month = then.map(|then| &then.month);
        let trailing = then.and_then(|then| then.trailing.as_ref());
        proto::MetricValue {
            metric: metric.id.to_owned(),
            version: metric.version.to_owned(),
            month: Some(figure(&metric.month, currency)),
            trailing_twelve: metric.trailing.map(|now| figure(&now, currency)),
            month_as_reported: month.map(|then| reported_figure(&metric.month, then, currency)),
            trailing_twelve_as_reported: metric
                .trailing
                .zip(trailing)
                .map(|(now, then)| reported_figure(&now, then, currency)),
        }
    });
    proto::GetRevenueMetricsResponse {
        month: restated.month.to_string(),
        provisional: restated.provisional,
        metrics: shown.collect(),
        ..proto::GetRevenueMetricsResponse::default()
    }
}

fn reported_figure(now: &Figure, then: &Figure, currency: &str) -> proto::ReportedFigure {
    use proto::figure_difference::Value as Shown;
    let value = now.minus(then).map(|difference| match difference {
        Difference::Amount(amount) => Shown::Amount(money(amount, currency)),
        Difference::Ppm(ppm) => Shown::Ppm(ppm),
        Difference::Count(count) => Shown::Count(count),
    });
    proto::ReportedFigure {
        figure: Some(figure(then, currency)),
        difference: value.map(|value| proto::FigureDifference { value: Some(value) }),
    }
}

fn figure(figure: &Figure, currency: &str) -> proto::Figure {
    use proto::figure::Value as Shown;
    let (value, reason) = match figure.value {
        Ok(Value::Amount(amount)) => (
            Some(Shown::Amount(money(amount, currency))),
            NoValueReason::Unspecified,
        ),
        Ok(Value::Rate(found)) => (
            Some(Shown::Rate(rate(Ok(found), Money::ZERO))),
            NoValueReason::Unspecified,
        ),
        Ok(Value::Count(count)) => (Some(Shown::Count(count)), NoValueReason::Unspecified),
        Err(NoValue::ZeroDenominator) => (None, NoValueReason::ZeroDenominator),
        Err(NoValue::InsufficientHistory) => (None, NoValueReason::InsufficientHistory),
        Err(NoValue::NoLossObserved) => (None, NoValueReason::NoLossObserved),
        Err(NoValue::MarginUnset) => (None, NoValueReason::MarginUnset),
    };
    proto::Figure {
        value,
        no_value_reason: reason.into(),
        reconstructed: figure.reconstructed,
    }
}

/// A risk report; watermarks and names of accounts are added by the caller.
pub(crate) fn report(report: &RiskReport) -> proto::GetRiskReportResponse {
    let team = |team: Option<TeamId>| team.map(names::team).unwrap_or_default();
    let list = |risks: &[ReportedRisk]| risks.iter().map(reported).collect();
    proto::GetRiskReportResponse {
        opened: list(&report.opened),
        closed: list(&report.closed),
        overdue: list(&report.overdue),
        by_owner: report
            .by_owner
            .iter()
            .map(|(of, found)| counts(owner(*of), *found))
            .collect(),
        by_team: report
            .by_team
            .iter()
            .map(|(of, found)| counts(team(*of), *found))
            .collect(),
        total: Some(counts(String::new(), report.total)),
        since: Some(report.since.into()),
        until: Some(report.until.into()),
        watermarks: Vec::new(),
    }
}

fn counts(owner: String, counts: RiskCounts) -> proto::OwnerRiskCounts {
    let RiskCounts {
        open,
        without_next_action,
        overdue,
        opened,
        closed,
    } = counts;
    proto::OwnerRiskCounts {
        owner,
        open,
        without_next_action,
        overdue,
        opened,
        closed,
    }
}

fn reported(risk: &ReportedRisk) -> proto::ReportedRisk {
    let completion = match risk.completion {
        None => "",
        Some(Completion::Completed) => "COMPLETED",
        Some(Completion::Failed) => "FAILED",
        Some(Completion::NotARisk) => "NOT_A_RISK",
    };
    proto::ReportedRisk {
        risk: names::risk(risk.account, risk.risk),
        display_name: risk.name.clone(),
        owner: owner(risk.owner),
        date: Some(risk.date.into()),
        completion: completion.to_owned(),
        result: risk.result.clone(),
        account: names::account(risk.survivor),
        account_display_name: String::new(),
    }
}

/// A deadline ahead; the account's name is added by the caller.
pub(crate) fn deadline(deadline: &Deadline, currency: &str) -> proto::Deadline {
    let kind = match deadline.kind {
        DeadlineKind::Renewal => proto::DeadlineKind::Renewal,
        DeadlineKind::Notice => proto::DeadlineKind::Notice,
    };
    proto::Deadline {
        account: names::account(deadline.account),
        subscription: names::subscription(deadline.account, deadline.subscription),
        kind: kind.into(),
        date: Some(deadline.date.into()),
        within: deadline.within,
        mrr: Some(money(deadline.mrr, currency)),
        at_risk: deadline.at_risk,
        owner: owner(deadline.owner),
        account_display_name: String::new(),
    }
}
