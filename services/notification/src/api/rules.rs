//! Rules as somebody writes them.

use keizoku_proto::notification as proto;
use keizoku_proto::notification::audience::To as Audience;
use keizoku_proto::notification::{ChannelChoice, RuleTemplate, SendingHours, Trigger};
use keizoku_runtime::parse::SHORT_TEXT;
use keizoku_runtime::{Violations, names};

use super::{email, locale, slack_channel, webhook};
use crate::domain::rule::Change;
use crate::fields;
use crate::filter::Filter;
use crate::message::words;

/// Audiences that a rule may have; more is a mistake.
const MOST_AUDIENCES: usize = 20;

/// The key of a new rule: it stands in names of resources and on command lines.
pub(crate) fn rule_id(violations: &mut Violations, id: &str) -> Option<String> {
    let is_good = (3..=63).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id
            .chars()
            .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
    if !is_good {
        violations.add(
            "rule_id",
            "must be 3 to 63 small letters, digits and hyphens, a letter first",
        );
    }
    is_good.then(|| id.to_owned())
}

/// A rule that somebody made, or drafts.
pub(crate) fn new_rule(violations: &mut Violations, rule: Option<&proto::Rule>) -> proto::Rule {
    let Some(rule) = rule else {
        violations.add("rule", "is required");
        return proto::Rule::default();
    };
    let trigger = trigger(violations, rule);
    let is_scheduled = trigger.is_some_and(fields::is_scheduled);
    if is_scheduled {
        schedule(violations, rule.schedule);
    } else if rule.schedule.is_some() && trigger.is_some() {
        violations.add("rule.schedule", "is for digests only");
    }
    let days = overdue_days(violations, rule.overdue_days, trigger);
    let channel = match rule.channel() {
        ChannelChoice::Unspecified => ChannelChoice::SlackElseEmail,
        chosen => chosen,
    };
    if rule.channel != 0 && rule.channel() == ChannelChoice::Unspecified {
        violations.add("rule.channel", UNKNOWN_CHANNEL);
    }
    let words = rule.template.clone().unwrap_or_default();
    let words = template(violations, &words, trigger);
    proto::Rule {
        trigger: rule.trigger,
        enabled: rule.enabled,
        audience: audience(violations, &rule.audience),
        channel: channel.into(),
        locale: locale(violations, "rule.locale", &rule.locale),
        schedule: rule.schedule,
        resend_ambiguous: rule.resend_ambiguous,
        filter: filter(violations, &rule.filter, trigger),
        template: (words != RuleTemplate::default()).then_some(words),
        sending_hours: sending_hours(violations, rule.sending_hours),
        group_minutes: group_minutes(violations, rule.group_minutes, trigger),
        overdue_days: days,
        ..proto::Rule::default()
    }
}

const UNKNOWN_CHANNEL: &str = "must be SLACK_ELSE_EMAIL, SLACK, EMAIL or BOTH";

/// Hours of one day: those over midnight would be two.
fn sending_hours(violations: &mut Violations, hours: Option<SendingHours>) -> Option<SendingHours> {
    let hours = hours?;
    let mut within = |field: &str, value: u32, most: u32| {
        if value > most {
            let field = format!("rule.sending_hours.{field}");
            violations.add(&field, format!("must be between 0 and {most}"));
        }
    };
    within("start_hour", hours.start_hour, 23);
    within("start_minute", hours.start_minute, 59);
    within("end_hour", hours.end_hour, 24);
    within("end_minute", hours.end_minute, 59);
    let start = (hours.start_hour, hours.start_minute);
    let end = (hours.end_hour, hours.end_minute);
    if end <= start || end > (24, 0) {
        let hint = "must end later on the same day than it starts, at 24:00 at the latest";
        violations.add("rule.sending_hours", hint);
    }
    Some(hours)
}

/// Longest time in which facts become one message, in minutes: a day.
const LONGEST_GROUP: u32 = 24 * 60;

fn group_minutes(violations: &mut Violations, minutes: u32, trigger: Option<Trigger>) -> u32 {
    if minutes > LONGEST_GROUP {
        let hint = format!("must be between 0 and {LONGEST_GROUP}");
        violations.add("rule.group_minutes", hint);
    }
    if minutes > 0 && trigger == Some(Trigger::WeeklyDigest) {
        violations.add(
            "rule.group_minutes",
            "is not for digests, which are one message",
        );
    }
    minutes
}

fn overdue_days(violations: &mut Violations, days: u32, trigger: Option<Trigger>) -> u32 {
    match trigger {
        Some(Trigger::NextActionOverdue) if !(1..=365).contains(&days) => {
            violations.add("rule.overdue_days", "must be between 1 and 365");
        }
        Some(Trigger::NextActionOverdue) | None => {}
        Some(_) if days > 0 => {
            violations.add("rule.overdue_days", "is for NEXT_ACTION_OVERDUE only");
        }
        Some(_) => {}
    }
    days
}

fn trigger(violations: &mut Violations, rule: &proto::Rule) -> Option<Trigger> {
    let known = fields::TRIGGERS.iter().copied();
    let mut known = known.filter(|trigger| i32::from(*trigger) == rule.trigger);
    let found = known.next();
    if found.is_none() {
        let all = fields::TRIGGERS.iter();
        let all: Vec<&str> = all
            .map(|trigger| trigger.as_str_name().trim_start_matches("TRIGGER_"))
            .collect();
        let all = all.join(", ");
        violations.add("rule.trigger", format!("must be one of {all}"));
    }
    found
}

/// A filter over the fields of a trigger; that of no trigger is not looked at.
fn filter(violations: &mut Violations, filter: &str, trigger: Option<Trigger>) -> String {
    let filter = filter.trim();
    if let (false, Some(trigger)) = (filter.is_empty(), trigger) {
        violations.parse("rule.filter", Filter::read(filter, trigger));
    }
    filter.to_owned()
}

/// A rule's own words, with the fields of a trigger.
fn template(
    violations: &mut Violations,
    template: &RuleTemplate,
    trigger: Option<Trigger>,
) -> RuleTemplate {
    let mut checked = |field: &str, text: &str| {
        let text = violations.text(field, text, words::LONGEST);
        if let Some(trigger) = trigger {
            violations.parse(field, words::check(&text, trigger));
        }
        text
    };
    RuleTemplate {
        title: checked("rule.template.title", &template.title),
        note: checked("rule.template.note", &template.note),
    }
}

/// The parts of a rule that an update names; `trigger` is the rule's, where there is such a rule.
pub(crate) fn change(
    violations: &mut Violations,
    rule: &proto::Rule,
    mask: &[String],
    trigger: Option<Trigger>,
) -> Change {
    if mask.is_empty() {
        violations.add(
            "update_mask",
            "is required: the names of the fields to change",
        );
    }
    let mut change = Change::default();
    for path in mask {
        match path.as_str() {
            "audience" => change.audience = Some(audience(violations, &rule.audience)),
            "channel" => {
                let channel = rule.channel();
                if channel == proto::ChannelChoice::Unspecified {
                    violations.add("rule.channel", UNKNOWN_CHANNEL);
                }
                change.channel = Some(channel);
            }
            "locale" => change.locale = Some(locale(violations, "rule.locale", &rule.locale)),
            "schedule" => change.schedule = schedule(violations, rule.schedule),
            "filter" => change.filter = Some(filter(violations, &rule.filter, trigger)),
            "template" => {
                let words = rule.template.clone().unwrap_or_default();
                change.template = Some(template(violations, &words, trigger));
            }
            "resend_ambiguous" => change.resend_ambiguous = Some(rule.resend_ambiguous),
            "sending_hours" => {
                change.sending_hours = Some(sending_hours(violations, rule.sending_hours));
            }
            "group_minutes" => {
                let minutes = group_minutes(violations, rule.group_minutes, trigger);
                change.group_minutes = Some(minutes);
            }
            "overdue_days" => {
                change.overdue_days = Some(overdue_days(violations, rule.overdue_days, trigger));
            }
            _ => violations.add(
                "update_mask",
                format!("`{path}` is not a field that UpdateRule changes"),
            ),
        }
    }
    change
}

fn audience(violations: &mut Violations, audience: &[proto::Audience]) -> Vec<proto::Audience> {
    if audience.is_empty() {
        violations.add(
            "rule.audience",
            "must name somebody; DisableRule switches a rule off",
        );
    }
    if audience.len() > MOST_AUDIENCES {
        violations.add(
            "rule.audience",
            format!("must have at most {MOST_AUDIENCES} entries"),
        );
        return Vec::new();
    }
    for (number, entry) in audience.iter().enumerate() {
        let field = format!("rule.audience[{number}]");
        let part = |name: &str| format!("{field}.{name}");
        match &entry.to {
            None => violations.add(&field, "must name somebody"),
            Some(Audience::Owner(is) | Audience::OwnerTeam(is) | Audience::Organisation(is)) => {
                if !is {
                    violations.add(&field, "must be true: leave the entry out instead");
                }
            }
            Some(Audience::Team(team)) => {
                violations.parse(&part("team"), names::parse_team(team));
            }
            Some(Audience::Role(role)) => {
                violations.required_text(&part("role"), role, SHORT_TEXT);
            }
            Some(Audience::SlackChannel(channel)) => {
                slack_channel(violations, &part("slack_channel"), channel);
            }
            Some(Audience::Webhook(name)) => {
                webhook(violations, &part("webhook"), name);
            }
            Some(Audience::Email(address)) => email(violations, &part("email"), address),
            Some(Audience::Endpoint(name)) => webhook(violations, &part("endpoint"), name),
        }
    }
    audience.to_vec()
}

fn schedule(
    violations: &mut Violations,
    schedule: Option<proto::Schedule>,
) -> Option<proto::Schedule> {
    let Some(schedule) = schedule else {
        violations.add("rule.schedule", "is required");
        return None;
    };
    if schedule.weekday > 7 {
        violations.add(
            "rule.schedule.weekday",
            "must be between 1 (Monday) and 7 (Sunday), or 0 for every working day",
        );
    }
    if schedule.hour > 23 {
        violations.add("rule.schedule.hour", "must be between 0 and 23");
    }
    if schedule.minute > 59 {
        violations.add("rule.schedule.minute", "must be between 0 and 59");
    }
    Some(schedule)
}
