//! When a digest is due: pure, and the same on every machine.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{Day, WorkingDays, derive_id};
use keizoku_proto::notification::Schedule;
use uuid::Uuid;

/// One time at which a digest is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The scheduled local date; the digest goes out on it, or on the next working day.
    pub(crate) date: Day,
    /// When.
    pub(crate) due: Timestamp,
}

impl Slot {
    /// Id of the slot under a rule: any number of processes may try, and one wins.
    pub(crate) fn id(&self, rule: &str) -> Uuid {
        derive_id(
            "digest-slot",
            &[rule.as_bytes(), self.date.to_string().as_bytes()],
        )
    }
}

/// The weekday of a schedule that is every working day.
const EVERY_WORKING_DAY: u32 = 0;

/// Where and when people work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local<'a> {
    pub(crate) zone: &'a TimeZone,
    pub(crate) working_days: &'a WorkingDays,
}

/// Longest time from a slot's date to the day on which it is due, in days: no holidays last longer.
const LONGEST_BREAK: i32 = 31;

/// The first slot that is due after an instant.
pub(crate) fn next(schedule: &Schedule, after: Timestamp, local: Local<'_>) -> Slot {
    // A slot may be due some days after its date.
    let mut date = Day::of(after, local.zone).plus_days(-LONGEST_BREAK);
    loop {
        if is_scheduled(schedule, date, local.working_days) {
            let slot = slot_of(schedule, date, local);
            if slot.due > after {
                return slot;
            }
        }
        let tomorrow = date.plus_days(1);
        if tomorrow == date {
            // The end of time.
            let due = Timestamp::MAX;
            return Slot { date, due };
        }
        date = tomorrow;
    }
}

/// Every slot that was due after an instant, up to another one, oldest first.
pub(crate) fn due_between(
    schedule: &Schedule,
    after: Timestamp,
    until: Timestamp,
    local: Local<'_>,
) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut slot = next(schedule, after, local);
    while slot.due <= until {
        slots.push(slot);
        slot = next(schedule, slot.due, local);
    }
    slots
}

fn is_scheduled(schedule: &Schedule, date: Day, working_days: &WorkingDays) -> bool {
    if schedule.weekday == EVERY_WORKING_DAY {
        return working_days.includes(date);
    }
    let weekday = date.date().weekday().to_monday_one_offset();
    u32::try_from(weekday).is_ok_and(|weekday| weekday == schedule.weekday)
}

fn slot_of(schedule: &Schedule, date: Day, local: Local<'_>) -> Slot {
    let mut days = (0..LONGEST_BREAK).map(|later| date.plus_days(later));
    let day = days.find(|day| local.working_days.includes(*day));
    let day = day.unwrap_or(date);
    let hour = i8::try_from(schedule.hour.min(23)).unwrap_or(9);
    let minute = i8::try_from(schedule.minute.min(59)).unwrap_or(0);
    let time = day.date().at(hour, minute, 0, 0);
    // A time that a clock skips is the one after the gap.
    let due = time
        .to_zoned(local.zone.clone())
        .map(|zoned| zoned.timestamp());
    Slot {
        date,
        due: due.unwrap_or(Timestamp::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static TOKYO: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Asia/Tokyo").unwrap());
    static JAPAN: LazyLock<WorkingDays> = LazyLock::new(WorkingDays::default);

    fn tokyo() -> Local<'static> {
        Local {
            zone: &TOKYO,
            working_days: &JAPAN,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Zoned>().unwrap().timestamp()
    }

    const MONDAY: Schedule = Schedule {
        weekday: 1,
        hour: 9,
        minute: 0,
    };

    #[test]
    fn ntf_1_the_digest_is_due_on_monday_at_nine() {
        let wednesday = at("2026-11-25T12:00[Asia/Tokyo]");
        let slot = next(&MONDAY, wednesday, tokyo());
        assert_eq!(slot.due, at("2026-11-30T09:00[Asia/Tokyo]"));
        let after = next(&MONDAY, slot.due, tokyo());
        assert_eq!(after.due, at("2026-12-07T09:00[Asia/Tokyo]"));
    }

    #[test]
    fn ntf_1_on_a_day_off_it_is_due_on_the_next_working_day() {
        let saturday = Schedule {
            weekday: 6,
            ..MONDAY
        };
        let slot = next(&saturday, at("2026-11-25T12:00[Asia/Tokyo]"), tokyo());
        assert_eq!(slot.date.to_string(), "2026-11-28");
        assert_eq!(slot.due, at("2026-11-30T09:00[Asia/Tokyo]"));
        // On the Sunday between date and due time, the slot is still ahead.
        let sunday = next(&saturday, at("2026-11-29T12:00[Asia/Tokyo]"), tokyo());
        assert_eq!(sunday, slot);
    }

    #[test]
    fn ntf_1_on_a_holiday_it_is_due_on_the_next_working_day() {
        // The first Monday of 2027 that is a holiday: Coming of Age Day.
        let slot = next(&MONDAY, at("2027-01-10T12:00[Asia/Tokyo]"), tokyo());
        assert_eq!(slot.date.to_string(), "2027-01-11");
        assert_eq!(slot.due, at("2027-01-12T09:00[Asia/Tokyo]"));
        // Golden Week of 2026: Monday to Wednesday are holidays.
        let slot = next(&MONDAY, at("2026-05-05T12:00[Asia/Tokyo]"), tokyo());
        assert_eq!(slot.date.to_string(), "2026-05-04");
        assert_eq!(slot.due, at("2026-05-07T09:00[Asia/Tokyo]"));
    }

    #[test]
    fn ntf_6_a_daily_schedule_leaves_out_days_off() {
        let daily = Schedule {
            weekday: EVERY_WORKING_DAY,
            ..MONDAY
        };
        let slots = due_between(
            &daily,
            at("2026-11-19T12:00[Asia/Tokyo]"),
            at("2026-11-25T09:00[Asia/Tokyo]"),
            tokyo(),
        );
        let dates: Vec<String> = slots.iter().map(|slot| slot.date.to_string()).collect();
        assert_eq!(dates, ["2026-11-20", "2026-11-24", "2026-11-25"]);
    }

    #[test]
    fn ntf_8_all_slots_of_a_time_away_are_known() {
        let slots = due_between(
            &MONDAY,
            at("2026-11-01T00:00[Asia/Tokyo]"),
            at("2026-11-24T09:00[Asia/Tokyo]"),
            tokyo(),
        );
        let dates: Vec<String> = slots.iter().map(|slot| slot.date.to_string()).collect();
        assert_eq!(
            dates,
            ["2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23"]
        );
    }

    #[test]
    fn gen_2_a_time_that_the_clock_skips_comes_after_the_gap() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let local = Local {
            zone: &zone,
            working_days: &JAPAN,
        };
        let at_night = Schedule {
            weekday: 1,
            hour: 2,
            minute: 30,
        };
        let slot = next(&at_night, at("2026-03-08T00:00[America/New_York]"), local);
        assert_eq!(slot.due, at("2026-03-09T02:30[America/New_York]"));
    }
}
