//! Accounts that were merged into others (ACC-8): aliases, resolved when read.

use hashbrown::HashMap;

use crate::time::Known;

/// Which accounts were merged into which, and since when that is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    survivors: HashMap<u32, Merge>,
    duplicates: HashMap<u32, Vec<u32>>,
}

#[derive(Debug, Clone, Copy)]
struct Merge {
    survivor: u32,
    recorded: i64,
}

impl Identity {
    /// Merges an account into another. What would close a cycle, or merge an account twice, is
    /// left out: the service never records it, and a model must end on anything.
    pub(crate) fn merge(&mut self, duplicate: u32, survivor: u32, recorded: i64) -> bool {
        let known = self.survivors.contains_key(&duplicate);
        if known || self.survivor(survivor, Known::NOW) == duplicate {
            return false;
        }
        self.survivors
            .insert(duplicate, Merge { survivor, recorded });
        self.duplicates.entry(survivor).or_default().push(duplicate);
        true
    }

    /// The account that an account is, as known.
    pub(crate) fn survivor(&self, account: u32, known: Known) -> u32 {
        let mut account = account;
        while let Some(merge) = self.survivors.get(&account) {
            if !known.includes(merge.recorded) {
                break;
            }
            account = merge.survivor;
        }
        account
    }

    /// Since when an account has been what it is, as known: when the last merge on the way there was
    /// recorded. `None` for one that was not merged.
    pub(crate) fn merged_at(&self, account: u32, known: Known) -> Option<i64> {
        let merge = self.survivors.get(&account)?;
        let further = self.merged_at(merge.survivor, known);
        known
            .includes(merge.recorded)
            .then_some(further.map_or(merge.recorded, |at| at.max(merge.recorded)))
    }

    /// Calls `visit` for each account that is this one, as known; not for itself.
    pub(crate) fn for_each_alias(&self, account: u32, known: Known, visit: &mut impl FnMut(u32)) {
        let Some(duplicates) = self.duplicates.get(&account) else {
            return;
        };
        for duplicate in duplicates {
            if known.includes(self.survivors[duplicate].recorded) {
                visit(*duplicate);
                self.for_each_alias(*duplicate, known, visit);
            }
        }
    }

    pub(crate) fn has_aliases(&self, account: u32) -> bool {
        self.duplicates.contains_key(&account)
    }

    /// How many accounts were merged; changes with every merge.
    pub(crate) fn len(&self) -> usize {
        self.survivors.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        let duplicates: usize = self.duplicates.values().map(Vec::capacity).sum();
        self.survivors.allocation_size() + self.duplicates.allocation_size() + duplicates * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acc_8_merges_chain_and_never_form_a_cycle() {
        let mut identity = Identity::default();
        assert!(identity.merge(1, 2, 10));
        assert!(identity.merge(2, 3, 20));
        assert!(!identity.merge(3, 1, 30));
        assert!(!identity.merge(1, 4, 30));
        assert_eq!(identity.survivor(1, Known::NOW), 3);
        let mut aliases = Vec::new();
        identity.for_each_alias(3, Known::NOW, &mut |alias| aliases.push(alias));
        assert_eq!(aliases, [2, 1]);
        let at = |known| identity.merged_at(1, Known::from(Some(known)));
        let instant = |micros| jiff::Timestamp::from_microsecond(micros).unwrap();
        assert_eq!([9, 10, 20].map(instant).map(at), [None, Some(10), Some(20)]);
    }
}
