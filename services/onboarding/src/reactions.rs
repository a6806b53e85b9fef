//! What the service does about events of the accounts service: pure (RX-1, RX-5, RX-8).

use keizoku_core::{AccountId, Day, OnboardingId};
use keizoku_proto::accounts::event::Kind;

/// What the service knows when it reacts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The account that a deal is of; the one that stayed, where its own was merged.
    pub(crate) account: Option<AccountId>,
    /// Whether a deal of the account and product was won before.
    pub(crate) was_won_before: bool,
    /// Id of the salesperson of a deal; empty when it names nobody.
    pub(crate) salesperson_id: String,
    /// The local date on which the event was recorded.
    pub(crate) recorded_on: Option<Day>,
    /// Onboardings of the account, and of what was merged into it, that are not done.
    pub(crate) running: Vec<OnboardingId>,
}

/// What follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intent {
    /// The hand-off of an account and product is requested.
    RequestHandOff(Request),
    /// An onboarding ends: the account churned on this date.
    End {
        onboarding: OnboardingId,
        churn_date: Day,
    },
}

/// A request for a hand-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) account: AccountId,
    pub(crate) product: String,
    pub(crate) deal_id: String,
    pub(crate) won: Day,
    pub(crate) start: Day,
    pub(crate) salesperson_id: String,
}

/// What follows from an event of the accounts service.
pub(crate) fn react(event: &Kind, known: &Known) -> Vec<Intent> {
    match event {
        Kind::DealWon(won) if !won.product.is_empty() && !known.was_won_before => {
            let (Some(account), Some(start)) = (known.account, known.recorded_on) else {
                return Vec::new();
            };
            let closed = keizoku_proto::optional_day(won.close_date.as_ref());
            // A date ahead is when the CRM expected it; it was won when somebody said so.
            let closed = closed.ok().flatten().filter(|day| *day <= start);
            vec![Intent::RequestHandOff(Request {
                account,
                product: won.product.clone(),
                deal_id: won.deal_id.clone(),
                won: closed.unwrap_or(start),
                start,
                salesperson_id: known.salesperson_id.clone(),
            })]
        }
        Kind::AccountChurned(churned) => {
            let date = keizoku_proto::optional_day(churned.churn_date.as_ref());
            let Ok(Some(churn_date)) = date else {
                return Vec::new();
            };
            let end = |onboarding: &OnboardingId| Intent::End {
                onboarding: *onboarding,
                churn_date,
            };
            known.running.iter().map(end).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use keizoku_proto::accounts::{AccountChurned, DealWon};
    use uuid::Uuid;

    use super::*;
    use crate::testing::day;

    fn won(product: &str, close_date: &str) -> Kind {
        Kind::DealWon(DealWon {
            deal_id: "d".to_owned(),
            account_id: "a".to_owned(),
            product: product.to_owned(),
            close_date: Some(day(close_date).into()),
        })
    }

    fn known() -> Known {
        Known {
            account: Some(Uuid::from_u128(1).into()),
            salesperson_id: "s".to_owned(),
            recorded_on: Some(day("2026-11-24")),
            ..Known::default()
        }
    }

    #[test]
    fn rx_1_the_first_won_deal_of_an_account_and_product_requests_the_hand_off() {
        let intents = react(&won("Core", "2026-11-20"), &known());
        let [Intent::RequestHandOff(request)] = intents.as_slice() else {
            panic!("{intents:?}");
        };
        assert_eq!(
            (request.won, request.start),
            (day("2026-11-20"), day("2026-11-24"))
        );
        assert_eq!(request.salesperson_id, "s");
        let second = Known {
            was_won_before: true,
            ..known()
        };
        assert_eq!(react(&won("Core", "2026-11-20"), &second), Vec::new());
        assert_eq!(react(&won("", "2026-11-20"), &known()), Vec::new());
    }

    #[test]
    fn rx_1_a_close_date_ahead_is_not_when_it_was_won() {
        let intents = react(&won("Core", "2026-12-31"), &known());
        let [Intent::RequestHandOff(request)] = intents.as_slice() else {
            panic!("{intents:?}");
        };
        assert_eq!(request.won, day("2026-11-24"));
    }

    #[test]
    fn rx_5_the_onboardings_of_an_account_that_churned_end() {
        let churned = |date: Option<&str>| {
            Kind::AccountChurned(AccountChurned {
                churn_date: date.map(|date| day(date).into()),
                ..AccountChurned::default()
            })
        };
        let running = vec![Uuid::from_u128(2).into(), Uuid::from_u128(3).into()];
        let known = Known { running, ..known() };
        let intents = react(&churned(Some("2026-11-30")), &known);
        assert_eq!(intents.len(), 2);
        assert!(react(&churned(None), &known).is_empty());
    }
}
