use keizoku_core::{Day, Money, Month};
use keizoku_revenue::{AsOf, Book};

use super::figures::{Figure, Value};

/// Working days after which the books of the month before are closed.
const WORKING_DAYS: usize = 5;

/// The same question at the close of a month's books: the end of the fifth working day of the
/// month after, in the time zone of that day. `None` while they are open.
///
/// Attributes are those of the closing day too, or of the earlier date that was asked for: who
/// closes the books looks at no later one.
#[must_use]
pub fn as_reported(book: &Book, as_of: AsOf, month: Month) -> Option<AsOf> {
    let closing_day = closing_day(month)?;
    let on_that_day = AsOf {
        on: closing_day,
        ..as_of
    };
    let zone = &book.settings_in_effect(on_that_day).zone;
    let closed_at = closing_day.last_instant(zone)?;
    // Both now and at the instant that was asked for: that one may lie ahead.
    let is_closed =
        closing_day < book.today() && as_of.known_at.is_none_or(|known_at| closed_at <= known_at);
    is_closed.then(|| AsOf::known_at(closed_at, as_of.on.min(closing_day)))
}

fn closing_day(month: Month) -> Option<Day> {
    let first = month.plus(1).first_day();
    let days = (0..31).map(|days| first.plus_days(days));
    days.filter(|day| day.is_weekday()).nth(WORKING_DAYS - 1)
}

/// How far a restated figure is from the one that was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Of two amounts.
    Amount(Money),
    /// Of two rates, in parts per million.
    Ppm(i64),
}

impl Figure {
    /// This figure minus the one that was reported; `None` where one of them has no value.
    #[must_use]
    pub fn minus(&self, reported: &Self) -> Option<Difference> {
        match (self.value.ok()?, reported.value.ok()?) {
            (Value::Amount(now), Value::Amount(then)) => Some(Difference::Amount(now - then)),
            (Value::Rate(now), Value::Rate(then)) => Some(Difference::Ppm(now.ppm_above(then))),
            (Value::Amount(_), Value::Rate(_)) | (Value::Rate(_), Value::Amount(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fc_8_the_books_close_with_the_fifth_working_day_of_the_next_month() {
        let closing_day = |month: &str| {
            let first: Day = format!("{month}-01").parse().unwrap();
            closing_day(first.month()).unwrap().to_string()
        };
        // November 2026 begins on a Sunday, December on a Tuesday, May on a Friday.
        assert_eq!(closing_day("2026-10"), "2026-11-06");
        assert_eq!(closing_day("2026-11"), "2026-12-07");
        assert_eq!(closing_day("2026-04"), "2026-05-07");
    }
}
