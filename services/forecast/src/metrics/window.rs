use std::ops::RangeInclusive;

use jiff::Timestamp;
use keizoku_core::{Day, Month};
use keizoku_revenue::{AsOf, Book};

/// Months in a trailing window.
pub(crate) const MONTHS: usize = 12;

/// The month has not begun yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the month begins after the date that the figures are asked for")]
pub struct MonthAhead;

/// A month M and the eleven before it, with the days at whose ends MRR is compared.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    pub(crate) month: Month,
    /// The month is running: its last day is `on`.
    pub(crate) provisional: bool,
    /// Place of the first month that counts; the oldest, but for shorter periods.
    pub(crate) start: usize,
    /// The day before each month of the window, the oldest first, and then the last day of M.
    pub(crate) ends: [Day; MONTHS + 1],
    pub(crate) known_at: Option<Timestamp>,
    /// The date on which attributes are looked at.
    pub(crate) as_of: AsOf,
    /// The local date of the first import: movements on and before it are unknown.
    pub(crate) imported_on: Option<Day>,
}

impl Window {
    pub(crate) fn of(book: &Book, as_of: AsOf, month: Month) -> Result<Self, MonthAhead> {
        let current = as_of.on.month();
        if month > current {
            return Err(MonthAhead);
        }
        let provisional = month == current;
        let last = if provisional {
            as_of.on
        } else {
            month.last_day()
        };
        let mut ends = [last; MONTHS + 1];
        for (end, months_before) in ends.iter_mut().zip((0..12).rev()) {
            *end = month.plus(-months_before).first_day().plus_days(-1);
        }
        let zone = book.zone_at(as_of.known_at);
        let imported_on = book
            .first_import(as_of.known_at)
            .map(|at| Day::of(at, zone));
        Ok(Self {
            month,
            provisional,
            start: 0,
            ends,
            known_at: as_of.known_at,
            as_of,
            imported_on,
        })
    }

    /// Months in a row, [`MONTHS`] at most: those before them are looked at, and do not count.
    pub(crate) fn of_period(
        book: &Book,
        as_of: AsOf,
        months: &RangeInclusive<Month>,
    ) -> Result<Self, MonthAhead> {
        let window = Self::of(book, as_of, *months.end())?;
        let number = usize::from(
            months
                .end()
                .number()
                .saturating_sub(months.start().number()),
        );
        Ok(Self {
            start: (MONTHS - 1).saturating_sub(number),
            ..window
        })
    }

    /// The last day of M that counts.
    pub(crate) fn last(&self) -> Day {
        self.ends[MONTHS]
    }

    /// The first day of a month of the window, counted from the oldest.
    pub(crate) fn first_day(&self, place: usize) -> Day {
        self.ends[place].plus_days(1)
    }

    /// Whether the months from this one on lie after the first import, whole.
    pub(crate) fn is_known_from(&self, place: usize) -> bool {
        self.imported_on
            .is_none_or(|imported| imported < self.first_day(place))
    }
}
