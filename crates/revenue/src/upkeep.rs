//! What shows whether records are looked after (FC-10).

use jiff::Timestamp;
use keizoku_core::Day;

use crate::time::{AsOf, Known};
use crate::{AccountIx, Book};

impl Book {
    /// The date since which an account has had the owner, or none, that it has at both times; the
    /// date on which it was recorded where that has been so from the beginning.
    #[must_use]
    pub fn owner_since(&self, account: AccountIx, as_of: AsOf) -> Option<Day> {
        let known = Known::from(as_of.known_at);
        let since = self.attributes.owner_since(account.0, known, as_of.on)?;
        if since > Day::MIN {
            return Some(since);
        }
        self.opened_on(account, as_of.known_at)
    }

    /// The local date on which an account was recorded; `None` before.
    #[must_use]
    pub fn opened_on(&self, account: AccountIx, known_at: Option<Timestamp>) -> Option<Day> {
        let recorded = self.attributes.opened(account.0)?;
        let instant = Timestamp::from_microsecond(recorded).ok()?;
        Some(Day::of(instant, self.zone_at(known_at)))
    }

    /// Whether any contract was ever recorded, as known, for an account that was not merged or for
    /// what was merged into it.
    #[must_use]
    pub fn has_contracts(&self, account: AccountIx, known_at: Option<Timestamp>) -> bool {
        let known = Known::from(known_at);
        let mut has = false;
        self.for_each_identity(account.0, known, &mut |account| {
            has = has
                || self
                    .subscriptions_of(account)
                    .any(|number| self.contracts.facts(number, known).next().is_some());
        });
        has
    }
}
