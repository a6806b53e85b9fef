//! Deals (ACC-10): a deal that becomes won is an event of its own.

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{DealRecorded, DealRevised, DealTerms, DealWon};
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

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

/// What somebody wants of a deal. A won deal stays won: what was handed off cannot be taken back.
#[derive(Debug, Clone)]
pub enum Command {
    /// Makes it be like this, whatever it was.
    Set {
        /// The deal.
        deal: DealRecorded,
        /// Whether it is won.
        won: bool,
    },
    /// Says that it was won.
    Win {
        /// When; its close date as before when absent.
        close_date: Option<Day>,
        /// The stage that it is in by that; as before when empty.
        stage: String,
    },
}

/// Why a deal is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It belongs to another account.
    #[error("the deal belongs to another account; deals do not move between accounts")]
    AnotherAccount,
    /// There is none.
    #[error("the deal does not exist")]
    Unknown,
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::AnotherAccount => Code::AlreadyExists,
            Self::Unknown => Code::NotFound,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::AnotherAccount => ErrorReason::AlreadyExists,
            Self::Unknown => ErrorReason::NotFound,
        }
    }
}

impl Decider for Deal {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        match command {
            Command::Set { deal, .. }
                if !state.id.is_empty() && state.account_id != deal.account_id =>
            {
                Err(Error::AnotherAccount)
            }
            Command::Set { deal, won } => Ok(set(state, deal, won)),
            Command::Win { .. } if state.id.is_empty() => Err(Error::Unknown),
            Command::Win { close_date, stage } => {
                let mut terms = state.terms.clone();
                if let Some(date) = close_date {
                    terms.close_date = Some(date.into());
                }
                if !stage.is_empty() {
                    terms.stage = stage;
                }
                let deal = DealRecorded {
                    deal_id: state.id.clone(),
                    account_id: state.account_id.clone(),
                    external_id: state.external_id.clone(),
                    terms: Some(terms),
                };
                Ok(set(state, deal, true))
            }
        }
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

/// What makes a deal be like this.
fn set(state: &State, deal: DealRecorded, won: bool) -> Vec<Kind> {
    let terms = deal.terms.clone().unwrap_or_default();
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
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ctx;
    use keizoku_core::Given;

    fn set(stage: &str, won: bool) -> Command {
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
        Command::Set { deal, won }
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

    #[test]
    fn acc_10_winning_a_deal_keeps_what_is_not_said_and_happens_once() {
        let win = || Command::Win {
            close_date: Some("2026-11-24".parse().unwrap()),
            stage: String::new(),
        };
        let given = Given::<Deal>::nothing(ctx());
        assert_eq!(given.when(win()), Err(Error::Unknown));
        let given = given.commands([set("Negotiation", false)]);
        let events = given.when(win()).unwrap();
        let [Kind::DealRevised(revised), Kind::DealWon(won)] = events.as_slice() else {
            panic!("{events:?}");
        };
        let terms = revised.terms.as_ref().unwrap();
        assert_eq!((&*terms.stage, &*won.product), ("Negotiation", "Core"));
        assert_eq!(won.close_date, terms.close_date);
        let given = given.commands([win()]);
        assert_eq!(given.when(win()), Ok(Vec::new()));
    }
}
