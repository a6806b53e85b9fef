//! A customer who does badly is suggested as a risk: pure (RX-3, RX-8).

use keizoku_core::AccountId;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{Band, HealthBandChanged};
use keizoku_proto::risk::RiskSuggested;

use crate::domain::suggestion_id;
use crate::reactions::Intent;

/// The cause of such suggestions: the explanation of the score says what it is short of.
const CAUSE: &str = "health_red";

/// What the service knows when it reacts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Language of what is written for people: `ja` or `en`.
    pub(crate) locale: String,
    /// Key of the type for a customer who does badly.
    pub(crate) red_type: String,
}

/// What follows from an event of the healthscore service.
pub(crate) fn react(event: &Kind, known: &Known) -> Vec<Intent> {
    let Kind::HealthBandChanged(changed) = event else {
        return Vec::new();
    };
    let Ok(account) = changed.account_id.parse::<AccountId>() else {
        return Vec::new();
    };
    match (changed.from(), changed.to()) {
        (_, Band::Red) => vec![Intent::Suggest(suggested(account, changed, known))],
        (Band::Red, _) => vec![Intent::ClearCause {
            account,
            cause: CAUSE.to_owned(),
        }],
        _ => Vec::new(),
    }
}

fn suggested(account: AccountId, changed: &HealthBandChanged, known: &Known) -> RiskSuggested {
    let (display_name, detail) = words(changed.score.unwrap_or_default(), &known.locale);
    RiskSuggested {
        suggestion_id: suggestion_id(account, CAUSE).to_string(),
        account_id: changed.account_id.clone(),
        cause: CAUSE.to_owned(),
        display_name,
        detail,
        r#type: known.red_type.clone(),
    }
}

/// What people read.
fn words(score: i32, locale: &str) -> (String, String) {
    if locale == "en" {
        let detail = format!(
            "The health score is {score}: red. See what it is made of, and find out what the customer is \
             short of."
        );
        return ("Health is red".to_owned(), detail);
    }
    let detail = format!(
        "ヘルススコアが{score}となり、赤になりました。内訳を見て、何が足りていないかを確かめてください。"
    );
    ("ヘルススコアが赤".to_owned(), detail)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn account() -> AccountId {
        Uuid::from_u128(1).into()
    }

    fn intents(from: Band, to: Band, locale: &str) -> Vec<Intent> {
        let changed = HealthBandChanged {
            account_id: account().to_string(),
            from: from.into(),
            to: to.into(),
            score: Some(31),
            ..HealthBandChanged::default()
        };
        let known = Known {
            locale: locale.to_owned(),
            red_type: "low_usage".to_owned(),
        };
        react(&Kind::HealthBandChanged(changed), &known)
    }

    #[test]
    fn rx_3_a_band_that_becomes_red_is_a_suggestion() {
        for from in [Band::Yellow, Band::Green, Band::Unspecified] {
            let intents = intents(from, Band::Red, "ja");
            let [Intent::Suggest(suggested)] = intents.as_slice() else {
                panic!("{intents:?}")
            };
            assert_eq!(suggested.cause, "health_red");
            assert_eq!(suggested.r#type, "low_usage");
            assert!(suggested.detail.contains("31"), "{suggested:?}");
            let id = suggestion_id(account(), "health_red");
            assert_eq!(suggested.suggestion_id, id.to_string());
        }
        let english = intents(Band::Green, Band::Red, "en");
        assert!(matches!(&english[0], Intent::Suggest(one) if one.display_name == "Health is red"));
        assert_eq!(intents(Band::Green, Band::Yellow, "ja"), []);
    }

    #[test]
    fn rx_3_risk_9_the_cause_clears_when_the_band_is_red_no_more() {
        for to in [Band::Yellow, Band::Green, Band::Unspecified] {
            let cleared = Intent::ClearCause {
                account: account(),
                cause: "health_red".to_owned(),
            };
            assert_eq!(intents(Band::Red, to, "ja"), [cleared]);
        }
    }
}
