//! Targets for retention and expansion, as the settings state them (FC-13).

use keizoku_core::{Month, TeamId};
use keizoku_proto::accounts;
use uuid::Uuid;

/// What a target is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetMetric {
    /// Gross revenue retention.
    Grr,
    /// Net revenue retention.
    Nrr,
    /// Logo retention.
    LogoRetention,
    /// Expansion MRR.
    ExpansionMrr,
}

/// What to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A rate in parts per million.
    RatePpm(u32),
    /// An amount in minor units.
    Amount(i64),
}

/// What a team, or the whole organisation, wants to reach in some months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The team, with subteams; `None` for the whole organisation.
    pub team: Option<TeamId>,
    /// What is measured.
    pub metric: TargetMetric,
    /// First month.
    pub first: Month,
    /// Last month.
    pub last: Month,
    /// What to reach.
    pub goal: Goal,
}

impl Target {
    /// `None` for what the service does not record: another metric is a newer version's.
    pub(crate) fn of(target: &accounts::Target) -> Option<Self> {
        use accounts::TargetMetric as Stated;
        use accounts::target::Goal as Reached;
        let team = target.team.strip_prefix("teams/");
        let team = team.map(Uuid::try_parse).transpose().ok()?;
        Some(Self {
            team: team.map(TeamId::from),
            metric: match target.metric() {
                Stated::Grr => TargetMetric::Grr,
                Stated::Nrr => TargetMetric::Nrr,
                Stated::LogoRetention => TargetMetric::LogoRetention,
                Stated::ExpansionMrr => TargetMetric::ExpansionMrr,
                Stated::Unspecified => return None,
            },
            first: target.first_month.parse().ok()?,
            last: target.last_month.parse().ok()?,
            goal: match target.goal? {
                Reached::RatePpm(ppm) => Goal::RatePpm(ppm),
                Reached::Amount(amount) => Goal::Amount(amount),
            },
        })
    }
}
