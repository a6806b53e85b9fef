//! What initiatives have changed.

use keizoku_proto::accounts;
use keizoku_proto::forecast as proto;
use keizoku_revenue::{Book, Initiative};
use keizoku_runtime::{call, names};

use super::figure;
use crate::initiatives::{Comparison, Figures, Group, Outcome, Status};
use crate::metrics::VERSION;

/// An initiative with its figures; watermarks are added by the caller.
pub(crate) fn initiative(
    book: &Book,
    initiative: &Initiative,
    outcome: &Outcome,
    currency: &str,
) -> proto::GetInitiativeResponse {
    let status = match outcome.status {
        Status::NotBegun => proto::InitiativeStatus::NotBegun,
        Status::Running => proto::InitiativeStatus::Running,
        Status::Over => proto::InitiativeStatus::Over,
        Status::Withdrawn => proto::InitiativeStatus::Withdrawn,
    };
    let measured = outcome.measured.as_ref();
    let mut by_tier: Vec<_> = measured.map_or_else(Vec::new, |measured| {
        let key = |tier: u16| book.tiers().name(tier.into()).to_owned();
        let shown = measured.by_tier.iter();
        shown
            .map(|(tier, found)| comparison(key(*tier), found, currency))
            .collect()
    });
    let catalogue = &book.settings_at(None).tiers;
    by_tier.sort_by_key(|shown| {
        let place = catalogue.iter().position(|tier| *tier == shown.tier);
        (place.unwrap_or(usize::MAX), shown.tier.clone())
    });
    proto::GetInitiativeResponse {
        initiative: Some(accounts::Initiative {
            name: names::initiative(initiative.id),
            etag: call::etag(initiative.revision),
            ..initiative.charter.clone()
        }),
        status: status.into(),
        before_from_date: measured.map(|measured| measured.before_from.into()),
        since_until_date: measured.map(|measured| measured.since_until.into()),
        total: measured.map(|measured| comparison(String::new(), &measured.total, currency)),
        by_tier,
        watermarks: Vec::new(),
    }
}

fn comparison(tier: String, found: &Comparison, currency: &str) -> proto::InitiativeComparison {
    let group = |group: &Group| proto::InitiativeGroup {
        before: Some(period(&group.before, currency)),
        since: Some(period(&group.since, currency)),
    };
    proto::InitiativeComparison {
        tier,
        cohort: Some(group(&found.cohort)),
        others: Some(group(&found.others)),
    }
}

fn period(figures: &Figures, currency: &str) -> proto::InitiativePeriod {
    let [red_accounts, yellow_accounts, green_accounts] = figures.bands;
    let metrics = figures.metrics.iter();
    let metrics = metrics.map(|(metric, found)| proto::InitiativeMetric {
        metric: (*metric).to_owned(),
        version: VERSION.to_owned(),
        figure: Some(figure(found, currency)),
    });
    proto::InitiativePeriod {
        accounts: figures.accounts,
        metrics: metrics.collect(),
        red_accounts,
        yellow_accounts,
        green_accounts,
    }
}
