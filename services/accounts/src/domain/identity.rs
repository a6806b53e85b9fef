//! Which accounts are one and the same (ACC-8). One stream for all merges, written at its exact
//! revision: two merges that would close a cycle cannot both succeed.

use std::collections::HashMap;

use jiff::Timestamp;
use keizoku_core::{AccountId, Ctx, Decider};
use keizoku_proto::accounts::AccountMerged;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;

/// All merges.
pub struct Identity;

/// Duplicate → account that stays.
#[derive(Debug, Clone, Default)]
pub struct State {
    merged: HashMap<AccountId, AccountId>,
}

impl State {
    /// The account that stays of all that `account` was merged into; itself when it was not.
    #[must_use]
    pub fn survivor(&self, account: AccountId) -> AccountId {
        let mut account = account;
        while let Some(next) = self.merged.get(&account) {
            account = *next;
        }
        account
    }

    /// The account and everything that is the same one.
    #[must_use]
    pub fn same(&self, account: AccountId) -> Vec<AccountId> {
        let survivor = self.survivor(account);
        let duplicates = self.merged.keys().copied();
        let mut same: Vec<AccountId> = duplicates
            .filter(|duplicate| self.survivor(*duplicate) == survivor)
            .collect();
        same.push(survivor);
        same
    }
}

/// Merges a duplicate into the account that stays.
#[derive(Debug, Clone)]
pub struct Merge {
    /// The duplicate.
    pub duplicate: AccountId,
    /// The account that stays.
    pub survivor: AccountId,
}

/// Why accounts are not merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The duplicate has gone into another account before.
    #[error("accounts/{duplicate} was merged into accounts/{survivor} before")]
    AlreadyMerged {
        /// The duplicate.
        duplicate: AccountId,
        /// Where it went.
        survivor: AccountId,
    },
    /// The account that should stay has gone into the duplicate, or is the duplicate.
    #[error("accounts/{0} cannot be merged into itself")]
    Cycle(AccountId),
}

impl DomainError for Error {
    fn reason(&self) -> ErrorReason {
        match self {
            Self::AlreadyMerged { .. } => ErrorReason::AlreadyMerged,
            Self::Cycle(_) => ErrorReason::MergeCycle,
        }
    }
}

impl Decider for Identity {
    type State = State;
    type Command = Merge;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, merge: Merge, _ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let Merge {
            duplicate,
            survivor,
        } = merge;
        if let Some(into) = state.merged.get(&duplicate) {
            let survivor = *into;
            return Err(Error::AlreadyMerged {
                duplicate,
                survivor,
            });
        }
        if state.survivor(survivor) == duplicate {
            return Err(Error::Cycle(duplicate));
        }
        Ok(vec![Kind::AccountMerged(AccountMerged {
            duplicate_id: duplicate.to_string(),
            survivor_id: survivor.to_string(),
        })])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::AccountMerged(merged) = event
            && let (Ok(duplicate), Ok(survivor)) =
                (merged.duplicate_id.parse(), merged.survivor_id.parse())
        {
            state.merged.insert(duplicate, survivor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ctx;
    use keizoku_core::Given;
    use uuid::Uuid;

    fn account(number: u128) -> AccountId {
        Uuid::from_u128(number).into()
    }

    fn merge(duplicate: u128, survivor: u128) -> Merge {
        Merge {
            duplicate: account(duplicate),
            survivor: account(survivor),
        }
    }

    #[test]
    fn acc_8_merges_chain_to_the_last_account_that_stays() {
        let given = Given::<Identity>::nothing(ctx()).commands([merge(1, 2), merge(2, 3)]);
        assert_eq!(given.state().survivor(account(1)), account(3));
        let mut same = given.state().same(account(2));
        same.sort();
        assert_eq!(same, [account(1), account(2), account(3)]);
        assert_eq!(given.state().same(account(4)), [account(4)]);
    }

    #[test]
    fn acc_8_merges_cannot_form_a_cycle() {
        let given = Given::<Identity>::nothing(ctx()).commands([merge(1, 2), merge(2, 3)]);
        assert_eq!(given.when(merge(3, 1)), Err(Error::Cycle(account(3))));
        assert_eq!(given.when(merge(4, 4)), Err(Error::Cycle(account(4))));
    }

    #[test]
    fn acc_8_a_merged_account_cannot_be_merged_again() {
        let given = Given::<Identity>::nothing(ctx()).commands([merge(1, 2)]);
        let expected = Error::AlreadyMerged {
            duplicate: account(1),
            survivor: account(2),
        };
        assert_eq!(given.when(merge(1, 3)), Err(expected));
    }
}
