//! Group, tier and owner of accounts, with effective dates (GEN-5), and what has none: region,
//! industry and sales channel.

use hashbrown::HashMap;
use keizoku_core::Day;

use crate::owner::Owner;
use crate::store::{Chunked, dense};
use crate::time::Known;

/// What of an account has an effective date, as numbers; 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Number of the corporate group.
    pub group: u32,
    /// Number of the tier.
    pub tier: u16,
    /// Who looks after it.
    pub owner: Owner,
}

/// All four attributes from a date on, in 32 bytes.
#[derive(Debug, Clone, Copy)]
struct Change {
    recorded: i64,
    /// The next change of the same account, or [`LAST`].
    next: u32,
    /// The change that was the first of the same group before this one, or [`LAST`].
    next_in_group: u32,
    account: u32,
    group: u32,
    owner: Owner,
    /// [`Day::MIN`] where it holds from the beginning.
    effective: Day,
    tier: u16,
}

const LAST: u32 = u32::MAX;

/// Attributes on a date, and the dates between which they stay the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttributesOn {
    pub(crate) attributes: Attributes,
    pub(crate) from: Day,
    pub(crate) until: Day,
}

/// Every change of every account's attributes.
#[derive(Debug, Clone, Default)]
pub(crate) struct AttributeHistory {
    changes: Chunked<Change>,
    first_by_account: Chunked<u32>,
    first_by_group: Chunked<u32>,
}

impl AttributeHistory {
    /// Makes room for accounts and groups.
    pub(crate) fn grow(&mut self, accounts: usize) {
        self.first_by_account.fill_to(accounts, &LAST);
    }

    /// Adds a change where it belongs: by effective date, then by recording order, in which the
    /// changes of an account arrive.
    pub(crate) fn record(
        &mut self,
        account: u32,
        attributes: Attributes,
        effective: Option<Day>,
        recorded: i64,
    ) {
        let Attributes { group, tier, owner } = attributes;
        let effective = effective.unwrap_or(Day::MIN);
        let (mut previous, mut next) = (None, self.first_by_account[account]);
        while next != LAST && self.changes[next].effective <= effective {
            (previous, next) = (Some(next), self.changes[next].next);
        }
        self.first_by_group.fill_to(group as usize + 1, &LAST);
        let next_in_group = self.first_by_group[group];
        let index = self.changes.push(Change {
            recorded,
            next,
            next_in_group,
            account,
            group,
            owner,
            effective,
            tier,
        });
        // Nobody asks who has no group.
        if group != 0 {
            self.first_by_group[group] = index;
        }
        match previous {
            Some(previous) => self.changes[previous].next = index,
            None => self.first_by_account[account] = index,
        }
    }

    /// The same with the changes next to each other in the order of their accounts.
    pub(crate) fn compacted(&self) -> Self {
        let mut new = Self::default();
        new.first_by_group.fill_to(self.first_by_group.len(), &LAST);
        for first in self.first_by_account.iter() {
            let mut next = *first;
            let place = dense(new.changes.len());
            let is_empty = next == LAST;
            new.first_by_account
                .push(if is_empty { LAST } else { place });
            while next != LAST {
                let change = self.changes[next];
                next = change.next;
                let place = dense(new.changes.len());
                let following = if next == LAST { LAST } else { place + 1 };
                let next_in_group = new.first_by_group[change.group];
                new.changes.push(Change {
                    next: following,
                    next_in_group,
                    ..change
                });
                if change.group != 0 {
                    new.first_by_group[change.group] = place;
                }
            }
        }
        new
    }

    /// The attributes of an account on a date, as known.
    pub(crate) fn on(&self, account: u32, known: Known, on: Day) -> AttributesOn {
        let mut answer = AttributesOn {
            attributes: Attributes::default(),
            from: Day::MIN,
            until: Day::MAX,
        };
        let mut next = self.first_by_account[account];
        while next != LAST {
            let change = &self.changes[next];
            next = change.next;
            if !known.includes(change.recorded) {
                continue;
            }
            if change.effective > on {
                answer.until = change.effective.plus_days(-1);
                break;
            }
            answer.from = change.effective;
            answer.attributes = Attributes {
                group: change.group,
                tier: change.tier,
                owner: change.owner,
            };
        }
        answer
    }

    /// When each change of an account was recorded, and from when on it holds.
    pub(crate) fn changes_of(&self, account: u32) -> impl Iterator<Item = (i64, Day)> {
        let mut next = self.first_by_account[account];
        std::iter::from_fn(move || {
            let change = (next != LAST).then(|| &self.changes[next])?;
            next = change.next;
            Some((change.recorded, change.effective))
        })
    }

    /// The date from which an account has had the owner that it has on a date, as known;
    /// [`Day::MIN`] where that holds from the beginning, `None` before it was recorded.
    pub(crate) fn owner_since(&self, account: u32, known: Known, on: Day) -> Option<Day> {
        let mut found: Option<(Owner, Day)> = None;
        let mut next = self.first_by_account[account];
        while let Some(change) = self.changes.get(next) {
            next = change.next;
            if !known.includes(change.recorded) || change.effective > on {
                continue;
            }
            if found.is_none_or(|(owner, _)| owner != change.owner) {
                found = Some((change.owner, change.effective));
            }
        }
        found.map(|(_, since)| since)
    }

    /// Touches the first changes of accounts; answers something that depends on all of them.
    pub(crate) fn touch(&self, accounts: &[u32]) -> u32 {
        let first = accounts
            .iter()
            .map(|account| self.first_by_account[*account]);
        let changes = first.filter_map(|first| self.changes.get(first));
        changes.fold(0, |all, change| all ^ change.account)
    }

    /// When the account was opened, in microseconds; `None` before.
    pub(crate) fn opened(&self, account: u32) -> Option<i64> {
        self.changes
            .get(self.first_by_account[account])
            .map(|change| change.recorded)
    }

    /// Accounts that ever were in a group, each once.
    pub(crate) fn ever_in_group(&self, group: u32) -> Vec<u32> {
        let mut next = self.first_by_group.get(group).copied().unwrap_or(LAST);
        let mut accounts = Vec::new();
        while let Some(change) = self.changes.get(next) {
            accounts.push(change.account);
            next = change.next_in_group;
        }
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Bytes of the changes, and of finding an account's first one.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        (
            self.changes.bytes() + self.first_by_group.bytes(),
            self.first_by_account.bytes(),
        )
    }
}

/// Which segment an account was in, as known: only accounts that ever changed are listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct SegmentHistory {
    changed: HashMap<u32, Vec<(i64, u32)>>,
}

impl SegmentHistory {
    /// From `recorded` on the account is in another segment than `old`, which held since `opened`.
    pub(crate) fn record(&mut self, account: u32, opened: i64, old: u32, new: u32, recorded: i64) {
        let versions = self
            .changed
            .entry(account)
            .or_insert_with(|| vec![(opened, old)]);
        versions.push((recorded, new));
    }

    /// The segment as known at a past instant; `None` where it never changed.
    pub(crate) fn as_known(&self, account: u32, known: Known) -> Option<u32> {
        let versions = self.changed.get(&account)?;
        let last = versions
            .iter()
            .rev()
            .find(|(recorded, _)| known.includes(*recorded));
        Some(last.map_or(0, |(_, segment)| *segment))
    }

    pub(crate) fn bytes(&self) -> usize {
        let versions: usize = self.changed.values().map(Vec::capacity).sum();
        self.changed.allocation_size() + versions * size_of::<(i64, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_32_bytes() {
        assert_eq!(size_of::<Change>(), 32);
    }
}
