//! What to expect: every part weighted by how often parts like it were lost (FC-5).

use std::collections::{BTreeMap, HashMap};

use keizoku_core::{Day, Money, NoRate, Rate};
use keizoku_revenue::{AccountIx, Book};

use super::buckets::BucketKey;
use super::forecast::Question;
use super::parts::{Asked, Basis, Part, Scenario, Take, Whose};
use crate::boards::Boards;
use crate::hindsight::{Hindsight, LossRate, LossRates, RateKey, Reasons, weighted};

/// What to expect, and what that is learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// `None` while too few losses are known.
    pub line: Option<ExpectedLine>,
    /// Losses ÷ sample over everything.
    pub overall: Result<Rate, NoRate>,
    /// Parts of past months that were lost.
    pub losses: i64,
    /// Parts of past months whose outcome is known.
    pub sample: i64,
}

/// The expected line of a forecast; each part is rounded half-even once, so that everything adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedLine {
    /// OVERDUE, then months with parts in order, then UNKNOWN.
    pub buckets: Vec<(BucketKey, Money)>,
    /// The sum over all buckets.
    pub total: Money,
    /// The rates that were used, by flag and type.
    pub rates: Vec<UsedRate>,
}

/// A rate, and what it weighs in a forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedRate {
    /// The rate.
    pub rate: LossRate,
    /// Key of the risk type; empty for announced ends.
    pub risk_type: String,
    /// MRR of such parts.
    pub mrr: Money,
    /// The same weighted.
    pub expected: Money,
}

/// The expected line on the question's basis, over the widest scenario whatever the question's.
///
/// On basis GROUP a group at risk has the rate of the account that speaks for it: what is lost of
/// whole groups happens too seldom to learn from.
///
/// The rates are those of the whole organisation, whatever the filter: a small team's own past
/// says little.
#[must_use]
pub fn expected<'a>(
    book: &'a Book,
    boards: impl Into<Boards<'a>>,
    question: &Question,
) -> Expected {
    let (as_of, boards) = (question.as_of, boards.into());
    let rates = LossRates::learn(&mut Hindsight::of(book, boards), as_of);
    let line = rates
        .are_known()
        .then(|| line(book, boards, question, &rates));
    Expected {
        line,
        overall: rates.overall(),
        losses: rates.losses(),
        sample: rates.sample(),
    }
}

fn line(book: &Book, boards: Boards<'_>, question: &Question, rates: &LossRates) -> ExpectedLine {
    let widest = Question {
        scenario: Scenario::WIDEST,
        ..question.clone()
    };
    let asked = Asked::of(book, boards, &widest);
    let risk_type = question.filter.risk_type.as_deref();
    let reasons = Reasons::of(boards, book, question.as_of, risk_type);
    let new = || Weighing {
        basis: question.basis,
        on: question.as_of.on,
        reasons: &reasons,
        rates,
        buckets: BTreeMap::new(),
        keys: BTreeMap::new(),
        groups: Vec::new(),
        at_risk: Vec::new(),
    };
    let (mut taken, _) = match question.basis {
        Basis::Account => asked.by_account(new),
        Basis::Group => asked.by_group(new),
    };
    taken.push(whole_groups(&taken, &reasons, new()));
    // Both ends are always shown, as in the forecast.
    let mut buckets = BTreeMap::from([(BucketKey::Overdue, 0), (BucketKey::Unknown, 0)]);
    let mut keys: BTreeMap<RateKey, Weight> = BTreeMap::new();
    for taken in taken {
        for (key, expected) in taken.buckets {
            *buckets.entry(key).or_default() += expected;
        }
        for (key, weight) in taken.keys {
            let sum = keys.entry(key).or_default();
            sum.mrr += weight.mrr;
            sum.expected += weight.expected;
        }
    }
    let used = keys.into_iter().filter_map(|(key, weight)| {
        Some(UsedRate {
            rate: rates.rate(key).ok()?,
            risk_type: key
                .kind
                .map_or("", |kind| boards.risks.kind_key(kind))
                .to_owned(),
            mrr: Money::from_minor(weight.mrr),
            expected: Money::from_minor(weight.expected),
        })
    });
    let mut used: Vec<_> = used.collect();
    used.sort_by(|one, other| {
        let order = |used: &UsedRate| {
            (
                used.rate.key.flag,
                used.risk_type.clone(),
                used.rate.key.band,
            )
        };
        order(one).cmp(&order(other))
    });
    let buckets = buckets.into_iter();
    let buckets: Vec<_> = buckets
        .map(|(key, expected)| (key, Money::from_minor(expected)))
        .collect();
    ExpectedLine {
        total: buckets.iter().map(|(_, expected)| *expected).sum(),
        buckets,
        rates: used,
    }
}

/// Weighs groups at risk, once it is known who speaks for each.
fn whole_groups<'a>(
    taken: &[Weighing<'a>],
    reasons: &Reasons,
    mut weighing: Weighing<'a>,
) -> Weighing<'a> {
    let mut speakers: HashMap<u32, AccountIx> = HashMap::new();
    for (group, account) in taken.iter().flat_map(|taken| &taken.at_risk) {
        let speaks = speakers.entry(*group).or_insert(*account);
        if reasons.speaks_before(*account, *speaks) {
            *speaks = *account;
        }
    }
    for (group, part) in taken.iter().flat_map(|taken| &taken.groups) {
        let speaker = speakers.get(group);
        weighing.weigh(
            speaker.and_then(|account| reasons.key(*account, false)),
            part,
        );
    }
    weighing
}

/// MRR, and what is expected of it.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    mrr: i64,
    expected: i64,
}

struct Weighing<'a> {
    basis: Basis,
    on: Day,
    reasons: &'a Reasons,
    rates: &'a LossRates,
    buckets: BTreeMap<BucketKey, i64>,
    keys: BTreeMap<RateKey, Weight>,
    /// Groups at risk, whole, until it is known who speaks for them.
    groups: Vec<(u32, Part)>,
    at_risk: Vec<(u32, AccountIx)>,
}

impl Weighing<'_> {
    fn weigh(&mut self, key: Option<RateKey>, part: &Part) {
        let found = key.and_then(|key| self.rates.rate(key).ok());
        let Some(LossRate { key, rate, .. }) = found else {
            return;
        };
        let expected = weighted(part.mrr, rate);
        let bucket = BucketKey::of(part.date, self.on);
        *self.buckets.entry(bucket).or_default() += expected;
        let weight = self.keys.entry(key).or_default();
        weight.mrr += part.mrr;
        weight.expected += expected;
    }
}

impl Take for Weighing<'_> {
    fn take(&mut self, whose: Whose, parts: &[Part]) {
        let account = match whose {
            Whose::Account(account) => account,
            Whose::Group(group) => {
                self.groups.extend(parts.iter().map(|part| (group, *part)));
                return;
            }
        };
        for part in parts {
            // On basis GROUP an account at risk counts whole, announced ends included.
            let at_risk = (self.basis == Basis::Group)
                .then(|| self.reasons.key(account, false))
                .flatten();
            let key = at_risk.or_else(|| self.reasons.key(account, part.announced));
            self.weigh(key, part);
        }
    }

    fn note_at_risk(&mut self, group: u32, account: AccountIx) {
        self.at_risk.push((group, account));
    }
}
