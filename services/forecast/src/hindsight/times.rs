//! When a forecast of a month was given, and when its outcome is known.

use keizoku_core::{Day, Month};
use keizoku_revenue::{AsOf, Book};

/// Days after a bucket's end by which MRR that was lost has ended (FC-5).
const SETTLING_DAYS: i32 = 31;

/// The forecast of a month, given `horizon` months ahead: at the end of the day before the month
/// begins, of the month before that, and so on; in the time zone of that day, as `as_of` knows it.
pub(crate) fn given_ahead(book: &Book, as_of: AsOf, month: Month, horizon: u8) -> Option<AsOf> {
    let day = month.plus(1 - i32::from(horizon)).first_day().plus_days(-1);
    let on_that_day = AsOf { on: day, ..as_of };
    let zone = &book.settings_in_effect(on_that_day).zone;
    Some(AsOf::known_at(day.last_instant(zone)?, day))
}

/// The date on which it is looked whether a month's parts have ended.
pub(crate) fn settling_day(month: Month) -> Day {
    month.last_day().plus_days(SETTLING_DAYS)
}

/// The last date about which `as_of` knows what happened: what is ahead has only been announced.
pub(crate) fn last_known_day(book: &Book, as_of: AsOf) -> Day {
    as_of.on.min(book.today_at(as_of.known_at))
}

/// Whether `as_of` knows what became of a month's parts.
pub(crate) fn is_settled(book: &Book, as_of: AsOf, month: Month) -> bool {
    settling_day(month) <= last_known_day(book, as_of)
}
