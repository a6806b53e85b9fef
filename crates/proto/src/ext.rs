//! Dates and instants between the wire and the domain.

use jiff::Timestamp;
use keizoku_core::{Day, DayOutOfRange};

use crate::google::r#type::Date;

/// Why a date on the wire is no date.
pub type DateError = DayOutOfRange;

/// The date on the wire.
#[must_use]
pub fn date(day: Day) -> Date {
    let date = day.date();
    Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// The date in the domain.
///
/// # Errors
/// When there is no such date.
pub fn day(date: &Date) -> Result<Day, DateError> {
    Day::from_ymd(date.year, date.month, date.day)
}

/// The date in the domain, where it may be absent.
///
/// # Errors
/// When there is no such date.
pub fn optional_day(date: Option<&Date>) -> Result<Option<Day>, DateError> {
    date.map(day).transpose()
}

/// The instant on the wire.
#[must_use]
pub fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    let micros = instant.as_microsecond();
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0),
    }
}

/// The instant in the domain; `None` when the wire holds none that exists.
#[must_use]
pub fn instant(timestamp: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(timestamp.seconds, timestamp.nanos).ok()
}

impl From<Day> for Date {
    fn from(day: Day) -> Self {
        date(day)
    }
}
