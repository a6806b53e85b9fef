//! Going through many accounts at once.

use jiff::Timestamp;
use keizoku_core::{Day, Money};

use crate::calendar::plus_months;
use crate::contract::{READ_AHEAD, terms_until};
use crate::products::ProductMatch;
use crate::row::{Marks, Row, RowCore};
use crate::rows::Columns;
use crate::split::Split;
use crate::store::{CHUNK, dense};
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
                    let steps = self.contracts.steps(number, known);
                    visit(&mut steps.map(|(day, level)| (day, level.mrr)));
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
        self.for_each_running(account, as_of, |_, view| visit(view));
    }

    /// The rows of now, chunk by chunk.
    pub fn columns(&self) -> impl Iterator<Item = Columns<'_>> {
        let chunks = self.rows.chunks().iter().enumerate();
        chunks.map(|(place, chunk)| Columns::new(chunk, dense(place * CHUNK)))
    }

    /// Calls `visit` for each row of a chunk that is another one at other times than now, in their
    /// order, with what it is then; nothing where the account is not active, or was merged.
    ///
    /// On a date ahead this is known; on a past one accounts are folded whose rows changed since, and
    /// as known at an instant all.
    pub fn other_rows(
        &self,
        columns: &Columns<'_>,
        as_of: AsOf,
        mut visit: impl FnMut(usize, Option<Row>),
    ) {
        let is_now = as_of.known_at.is_none();
        if is_now && as_of.on == self.today {
            return;
        }
        if is_now && as_of.on > self.today {
            for (place, row) in columns.later(as_of.on) {
                visit(place, Some(*row).filter(Row::is_active));
            }
            return;
        }
        let is_other = |place: &usize| !is_now || !columns.is_right(*place, as_of.on);
        let mut places = (0..columns.len()).filter(is_other).peekable();
        let mut ahead = Vec::with_capacity(READ_AHEAD);
        while places.peek().is_some() {
            ahead.clear();
            let accounts = places.by_ref().take(READ_AHEAD);
            ahead.extend(accounts.map(|place| columns.account(place)));
            self.read_ahead(&ahead);
            for account in &ahead {
                let place = (account.0 - columns.first()) as usize;
                visit(place, self.folded_row(*account, as_of));
            }
        }
    }

    /// Announced ends of an account that was not merged, and the rest; restricted to a product if
    /// one is given.
    #[must_use]
    pub fn split_on(&self, account: AccountIx, as_of: AsOf, product: Option<u32>) -> Split {
        let known = Known::from(as_of.known_at);
        let mut split = Split::default();
        self.for_each_identity(account.0, known, &mut |account| {
            for number in self.subscriptions_of(account) {
                let of = self.contracts.get(number).product;
                if product.is_some_and(|product| product != of) {
                    continue;
                }
                let contract = self.contracts.on(number, known, as_of.on);
                if contract.running {
                    let (renewal, _) = contract.renewal_and_notice(as_of.on);
                    let mrr = Money::from_minor(contract.mrr);
                    split.add(mrr, contract.announced_end(), renewal);
                }
            }
        });
        split
    }

    /// Totals of the groups today, by number.
    pub fn group_totals(&self) -> impl Iterator<Item = i64> {
        self.group_totals.iter().copied()
    }

    /// Which numbers of the product column include a product.
    #[must_use]
    pub fn product_match(&self, product: u32) -> ProductMatch {
        ProductMatch::of(&self.products, product)
    }

    /// Calls `visit` for every active account, in the order of their numbers, merged ones not.
    ///
    /// As known now this reads the rows; see [`Self::other_rows`].
    pub fn scan(&self, as_of: AsOf, mut visit: impl FnMut(AccountIx, Row)) {
        let mut others = Vec::new();
        for columns in self.columns() {
            others.clear();
            self.other_rows(&columns, as_of, |place, row| others.push((place, row)));
            let mut others = others.drain(..).peekable();
            for place in 0..columns.len() {
                let row = match others.next_if(|(other, _)| *other == place) {
                    Some((_, row)) => row,
                    None => Some(columns.row(place)).filter(Row::is_active),
                };
                if let Some(row) = row {
                    visit(columns.account(place), row);
                }
            }
        }
    }

    /// The row of an account at both times, from its history; `None` if it was merged as known, or
    /// is not active.
    #[must_use]
    pub fn folded_row(&self, account: AccountIx, as_of: AsOf) -> Option<Row> {
        let known = Known::from(as_of.known_at);
        if self.identity.survivor(account.0, known) != account.0 {
            return None;
        }
        let row = self.fold(account.0, known, as_of.on, None);
        let mut row = row.row(self.products.number(row.products.as_slice()));
        row.marks = row.marks.staying();
        Some(row).filter(Row::is_active)
    }

    /// The next renewal of a row that [`Self::scan`] showed on a date.
    #[must_use]
    pub fn next_renewal(&self, account: AccountIx, row: &RowCore, on: Day) -> Option<Day> {
        let moves = if on < self.today {
            Marks::ADVANCED
        } else {
            Marks::ADVANCES
        };
        if on == self.today || !row.marks.has(moves) {
            return row.renewal;
        }
        let renewal = row.renewal?;
        if on > self.today && on <= renewal {
            return Some(renewal);
        }
        let folded = || {
            self.fold_contracts(account.0, Known::NOW, on, None)
                .next_renewal
        };
        if row.term_months == 0 {
            return folded();
        }
        if on > self.today {
            let terms = terms_until(renewal, row.term_months, on);
            return plus_months(renewal, terms * u32::from(row.term_months));
        }
        // Later than the renewal before, this one is the first on or after the date.
        let is_next = plus_months(on, row.term_months.into()).is_some_and(|later| later > renewal);
        if is_next { Some(renewal) } else { folded() }
    }
}
