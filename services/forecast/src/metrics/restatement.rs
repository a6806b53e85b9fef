use keizoku_core::{Money, Month, WorkingDays};
use keizoku_revenue::{AsOf, Book};

use super::figures::{Figure, Value};

/// Working days after which the books of the month before are closed.
const WORKING_DAYS: u32 = 5;

/// The same question at the close of a month's books: the end of the fifth working day of the
/// month after, in the time zone of that day. `None` while they are open.
///
/// Attributes are those of the closing day too, or of the earlier date that was asked for: who
/// closes the books looks at no later one.
#[must_use]
pub fn as_reported(
    book: &Book,
    working_days: &WorkingDays,
    as_of: AsOf,
    month: Month,
) -> Option<AsOf> {
    let closing_day = working_days.after(month.last_day(), WORKING_DAYS);
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

/// How far a restated figure is from the one that was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Of two amounts.
    Amount(Money),
    /// Of two rates, in parts per million.
    Ppm(i64),
    /// Of two counts.
    Count(i64),
}

impl Figure {
    /// This figure minus the one that was reported; `None` where one of them has no value.
    #[must_use]
    pub fn minus(&self, reported: &Self) -> Option<Difference> {
        match (self.value.ok()?, reported.value.ok()?) {
            (Value::Amount(now), Value::Amount(then)) => Some(Difference::Amount(now - then)),
            (Value::Rate(now), Value::Rate(then)) => Some(Difference::Ppm(now.ppm_above(then))),
            (Value::Count(now), Value::Count(then)) => Some(Difference::Count(now - then)),
            (Value::Amount(_) | Value::Rate(_) | Value::Count(_), _) => None,
        }
    }
}
