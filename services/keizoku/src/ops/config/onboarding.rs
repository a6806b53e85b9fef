//! The keys of `[onboarding]`.

use keizoku_onboarding::config::{Config, GoTo};

use super::{Key, quoted};

/// Every key, taken apart by name so that none is forgotten.
pub(super) fn keys(config: &Config) -> Vec<Key> {
    let Config {
        stalled_from_working_days,
        unreachable_after_months,
        unreachable_go_to,
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
        Key {
            name: "unreachable_go_to",
            about: "Who then takes care of the customer: \"sales\", \"renewal_sales\" or \"cs\".",
            value: quoted(match unreachable_go_to {
                GoTo::Sales => "sales",
                GoTo::RenewalSales => "renewal_sales",
                GoTo::Cs => "cs",
            }),
        },
    ]
}
