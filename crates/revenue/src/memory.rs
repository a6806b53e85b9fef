/// Bytes that a book has allocated, by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Accounts.
    pub accounts: usize,
    /// Subscriptions.
    pub subscriptions_len: usize,
    /// Contract facts.
    pub facts: usize,
    /// Changes of group, tier and owner.
    pub attribute_changes: usize,
    /// Bytes of the accounts' ids and of finding them.
    pub account_ids: usize,
    /// Bytes of the rows of now and of those that follow, and of where each account's history begins.
    pub rows: usize,
    /// Bytes of subscriptions, their ids included.
    pub subscriptions: usize,
    /// Bytes of contract facts.
    pub fact_bytes: usize,
    /// Bytes of attribute changes.
    pub attribute_bytes: usize,
    /// Bytes of names, directory, settings, merges, totals by group and by day.
    pub shared: usize,
}

impl Memory {
    /// All bytes.
    #[must_use]
    pub fn total(&self) -> usize {
        self.now() + self.fact_bytes + self.attribute_bytes + self.shared
    }

    /// Bytes that answer questions about now.
    #[must_use]
    pub fn now(&self) -> usize {
        self.account_ids + self.rows + self.subscriptions
    }

    /// Bytes that answer questions about now, per account.
    #[must_use]
    pub fn now_per_account(&self) -> usize {
        self.now() / self.accounts.max(1)
    }
}
