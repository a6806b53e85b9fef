//! What initiatives have changed (FC-12): their cohorts before they began and since, beside others.

use std::collections::BTreeMap;
use std::collections::HashSet;

use keizoku_core::Day;
use keizoku_revenue::{AccountIx, AsOf, Book, Cohort, Initiative};

use crate::boards::Boards;
use crate::health::Band;
use crate::metrics::{AccountMrr, Figure, Movement, of_movement};
use crate::risks::OpenByAccount;
use crate::selection::{Filter, Selection};

/// What comes of an initiative is measured for so many days.
const MOST_DAYS: i32 = 366;

/// Where an initiative's period stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its first day is ahead.
    NotBegun,
    /// It runs.
    Running,
    /// Its last day has passed.
    Over,
    /// It was given up.
    Withdrawn,
}

/// An initiative's figures at both times of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Where its period stands.
    pub status: Status,
    /// `None` before its first day.
    pub measured: Option<Measured>,
}

/// Cohort and others, before and since.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// First day of the time before.
    pub before_from: Day,
    /// Last day of the time since it began.
    pub since_until: Day,
    /// Over all tiers that the cohort has.
    pub total: Comparison,
    /// By number of a tier in the book, in its order.
    pub by_tier: Vec<(u16, Comparison)>,
}

/// Those whom an initiative is for, beside those whom it is not for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// The cohort.
    pub cohort: Group,
    /// The other customers of the same tiers.
    pub others: Group,
}

/// Some accounts before an initiative began, and since.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// As many days before it began.
    pub before: Figures,
    /// The days since.
    pub since: Figures,
}

/// Figures of some accounts over some days.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Accounts.
    pub accounts: i64,
    /// Entries of the dictionary with their figures.
    pub metrics: Vec<(&'static str, Figure)>,
    /// Accounts by band at the end: red, yellow, green.
    pub bands: [i64; 3],
}

/// What an initiative has changed.
///
/// Two stretches of days of one length are compared: those from its first day to `on` (a year at
/// most), and those before. A cohort that is listed, and who is beside it, are the same accounts in
/// both; one that is described is made of those who were customers as each of the two began.
#[must_use]
pub fn outcome<'a>(
    book: &Book,
    boards: impl Into<Boards<'a>>,
    as_of: AsOf,
    initiative: &Initiative,
) -> Outcome {
    let status = status(initiative, as_of.on);
    let days = as_of.on.days_since(initiative.first) + 1;
    let measured =
        (days > 0).then(|| measured(book, boards.into(), as_of, initiative, days.min(MOST_DAYS)));
    Outcome { status, measured }
}

fn status(initiative: &Initiative, on: Day) -> Status {
    if initiative.is_withdrawn() {
        Status::Withdrawn
    } else if on < initiative.first {
        Status::NotBegun
    } else if on <= initiative.last {
        Status::Running
    } else {
        Status::Over
    }
}

fn measured(
    book: &Book,
    boards: Boards<'_>,
    as_of: AsOf,
    initiative: &Initiative,
    days: i32,
) -> Measured {
    let eve = initiative.first.plus_days(-1);
    let before_from = initiative.first.plus_days(-days);
    let since_until = eve.plus_days(days);
    let whom = Whom::of(book, as_of, &initiative.cohort);
    let sums = |first: Day, last: Day, chosen: Chosen| {
        Sums::of(
            book,
            boards,
            as_of,
            &whom,
            [first.plus_days(-1), last],
            chosen,
        )
    };
    // Who was a customer on the eve is chosen, or at the beginning of each stretch.
    let chosen = if whom.listed.is_some() {
        Chosen::AtTheEnd
    } else {
        Chosen::AtTheBeginning
    };
    let before = sums(before_from, eve, chosen);
    let since = sums(initiative.first, since_until, Chosen::AtTheBeginning);
    let is_in_cohort = |sums: &Sums, tier: &u16| {
        let cohort = sums.by_tier.get(tier).map(|[cohort, _]| cohort);
        cohort.is_some_and(|cohort| cohort.accounts > 0)
    };
    let mut tiers: Vec<u16> = before
        .by_tier
        .keys()
        .chain(since.by_tier.keys())
        .copied()
        .collect();
    tiers.sort_unstable();
    tiers.dedup();
    tiers.retain(|tier| is_in_cohort(&before, tier) || is_in_cohort(&since, tier));
    let comparison = |of: &[u16]| {
        let group = |place: usize| Group {
            before: before.figures(of, place),
            since: since.figures(of, place),
        };
        Comparison {
            cohort: group(0),
            others: group(1),
        }
    };
    Measured {
        before_from,
        since_until,
        total: comparison(&tiers),
        by_tier: tiers
            .iter()
            .map(|tier| (*tier, comparison(&[*tier])))
            .collect(),
    }
}

/// For whom an initiative is, in the numbers of one book.
struct Whom {
    listed: Option<HashSet<AccountIx>>,
    conditions: Filter,
}

impl Whom {
    fn of(book: &Book, as_of: AsOf, cohort: &Cohort) -> Self {
        match cohort {
            Cohort::Accounts(ids) => {
                let accounts = ids.iter().filter_map(|id| book.account(*id));
                let survivors = accounts.map(|account| book.survivor(account, as_of.known_at));
                Self {
                    listed: Some(survivors.collect()),
                    conditions: Filter::default(),
                }
            }
            Cohort::Conditions {
                team,
                tier,
                product,
                region,
                sales_channel,
                industry,
            } => Self {
                listed: None,
                conditions: Filter {
                    team: *team,
                    tier: tier.clone(),
                    product: product.clone(),
                    region: region.clone(),
                    sales_channel: sales_channel.clone(),
                    industry: industry.clone(),
                    ..Filter::default()
                },
            },
        }
    }
}

/// At which end of a stretch of days somebody must have been a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    AtTheBeginning,
    AtTheEnd,
}

/// What adds up over accounts.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    accounts: i64,
    movement: Movement,
    at_risk: i64,
    bands: [i64; 3],
}

/// Cohort and others of each tier, over one stretch of days.
struct Sums {
    by_tier: BTreeMap<u16, [Sum; 2]>,
    /// Whether all of the days lie after the first import.
    is_known: bool,
}

impl Sums {
    /// `ends` are the day before the first and the last one.
    fn of(
        book: &Book,
        boards: Boards<'_>,
        as_of: AsOf,
        whom: &Whom,
        ends: [Day; 2],
        chosen: Chosen,
    ) -> Self {
        let known_at = as_of.known_at;
        let at_end = |on| AsOf { known_at, on };
        // On the first day of the stretch, or of the initiative.
        let chosen_on = at_end(match chosen {
            Chosen::AtTheBeginning => ends[0].plus_days(1),
            Chosen::AtTheEnd => ends[1].plus_days(1),
        });
        let selection = Selection::of(&whom.conditions, book, boards, chosen_on);
        let open = OpenByAccount::of(boards.risks, book, at_end(ends[1]), None);
        let bands = boards.health.bands(book, at_end(ends[1]));
        let product = selection.product_number;
        let mut by_tier: BTreeMap<u16, [Sum; 2]> = BTreeMap::new();
        for account in book.survivors(known_at) {
            let mrr = AccountMrr::of(book, account, &ends, known_at, product);
            let [o, c] = mrr.ends;
            let was_chosen = match chosen {
                Chosen::AtTheBeginning => o > 0,
                Chosen::AtTheEnd => c > 0,
            };
            let is_listed = whom.listed.as_ref().map(|listed| listed.contains(&account));
            if !was_chosen && is_listed != Some(true) {
                continue;
            }
            let (attributes, segment) = book.attributes_on(account, chosen_on);
            let is_in_cohort = is_listed.unwrap_or_else(|| {
                let owner = attributes.owner;
                selection.includes_account(account, owner, attributes.tier, segment)
            });
            let sums = by_tier.entry(attributes.tier).or_default();
            let sum = &mut sums[usize::from(!is_in_cohort)];
            let was_customer = mrr.began.is_some_and(|began| began <= ends[0]);
            sum.accounts += 1;
            sum.movement.add(o, c, was_customer);
            if open.of_all(book, account).leads_to_churn > 0 {
                sum.at_risk += c;
            }
            if let Some(band) = bands[account.0 as usize] {
                sum.bands[place(band)] += 1;
            }
        }
        let zone = book.zone_at(known_at);
        let imported = book.first_import(known_at).map(|at| Day::of(at, zone));
        Self {
            by_tier,
            is_known: imported.is_none_or(|imported| imported <= ends[0]),
        }
    }

    /// The figures of the cohort (`place` 0) or of the others (1), over some tiers.
    fn figures(&self, tiers: &[u16], place: usize) -> Figures {
        let sums = tiers.iter().filter_map(|tier| self.by_tier.get(tier));
        let sum = sums.fold(Sum::default(), |sum, of_tier| sum.plus(&of_tier[place]));
        Figures {
            accounts: sum.accounts,
            metrics: of_movement(&sum.movement, sum.at_risk, self.is_known),
            bands: sum.bands,
        }
    }
}

impl Sum {
    fn plus(self, other: &Self) -> Self {
        let [red, yellow, green] = self.bands;
        Self {
            accounts: self.accounts + other.accounts,
            movement: self.movement.plus(&other.movement),
            at_risk: self.at_risk + other.at_risk,
            bands: [
                red + other.bands[0],
                yellow + other.bands[1],
                green + other.bands[2],
            ],
        }
    }
}

const fn place(band: Band) -> usize {
    match band {
        Band::Red => 0,
        Band::Yellow => 1,
        Band::Green => 2,
    }
}
