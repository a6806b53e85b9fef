//! Going through many accounts at once.

use jiff::Timestamp;
use keizoku_core::{Day, Money};

use crate::calendar::plus_months;
use crate::contract::{READ_AHEAD, Subscription, terms_until};
use crate::products::ProductMatch;
use crate::rows::{Columns, Marks, Row, RowCore};
use crate::split::Split;
use crate::store::{CHUNK, dense};
use crate::time::{AsOf, Known};
use crate::view::SubscriptionView;
use crate::{AccountIx, Book};

/// Something about an account's own contracts, to be added to its row of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The account, which may have been merged into another one.
    pub account: AccountIx,
    /// Number of the contract's product.
    pub product: u16,
    /// MRR to add.
    pub mrr: i64,
    /// Active contracts to add.
    pub active: i8,
    /// The differences do not say it all: fold the account.
    pub needs_fold: bool,
}

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

    /// The rows of now, chunk by chunk.
    pub fn columns(&self) -> impl Iterator<Item = Columns<'_>> {
        let chunks = self.rows.chunks().iter().enumerate();
        chunks.map(|(place, chunk)| Columns::new(chunk, dense(place * CHUNK)))
    }

    /// How accounts are different on another date than today, as known now; in no order, and an
    /// account as often as something about it changes.
    pub fn differences(&self, on: Day) -> impl Iterator<Item = Difference> {
        let is_past = on < self.today;
        let (after, until) = if is_past {
            (on, self.today)
        } else {
            (self.today, on)
        };
        let sign = if is_past { -1 } else { 1 };
        self.contracts
            .changes
            .between(after, until)
            .map(move |change| {
                let has_several = || self.rows.marks(change.account).has(Marks::SEVERAL);
                // Before its end a contract had an announced end; what begins may have one.
                let is_announced = if is_past {
                    change.running < 0
                } else {
                    change.running > 0
                };
                let needs_fold =
                    change.attributes || is_announced || (change.running != 0 && has_several());
                Difference {
                    account: AccountIx(change.account),
                    product: change.product,
                    mrr: sign * change.mrr,
                    active: if is_past {
                        -change.running
                    } else {
                        change.running
                    },
                    needs_fold,
                }
            })
    }

    /// Reads ahead what folding these accounts will need. One after the other, most of the time of
    /// a fold goes into waiting for memory; many at once are waited for together.
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

    /// Accounts from `first` on with announced ends as they are today, in the order of their numbers.
    pub fn splits_today_from(&self, first: AccountIx) -> impl Iterator<Item = (AccountIx, &Split)> {
        self.split
            .range(first.0..)
            .map(|(account, split)| (AccountIx(*account), split))
    }

    /// The rows of a chunk that an account's is among, and its place there.
    #[must_use]
    #[inline]
    pub fn columns_of(&self, account: AccountIx) -> (Columns<'_>, usize) {
        let (chunk, place) = (account.0 as usize / CHUNK, account.0 as usize % CHUNK);
        (
            Columns::new(&self.rows.chunks()[chunk], dense(chunk * CHUNK)),
            place,
        )
    }

    /// Calls `visit` for every active account, in the order of their numbers, merged ones not.
    ///
    /// As known now this reads the columns, and folds only rows that differ on that date; as known
    /// at an instant it folds every account.
    pub fn scan(&self, as_of: AsOf, mut visit: impl FnMut(AccountIx, Row)) {
        if as_of.known_at.is_some() {
            for account in (0..dense(self.rows.len())).map(AccountIx) {
                if let Some(row) = self.folded_row(account, as_of) {
                    visit(account, row);
                }
            }
            return;
        }
        for columns in self.columns() {
            for (place, account) in (columns.first()..).take(columns.len()).enumerate() {
                if !columns.is_right(place, as_of.on) {
                    if let Some(row) = self.folded_row(AccountIx(account), as_of) {
                        visit(AccountIx(account), row);
                    }
                } else if columns.marks()[place].is_active() {
                    visit(AccountIx(account), columns.row(place));
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
        row.marks = row
            .marks
            .and(Marks::ADVANCES, false)
            .and(Marks::ADVANCED, false);
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
