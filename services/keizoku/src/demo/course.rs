//! How a customer gets on from its first day: the one cause behind everything that is told of it.

use keizoku_core::Day;

use super::chance::Chance;
use super::words::Cause;

/// What becomes of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Does well.
    Steady,
    /// Has just begun.
    Young,
    /// Did badly, and was won back.
    Saved,
    /// Does badly now, and somebody works on it.
    Struggling,
    /// Does badly now, and nobody has noticed.
    Unnoticed,
    /// Has said that it leaves.
    Leaving,
    /// Left, after it had done badly for months.
    Left,
    /// Left although it did well.
    LeftSuddenly,
}

/// Of a hundred customers. Some who do badly stay, some who leave do well until the end.
const SHARES: [(Fate, usize); 8] = [
    (Fate::Steady, 46),
    (Fate::Young, 12),
    (Fate::Saved, 6),
    (Fate::Struggling, 9),
    (Fate::Unnoticed, 4),
    (Fate::Leaving, 4),
    (Fate::Left, 15),
    (Fate::LeftSuddenly, 4),
];

/// The period that the demo tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) first: Day,
    /// The last day of which anything is told: today, usually.
    pub(super) last: Day,
}

/// A customer's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    pub(super) fate: Fate,
    pub(super) cause: Cause,
    /// First day of the contract.
    pub(super) start: Day,
    /// First day without one.
    pub(super) end: Option<Day>,
    /// How well it does in good times: percent of what one expects of such a customer.
    pub(super) usual: i64,
    /// Since when it does worse.
    pub(super) worse_from: Option<Day>,
    /// How badly it does at last.
    floor: i64,
    /// Days until it does so badly.
    slide: i32,
    /// Since when it does better again.
    pub(super) better_from: Option<Day>,
}

/// The fates of so many customers, in any order: the shares are kept at any size.
pub(super) fn fates(seed: u64, count: usize) -> Vec<Fate> {
    let shares = SHARES.iter().flat_map(|(fate, share)| vec![*fate; *share]);
    let deck: Vec<Fate> = shares.collect();
    let cards = deck.len();
    let place = |number: usize| number * cards / count.clamp(1, cards) % cards;
    let mut fates: Vec<Fate> = (0..count).map(|number| deck[place(number)]).collect();
    Chance::of(seed, "fates", 0).shuffle(&mut fates);
    fates
}

impl Course {
    /// How the `number`-th customer gets on.
    pub(super) fn of(seed: u64, number: usize, fate: Fate, window: Window) -> Self {
        let mut chance = Chance::of(seed, "course", number as u64);
        let length = window.last.days_since(window.first);
        let ago = |days: i32| window.last.plus_days(-days);
        let end = match fate {
            Fate::Left | Fate::LeftSuddenly => Some(ago(chance.days(2, (length - 240).max(20)))),
            Fate::Leaving => Some(window.last.plus_days(chance.days(12, 100))),
            _ => None,
        };
        let latest_start = match (fate, end) {
            (Fate::Young, _) => ago(2),
            (_, Some(end)) => end.plus_days(-300),
            (Fate::Steady, None) => ago(160),
            _ => ago(330),
        };
        let start = match fate {
            Fate::Young => latest_start.plus_days(-chance.days(0, 148)),
            // Some were customers before, others came in between.
            _ => latest_start.plus_days(-chance.days(0, length + 200)),
        };
        let worse_from = match (fate, end) {
            (Fate::Saved, _) => Some(ago(chance.days(170, 300))),
            (Fate::Struggling | Fate::Unnoticed, _) => Some(ago(chance.days(50, 110))),
            (Fate::Leaving, _) => Some(ago(chance.days(60, 120))),
            // Of one in five, the decline comes too late to warn anybody a quarter before.
            (Fate::Left, Some(end)) if chance.in_hundred(20) => {
                Some(end.plus_days(-chance.days(60, 95)))
            }
            (Fate::Left, Some(end)) => Some(end.plus_days(-chance.days(150, 240))),
            _ => None,
        };
        let better_from = match fate {
            Fate::Saved => worse_from.map(|day| day.plus_days(chance.days(60, 100))),
            _ => None,
        };
        Self {
            fate,
            cause: Cause::any(&mut chance),
            start,
            end,
            usual: chance.between(88, 125),
            worse_from,
            floor: chance.between(4, 18),
            slide: chance.days(30, 55),
            better_from,
        }
    }

    /// Whether it does badly at last, or did for a time.
    pub(super) fn does_badly(&self) -> bool {
        self.worse_from.is_some()
    }

    /// How well it does on a day: percent of what one expects, without chance.
    pub(super) fn wellness(&self, day: Day) -> i64 {
        let part = |since: Day, until_there: i32| {
            i64::from(day.days_since(since).clamp(0, until_there)) * 100 / i64::from(until_there)
        };
        let lost = self.worse_from.map_or(0, |from| part(from, self.slide));
        let won_back = self.better_from.map_or(0, |from| part(from, 60));
        let missing = (self.usual - self.floor) * (lost - won_back).max(0) / 100;
        self.usual - missing
    }

    /// The last day of which anything is told.
    pub(super) fn until(&self, window: Window) -> Day {
        self.end
            .map_or(window.last, |end| window.last.min(end.plus_days(-1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        let last: Day = "2026-11-22".parse().unwrap();
        Window {
            first: last.plus_days(-730),
            last,
        }
    }

    fn courses(seed: u64, count: usize) -> Vec<Course> {
        let fates = fates(seed, count);
        let all = fates.iter().enumerate();
        all.map(|(number, fate)| Course::of(seed, number, *fate, window()))
            .collect()
    }

    #[test]
    fn shares_of_fates_are_kept_at_any_size() {
        for count in [20, 60, 100, 1_000] {
            let fates = fates(3, count);
            assert_eq!(fates.len(), count);
            for (fate, share) in SHARES {
                let found = fates.iter().filter(|one| **one == fate).count();
                let wanted = share * count / 100;
                assert!(found.abs_diff(wanted) <= 1, "{fate:?} of {count}: {found}");
            }
        }
        assert_eq!(fates(3, 5).len(), 5);
    }

    #[test]
    fn who_leaves_does_badly_months_before_but_for_some() {
        let courses = courses(7, 1_000);
        assert_eq!(courses, self::courses(7, 1_000));
        let quarter_before = |course: &Course| course.wellness(course.end.unwrap().plus_days(-90));
        let left = courses.iter().filter(|one| one.fate == Fate::Left);
        let warned = left.clone().filter(|one| quarter_before(one) < 40).count();
        let left = left.count();
        assert!(
            warned * 100 > left * 65 && warned < left,
            "{warned} of {left}"
        );
        let suddenly = courses.iter().filter(|one| one.fate == Fate::LeftSuddenly);
        assert!(suddenly.clone().all(|one| quarter_before(one) > 80));
        let stayed = courses
            .iter()
            .filter(|one| one.end.is_none() && one.does_badly());
        assert!(stayed.count() > 100, "some do badly and stay");
    }

    #[test]
    fn dates_make_sense() {
        let window = window();
        for course in courses(7, 1_000) {
            assert!(course.start < window.last, "{course:?}");
            if let Some(end) = course.end {
                assert!(end.days_since(course.start) >= 300, "{course:?}");
                assert_eq!(
                    end > window.last,
                    course.fate == Fate::Leaving,
                    "{course:?}"
                );
            }
            assert!(
                (0..=130).contains(&course.wellness(window.last)),
                "{course:?}"
            );
        }
    }
}
