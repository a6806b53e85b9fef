//! Local calendar dates (GEN-2), small enough to be a column.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// A calendar date in the organisation's time zone, from 1970-01-02 to 2149-06-06.
///
/// Two bytes, also as `Option<Day>`: models hold millions of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NonZeroU16);

/// A date that no contract can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such date between 1970-01-02 and 2149-06-06")]
pub struct DayOutOfRange;

/// The text is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a month such as 2026-12")]
pub struct NoMonth;

/// A calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u16);

/// Month of each day, so that a scan over a million dates does no calendar arithmetic.
static MONTHS: LazyLock<Vec<Month>> = LazyLock::new(|| {
    (0..=u16::MAX)
        .map(|days| {
            let date = Day(NonZeroU16::new(days).unwrap_or(NonZeroU16::MIN)).date();
            Month::new(date.year(), date.month())
        })
        .collect()
});

impl Day {
    /// The first date there is.
    pub const MIN: Self = Self(NonZeroU16::MIN);
    /// The last date there is.
    pub const MAX: Self = Self(NonZeroU16::MAX);

    /// The local date of an instant.
    #[must_use]
    pub fn of(instant: Timestamp, zone: &TimeZone) -> Self {
        let date = zone.to_datetime(instant).date();
        Self::try_from(date).unwrap_or(if date.year() < 2000 {
            Self::MIN
        } else {
            Self::MAX
        })
    }

    /// The date written as year, month (1 to 12) and day of the month.
    ///
    /// # Errors
    /// When there is no such date, or none that [`Day`] can hold.
    pub fn from_ymd(year: i32, month: i32, day: i32) -> Result<Self, DayOutOfRange> {
        let (Ok(year), Ok(month), Ok(day)) =
            (i16::try_from(year), i8::try_from(month), i8::try_from(day))
        else {
            return Err(DayOutOfRange);
        };
        Date::new(year, month, day)
            .map_err(|_| DayOutOfRange)?
            .try_into()
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0.get()
    }

    /// The date `number` days after 1970-01-01.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        NonZeroU16::new(number).map(Self)
    }

    /// The calendar date.
    #[must_use]
    pub fn date(self) -> Date {
        Date::constant(1970, 1, 1).saturating_add(Span::new().days(self.0.get()))
    }

    /// The month that the date lies in.
    #[must_use]
    #[inline]
    pub fn month(self) -> Month {
        MONTHS[usize::from(self.0.get())]
    }

    /// The date `days` later, or earlier when negative; stops at the ends of the range.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        let number = (i32::from(self.0.get()) + days).clamp(1, i32::from(u16::MAX));
        u16::try_from(number)
            .ok()
            .and_then(Self::from_number)
            .unwrap_or(Self::MAX)
    }

    /// The date `months` later on the same day of the month, clamped at the month's end;
    /// `None` past the end of the range.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Option<Self> {
        let date = self
            .date()
            .checked_add(Span::new().try_months(i64::from(months)).ok()?)
            .ok()?;
        Self::try_from(date).ok()
    }

    /// Monday to Friday; [`WorkingDays`](crate::WorkingDays) knows holidays too.
    #[must_use]
    pub fn is_weekday(self) -> bool {
        !matches!(self.date().weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// The last instant of the date, to the microsecond that logs store; `None` past the end of
    /// time.
    #[must_use]
    pub fn last_instant(self, zone: &TimeZone) -> Option<Timestamp> {
        let next_day = self.plus_days(1).date().to_zoned(zone.clone()).ok()?;
        let microsecond = SignedDuration::from_micros(1);
        next_day.timestamp().checked_sub(microsecond).ok()
    }

    /// Days from `earlier` to this date.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i32 {
        i32::from(self.0.get()) - i32::from(earlier.0.get())
    }
}

impl TryFrom<Date> for Day {
    type Error = DayOutOfRange;
    fn try_from(date: Date) -> Result<Self, DayOutOfRange> {
        let span = date
            .since(Date::constant(1970, 1, 1))
            .map_err(|_| DayOutOfRange)?;
        u16::try_from(span.get_days())
            .ok()
            .and_then(Self::from_number)
            .ok_or(DayOutOfRange)
    }
}

impl std::str::FromStr for Day {
    type Err = DayOutOfRange;
    /// Reads `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, DayOutOfRange> {
        text.parse::<Date>().map_err(|_| DayOutOfRange)?.try_into()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(out)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Month {
    fn new(year: i16, month: i8) -> Self {
        let months = i32::from(year) * 12 + i32::from(month) - 1;
        Self(u16::try_from(months).unwrap_or(u16::MAX))
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i16 {
        i16::try_from(self.0 / 12).unwrap_or(i16::MAX)
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub fn of_year(self) -> i8 {
        i8::try_from(self.0 % 12 + 1).unwrap_or(12)
    }

    /// A dense number: consecutive months have consecutive ones.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }

    /// The month `months` later, or earlier when negative.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(u16::try_from(i32::from(self.0) + months).unwrap_or(u16::MAX))
    }

    /// The first day of the month.
    #[must_use]
    pub fn first_day(self) -> Day {
        Day::from_ymd(self.year().into(), self.of_year().into(), 1).unwrap_or(
            if self.year() < 2000 {
                Day::MIN
            } else {
                Day::MAX
            },
        )
    }

    /// The last day of the month.
    #[must_use]
    pub fn last_day(self) -> Day {
        self.plus(1).first_day().plus_days(-1)
    }
}

impl FromStr for Month {
    type Err = NoMonth;

    fn from_str(text: &str) -> Result<Self, NoMonth> {
        if text.len() != "2026-12".len() {
            return Err(NoMonth);
        }
        let first: Day = format!("{text}-01").parse().map_err(|_| NoMonth)?;
        Ok(first.month())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year(), self.of_year())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn gen_2_today_is_local() {
        let instant: Timestamp = "2026-11-22T15:00:00Z".parse().unwrap();
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(Day::of(instant, &tokyo), day("2026-11-23"));
        assert_eq!(Day::of(instant, &TimeZone::UTC), day("2026-11-22"));
    }

    #[test]
    fn gen_2_a_local_date_ends_where_the_next_one_begins() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let last = day("2026-11-22").last_instant(&tokyo).unwrap();
        assert_eq!(last.to_string(), "2026-11-22T14:59:59.999999Z");
        assert_eq!(Day::of(last, &tokyo), day("2026-11-22"));
    }

    #[test]
    fn saturday_and_sunday_are_no_weekdays() {
        let week = (16..=22).map(|of| Day::from_ymd(2026, 11, of).unwrap());
        let working: Vec<bool> = week.map(Day::is_weekday).collect();
        assert_eq!(working, [true, true, true, true, true, false, false]);
    }

    #[test]
    fn months_later_clamp_at_the_end_of_the_month() {
        assert_eq!(day("2026-08-31").plus_months(6), Some(day("2027-02-28")));
        assert_eq!(day("2026-08-31").plus_months(12), Some(day("2027-08-31")));
        assert_eq!(day("2149-06-06").plus_months(1), None);
    }

    #[test]
    fn a_month_knows_its_ends() {
        let february = day("2028-02-10").month();
        assert_eq!(
            (february.first_day(), february.last_day()),
            (day("2028-02-01"), day("2028-02-29"))
        );
        assert_eq!(february.plus(-2).to_string(), "2027-12");
    }

    #[test]
    fn impossible_dates_do_not_parse() {
        for text in [
            "2026-02-30",
            "1969-12-31",
            "2150-01-01",
            "2026-13-01",
            "soon",
        ] {
            assert_eq!(text.parse::<Day>(), Err(DayOutOfRange), "{text}");
        }
    }

    #[test]
    fn an_optional_day_takes_two_bytes() {
        assert_eq!(size_of::<Option<Day>>(), 2);
    }
}
