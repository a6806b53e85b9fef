//! Months later, from a table: automatic renewals are counted for millions of contracts at once.

use std::sync::LazyLock;

use keizoku_core::{Day, Month};

/// Numbers of the first days of the months that a date can lie in, and of the one after them.
static FIRST_DAYS: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let months = Day::MAX.month().number() - Day::MIN.month().number();
    let first_day = |ahead: i32| Day::MIN.month().plus(ahead).first_day().number();
    // The first of January 1970 is the day before the first date there is.
    let first = std::iter::once(0).chain((1..=i32::from(months)).map(first_day));
    first.collect()
});

/// The date `months` later on the same day of the month, clamped at the month's end; `None` past
/// the end of the last whole month.
pub(crate) fn plus_months(day: Day, months: u32) -> Option<Day> {
    let month = place(day.month());
    let later = month + usize::try_from(months).ok()?;
    let day_of_month = day.number() - FIRST_DAYS[month];
    let first = *FIRST_DAYS.get(later)?;
    let last = FIRST_DAYS.get(later + 1)? - 1;
    Day::from_number((first + day_of_month).min(last))
}

fn place(month: Month) -> usize {
    usize::from(month.number() - Day::MIN.month().number())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn acc_3_months_later_are_those_of_the_calendar(number in 1u16.., months in 0u32..600) {
            let day = Day::from_number(number).unwrap();
            if let Some(later) = plus_months(day, months) {
                prop_assert_eq!(Some(later), day.plus_months(months));
            } else {
                let last = Day::MAX.month().first_day();
                prop_assert!(day.plus_months(months).is_none_or(|later| later >= last));
            }
        }
    }
}
