//! Working days: neither weekends nor holidays (GEN-2).

use crate::Day;

/// Japan's public holidays of the years that have been published, substitute holidays included.
const JAPAN: &str = include_str!("holidays-japan.csv");

/// Monday to Friday, without the holidays of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingDays {
    /// Holidays from Monday to Friday, in order, each once.
    holidays: Vec<Day>,
}

/// A line of a holiday calendar that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` does not begin with a date such as 2026-11-23")]
pub struct UnreadableHoliday {
    /// Its number, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

impl Default for WorkingDays {
    /// Those of Japan.
    fn default() -> Self {
        Self::parse(JAPAN).unwrap_or(Self {
            holidays: Vec::new(),
        })
    }
}

impl WorkingDays {
    /// Reads a calendar: a line for each holiday, its date (`2026-11-23` or `2026/11/23`) first and,
    /// after a comma, its name. The first line may be a heading, and empty ones are passed over.
    ///
    /// # Errors
    /// Every line that holds no date.
    pub fn parse(text: &str) -> Result<Self, Vec<UnreadableHoliday>> {
        let (mut holidays, mut unreadable) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start_matches('\u{feff}').trim();
            let date = line.split(',').next().unwrap_or_default();
            match date_of(date) {
                Some(day) => holidays.push(day),
                None if line.is_empty() || index == 0 => {}
                None => unreadable.push(UnreadableHoliday {
                    line: index + 1,
                    text: line.chars().take(40).collect(),
                }),
            }
        }
        holidays.retain(|day| day.is_weekday());
        holidays.sort_unstable();
        holidays.dedup();
        if unreadable.is_empty() {
            Ok(Self { holidays })
        } else {
            Err(unreadable)
        }
    }

    /// Whether people work on that day.
    #[must_use]
    pub fn includes(&self, day: Day) -> bool {
        day.is_weekday() && self.holidays.binary_search(&day).is_err()
    }

    /// How many there are after `start`, up to and including `end`; none when `end` is not later.
    #[must_use]
    pub fn between(&self, start: Day, end: Day) -> u32 {
        let Ok(days) = u32::try_from(end.days_since(start)) else {
            return 0;
        };
        let (weeks, rest) = (days / 7, days % 7);
        let last_days = (0..rest).filter(|before| {
            let before = i32::try_from(*before).unwrap_or(0);
            end.plus_days(-before).is_weekday()
        });
        let weekdays = weeks * 5 + u32::try_from(last_days.count()).unwrap_or(0);
        let from = self.holidays.partition_point(|day| *day <= start);
        let to = self.holidays.partition_point(|day| *day <= end);
        weekdays - u32::try_from(to.saturating_sub(from)).unwrap_or(0)
    }

    /// The day that is `count` working days after `start`; `start` itself for none.
    #[must_use]
    pub fn after(&self, start: Day, count: u32) -> Day {
        let (mut day, mut left) = (start, count);
        while left > 0 && day < Day::MAX {
            day = day.plus_days(1);
            left -= u32::from(self.includes(day));
        }
        day
    }
}

/// A date written with hyphens, or with slashes and without leading zeros.
fn date_of(text: &str) -> Option<Day> {
    let mut parts = text
        .trim()
        .split(['-', '/'])
        .map(|part| part.parse::<i32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    Day::from_ymd(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn gen_2_japan_s_holidays_and_weekends_are_no_working_days() {
        let japan = WorkingDays::default();
        for free in ["2026-11-22", "2026-11-23", "2026-05-06", "2027-03-22"] {
            assert!(!japan.includes(day(free)), "{free}");
        }
        for worked in ["2026-11-24", "2026-05-07", "2027-12-31"] {
            assert!(japan.includes(day(worked)), "{worked}");
        }
        // Four days off in a row, and a Saturday and a Sunday before them.
        assert_eq!(japan.between(day("2026-05-01"), day("2026-05-07")), 1);
        assert_eq!(japan.after(day("2026-05-01"), 1), day("2026-05-07"));
        assert_eq!(japan.after(day("2026-05-02"), 0), day("2026-05-02"));
    }

    #[test]
    fn gen_2_a_calendar_is_read_with_either_separator_and_says_every_line_it_cannot() {
        let official =
            "国民の祝日・休日月日,国民の祝日・休日名称\n2026/5/4,みどりの日\n\n2026-11-23\n";
        let read = WorkingDays::parse(official).unwrap();
        assert!(!read.includes(day("2026-05-04")) && !read.includes(day("2026-11-23")));
        let unreadable = WorkingDays::parse("date\nsoon\n2026-02-30,x\n2026-11-23").unwrap_err();
        let lines: Vec<usize> = unreadable.iter().map(|line| line.line).collect();
        assert_eq!(lines, [2, 3]);
    }

    proptest! {
        #[test]
        fn counting_agrees_with_looking_at_each_day(start in 19_700_u16..21_500, length in 0_u16..800) {
            let japan = WorkingDays::default();
            let start = Day::from_number(start).unwrap();
            let end = start.plus_days(length.into());
            let each = (1..=i32::from(length)).filter(|n| japan.includes(start.plus_days(*n)));
            let count = u32::try_from(each.count()).unwrap();
            prop_assert_eq!(japan.between(start, end), count);
            prop_assert_eq!(japan.between(end, start), 0);
            prop_assert!(japan.after(start, count) <= end);
            prop_assert_eq!(japan.between(start, japan.after(start, count)), count);
        }
    }
}
