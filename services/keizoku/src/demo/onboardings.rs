//! Onboardings, step by step, in the phases of the template that comes with Keizoku (ONB-2).

use keizoku_core::Day;

use super::chance::Chance;
use super::course::{Course, Fate, Window};

/// An onboarding of the main product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Onboarding {
    pub(super) start: Day,
    pub(super) won: Day,
    /// 0 to 3: at kickoff, and at closing.
    pub(super) gaps: (u32, u32),
    pub(super) steps: Vec<Step>,
    /// How much of it was done since when, in percent.
    pub(super) progress: Vec<(Day, i64)>,
    /// When it should be complete.
    pub(super) target: Day,
    /// The last day on which somebody spoke with the customer about it.
    pub(super) last_contact: Day,
}

/// What somebody records of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    HandOff,
    Kickoff(Day),
    Task(&'static str, Day),
    Advance(Day),
    RateGap(Day),
    Complete(Day),
    Hold(Day),
}

/// Tasks of each phase but the last, and how many days it takes; kickoff and review are steps of their own.
const PHASES: [(&[&str], i32); 5] = [
    (&["read_hand_off"], 10),
    (&["propose_operation", "decide_operation"], 14),
    (&["collect_addresses", "set_up_sign_in"], 20),
    (&["invite_employees", "check_sign_ins"], 26),
    (&["agree_next_step"], 14),
];
/// Working days of the whole template, in calendar days.
const EXPECTED: i32 = 98;

/// How it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Usual,
    /// Everything takes twice as long.
    Slow,
    /// Nobody has been reached for months.
    Lost,
    OnHold,
}

/// The onboarding of the `number`-th customer.
pub(super) fn onboarding(seed: u64, number: usize, course: &Course, window: Window) -> Onboarding {
    let mut chance = Chance::of(seed, "onboarding", number as u64);
    let pace = match course.fate {
        Fate::Young => chance.weighed(&[
            (Pace::Usual, 50),
            (Pace::Slow, 25),
            (Pace::Lost, 12),
            (Pace::OnHold, 13),
        ]),
        _ => Pace::Usual,
    };
    let start = course.start;
    let gap = u32::try_from(chance.weighed(&[(0, 50), (1, 35), (2, 12), (3, 3)])).unwrap_or(0);
    // Expectations that were never met are behind many a loss.
    let closing_gap = if course.does_badly() {
        gap.max(2)
    } else {
        gap.saturating_sub(1)
    };
    let mut told = Onboarding {
        start,
        won: start.plus_days(-chance.days(3, 14)),
        gaps: (gap, closing_gap),
        steps: Vec::new(),
        progress: vec![(start, 0)],
        target: start.plus_days(EXPECTED),
        last_contact: start,
    };
    let stops = match pace {
        Pace::Lost => start.plus_days(chance.days(14, 30)),
        _ => window.last,
    };
    told.go(&mut chance, pace, stops.min(window.last));
    let is_complete = matches!(told.steps.last(), Some(Step::Complete(_)));
    told.last_contact = match pace {
        Pace::Lost => told.last_contact,
        _ if is_complete => told.last_contact,
        Pace::Slow => window.last.plus_days(-chance.days(2, 40)).max(start),
        _ => window.last.plus_days(-chance.days(0, 7)).max(start),
    };
    if pace == Pace::OnHold && !is_complete {
        told.steps
            .push(Step::Hold(window.last.plus_days(chance.days(7, 45))));
    }
    told
}

impl Onboarding {
    /// Goes through the phases until a day.
    fn go(&mut self, chance: &mut Chance, pace: Pace, until: Day) {
        let mut entered = self.start;
        for (place, (tasks, usual)) in PHASES.iter().enumerate() {
            let factor = if pace == Pace::Slow {
                20
            } else {
                chance.days(7, 11)
            };
            let length = (usual * factor / 10).max(4);
            let on = |day: i32| Some(entered.plus_days(day)).filter(|day| *day <= until);
            if place == 0 {
                let Some(day) = on(1) else { return };
                self.steps.push(Step::HandOff);
                self.last_contact = self.last_contact.max(day);
            }
            let count = i32::try_from(tasks.len()).unwrap_or(1);
            for (number, task) in (1..).zip(tasks.iter().copied()) {
                let Some(day) = on((length - 2) * number / count) else {
                    return;
                };
                self.steps.push(Step::Task(task, day));
                self.last_contact = self.last_contact.max(day);
            }
            let own = match place {
                0 => on(length - 1).map(Step::Kickoff),
                4 => on(length - 1).map(Step::RateGap),
                _ => None,
            };
            self.steps.extend(own);
            let Some(left) = on(length) else { return };
            self.steps.push(Step::Advance(left));
            self.last_contact = left;
            entered = left;
            let done = i64::try_from(place + 1).unwrap_or(0) * 100 / 6;
            self.progress.push((left, done));
        }
        let Some(handed_over) = Some(entered.plus_days(3)).filter(|day| *day <= until) else {
            return;
        };
        self.steps.push(Step::Task("hand_over", handed_over));
        self.steps.push(Step::Complete(handed_over));
        self.progress.push((handed_over, 100));
    }

    /// When the kickoff was held, and when its effect was reviewed.
    pub(super) fn rated(&self) -> impl Iterator<Item = (Day, u32)> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::Kickoff(day) => Some((*day, self.gaps.0)),
            Step::RateGap(day) => Some((*day, self.gaps.1)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::course::fates;
    use super::*;

    #[test]
    fn onb_2_steps_come_in_order_and_there_are_onboardings_in_every_state() {
        let last: Day = "2026-11-22".parse().unwrap();
        let window = Window {
            first: last.plus_days(-730),
            last,
        };
        let (mut complete, mut held, mut phases) = (0, 0, [0; 6]);
        for (number, fate) in fates(7, 1_000).into_iter().enumerate() {
            let course = Course::of(7, number, fate, window);
            let told = onboarding(7, number, &course, window);
            let mut day = told.start;
            for step in &told.steps {
                match step {
                    Step::Kickoff(on)
                    | Step::Task(_, on)
                    | Step::Advance(on)
                    | Step::RateGap(on)
                    | Step::Complete(on) => {
                        assert!(*on >= day && *on <= last, "{told:?}");
                        day = *on;
                    }
                    Step::Hold(until) => assert!(*until > last),
                    Step::HandOff => {}
                }
            }
            complete += usize::from(matches!(told.steps.last(), Some(Step::Complete(_))));
            held += usize::from(matches!(told.steps.last(), Some(Step::Hold(_))));
            let advanced = told
                .steps
                .iter()
                .filter(|step| matches!(step, Step::Advance(_)));
            phases[advanced.count()] += 1;
            assert!(told.last_contact <= last);
        }
        assert!(complete > 700 && held > 5, "{complete} {held}");
        assert!(phases.iter().all(|count| *count > 3), "{phases:?}");
    }
}
