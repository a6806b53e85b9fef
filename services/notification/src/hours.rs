//! When a message is sent: not at night, not on days off, and together with others (NTF-6). Pure.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use keizoku_core::Day;
use keizoku_proto::notification::{Rule as Terms, SendingHours};

use crate::schedule::Local;

/// Days that are looked at for the next one on which something is sent.
const LONGEST_BREAK: i32 = 31;

/// When a rule sends what is heard of at an instant, to somebody who works there; `None`: at once.
pub(crate) fn send_time(terms: &Terms, heard_at: Timestamp, local: Local<'_>) -> Option<Timestamp> {
    let grouped = group_end(terms.group_minutes, heard_at);
    let from = grouped.unwrap_or(heard_at);
    match &terms.sending_hours {
        Some(hours) => Some(next_open(hours, from, local)),
        None => grouped,
    }
}

/// The end of the time in which facts become one message; `None` where each is one.
fn group_end(minutes: u32, heard_at: Timestamp) -> Option<Timestamp> {
    let length = i64::from(minutes) * 60;
    if length == 0 {
        return None;
    }
    // Spans follow one another, so that facts come to the same end without knowing of each other.
    let begun = heard_at.as_second().div_euclid(length) * length;
    Timestamp::from_second(begun.saturating_add(length)).ok()
}

/// The instant itself, where something is sent then, or the next one at which it is.
fn next_open(hours: &SendingHours, at: Timestamp, local: Local<'_>) -> Timestamp {
    let today = Day::of(at, local.zone);
    for later in 0..=LONGEST_BREAK {
        let day = today.plus_days(later);
        if hours.working_days_only && !local.working_days.includes(day) {
            continue;
        }
        let opens = instant(day, hours.start_hour, hours.start_minute, local.zone);
        let closes = instant(day, hours.end_hour, hours.end_minute, local.zone);
        if at < closes {
            return at.max(opens);
        }
    }
    at
}

/// A local time of a day; the end of the day for 24 o'clock. A time that a clock skips comes after
/// the gap.
fn instant(day: Day, hour: u32, minute: u32, zone: &TimeZone) -> Timestamp {
    let minutes = i64::from(hour) * 60 + i64::from(minute);
    let midnight = day.date().at(0, 0, 0, 0);
    let time = midnight.saturating_add(SignedDuration::from_mins(minutes));
    let zoned = time.to_zoned(zone.clone());
    zoned.map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use keizoku_core::WorkingDays;

    use super::*;

    const OFFICE: SendingHours = SendingHours {
        start_hour: 9,
        start_minute: 0,
        end_hour: 18,
        end_minute: 30,
        working_days_only: true,
    };

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Zoned>().unwrap().timestamp()
    }

    fn sent(hours: SendingHours, recorded: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let local = Local {
            zone: &zone,
            working_days: &WorkingDays::default(),
        };
        let sent = next_open(&hours, at(recorded), local);
        sent.to_zoned(zone.clone())
            .strftime("%m-%d %H:%M")
            .to_string()
    }

    #[test]
    fn ntf_6_what_happens_at_night_or_on_a_day_off_waits_for_the_morning() {
        let tokyo = "Asia/Tokyo";
        let sent = |recorded: &str| sent(OFFICE, &format!("{recorded}[Asia/Tokyo]"), tokyo);
        assert_eq!(sent("2026-11-25T12:00"), "11-25 12:00");
        assert_eq!(sent("2026-11-25T07:00"), "11-25 09:00");
        assert_eq!(
            sent("2026-11-25T18:30"),
            "11-26 09:00",
            "the end is no longer within"
        );
        assert_eq!(sent("2026-11-27T22:00"), "11-30 09:00", "over a weekend");
        // Friday evening before Labour Thanksgiving Day, a Monday.
        assert_eq!(sent("2026-11-20T19:00"), "11-24 09:00", "and a holiday");
    }

    #[test]
    fn ntf_6_hours_are_those_of_the_recipient() {
        let noon_in_tokyo = "2026-11-25T12:00[Asia/Tokyo]";
        assert_eq!(sent(OFFICE, noon_in_tokyo, "Europe/Berlin"), "11-25 09:00");
        assert_eq!(
            sent(OFFICE, noon_in_tokyo, "America/Los_Angeles"),
            "11-25 09:00"
        );
        let all_day = SendingHours {
            start_hour: 0,
            end_hour: 24,
            end_minute: 0,
            ..OFFICE
        };
        assert_eq!(
            sent(all_day, "2026-11-25T23:59[Asia/Tokyo]", "Asia/Tokyo"),
            "11-25 23:59"
        );
    }

    #[test]
    fn ntf_6_facts_of_a_time_are_sent_at_its_end_and_not_at_night() {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let local = Local {
            zone: &zone,
            working_days: &WorkingDays::default(),
        };
        let mut terms = Terms {
            group_minutes: 15,
            ..Terms::default()
        };
        let sent = |terms: &Terms, time: &str| send_time(terms, at(time), local);
        let quarter = at("2026-11-25T12:15[Asia/Tokyo]");
        assert_eq!(sent(&terms, "2026-11-25T12:00[Asia/Tokyo]"), Some(quarter));
        assert_eq!(
            sent(&terms, "2026-11-25T12:14:59[Asia/Tokyo]"),
            Some(quarter)
        );
        terms.sending_hours = Some(OFFICE);
        let morning = at("2026-11-26T09:00[Asia/Tokyo]");
        for evening in [
            "2026-11-25T18:20[Asia/Tokyo]",
            "2026-11-26T03:00[Asia/Tokyo]",
        ] {
            assert_eq!(sent(&terms, evening), Some(morning), "{evening}");
        }
        terms = Terms::default();
        assert_eq!(
            sent(&terms, "2026-11-25T03:00[Asia/Tokyo]"),
            None,
            "at once"
        );
    }
}
