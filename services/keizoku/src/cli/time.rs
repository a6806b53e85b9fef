//! The two times of a question (GEN-5), as a person writes them.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use keizoku_core::Day;
use keizoku_proto::common;

use super::context::Context;
use crate::error::Failure;

/// `--as-of`, `--known-at` and `--on`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "As of when")]
pub(super) struct AsOf {
    /// The answer of that time: an instant, a local time, or the end of a date
    #[arg(long = "as-of", value_name = "TIME", conflicts_with_all = ["known_at", "on"])]
    at: Option<Moment>,
    /// Only what had been recorded by then: an instant, or a local time
    #[arg(long, value_name = "TIME")]
    known_at: Option<Moment>,
    /// About this date (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    on: Option<Day>,
}

/// A time as people write one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// `2026-11-22T09:00:00Z`, or with an offset.
    Instant(Timestamp),
    /// `2026-11-22 18:00`, where the organisation is.
    Local(DateTime),
    /// `2026-11-22`: the end of it.
    Date(Day),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(instant) = text.parse() {
            return Ok(Self::Instant(instant));
        }
        if text.len() > "2026-11-22".len()
            && let Ok(local) = text.parse()
        {
            return Ok(Self::Local(local));
        }
        text.parse().map(Self::Date).map_err(|_| {
            "is no time; write 2026-11-22, 2026-11-22T18:00 or 2026-11-22T09:00:00Z".to_owned()
        })
    }
}

impl Moment {
    /// The last instant of it.
    pub(super) fn instant(self, zone: &TimeZone) -> Result<Timestamp, Failure> {
        let instant = match self {
            Self::Instant(instant) => Some(instant),
            Self::Local(local) => zone.to_timestamp(local).ok(),
            Self::Date(day) => day.last_instant(zone),
        };
        instant.ok_or_else(|| Failure::Usage("there is no such time".to_owned()))
    }
}

impl AsOf {
    /// The question's times; a time that has not come yet is now.
    pub(super) async fn resolve(&self, context: &Context) -> Result<Option<common::AsOf>, Failure> {
        let moment = self.at.or(self.known_at);
        if moment.is_none() && self.on.is_none() {
            return Ok(None);
        }
        let zone = context.zone().await?;
        self.times(&zone, context.now()).map(Some)
    }

    fn times(&self, zone: &TimeZone, now: Timestamp) -> Result<common::AsOf, Failure> {
        let known_at = self
            .at
            .or(self.known_at)
            .map(|moment| moment.instant(zone))
            .transpose()?;
        let on = match self.at {
            Some(Moment::Date(day)) => Some(day),
            Some(_) => known_at.map(|instant| Day::of(instant, zone)),
            None => self.on,
        };
        Ok(common::AsOf {
            known_at: known_at
                .filter(|instant| *instant < now)
                .map(keizoku_proto::timestamp),
            on: on.map(Into::into),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_of(text: &str) -> (String, String) {
        let args = AsOf {
            at: Some(text.parse().unwrap()),
            ..AsOf::default()
        };
        let now = "2026-11-22T03:00:00Z".parse().unwrap();
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let as_of = args.times(&zone, now).unwrap();
        let known_at = as_of.known_at.as_ref().and_then(keizoku_proto::instant);
        (
            known_at.map_or_else(|| "now".to_owned(), |instant| instant.to_string()),
            super::super::format::date(as_of.on.as_ref()),
        )
    }

    #[test]
    fn gen_5_as_of_sets_both_times() {
        let both = |known_at: &str, on: &str| (known_at.to_owned(), on.to_owned());
        assert_eq!(
            as_of("2026-11-20"),
            both("2026-11-20T14:59:59.999999Z", "2026-11-20")
        );
        assert_eq!(as_of("2026-11-22"), both("now", "2026-11-22"));
        assert_eq!(
            as_of("2026-11-20T18:00"),
            both("2026-11-20T09:00:00Z", "2026-11-20")
        );
        assert_eq!(
            as_of("2026-11-20T18:00:00Z"),
            both("2026-11-20T18:00:00Z", "2026-11-21")
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "2026-11-22T25:00"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
