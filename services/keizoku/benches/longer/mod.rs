//! Logs of any length about the same accounts, contracts and open risks.

use std::path::Path;

use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::{StoredEvent as _, accounts, date, risk};

use crate::population::{self, Dice, Event, Population, in_accounts, in_risk};
use crate::support::Failure;
use crate::support::fill::{Filler, Service};

/// Writes `events` events about so many accounts: how many there are.
///
/// What comes on top of the accounts changes neither how many there are nor how many risks are
/// open: amounts, deals, next actions and suggestions in turn, half of them in streams of their own.
pub(crate) fn write(data: &Path, accounts: u64, events: u64) -> Result<u64, Failure> {
    let population = Population { accounts };
    let mut filler = Filler::new(data, events)?;
    let mut written = 0;
    let mut failed = None;
    population.for_each_batch(|batch| {
        for event in batch {
            if !is_closing(event) {
                written += 1;
                failed = push(&mut filler, event).err().or(failed.take());
            }
        }
    });
    failed.map_or(Ok(()), Err)?;
    let mut dice = Dice::new(5);
    while written < events {
        push(&mut filler, &one_more(&mut dice, accounts, written))?;
        written += 1;
    }
    filler.finish()
}

fn is_closing(event: &Event) -> bool {
    matches!(event, Event::Risk(RiskKind::RiskClosed(_), _))
}

fn push(filler: &mut Filler, event: &Event) -> Result<(), Failure> {
    match event {
        Event::Accounts(kind, recorded) => {
            filler.push(Service::Accounts, kind.type_name(), recorded)
        }
        Event::Risk(kind, recorded) => filler.push(Service::Risk, kind.type_name(), recorded),
    }
}

fn one_more(dice: &mut Dice, accounts: u64, number: u64) -> Event {
    let account_id = population::account(dice.below(accounts));
    // Unlike every other id of a population.
    let own = population::subscription((1 << 40) + number);
    let day = date(population::today().plus_days(-i32::try_from(dice.below(900)).unwrap_or(0)));
    match number % 4 {
        0 => in_accounts(
            AccountsKind::SubscriptionExpanded(accounts::SubscriptionExpanded {
                subscription_id: population::subscription(dice.below(accounts)),
                effective_date: Some(day),
                mrr: 10_000 + i64::try_from(dice.below(990_000)).unwrap_or(0),
            }),
            1,
            0,
        ),
        1 => in_accounts(
            AccountsKind::DealRecorded(accounts::DealRecorded {
                deal_id: own,
                account_id,
                external_id: String::new(),
                terms: Some(accounts::DealTerms {
                    display_name: "新規導入".to_owned(),
                    stage: "Negotiation".to_owned(),
                    close_date: Some(day),
                    ..accounts::DealTerms::default()
                }),
            }),
            1,
            0,
        ),
        2 => in_risk(
            RiskKind::NextActionScheduled(risk::NextActionScheduled {
                risk_id: population::risk_id(dice.below(accounts / 5)),
                next_action: Some(risk::NextAction {
                    due_date: Some(day),
                    text: "電話する".to_owned(),
                }),
            }),
            0,
        ),
        _ => in_risk(
            RiskKind::RiskSuggested(risk::RiskSuggested {
                suggestion_id: own,
                account_id,
                cause: format!("usage-{number}"),
                display_name: "利用が減っている".to_owned(),
                detail: String::new(),
                r#type: "usage".to_owned(),
            }),
            0,
        ),
    }
}
