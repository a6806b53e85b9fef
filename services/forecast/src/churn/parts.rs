//! What is expected to be lost, part by part: each yen once (FC-5).

use std::borrow::Cow;

use keizoku_core::Day;
use keizoku_revenue::{AccountIx, AsOf, Book, RowCore, Split};

use super::threads::{Members, Visit};
use crate::risks::{OpenByAccount, OpenRisks};
use crate::selection::Selection;

/// What a forecast counts MRR by (FC-3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Basis {
    /// An account's own MRR; additive.
    #[default]
    Account,
    /// A group once, whole, while one of its members is at risk.
    Group,
}

/// Which losses a forecast expects; each includes the ones before it (FC-5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Subscriptions with an announced cancellation.
    Announced,
    /// And the rest of accounts with an open risk that leads to churn.
    #[default]
    LeadsToChurn,
    /// And the rest of accounts with an open risk of which it is not known.
    UnknownAtPresent,
    /// And the rest of red accounts without an open risk.
    Red,
}

impl Scenario {
    /// The widest scenario: it has every part that there is.
    pub(crate) const WIDEST: Self = Self::Red;

    /// Whether an account with these open risks is at risk.
    pub(crate) fn includes(self, open: OpenRisks) -> bool {
        match self {
            Self::Announced => false,
            Self::LeadsToChurn => open.leads_to_churn > 0,
            Self::UnknownAtPresent | Self::Red => open.leads_to_churn > 0 || open.unknown > 0,
        }
    }
}

/// MRR that is lost on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) date: Option<Day>,
    pub(crate) mrr: i64,
    pub(crate) announced: bool,
}

/// Whose parts these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Account(AccountIx),
    /// A group with the number, whole.
    Group(u32),
}

/// Figures over the accounts that the filter leaves, at risk or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) mrr: i64,
    pub(crate) active: i64,
    pub(crate) at_risk: i64,
}

/// A question, ready to be answered from a book and a board.
pub(crate) struct Asked<'a> {
    pub(crate) book: &'a Book,
    pub(crate) open: OpenByAccount<'a>,
    pub(crate) selection: Selection,
    pub(crate) as_of: AsOf,
    pub(crate) scenario: Scenario,
    /// By number of an account, whether it is red, where the scenario has such accounts.
    pub(crate) red: Option<Vec<bool>>,
}

/// An account on the date, restricted to the product.
pub(crate) struct Seen<'a> {
    pub(crate) core: RowCore,
    /// Only where the row does not say it all.
    pub(crate) split: Option<Cow<'a, Split>>,
}

/// Takes the parts of a forecast; each thread has a taker of its own.
pub(crate) trait Take: Send {
    fn take(&mut self, whose: Whose, parts: &[Part]);

    /// Notes an account for which its group is at risk.
    fn note_at_risk(&mut self, _group: u32, _account: AccountIx) {}
}

struct ByAccount<'a, T> {
    asked: &'a Asked<'a>,
    taken: T,
    parts: Vec<Part>,
}

impl<'a, T: Take> Visit<'a> for ByAccount<'a, T> {
    fn visit(&mut self, account: AccountIx, seen: &Seen<'a>, open: Option<OpenRisks>) {
        let Self {
            asked,
            taken,
            parts,
        } = self;
        let at_risk = open.is_some_and(|open| asked.includes(account, open));
        parts.clear();
        match &seen.split {
            Some(split) => parts_of(split, at_risk, parts),
            None if at_risk => parts.push(asked.whole(account, &seen.core)),
            None => return,
        }
        if !parts.is_empty() {
            taken.take(Whose::Account(account), parts);
        }
    }
}

impl<'a> Asked<'a> {
    /// Whether an account with these open risks is at risk.
    #[inline]
    pub(crate) fn includes(&self, account: AccountIx, open: OpenRisks) -> bool {
        let is_red = |red: &Vec<bool>| red[account.0 as usize];
        self.scenario.includes(open) || self.red.as_ref().is_some_and(is_red)
    }

    /// Parts on basis ACCOUNT: what was announced, and the rest of accounts at risk.
    pub(crate) fn by_account<T: Take>(&'a self, new: impl Fn() -> T + Sync) -> (Vec<T>, Figures) {
        let found = self.survey(Members::Ignored, || ByAccount {
            asked: self,
            taken: new(),
            parts: Vec::new(),
        });
        let taken = found.visits.into_iter().map(|visit| visit.taken);
        (taken.collect(), found.figures)
    }

    /// An account restricted to the product; `None` if it has none of it. `is_all` says whether all
    /// that it has is of the product.
    #[inline]
    pub(crate) fn see(&self, account: AccountIx, core: RowCore, is_all: bool) -> Option<Seen<'a>> {
        if is_all && !core.marks.has_announced_end() {
            return Some(Seen { core, split: None });
        }
        let split = self.split_on(account);
        let mut core = core;
        core.mrr = split.mrr().minor();
        (!split.is_empty()).then_some(Seen {
            core,
            split: Some(Cow::Owned(split)),
        })
    }

    /// Announced ends of an account on the date, and the rest, restricted to the product.
    pub(crate) fn split_on(&self, account: AccountIx) -> Split {
        self.book
            .split_on(account, self.as_of, self.selection.product_number)
    }

    /// All of an account whose subscriptions have no announced end, at its next renewal.
    fn whole(&self, account: AccountIx, core: &RowCore) -> Part {
        let date = self.book.next_renewal(account, core, self.as_of.on);
        Part {
            date,
            mrr: core.mrr,
            announced: false,
        }
    }
}

/// The announced parts of an account, and its rest if it is at risk.
pub(crate) fn parts_of(split: &Split, at_risk: bool, parts: &mut Vec<Part>) {
    parts.extend(split.announced().map(|part| Part {
        date: Some(part.end),
        mrr: part.mrr.minor(),
        announced: true,
    }));
    let rest = split.rest.filter(|_| at_risk);
    parts.extend(rest.map(|rest| Part {
        date: rest.next_renewal,
        mrr: rest.mrr.minor(),
        announced: false,
    }));
}
