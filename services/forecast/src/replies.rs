//! Answers of the model as the messages that clients see.

use keizoku_core::{Money, NoRate, Rate};
use keizoku_proto::common::{self, NoValueReason};
use keizoku_proto::forecast as proto;
use keizoku_runtime::names;

use crate::churn::{Bucket, Forecast, ForecastAccount};
use crate::owner::OwnerId;

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

/// An account's part in a bucket.
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
    }
}
