//! Deals (ACC-10): a deal that becomes won is an event of its own.

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{DealRecorded, DealRevised, DealTerms, DealWon};
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;

/// One opportunity.
pub struct Deal;

/// What is known of a deal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such deal.
    pub id: String,
    /// Id of the account.
    pub account_id: String,
    /// Id in another system.
    pub external_id: String,
    /// What it is.
    pub terms: DealTerms,
    /// Whether it is won.
    pub won: bool,
}

/// Makes the deal be like this, whatever it was.
#[derive(Debug, Clone)]
pub struct Set {
    /// The deal.
    pub deal: DealRecorded,
    /// Whether it is won. A won deal stays won: what was handed off cannot be taken back.
    pub won: bool,
}

/// The deal belongs to another account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the deal belongs to another account; deals do not move between accounts")]
pub struct AnotherAccount;

impl DomainError for AnotherAccount {
    fn reason(&self) -> ErrorReason {
        ErrorReason::AlreadyExists
    }
}

impl Decider for Deal {
    type State = State;
    type Command = Set;
    type Event = Kind;
    type Error = AnotherAccount;

    fn decide(state: &State, command: Set, _ctx: &Ctx) -> Result<Vec<Kind>, AnotherAccount> {
        let Set { deal, won } = command;
        let terms = deal.terms.clone().unwrap_or_default();
        if !state.id.is_empty() && state.account_id != deal.account_id {
            return Err(AnotherAccount);
        }
        let becomes_won = won && !state.won;
        let won = DealWon {
            deal_id: deal.deal_id.clone(),
            account_id: deal.account_id.clone(),
            product: terms.product.clone(),
            close_date: terms.close_date,
        };
        let mut events = Vec::new();
        if state.id.is_empty() {
            events.push(Kind::DealRecorded(deal));
        } else if state.terms != terms {
            let deal_id = state.id.clone();
            events.push(Kind::DealRevised(DealRevised {
                deal_id,
                terms: Some(terms),
            }));
        }
        if becomes_won {
            events.push(Kind::DealWon(won));
        }
        Ok(events)
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        match event {
            Kind::DealRecorded(recorded) => {
                state.id.clone_from(&recorded.deal_id);
                state.account_id.clone_from(&recorded.account_id);
                state.external_id.clone_from(&recorded.external_id);
                state.terms = recorded.terms.clone().unwrap_or_default();
            }
            Kind::DealRevised(revised) => state.terms = revised.terms.clone().unwrap_or_default(),
            Kind::DealWon(_) => state.won = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ctx;
    use keizoku_core::Given;

    fn set(stage: &str, won: bool) -> Set {
        let terms = DealTerms {
            stage: stage.to_owned(),
            product: "Core".to_owned(),
            ..DealTerms::default()
        };
        let deal = DealRecorded {
            deal_id: "d".to_owned(),
            account_id: "a".to_owned(),
            terms: Some(terms),
            ..DealRecorded::default()
        };
        Set { deal, won }
    }

    #[test]
    fn acc_10_a_deal_that_becomes_won_is_an_event_of_its_own() {
        let given = Given::<Deal>::nothing(ctx()).commands([set("Negotiation", false)]);
        let events = given.when(set("Closed Won", true)).unwrap();
        assert!(matches!(
            events.as_slice(),
            [Kind::DealRevised(_), Kind::DealWon(_)]
        ));
    }

    #[test]
    fn acc_7_the_same_deal_again_changes_nothing() {
        let given = Given::<Deal>::nothing(ctx()).commands([set("Closed Won", true)]);
        assert_eq!(given.when(set("Closed Won", true)), Ok(Vec::new()));
    }
}
