//! Looking back: which contracts ended, and what became of one (FC-5, FC-7).

use jiff::Timestamp;
use keizoku_core::{Day, Money};

use crate::contract::FactKind;
use crate::store::dense;
use crate::time::{AsOf, Known};
use crate::{AccountIx, Book};

/// Number of a subscription in one book; another book numbers them otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionIx(pub u32);

impl Book {
    /// Accounts with a subscription whose end was ever recorded, announced or not, voided or not;
    /// each once, as the accounts that the subscriptions were started for, merged or not.
    #[must_use]
    pub fn accounts_with_ends(&self) -> Vec<AccountIx> {
        let has_end = |number: &u32| {
            let mut facts = self.contracts.ever(*number);
            facts.any(|fact| {
                matches!(
                    fact.kind(),
                    FactKind::CancellationAnnounced | FactKind::Churned
                )
            })
        };
        let ended = (0..dense(self.contracts.len())).filter(has_end);
        let mut accounts: Vec<_> = ended
            .map(|number| AccountIx(self.contracts.get(number).account))
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// Calls `visit` with the account that a subscription was started for, merged or not, its
    /// product, and the changes of its MRR as known: each date, and the MRR from then on.
    pub fn for_each_subscription(
        &self,
        known_at: Option<Timestamp>,
        mut visit: impl FnMut(AccountIx, u32, &mut dyn Iterator<Item = (Day, i64)>),
    ) {
        let known = Known::from(known_at);
        for number in 0..dense(self.contracts.len()) {
            let subscription = self.contracts.get(number);
            let steps = self.contracts.steps(number, known);
            visit(
                AccountIx(subscription.account),
                subscription.product,
                &mut steps.map(|(day, level)| (day, level.mrr)),
            );
        }
    }

    /// MRR of a subscription at both times; 0 unless it runs.
    #[must_use]
    pub fn mrr_of(&self, subscription: SubscriptionIx, as_of: AsOf) -> Money {
        let known = Known::from(as_of.known_at);
        let contract = self.contracts.on(subscription.0, known, as_of.on);
        Money::from_minor(contract.mrr)
    }

    /// Calls `visit` with the number and the view of each active subscription of an account that was
    /// not merged as known, and of what was merged into it.
    pub fn for_each_running(
        &self,
        account: AccountIx,
        as_of: AsOf,
        mut visit: impl FnMut(SubscriptionIx, &crate::SubscriptionView),
    ) {
        let known = Known::from(as_of.known_at);
        self.for_each_identity(account.0, known, &mut |account| {
            for number in self.subscriptions_of(account) {
                let view = self.subscription(number, as_of);
                if view.active {
                    visit(SubscriptionIx(number), &view);
                }
            }
        });
    }
}
