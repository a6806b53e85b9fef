//! What an operator may set, each with a default that works.

use std::collections::BTreeMap;

use keizoku_proto::onboarding::Destination;
use keizoku_runtime::config::Problems;
use serde::Deserialize;

/// Working days without two-way contact from which on an onboarding of a tier that is not named is
/// stalled.
const STALLED_FROM: u32 = 10;

/// Section `onboarding` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// By tier, working days without two-way contact from which on it is stalled (ONB-7).
    pub stalled_from_working_days: BTreeMap<String, u32>,
    /// Months without two-way contact after which the customer is unreachable (ONB-7).
    pub unreachable_after_months: u32,
    /// Who then takes care of the customer (ONB-7).
    pub unreachable_go_to: GoTo,
}

/// Who takes care of a customer that onboarding cannot reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoTo {
    /// Sales.
    #[default]
    Sales,
    /// The sales people who renew contracts.
    RenewalSales,
    /// Customer success.
    Cs,
}

impl From<GoTo> for Destination {
    fn from(go_to: GoTo) -> Self {
        match go_to {
            GoTo::Sales => Self::Sales,
            GoTo::RenewalSales => Self::RenewalSales,
            GoTo::Cs => Self::Cs,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let tiers = [("Enterprise", 10), ("Mid", 10), ("SMB", 15)];
        Self {
            stalled_from_working_days: tiers.map(|(tier, days)| (tier.to_owned(), days)).into(),
            unreachable_after_months: 3,
            unreachable_go_to: GoTo::Sales,
        }
    }
}

impl Config {
    /// Notes every value that makes no sense.
    pub fn validate(&self, problems: &mut Problems) {
        if self
            .stalled_from_working_days
            .values()
            .any(|days| *days == 0)
        {
            problems.add("onboarding.stalled_from_working_days", "must be 1 or more");
        }
        if self.unreachable_after_months == 0 {
            problems.add("onboarding.unreachable_after_months", "must be 1 or more");
        }
    }

    /// From how many working days without two-way contact on an onboarding of a tier is stalled.
    pub(crate) fn stalled_from(&self, tier: &str) -> u32 {
        let known = self.stalled_from_working_days.get(tier);
        known.copied().unwrap_or(STALLED_FROM)
    }
}
