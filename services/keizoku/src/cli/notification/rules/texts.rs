//! What a rule says, as people write and read it on a command line.

use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::{Audience, Schedule, SendingHours};

use crate::cli::context::Context;
use crate::cli::format;
use crate::error::Failure;

/// The schedule of every working day.
const DAILY: &str = "daily";
/// What sending hours begin with that leave days off out.
const WORKING_DAYS: &str = "working-days";
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(super) async fn audience(context: &Context, who: &str) -> Result<Audience, Failure> {
    let to = match who.split_once(':') {
        None if who == "owner" => To::Owner(true),
        None if who == "owner-team" => To::OwnerTeam(true),
        None if who == "organisation" => To::Organisation(true),
        Some(("team", team)) => To::Team(context.team(team).await?),
        Some(("role", role)) => To::Role(role.to_owned()),
        Some(("slack", channel)) => To::SlackChannel(channel.to_owned()),
        Some(("webhook", name)) => To::Webhook(name.to_owned()),
        Some(("email", address)) => To::Email(address.to_owned()),
        Some(("endpoint", name)) => To::Endpoint(name.to_owned()),
        _ => {
            return Err(Failure::Usage(format!(
                "`{who}` is no audience: owner, owner-team, organisation, team:NAME, role:ROLE, \
                 slack:#CHANNEL, webhook:NAME, email:ADDRESS or endpoint:NAME"
            )));
        }
    };
    Ok(Audience { to: Some(to) })
}

pub(super) async fn audience_text(context: &Context, audience: &[Audience]) -> String {
    let people = context.people().await;
    let text = |entry: &Audience| match &entry.to {
        Some(To::Owner(_)) => "owner".to_owned(),
        Some(To::OwnerTeam(_)) => "owner-team".to_owned(),
        Some(To::Organisation(_)) => "organisation".to_owned(),
        Some(To::Team(team)) => format!("team:{}", crate::cli::context::named(&people, team)),
        Some(To::Role(role)) => format!("role:{role}"),
        Some(To::SlackChannel(channel)) => format!("slack:{channel}"),
        Some(To::Webhook(name)) => format!("webhook:{name}"),
        Some(To::Email(address)) => format!("email:{address}"),
        Some(To::Endpoint(name)) => format!("endpoint:{name}"),
        None => String::new(),
    };
    let entries: Vec<String> = audience.iter().map(text).collect();
    entries.join(", ")
}

/// Reads `09:00-18:30`, or `working-days 09:00-18:30`; nothing for at any time.
pub(super) fn hours(text: &str) -> Result<Option<SendingHours>, Failure> {
    let time = |text: &str| -> Option<(u32, u32)> {
        let (hour, minute) = text.trim().split_once(':')?;
        Some((hour.parse().ok()?, minute.parse().ok()?))
    };
    let parse = || {
        let rest = text.trim();
        let on_working_days = rest.strip_prefix(WORKING_DAYS);
        let (start, end) = on_working_days.unwrap_or(rest).split_once('-')?;
        let ((start_hour, start_minute), (end_hour, end_minute)) = (time(start)?, time(end)?);
        Some(SendingHours {
            start_hour,
            start_minute,
            end_hour,
            end_minute,
            working_days_only: on_working_days.is_some(),
        })
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    parse().map(Some).ok_or_else(|| {
        Failure::Usage(format!(
            "`{text}` are no hours; write them like `09:00-18:30` or `{WORKING_DAYS} 09:00-18:30`"
        ))
    })
}

pub(super) fn hours_text(hours: SendingHours) -> String {
    let days = if hours.working_days_only {
        format!("{WORKING_DAYS} ")
    } else {
        String::new()
    };
    format!(
        "{days}{:02}:{:02}-{:02}:{:02}",
        hours.start_hour, hours.start_minute, hours.end_hour, hours.end_minute
    )
}

/// Reads `mon 09:00`.
pub(super) fn schedule(text: &str) -> Result<Schedule, Failure> {
    let parse = || {
        let (day, time) = text.split_once(' ')?;
        let day = day.to_lowercase();
        let weekday = match day.as_str() {
            DAILY => 0,
            day => 1 + WEEKDAYS.iter().position(|known| day.starts_with(known))?,
        };
        let (hour, minute) = time.trim().split_once(':')?;
        Some(Schedule {
            weekday: u32::try_from(weekday).ok()?,
            hour: hour.parse().ok()?,
            minute: minute.parse().ok()?,
        })
    };
    parse().ok_or_else(|| {
        Failure::Usage(format!(
            "`{text}` is no schedule; write it like `mon 09:00`, or `daily 09:00` for every working day"
        ))
    })
}

pub(super) fn schedule_text(schedule: Schedule) -> String {
    let day = usize::try_from(schedule.weekday)
        .ok()
        .and_then(|day| WEEKDAYS.get(day.checked_sub(1)?));
    let day = match schedule.weekday {
        0 => DAILY,
        _ => day.copied().unwrap_or(format::NOTHING),
    };
    format!("{day} {:02}:{:02}", schedule.hour, schedule.minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_they_are_written() {
        let read = schedule("Tuesday 08:30").unwrap();
        assert_eq!(schedule_text(read), "tue 08:30");
        assert_eq!(
            schedule_text(schedule("daily 09:00").unwrap()),
            "daily 09:00"
        );
        for text in ["", "09:00", "mon", "mon 9", "someday 09:00"] {
            assert!(schedule(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sending_hours_are_read_as_they_are_written() {
        for text in ["09:00-18:30", "working-days 08:00-24:00"] {
            assert_eq!(hours_text(hours(text).unwrap().unwrap()), text);
        }
        assert!(hours(" ").unwrap().is_none());
        for text in ["9-18", "09:00", "weekdays 09:00-18:00"] {
            assert!(hours(text).is_err(), "{text}");
        }
    }
}
