//! The parts of a forecast as it was given at a past instant.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use keizoku_core::{Day, Month};
use keizoku_revenue::{AccountIx, AsOf, Book, SubscriptionIx, SubscriptionView, TeamIx};

use crate::boards::Boards;
use crate::churn::Scenario;
use crate::health::Band;
use crate::risks::{Flag, RiskIx};
use crate::selection::{Filter, Selection};

/// Why a part of a forecast is expected to be lost; the narrowest scenario that has it comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartFlag {
    /// Its end was announced.
    Announced,
    /// The account has an open risk that leads to churn.
    LeadsToChurn,
    /// The account has an open risk of which it is not known.
    UnknownAtPresent,
    /// The account has no open risk, and its health score is red.
    Red,
}

impl PartFlag {
    /// Whether a scenario has the parts with this flag.
    pub(crate) fn is_in(self, scenario: Scenario) -> bool {
        match scenario {
            Scenario::Announced => self == Self::Announced,
            Scenario::LeadsToChurn => self <= Self::LeadsToChurn,
            Scenario::UnknownAtPresent => self <= Self::UnknownAtPresent,
            Scenario::Red => true,
        }
    }
}

/// What parts have in common that share a loss rate (FC-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateKey {
    /// The flag.
    pub flag: PartFlag,
    /// Number of the type of the risk that speaks for the account; `None` where an end was announced,
    /// or there is no risk.
    pub kind: Option<u32>,
    /// The band of the account's health score; `None` without one.
    pub band: Option<Band>,
}

/// The risk that speaks for an account: one that leads to churn before one that may, and of those
/// the one opened first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reason {
    flag: PartFlag,
    opened_on: Day,
    risk: RiskIx,
    kind: u32,
}

/// For each account with open risks, the one that speaks for it, at both times.
pub(crate) struct Reasons {
    by_account: HashMap<AccountIx, Reason>,
    /// By number of an account.
    bands: Vec<Option<Band>>,
}

impl Reasons {
    /// `risk_type` is the key of a type that restricts the risks.
    pub(crate) fn of(
        boards: Boards<'_>,
        book: &Book,
        as_of: AsOf,
        risk_type: Option<&str>,
    ) -> Self {
        let board = boards.risks;
        let today = book.today_at(as_of.known_at);
        let asked = risk_type.map(|key| board.kind(key).unwrap_or(u32::MAX));
        let mut by_account: HashMap<AccountIx, Reason> = HashMap::new();
        board.for_each(as_of.known_at, |risk, account, facts| {
            if asked.is_some_and(|kind| kind != facts.kind) || !facts.is_open(as_of.on, today) {
                return;
            }
            let reason = Reason {
                flag: match facts.flag {
                    Flag::LeadsToChurn => PartFlag::LeadsToChurn,
                    Flag::UnknownAtPresent => PartFlag::UnknownAtPresent,
                },
                opened_on: facts.opened_on,
                risk,
                kind: facts.kind,
            };
            let survivor = book.survivor(account, as_of.known_at);
            let speaks = by_account.entry(survivor).or_insert(reason);
            *speaks = reason.min(*speaks);
        });
        Self {
            by_account,
            bands: boards.health.bands(book, as_of),
        }
    }

    /// The key of an account's part; `None` where nothing says that it is lost.
    pub(crate) fn key(&self, account: AccountIx, is_announced: bool) -> Option<RateKey> {
        let band = self.bands[account.0 as usize];
        let (flag, kind) = match self.by_account.get(&account) {
            _ if is_announced => (PartFlag::Announced, None),
            Some(reason) => (reason.flag, Some(reason.kind)),
            None if band == Some(Band::Red) => (PartFlag::Red, None),
            None => return None,
        };
        Some(RateKey { flag, kind, band })
    }

    /// Whether of two accounts of a group the first one speaks for it: whose risk would speak if
    /// both were one account, and who has a risk before who is only red.
    pub(crate) fn speaks_before(&self, one: AccountIx, other: AccountIx) -> bool {
        let reason = |account| self.by_account.get(&account);
        match (reason(one), reason(other)) {
            (Some(one), Some(other)) => one < other,
            (one, _) => one.is_some(),
        }
    }

    /// Red accounts, with open risks or without.
    fn red(&self) -> impl Iterator<Item = AccountIx> {
        let red = (0..).zip(&self.bands);
        red.filter(|(_, band)| **band == Some(Band::Red))
            .map(|(number, _)| AccountIx(number))
    }
}

/// A part of a forecast, as it was given.
#[derive(Debug, Clone)]
pub(crate) struct GivenPart {
    /// Team of the account's owner, then.
    pub(crate) team: Option<TeamIx>,
    pub(crate) key: RateKey,
    pub(crate) date: Option<Day>,
    /// The subscriptions and their MRR, then.
    subscriptions: Vec<(SubscriptionIx, i64)>,
}

impl GivenPart {
    pub(crate) fn mrr(&self) -> i64 {
        self.subscriptions.iter().map(|(_, mrr)| mrr).sum()
    }

    /// How much of its MRR had ended by a date, as known.
    pub(crate) fn ended(&self, book: &Book, as_of: AsOf) -> i64 {
        let has_ended = |subscription| !book.mrr_of(subscription, as_of).is_positive();
        let ended = self.subscriptions.iter();
        ended
            .filter(|(subscription, _)| has_ended(*subscription))
            .map(|(_, mrr)| mrr)
            .sum()
    }
}

/// Forecasts as they were given, remembered for as long as a question lasts.
pub(crate) struct Hindsight<'a> {
    pub(crate) book: &'a Book,
    pub(crate) boards: Boards<'a>,
    /// Accounts of which an end was ever recorded: no other had one announced.
    with_ends: Vec<AccountIx>,
    /// Parts of a month in forecasts over everything, by when they were given.
    whole: BTreeMap<(Month, Option<Timestamp>), Vec<GivenPart>>,
}

impl<'a> Hindsight<'a> {
    pub(crate) fn of(book: &'a Book, boards: Boards<'a>) -> Self {
        Self {
            book,
            boards,
            with_ends: book.accounts_with_ends(),
            whole: BTreeMap::new(),
        }
    }

    /// Parts dated in a month, in the widest scenario of the whole organisation's forecast.
    pub(crate) fn sample(&mut self, given: AsOf, month: Month) -> &[GivenPart] {
        let Self {
            book,
            boards,
            with_ends,
            whole,
        } = self;
        whole.entry((month, given.known_at)).or_insert_with(|| {
            given_parts(book, *boards, with_ends, given, &Filter::default(), month)
        })
    }

    /// The same of the accounts that a filter leaves, with its risks and its product.
    pub(crate) fn parts(&self, given: AsOf, filter: &Filter, month: Month) -> Vec<GivenPart> {
        given_parts(
            self.book,
            self.boards,
            &self.with_ends,
            given,
            filter,
            month,
        )
    }
}

fn given_parts(
    book: &Book,
    boards: Boards<'_>,
    with_ends: &[AccountIx],
    given: AsOf,
    filter: &Filter,
    month: Month,
) -> Vec<GivenPart> {
    let reasons = Reasons::of(boards, book, given, filter.risk_type.as_deref());
    let selection = Selection::of(filter, book, boards, given);
    let survivor = |account: &AccountIx| book.survivor(*account, given.known_at);
    let mut accounts: Vec<_> = with_ends.iter().map(survivor).collect();
    accounts.extend(reasons.by_account.keys());
    accounts.extend(reasons.red());
    accounts.sort_unstable();
    accounts.dedup();
    let mut parts = Vec::new();
    for account in accounts {
        let found = parts_of(book, &selection, &reasons, account, given);
        let mut found = found
            .into_iter()
            .filter(|part| is_in(part.date, month, given.on))
            .peekable();
        if found.peek().is_none() {
            continue;
        }
        let (attributes, segment) = book.attributes_on(account, given);
        if selection.includes_account(account, attributes.owner, attributes.tier, segment) {
            let team = book.directory().team_of_owner(attributes.owner, given);
            parts.extend(found.map(|part| GivenPart { team, ..part }));
        }
    }
    parts
}

/// Whether a date is in the bucket of a month, seen from `on`.
fn is_in(date: Option<Day>, month: Month, on: Day) -> bool {
    date.is_some_and(|date| date >= on && date.month() == month)
}

/// The parts of an account: each announced end, and the rest where it has open risks.
fn parts_of(
    book: &Book,
    selection: &Selection,
    reasons: &Reasons,
    account: AccountIx,
    given: AsOf,
) -> Vec<GivenPart> {
    let mut parts: Vec<GivenPart> = Vec::new();
    let mut rest: Option<GivenPart> = None;
    book.for_each_running(account, given, |number, view: &SubscriptionView| {
        if selection
            .product_number
            .is_some_and(|product| product != view.product)
        {
            return;
        }
        let Some(key) = reasons.key(account, view.end.is_some()) else {
            return;
        };
        let one = GivenPart {
            team: None,
            key,
            date: view.end.or(view.next_renewal),
            subscriptions: vec![(number, view.mrr.minor())],
        };
        match &mut rest {
            _ if view.end.is_some() => parts.push(one),
            None => rest = Some(one),
            Some(rest) => {
                // The remaining subscriptions go together, at the earliest renewal among them.
                rest.date = match (rest.date, one.date) {
                    (Some(date), Some(other)) => Some(date.min(other)),
                    (date, other) => date.or(other),
                };
                rest.subscriptions.extend(one.subscriptions);
            }
        }
    });
    parts.extend(rest);
    parts
}
