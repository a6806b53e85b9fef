//! What looking back answers.

use keizoku_core::{NoRate, Rate, TeamId};
use keizoku_proto::common::{self, NoValueReason};
use keizoku_proto::forecast as proto;
use keizoku_proto::healthscore;
use keizoku_runtime::names;

use super::{money, rate};
use crate::churn::{BucketKey, Expected, UsedRate};
use crate::health::Band;
use crate::hindsight::{Backtest, BacktestMonth, CalibrationPoint, Comparison, LossRate, PartFlag};

/// The expected line, or why there is none.
pub(crate) fn expected(expected: &Expected, currency: &str) -> proto::ExpectedLosses {
    let reason = if expected.line.is_some() {
        NoValueReason::Unspecified
    } else {
        NoValueReason::TooFewLosses
    };
    let line = expected.line.as_ref();
    let buckets = line.iter().flat_map(|line| &line.buckets);
    let bucket = |(key, mrr): &(BucketKey, _)| proto::ExpectedBucket {
        key: key.to_string(),
        mrr: Some(money(*mrr, currency)),
    };
    proto::ExpectedLosses {
        buckets: buckets.map(bucket).collect(),
        total: line.map(|line| money(line.total, currency)),
        rates: line
            .iter()
            .flat_map(|line| &line.rates)
            .map(|used| used_rate(used, currency))
            .collect(),
        // Hidden like the others: few losses say nothing.
        overall_rate: line.map(|_| of_counts(expected.overall)),
        losses: expected.losses,
        sample_size: expected.sample,
        no_value_reason: reason.into(),
    }
}

fn used_rate(used: &UsedRate, currency: &str) -> proto::LossRate {
    let LossRate {
        key,
        losses,
        sample,
        rate,
    } = used.rate;
    let flag = match key.flag {
        PartFlag::Announced => proto::PartFlag::Announced,
        PartFlag::LeadsToChurn => proto::PartFlag::LeadsToChurn,
        PartFlag::UnknownAtPresent => proto::PartFlag::UnknownAtPresent,
        PartFlag::Red => proto::PartFlag::Red,
    };
    proto::LossRate {
        flag: flag.into(),
        risk_type: used.risk_type.clone(),
        band: band(key.band).into(),
        losses,
        sample_size: sample,
        rate: Some(of_counts(Ok(rate))),
        mrr: Some(money(used.mrr, currency)),
        expected_mrr: Some(money(used.expected, currency)),
    }
}

fn band(band: Option<Band>) -> healthscore::Band {
    match band {
        None => healthscore::Band::Unspecified,
        Some(Band::Red) => healthscore::Band::Red,
        Some(Band::Yellow) => healthscore::Band::Yellow,
        Some(Band::Green) => healthscore::Band::Green,
    }
}

/// A back-test; watermarks are added by the caller.
pub(crate) fn backtest(test: &Backtest, currency: &str) -> proto::GetBacktestResponse {
    let month = |month: &BacktestMonth| proto::BacktestMonth {
        month: month.month.to_string(),
        given_time: month.given.known_at.map(keizoku_proto::timestamp),
        no_value_reason: if month.was_given {
            NoValueReason::Unspecified.into()
        } else {
            NoValueReason::TooFewLosses.into()
        },
        settled: month.settled,
        total: Some(comparison(None, &month.total, currency)),
        by_team: teams(&month.by_team, currency),
    };
    let calibration = &test.calibration;
    let point = |point: &CalibrationPoint| proto::CalibrationPoint {
        from_ppm: point.from_ppm,
        parts: point.parts,
        lost_parts: point.lost_parts,
        expected_rate: Some(of_counts(Ok(point.expected))),
        observed_rate: Some(of_counts(Ok(point.observed))),
        mrr: Some(money(point.mrr, currency)),
        lost_mrr: Some(money(point.lost_mrr, currency)),
    };
    proto::GetBacktestResponse {
        months: test.months.iter().map(month).collect(),
        total: Some(comparison(None, &test.total, currency)),
        by_team: teams(&test.by_team, currency),
        mean_error: test.mean_error.map(|mean| money(mean, currency)),
        absolute_error: Some(of_counts(test.absolute_error)),
        calibration: calibration.points.iter().map(point).collect(),
        brier_score: Some(of_counts(calibration.brier)),
        calibrated_parts: calibration.parts,
        watermarks: Vec::new(),
    }
}

fn teams(
    by_team: &[(Option<TeamId>, Comparison)],
    currency: &str,
) -> Vec<proto::BacktestComparison> {
    let shown = by_team.iter();
    shown
        .map(|(team, found)| comparison(*team, found, currency))
        .collect()
}

fn comparison(
    team: Option<TeamId>,
    found: &Comparison,
    currency: &str,
) -> proto::BacktestComparison {
    proto::BacktestComparison {
        team: team.map(names::team).unwrap_or_default(),
        forecast_mrr: Some(money(found.forecast, currency)),
        lost_mrr: Some(money(found.lost, currency)),
        error: Some(money(found.error(), currency)),
        bias: Some(rate(found.bias(), found.error())),
        lost_of_later_mrr: Some(money(found.lost_of_later, currency)),
    }
}

fn of_counts(found: Result<Rate, NoRate>) -> common::Rate {
    rate(found, keizoku_core::Money::ZERO)
}
