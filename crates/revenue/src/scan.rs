//! Going through many accounts at once.

use jiff::Timestamp;
use keizoku_core::Day;

use crate::rows::Row;
use crate::store::dense;
use crate::time::{AsOf, Known};
use crate::view::SubscriptionView;
use crate::{AccountIx, Book};

impl Book {
    /// Every account that was not merged, as known; active or not.
    pub fn survivors(&self, known_at: Option<Timestamp>) -> impl Iterator<Item = AccountIx> {
        let known = Known::from(known_at);
        let accounts = 0..dense(self.rows.len());
        accounts
            .filter(move |number| self.identity.survivor(*number, known) == *number)
            .map(AccountIx)
    }

    /// Changes of MRR of an account's subscriptions (one iterator each, of date and the MRR from
    /// then on), with what was merged into it; restricted to a product if one is given.
    pub fn for_each_contract(
        &self,
        account: AccountIx,
        known_at: Option<Timestamp>,
        product: Option<u32>,
        mut visit: impl FnMut(&mut dyn Iterator<Item = (Day, i64)>),
    ) {
        let known = Known::from(known_at);
        let survivor = self.identity.survivor(account.0, known);
        self.for_each_identity(survivor, known, &mut |account| {
            for number in self.subscriptions_of(account) {
                let subscription = self.contracts.get(number);
                if product.is_none_or(|product| product == subscription.product) {
                    visit(&mut self.contracts.steps(number, known));
                }
            }
        });
    }

    /// Calls `visit` for each active subscription of an account that was not merged as known, and
    /// of what was merged into it.
    pub fn for_each_active(
        &self,
        account: AccountIx,
        as_of: AsOf,
        mut visit: impl FnMut(&SubscriptionView),
    ) {
        let known = Known::from(as_of.known_at);
        self.for_each_identity(account.0, known, &mut |account| {
            for number in self.subscriptions_of(account) {
                let view = self.subscription(number, as_of);
                if view.active {
                    visit(&view);
                }
            }
        });
    }

    /// Calls `visit` for every active account, in the order of their numbers, merged ones not.
    ///
    /// As known now this reads the columns, and folds only rows that differ on that date; as known
    /// at an instant it folds every account.
    pub fn scan(&self, as_of: AsOf, mut visit: impl FnMut(AccountIx, Row)) {
        let known = Known::from(as_of.known_at);
        if known != Known::NOW {
            for account in 0..dense(self.rows.len()) {
                self.visit_folded(account, known, as_of.on, &mut visit);
            }
            return;
        }
        let mut account = 0;
        for chunk in self.rows.chunks() {
            for place in 0..chunk.len() {
                let is_right = chunk.from[place] <= as_of.on && as_of.on <= chunk.until[place];
                if !is_right {
                    self.visit_folded(account, known, as_of.on, &mut visit);
                } else if chunk.marks[place] & Row::ACTIVE != 0 {
                    visit(AccountIx(account), chunk.row(place));
                }
                account += 1;
            }
        }
    }

    fn visit_folded(
        &self,
        account: u32,
        known: Known,
        on: Day,
        visit: &mut impl FnMut(AccountIx, Row),
    ) {
        if self.identity.survivor(account, known) != account {
            return;
        }
        let mut row = self.fold(account, known, on, None).row();
        row.marks &= !(Row::ADVANCES | Row::ADVANCED);
        if row.is_active() {
            visit(AccountIx(account), row);
        }
    }

    /// The next renewal of a row that [`Self::scan`] showed on a date.
    #[must_use]
    pub fn next_renewal(&self, account: AccountIx, row: &Row, on: Day) -> Option<Day> {
        let moves = if on < self.today {
            Row::ADVANCED
        } else {
            Row::ADVANCES
        };
        let is_ahead = on >= self.today && row.renewal.is_some_and(|renewal| on <= renewal);
        if row.marks & moves == 0 || on == self.today || is_ahead {
            return row.renewal;
        }
        self.fold(account.0, Known::NOW, on, None).next_renewal
    }
}
