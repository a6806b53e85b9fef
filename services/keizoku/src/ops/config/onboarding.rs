//! The keys of `[onboarding]`.

use keizoku_onboarding::config::Config;

use super::{Key, quoted};

/// Every key, taken apart by name so that none is forgotten.
pub(super) fn keys(config: &Config) -> Vec<Key> {
    let Config {
        stalled_from_working_days,
        unreachable_after_months,
    } = config;
    let tiers = stalled_from_working_days.iter();
    let tiers = tiers.map(|(tier, days)| format!("{} = {days}", quoted(tier)));
    vec![
        Key {
            name: "stalled_from_working_days",
            about: "By tier: after how many working days without two-way contact an onboarding is stalled.\n\
                    10 for a tier that is not named.",
            value: format!("{{ {} }}", tiers.collect::<Vec<_>>().join(", ")),
        },
        Key {
            name: "unreachable_after_months",
            about: "After how many months without two-way contact a customer is unreachable.",
            value: unreachable_after_months.to_string(),
        },
    ]
}
