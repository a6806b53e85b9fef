//! What the service does about events of the onboarding service: pure (RX-2, RX-8).
//!
//! Stalled for the second time and dormant are one cause, each onboarding one of its own.

use keizoku_core::AccountId;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::risk::RiskSuggested;

use crate::domain::suggestion_id;
use crate::reactions::Intent;

/// Stalls from which on an onboarding is worth a suggestion.
const TOO_OFTEN: u32 = 2;

/// What the service knows when it reacts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Language of what is written for people: `ja` or `en`.
    pub(crate) locale: String,
    /// Key of the type for an onboarding that does not come to its end.
    pub(crate) stuck_type: String,
}

enum Why {
    StalledAgain(u32),
    Dormant,
}

/// Whether something may follow from an event.
pub(crate) fn matters(event: &Kind) -> bool {
    match event {
        Kind::OnboardingStalled(stalled) => stalled.times >= TOO_OFTEN,
        Kind::OnboardingWentDormant(_)
        | Kind::OnboardingPickedUp(_)
        | Kind::OnboardingRelaunched(_)
        | Kind::OnboardingCompleted(_)
        | Kind::OnboardingEnded(_) => true,
        _ => false,
    }
}

/// What follows from an event of the onboarding service.
pub(crate) fn react(event: &Kind, known: &Known) -> Vec<Intent> {
    let intent = match event {
        Kind::OnboardingStalled(e) if e.times >= TOO_OFTEN => {
            let why = Why::StalledAgain(e.times);
            suggest(&e.account_id, &e.onboarding_id, &e.product, &why, known)
        }
        Kind::OnboardingWentDormant(e) => {
            let why = Why::Dormant;
            suggest(&e.account_id, &e.onboarding_id, &e.product, &why, known)
        }
        Kind::OnboardingPickedUp(e) => clear(&e.account_id, &e.onboarding_id),
        Kind::OnboardingRelaunched(e) => clear(&e.account_id, &e.onboarding_id),
        Kind::OnboardingCompleted(e) => clear(&e.account_id, &e.onboarding_id),
        Kind::OnboardingEnded(e) => clear(&e.account_id, &e.onboarding_id),
        _ => None,
    };
    intent.into_iter().collect()
}

fn cause_of(onboarding: &str) -> String {
    format!("onboarding_stuck:{onboarding}")
}

fn clear(account: &str, onboarding: &str) -> Option<Intent> {
    let account = account.parse().ok()?;
    let cause = cause_of(onboarding);
    Some(Intent::ClearCause { account, cause })
}

fn suggest(
    account_id: &str,
    onboarding: &str,
    product: &str,
    why: &Why,
    known: &Known,
) -> Option<Intent> {
    let account: AccountId = account_id.parse().ok()?;
    let cause = cause_of(onboarding);
    let (display_name, detail) = words(product, why, &known.locale);
    Some(Intent::Suggest(RiskSuggested {
        suggestion_id: suggestion_id(account, &cause).to_string(),
        account_id: account_id.to_owned(),
        cause,
        display_name,
        detail,
        r#type: known.stuck_type.clone(),
    }))
}

/// What people read.
fn words(product: &str, why: &Why, locale: &str) -> (String, String) {
    if locale == "en" {
        let name = format!("Onboarding of {product} is stuck");
        let why = match why {
            Why::StalledAgain(times) => format!("It has stalled {times} times."),
            Why::Dormant => "It is dormant: after a relaunch nobody reached the customer \
                             either."
                .to_owned(),
        };
        let detail = format!("{why} Find out what keeps the customer from using the product.");
        return (name, detail);
    }
    let name = format!("{product}のオンボーディングが進まない");
    let why = match why {
        Why::StalledAgain(times) => format!("停滞が{times}回目になりました。"),
        Why::Dormant => "再開後も連絡がつかず、休眠となりました。".to_owned(),
    };
    let detail = format!("{why}利用が始まらない理由を確かめてください。");
    (name, detail)
}

#[cfg(test)]
mod tests {
    use keizoku_proto::onboarding::{
        OnboardingCompleted, OnboardingStalled, OnboardingWentDormant,
    };
    use uuid::Uuid;

    use super::*;

    fn account() -> String {
        Uuid::from_u128(1).to_string()
    }

    fn known(locale: &str) -> Known {
        Known {
            locale: locale.to_owned(),
            stuck_type: "onboarding_unfinished".to_owned(),
        }
    }

    fn stalled(times: u32) -> Kind {
        Kind::OnboardingStalled(OnboardingStalled {
            onboarding_id: "o".to_owned(),
            account_id: account(),
            product: "Core".to_owned(),
            times,
            ..OnboardingStalled::default()
        })
    }

    fn suggested(event: &Kind, locale: &str) -> RiskSuggested {
        assert!(matters(event));
        match react(event, &known(locale)).pop() {
            Some(Intent::Suggest(suggested)) => suggested,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rx_2_the_second_stall_and_dormancy_are_one_cause() {
        assert!(!matters(&stalled(1)) && react(&stalled(1), &known("ja")).is_empty());
        let twice = suggested(&stalled(2), "ja");
        let dormant = Kind::OnboardingWentDormant(OnboardingWentDormant {
            onboarding_id: "o".to_owned(),
            account_id: account(),
            product: "Core".to_owned(),
            ..OnboardingWentDormant::default()
        });
        let dormant = suggested(&dormant, "ja");
        assert_eq!(twice.suggestion_id, dormant.suggestion_id);
        assert_eq!(twice.r#type, "onboarding_unfinished");
        assert_eq!(twice.display_name, "Coreのオンボーディングが進まない");
        assert_ne!(twice.detail, dormant.detail);
        let in_english = suggested(&stalled(3), "en");
        assert!(in_english.detail.contains("3 times"), "{in_english:?}");
    }

    #[test]
    fn rx_2_what_goes_on_or_is_done_clears_the_cause() {
        let done = Kind::OnboardingCompleted(OnboardingCompleted {
            onboarding_id: "o".to_owned(),
            account_id: account(),
            ..OnboardingCompleted::default()
        });
        let intents = react(&done, &known("ja"));
        let cause = suggested(&stalled(2), "ja").cause;
        let account = account().parse().unwrap();
        assert_eq!(intents, [Intent::ClearCause { account, cause }]);
    }
}
