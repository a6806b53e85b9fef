//! Where targets stand.

use keizoku_core::Money;
use keizoku_proto::accounts;
use keizoku_proto::forecast as proto;
use keizoku_revenue::{Goal, Target, TargetMetric};
use keizoku_runtime::names;

use super::{figure, money};
use crate::metrics::Figure;
use crate::targets::{Standing, Status};

/// Standings; watermarks are added by the caller.
pub(crate) fn targets(standings: &[Standing], currency: &str) -> proto::GetTargetsResponse {
    proto::GetTargetsResponse {
        standings: standings
            .iter()
            .map(|one| standing(one, currency))
            .collect(),
        watermarks: Vec::new(),
    }
}

fn standing(standing: &Standing, currency: &str) -> proto::TargetStanding {
    use proto::figure_difference::Value as Apart;
    let Standing {
        target,
        figure: found,
        pace,
        apart,
        status,
    } = standing;
    let apart = apart.map(|apart| match target.goal {
        Goal::Amount(_) => Apart::Amount(money(Money::from_minor(apart), currency)),
        Goal::RatePpm(_) => Apart::Ppm(apart),
    });
    let status = match status {
        Status::Unknown => proto::TargetStatus::Unspecified,
        Status::NotBegun => proto::TargetStatus::NotBegun,
        Status::OnTrack => proto::TargetStatus::OnTrack,
        Status::Behind => proto::TargetStatus::Behind,
        Status::Met => proto::TargetStatus::Met,
        Status::Missed => proto::TargetStatus::Missed,
    };
    let pace = pace.map(|pace| Figure {
        value: Ok(pace),
        reconstructed: false,
    });
    let (metric, version) = standing.entry();
    proto::TargetStanding {
        target: Some(shown(target)),
        metric: metric.to_owned(),
        version: version.to_owned(),
        figure: found.map(|found| figure(&found, currency)),
        pace: pace.map(|pace| figure(&pace, currency)),
        difference: apart.map(|apart| proto::FigureDifference { value: Some(apart) }),
        status: status.into(),
    }
}

fn shown(target: &Target) -> accounts::Target {
    use accounts::target::Goal as Reached;
    let metric = match target.metric {
        TargetMetric::Grr => accounts::TargetMetric::Grr,
        TargetMetric::Nrr => accounts::TargetMetric::Nrr,
        TargetMetric::LogoRetention => accounts::TargetMetric::LogoRetention,
        TargetMetric::ExpansionMrr => accounts::TargetMetric::ExpansionMrr,
    };
    accounts::Target {
        team: target.team.map(names::team).unwrap_or_default(),
        metric: metric.into(),
        first_month: target.first.to_string(),
        last_month: target.last.to_string(),
        goal: Some(match target.goal {
            Goal::RatePpm(ppm) => Reached::RatePpm(ppm),
            Goal::Amount(amount) => Reached::Amount(amount),
        }),
    }
}
