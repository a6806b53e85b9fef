//! Deals with a customer, and who spoke with whom (ACC-10, ACC-11).

use keizoku_core::Day;
use keizoku_proto::accounts::{ContactChannel, ContactDirection, FactKind, TouchModel};

use super::chance::Chance;
use super::companies::Company;
use super::contracts::Contract;
use super::course::{Course, Fate, Window};
use super::onboardings::Onboarding;
use super::words::{self, Cause};

/// An opportunity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deal {
    pub(super) name: String,
    pub(super) stage: &'static str,
    pub(super) kind: &'static str,
    pub(super) close: Day,
    pub(super) amount: i64,
    pub(super) product: &'static str,
    pub(super) is_won: bool,
}

/// Somebody was in contact with a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Talk {
    pub(super) day: Day,
    pub(super) direction: ContactDirection,
    pub(super) channel: ContactChannel,
    pub(super) subject: &'static str,
    /// Place among the customer's people.
    pub(super) with: usize,
}

/// Months that an amount of a deal is for.
const YEAR: i64 = 12;

/// What Sales did: won contracts and expansions, and what it hopes for.
pub(super) fn deals(
    seed: u64,
    number: usize,
    course: &Course,
    contracts: &[Contract],
    window: Window,
) -> Vec<Deal> {
    let mut chance = Chance::of(seed, "deals", number as u64);
    let mut deals = Vec::new();
    for contract in contracts {
        let product = contract.product;
        let won = |name: String, kind, close: Day, mrr: i64| Deal {
            name,
            stage: "受注",
            kind,
            close,
            amount: mrr * YEAR,
            product,
            is_won: true,
        };
        let close = contract.start.plus_days(-chance.days(3, 14));
        deals.push(won(format!("{product} 新規"), "new", close, contract.mrr));
        let mut mrr = contract.mrr;
        for fact in &contract.facts {
            let stated = fact.mrr.unwrap_or(mrr);
            if fact.kind == FactKind::Expanded {
                let name = format!("{product} 追加 {}", fact.day);
                deals.push(won(name, "expansion", fact.day, stated - mrr));
            }
            mrr = stated;
        }
    }
    if course.fate == Fate::Steady && chance.in_hundred(18) {
        deals.push(Deal {
            name: "Analytics 追加提案".to_owned(),
            stage: chance.pick(&["提案", "見積もり提出", "最終調整"]),
            kind: "expansion",
            close: window.last.plus_days(chance.days(10, 80)),
            amount: chance.between(200, 1_500) * 1_000,
            product: "Analytics",
            is_won: false,
        });
    }
    deals
}

/// Who spoke with the customer: in the onboarding, and at the end of the period.
pub(super) fn talks(
    seed: u64,
    number: usize,
    company: &Company,
    course: &Course,
    onboarding: &Onboarding,
    window: Window,
) -> Vec<Talk> {
    let mut chance = Chance::of(seed, "talks", number as u64);
    let with = company.contacts.len() - 1;
    let mut talks = Vec::new();
    let mut talk = |chance: &mut Chance, day: Day, direction, subject| {
        let (with, channel) = match company.touch {
            TouchModel::High | TouchModel::Mid => {
                let channels = [ContactChannel::Meeting, ContactChannel::Call];
                (chance.pick(&[0, 1]), chance.pick(&channels))
            }
            _ => (with, ContactChannel::Email),
        };
        talks.push(Talk {
            day,
            direction,
            channel,
            subject,
            with,
        });
    };
    let until = course.until(window);
    if onboarding.start >= window.first {
        let day = onboarding.last_contact.min(until);
        talk(
            &mut chance,
            day,
            ContactDirection::TwoWay,
            "オンボーディングの打ち合わせ",
        );
    }
    if course.fate == Fate::Young {
        return talks;
    }
    let apart = match company.touch {
        TouchModel::High => 21,
        TouchModel::Mid => 40,
        _ => 90,
    };
    let mut day = until.plus_days(-chance.days(0, apart));
    for _ in 0..4 {
        // Whoever does badly often does not answer.
        let answers = course.wellness(day) > 50 || chance.in_hundred(55);
        let direction = if answers {
            ContactDirection::TwoWay
        } else {
            ContactDirection::OneWay
        };
        let subject = chance.pick(&words::SUBJECTS);
        talk(&mut chance, day, direction, subject);
        day = day
            .plus_days(-chance.days(apart - 5, apart + 10))
            .max(course.start);
    }
    talks
}

/// Who of the customer's people has left, and from when on they are no longer there.
pub(super) fn departure(
    seed: u64,
    number: usize,
    course: &Course,
    window: Window,
) -> Option<(usize, Day)> {
    let mut chance = Chance::of(seed, "departure", number as u64);
    let day = window.last.plus_days(-chance.days(1, 20));
    let is_known =
        course.cause == Cause::ChampionLeft && course.end.is_none() && course.does_badly();
    let is_new = course.fate == Fate::Steady && chance.in_hundred(4);
    (is_known || is_new).then(|| (usize::from(is_known), day))
}
