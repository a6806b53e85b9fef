//! Risks that a CSM filed: open ones, and how others landed (RISK-1, RISK-3).

use keizoku_core::Day;
use keizoku_proto::risk::{Completion, LeadsToChurn};

use super::chance::Chance;
use super::course::{Course, Fate, Window};
use super::words::{self, Cause, Words};

/// A risk, as it stands on the last day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Risk {
    pub(super) name: &'static str,
    pub(super) flag: LeadsToChurn,
    /// Key in the catalogue.
    pub(super) kind: &'static str,
    pub(super) detail: &'static str,
    pub(super) opened: Day,
    pub(super) next_action: Option<NextAction>,
    /// Earlier dates of the next action: each was put off to the next one.
    pub(super) put_off_from: Vec<Day>,
    pub(super) closure: Option<Closure>,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NextAction {
    pub(super) due: Day,
    pub(super) text: &'static str,
}

/// How a risk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closure {
    pub(super) completion: Completion,
    pub(super) day: Day,
    pub(super) result: &'static str,
}

/// The risks of the `number`-th customer.
pub(super) fn risks(seed: u64, number: usize, course: &Course, window: Window) -> Vec<Risk> {
    let mut chance = Chance::of(seed, "risks", number as u64);
    let until = course.until(window);
    let words = course.cause.words();
    let mut risks = Vec::new();
    let noticed = course
        .worse_from
        .map(|from| from.plus_days(chance.days(14, 48)).min(until));
    match (course.fate, noticed) {
        (Fate::Saved, Some(opened)) => {
            let day = opened.plus_days(chance.days(60, 110)).min(until);
            risks.push(closed(
                &mut chance,
                words,
                opened,
                Completion::Completed,
                day,
                words.won,
            ));
        }
        (Fate::Left, Some(opened)) => {
            // The outcome is entered when the end is settled.
            let day = until.plus_days(-chance.days(0, 20)).max(opened);
            risks.push(closed(
                &mut chance,
                words,
                opened,
                Completion::Failed,
                day,
                words.lost,
            ));
        }
        (Fate::LeftSuddenly, _) if chance.in_hundred(60) => {
            let opened = until.plus_days(-chance.days(10, 35));
            risks.push(closed(
                &mut chance,
                words,
                opened,
                Completion::Failed,
                until,
                words.lost,
            ));
        }
        (Fate::Leaving, Some(opened)) => {
            risks.push(open(
                &mut chance,
                words,
                LeadsToChurn::LeadsToChurn,
                opened,
                window,
            ));
        }
        (Fate::Struggling, Some(opened)) => {
            let flag = chance.weighed(&[
                (LeadsToChurn::LeadsToChurn, 65),
                (LeadsToChurn::UnknownAtPresent, 35),
            ]);
            risks.push(open(&mut chance, words, flag, opened, window));
        }
        (Fate::Steady, _) => risks.extend(of_who_does_well(&mut chance, course, window)),
        _ => {}
    }
    risks
}

/// Somebody looks closely, too, where there is little to find.
fn of_who_does_well(chance: &mut Chance, course: &Course, window: Window) -> Vec<Risk> {
    let longest = window.last.days_since(course.start.max(window.first)) - 30;
    let mut risks = Vec::new();
    if chance.in_hundred(30) {
        let (name, detail, result) = chance.pick(&words::FALSE_ALARMS);
        let opened = window.last.plus_days(-chance.days(10, longest));
        let day = opened.plus_days(chance.days(4, 30)).min(window.last);
        let completion = Completion::NotARisk;
        let alarm = Words {
            key: "other",
            names: [name; 3],
            detail,
            ..Cause::LowUsage.words()
        };
        risks.push(closed(chance, alarm, opened, completion, day, result));
    }
    if chance.in_hundred(12) {
        let opened = window.last.plus_days(-chance.days(0, 40));
        let words = Cause::any(chance).words();
        risks.push(open(
            chance,
            words,
            LeadsToChurn::UnknownAtPresent,
            opened,
            window,
        ));
    }
    risks
}

fn filed(chance: &mut Chance, words: Words, flag: LeadsToChurn, opened: Day) -> Risk {
    Risk {
        name: chance.pick(&words.names),
        flag,
        kind: words.key,
        detail: words.detail,
        opened,
        next_action: None,
        put_off_from: Vec::new(),
        closure: None,
    }
}

fn closed(
    chance: &mut Chance,
    words: Words,
    opened: Day,
    completion: Completion,
    day: Day,
    result: &'static str,
) -> Risk {
    let flag = match completion {
        Completion::NotARisk => LeadsToChurn::UnknownAtPresent,
        _ => LeadsToChurn::LeadsToChurn,
    };
    let closure = Some(Closure {
        completion,
        day,
        result,
    });
    Risk {
        closure,
        ..filed(chance, words, flag, opened)
    }
}

fn open(
    chance: &mut Chance,
    words: Words,
    flag: LeadsToChurn,
    opened: Day,
    window: Window,
) -> Risk {
    // Some are overdue, some have no date: that is what lists are for.
    let due = match chance.between(1, 100) {
        1..=58 => Some(window.last.plus_days(chance.days(1, 21))),
        59..=70 => Some(window.last),
        71..=90 => Some(window.last.plus_days(-chance.days(1, 12)).max(opened)),
        _ => None,
    };
    let text = chance.pick(&words.actions);
    let next_action = due.map(|due| NextAction { due, text });
    let is_put_off = window.last.days_since(opened) > 30 && chance.in_hundred(35);
    let put_off = due
        .filter(|_| is_put_off)
        .map(|due| [30, 20, 10].map(|days| due.plus_days(-days)));
    Risk {
        next_action,
        put_off_from: put_off.map_or_else(Vec::new, Into::into),
        ..filed(chance, words, flag, opened)
    }
}

#[cfg(test)]
mod tests {
    use super::super::course::fates;
    use super::*;

    #[test]
    fn risk_3_closed_ones_have_results_and_there_are_risks_in_every_state() {
        let last: Day = "2026-11-22".parse().unwrap();
        let window = Window {
            first: last.plus_days(-730),
            last,
        };
        let mut all = Vec::new();
        for (number, fate) in fates(7, 1_000).into_iter().enumerate() {
            let course = Course::of(7, number, fate, window);
            let risks = risks(7, number, &course, window);
            for risk in &risks {
                assert!(
                    risk.opened >= course.start && risk.opened <= last,
                    "{risk:?} {course:?}"
                );
                if let Some(closure) = risk.closure {
                    assert!(
                        closure.day >= risk.opened && closure.day <= last,
                        "{risk:?}"
                    );
                    assert!(!closure.result.is_empty());
                }
            }
            let open = risks.iter().filter(|risk| risk.closure.is_none());
            assert!(course.end.is_none_or(|end| end > last) || open.count() == 0);
            all.extend(risks);
        }
        let count = |is_so: fn(&Risk) -> bool| all.iter().filter(|risk| is_so(risk)).count();
        let ended = |completion| {
            move |risk: &&Risk| {
                risk.closure
                    .is_some_and(|closure| closure.completion == completion)
            }
        };
        for completion in [
            Completion::Completed,
            Completion::Failed,
            Completion::NotARisk,
        ] {
            assert!(
                all.iter().filter(ended(completion)).count() > 30,
                "{completion:?}"
            );
        }
        assert!(count(|risk| risk.closure.is_none()) > 100);
        assert!(count(|risk| risk.put_off_from.len() == 3) > 10);
        assert!(count(|risk| risk.closure.is_none() && risk.next_action.is_none()) > 5);
    }
}
