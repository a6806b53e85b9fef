//! Reading memory ahead of need. One after the other, most of the time of a fold or of an event goes
//! into waiting for memory at random places; many at once are waited for together.

use keizoku_core::{AccountId, SubscriptionId};
use keizoku_proto::accounts::event::Kind;

use crate::contract::{READ_AHEAD, Subscription};
use crate::entry::{self, Decoded};
use crate::{AccountIx, Book};

impl Book {
    /// Reads ahead what folding these accounts will need.
    pub fn read_ahead(&self, accounts: &[AccountIx]) {
        let mut numbers = Vec::with_capacity(READ_AHEAD);
        for accounts in accounts.chunks(READ_AHEAD) {
            numbers.clear();
            numbers.extend(
                accounts
                    .iter()
                    .map(|account| self.first_subscription[account.0]),
            );
            numbers.retain(|number| *number != Subscription::LAST);
            let mut touched = 0;
            while !numbers.is_empty() {
                touched ^= self.contracts.touch(&mut numbers);
            }
            std::hint::black_box(touched);
        }
    }

    /// Reads ahead what taking in these events will need. Worth it for events of a replay, whose
    /// subjects are all over memory.
    pub fn read_ahead_of<'a>(&self, events: impl Iterator<Item = &'a Decoded>) {
        let (mut subscriptions, mut accounts) = (Vec::new(), Vec::new());
        for event in events {
            match subject(event.entry().kind) {
                Some(Subject::Account(id)) => accounts.extend(self.ids.find(id.uuid())),
                Some(Subject::Subscription(id)) => {
                    subscriptions.extend(self.contracts.find(id.uuid()));
                }
                None => {}
            }
        }
        let of_subscriptions = subscriptions.iter();
        accounts.extend(of_subscriptions.map(|number| self.contracts.get(*number).account));
        let mut touched = self.attributes.touch(&accounts);
        for account in accounts {
            touched ^= self.rows.touch(account);
        }
        for numbers in subscriptions.chunks_mut(READ_AHEAD) {
            touched ^= self.contracts.touch_first_facts(numbers);
        }
        std::hint::black_box(touched);
    }
}

/// What of the book an event changes at a place that was there before.
enum Subject {
    Account(AccountId),
    Subscription(SubscriptionId),
}

fn subject(kind: &Kind) -> Option<Subject> {
    let id = match kind {
        Kind::AccountAttributesChanged(event) => {
            return entry::id(&event.account_id, "account_id")
                .ok()
                .map(Subject::Account);
        }
        Kind::SubscriptionExpanded(event) => &event.subscription_id,
        Kind::SubscriptionDownsized(event) => &event.subscription_id,
        Kind::SubscriptionRenewed(event) => &event.subscription_id,
        Kind::CancellationAnnounced(event) => &event.subscription_id,
        Kind::SubscriptionChurned(event) => &event.subscription_id,
        Kind::SubscriptionReactivated(event) => &event.subscription_id,
        Kind::SubscriptionTermsChanged(event) => &event.subscription_id,
        Kind::ContractFactVoided(event) => &event.subscription_id,
        _ => return None,
    };
    entry::id(id, "subscription_id")
        .ok()
        .map(Subject::Subscription)
}
