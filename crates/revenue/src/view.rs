//! `view(history, known_at, on)`: what an account is at both times. Everything else, the rows of
//! now included, is this function kept up to date.

use keizoku_core::{Day, Money, SubscriptionId};

use crate::attributes::Attributes;
use crate::products::{ProductPart, ProductSet};
use crate::row::{Marks, Row, Validity};
use crate::split::Split;
use crate::time::Known;
use crate::{AccountIx, Book};

/// An account on a date, as known at an instant, with what was merged into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The account that stayed, where the one asked for was merged (ACC-8).
    pub account: AccountIx,
    /// Whether one of its subscriptions is active (ACC-3).
    pub active: bool,
    /// Sum over the active subscriptions.
    pub mrr: Money,
    /// Earliest renewal among the active subscriptions.
    pub next_renewal: Option<Day>,
    /// What will be lost for certain, and the rest (FC-5).
    pub split: Split,
    /// Group, tier and owner.
    pub attributes: Attributes,
    /// Number of the segment.
    pub segment: u32,
    pub(crate) products: ProductSet,
    /// All but [`Marks::ACTIVE`] and [`Marks::ANNOUNCED`].
    pub(crate) marks: Marks,
    pub(crate) term_months: u8,
    pub(crate) validity: Validity,
}

/// What lists and answers show of an account on a date, as known at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSummary {
    /// The account that stayed, where the one asked for was merged (ACC-8).
    pub account: AccountIx,
    /// Whether one of its subscriptions is active (ACC-3).
    pub active: bool,
    /// Sum over the active subscriptions.
    pub mrr: Money,
    /// Earliest renewal among the active subscriptions.
    pub next_renewal: Option<Day>,
    /// Group, tier and owner.
    pub attributes: Attributes,
}

/// One subscription on a date, as known at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionView {
    /// Id.
    pub id: SubscriptionId,
    /// Number of the product.
    pub product: u32,
    /// Whether start ≤ date < end.
    pub active: bool,
    /// MRR; 0 unless it is active.
    pub mrr: Money,
    /// First day of its first run; `None` where that is ahead.
    pub start: Option<Day>,
    /// First day without MRR: announced while it is active, passed when it has ended.
    pub end: Option<Day>,
    /// Next renewal, advanced where it renews by itself; `None` unless it is active.
    pub next_renewal: Option<Day>,
    /// Last day on which notice can be given for that renewal; `None` unless it is active.
    pub notice_deadline: Option<Day>,
    /// Length of a term in months; 0 when unknown.
    pub term_months: u8,
    /// Whether it renews by itself.
    pub auto_renew: bool,
}

impl AccountView {
    /// What lists and answers show of it.
    #[must_use]
    pub const fn summary(&self) -> AccountSummary {
        AccountSummary {
            account: self.account,
            active: self.active,
            mrr: self.mrr,
            next_renewal: self.next_renewal,
            attributes: self.attributes,
        }
    }

    /// What is kept of it in a row.
    pub(crate) fn row(&self, product: u16) -> Row {
        Row {
            mrr: self.mrr.minor(),
            renewal: self.next_renewal,
            product,
            owner: self.attributes.owner,
            group: self.attributes.group,
            tier: self.attributes.tier,
            segment: self.segment,
            marks: self
                .marks
                .and(Marks::ACTIVE, self.active)
                .and(Marks::ANNOUNCED, self.split.has_announced()),
            term_months: self.term_months,
        }
    }
}

impl Book {
    /// The view of an account that was not merged as known, restricted to a product if one is given.
    pub(crate) fn fold(
        &self,
        account: u32,
        known: Known,
        on: Day,
        product: Option<u32>,
    ) -> AccountView {
        let attributes = self.attributes.on(account, known, on);
        let mut view = self.fold_contracts(account, known, on, product);
        view.attributes = attributes.attributes;
        view.segment = self.segment_as_known(account, known);
        view.validity.from = view.validity.from.max(attributes.from);
        view.validity.until = view.validity.until.min(attributes.until);
        view
    }

    /// The same without attributes, which take as long to look up as the contracts.
    pub(crate) fn fold_contracts(
        &self,
        account: u32,
        known: Known,
        on: Day,
        product: Option<u32>,
    ) -> AccountView {
        let is_aliased = self.identity.has_aliases(account);
        let mut view = AccountView {
            account: AccountIx(account),
            active: false,
            mrr: Money::ZERO,
            next_renewal: None,
            split: Split::default(),
            attributes: Attributes::default(),
            segment: 0,
            products: ProductSet::default(),
            marks: Marks::default().and(Marks::ALIASED, is_aliased),
            term_months: 0,
            validity: Validity::ALWAYS,
        };
        self.fold_subscriptions(account, known, on, product, &mut view);
        if is_aliased {
            self.identity.for_each_alias(account, known, &mut |alias| {
                self.fold_subscriptions(alias, known, on, product, &mut view);
            });
        }
        view
    }

    fn fold_subscriptions(
        &self,
        account: u32,
        known: Known,
        on: Day,
        product: Option<u32>,
        view: &mut AccountView,
    ) {
        for number in self.subscriptions_of(account) {
            let subscription = self.contracts.get(number);
            if product.is_some_and(|product| product != subscription.product) {
                continue;
            }
            let contract = self.contracts.on(number, known, on);
            view.validity.from = view.validity.from.max(contract.from);
            view.validity.until = view.validity.until.min(contract.until);
            if !contract.running {
                continue;
            }
            let mrr = Money::from_minor(contract.mrr);
            let (renewal, _) = contract.renewal_and_notice(on);
            let part = ProductPart {
                mrr: contract.mrr,
                renewal,
            };
            let all = ProductPart {
                mrr: view.mrr.minor(),
                renewal: view.next_renewal,
            };
            view.products.add(subscription.product, part, all);
            let is_earliest = view
                .next_renewal
                .is_none_or(|next| renewal.is_some_and(|renewal| renewal < next));
            if is_earliest {
                view.next_renewal = renewal;
                view.marks = view.marks.and(Marks::ADVANCES, contract.advances());
            }
            if contract.advances() && renewal != contract.terms().renewal {
                view.marks = view.marks.and(Marks::ADVANCED, true);
            }
            view.term_months = if view.active {
                0
            } else {
                contract.plain_term(renewal)
            };
            view.active = true;
            view.mrr += mrr;
            view.split.add(mrr, contract.announced_end(), renewal);
        }
    }
}
