//! Contracts: what a customer bought, and what happened to it (ACC-5).

use keizoku_core::Day;
use keizoku_proto::accounts::FactKind;

use super::chance::Chance;
use super::companies::Tier;
use super::course::{Course, Fate, Window};

/// The product that every customer has, and that onboardings are about.
pub(super) const MAIN: &str = "Engage";
const MORE: [&str; 2] = ["Survey", "Analytics"];

/// When and how a contract renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) renewal: Day,
    pub(super) months: u32,
    pub(super) auto_renew: bool,
}

/// One product that a customer bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contract {
    pub(super) product: &'static str,
    pub(super) start: Day,
    pub(super) mrr: i64,
    pub(super) terms: Terms,
    /// In the order in which they are recorded.
    pub(super) facts: Vec<Fact>,
}

/// What happened to a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) kind: FactKind,
    pub(super) day: Day,
    pub(super) mrr: Option<i64>,
    pub(super) terms: Option<Terms>,
    /// Key and words, of an end.
    pub(super) reason: Option<(&'static str, &'static str)>,
}

impl Terms {
    /// The last day on which notice can be given.
    pub(super) fn notice_deadline(self) -> Day {
        self.renewal.plus_days(-60)
    }
}

/// What the `number`-th customer bought.
pub(super) fn contracts(
    seed: u64,
    number: usize,
    tier: Tier,
    course: &Course,
    window: Window,
) -> Vec<Contract> {
    let mut chance = Chance::of(seed, "contracts", number as u64);
    let mrr = match tier {
        Tier::Enterprise => chance.between(400, 2_400),
        Tier::Mid => chance.between(100, 420),
        Tier::Smb => chance.between(18, 90),
    };
    let mut contracts = vec![contract(
        &mut chance,
        MAIN,
        course.start,
        mrr * 1_000,
        course,
        window,
    )];
    let age = window.last.days_since(course.start);
    for product in MORE {
        // Who does badly buys nothing more.
        if age > 200 && !course.does_badly() && chance.in_hundred(25) {
            let start = course.start.plus_days(chance.days(60, age - 90));
            let mrr = (mrr * chance.between(15, 40) / 100).max(5) * 1_000;
            if course.end.is_none_or(|end| start.plus_days(60) < end) {
                contracts.push(contract(&mut chance, product, start, mrr, course, window));
            }
        }
    }
    contracts
}

fn contract(
    chance: &mut Chance,
    product: &'static str,
    start: Day,
    mrr: i64,
    course: &Course,
    window: Window,
) -> Contract {
    let months = chance.weighed(&[(12, 80), (24, 15), (6, 5)]);
    let auto_renew = chance.in_hundred(55);
    let renewal = start.plus_months(months).unwrap_or(Day::MAX);
    let terms = Terms {
        renewal,
        months,
        auto_renew,
    };
    let mut contract = Contract {
        product,
        start,
        mrr,
        terms,
        facts: Vec::new(),
    };
    let until = course.until(window);
    // Now and then a renewal is agreed and nobody records it.
    let is_overdue = course.end.is_none() && chance.in_hundred(4);
    let mut now = (mrr, terms);
    for change in changes(chance, start, until, course) {
        contract.renew_until(&mut now, change.day, until, is_overdue, chance);
        let mrr = rounded(now.0 * change.percent / 100);
        let kind = match mrr.cmp(&now.0) {
            std::cmp::Ordering::Greater => FactKind::Expanded,
            std::cmp::Ordering::Less => FactKind::Downsized,
            std::cmp::Ordering::Equal => continue,
        };
        now.0 = mrr;
        contract.facts.push(Fact {
            kind,
            day: change.day,
            mrr: Some(mrr),
            terms: None,
            reason: None,
        });
    }
    contract.renew_until(&mut now, until, until, is_overdue, chance);
    if let Some(end) = course.end {
        let words = course.cause.words();
        let is_past = end <= window.last;
        contract.facts.push(Fact {
            kind: if is_past {
                FactKind::Churned
            } else {
                FactKind::CancellationAnnounced
            },
            day: end,
            mrr: None,
            terms: None,
            reason: Some((words.reason_code, words.lost)),
        });
    }
    contract
}

impl Contract {
    /// Renews by hand whatever is due before a day; what renews by itself needs nobody.
    fn renew_until(
        &mut self,
        now: &mut (i64, Terms),
        day: Day,
        until: Day,
        is_overdue: bool,
        chance: &mut Chance,
    ) {
        while !now.1.auto_renew && now.1.renewal < day {
            let date = now.1.renewal;
            let next = date.plus_months(now.1.months).unwrap_or(Day::MAX);
            if is_overdue && next >= until {
                return;
            }
            now.0 = rounded(now.0 * chance.between(98, 106) / 100);
            now.1.renewal = next;
            self.facts.push(Fact {
                kind: FactKind::Renewed,
                day: date,
                mrr: Some(now.0),
                terms: Some(now.1),
                reason: None,
            });
        }
    }
}

/// A new amount, in percent of the one before.
struct Change {
    day: Day,
    percent: i64,
}

fn changes(chance: &mut Chance, start: Day, until: Day, course: &Course) -> Vec<Change> {
    let age = until.days_since(start);
    let mut found = Vec::new();
    if age < 100 {
        return found;
    }
    let mut note = |chance: &mut Chance, day: Day, low, high| {
        let percent = chance.between(low, high);
        found.push(Change { day, percent });
    };
    match course.worse_from.filter(|from| *from > start.plus_days(60)) {
        Some(from) if chance.in_hundred(45) && from.plus_days(40) < until => {
            let day = from.plus_days(chance.days(20, 40));
            note(chance, day, 60, 90);
        }
        None if chance.in_hundred(40) => {
            let day = start.plus_days(chance.days(90, age - 5));
            note(chance, day, 110, 150);
        }
        None if chance.in_hundred(8) => {
            let day = start.plus_days(chance.days(90, age - 5));
            note(chance, day, 75, 95);
        }
        _ => {}
    }
    if course.fate == Fate::Saved
        && let Some(better) = course.better_from
        && chance.in_hundred(30)
        && better.plus_days(60) < until
    {
        note(chance, better.plus_days(55), 105, 120);
    }
    found.sort_by_key(|change| change.day);
    found
}

/// To a thousand yen.
fn rounded(mrr: i64) -> i64 {
    (mrr + 500) / 1_000 * 1_000
}

#[cfg(test)]
mod tests {
    use super::super::course::fates;
    use super::*;

    #[test]
    fn acc_5_facts_fit_one_after_the_other() {
        let last: Day = "2026-11-22".parse().unwrap();
        let window = Window {
            first: last.plus_days(-730),
            last,
        };
        let mut kinds = Vec::new();
        for (number, fate) in fates(7, 1_000).into_iter().enumerate() {
            let course = Course::of(7, number, fate, window);
            for contract in contracts(7, number, Tier::Mid, &course, window) {
                let (mut day, mut mrr) = (contract.start, contract.mrr);
                assert!(mrr > 0 && day >= course.start);
                for fact in &contract.facts {
                    assert!(fact.day >= day, "{contract:?}");
                    day = fact.day;
                    let stated = fact.mrr.unwrap_or(mrr);
                    match fact.kind {
                        FactKind::Expanded => assert!(stated > mrr, "{contract:?}"),
                        FactKind::Downsized => assert!(stated < mrr, "{contract:?}"),
                        FactKind::CancellationAnnounced => assert!(fact.day > last),
                        _ => assert!(fact.day <= last, "{contract:?}"),
                    }
                    mrr = stated;
                    kinds.push(fact.kind);
                }
                let ended = contract.facts.iter().filter(|fact| fact.reason.is_some());
                assert_eq!(ended.count(), usize::from(course.end.is_some()));
            }
        }
        for kind in [
            FactKind::Expanded,
            FactKind::Downsized,
            FactKind::Renewed,
            FactKind::CancellationAnnounced,
            FactKind::Churned,
        ] {
            assert!(
                kinds.iter().filter(|one| **one == kind).count() > 10,
                "{kind:?}"
            );
        }
    }
}
