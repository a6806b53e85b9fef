//! Requests into commands: every violation at once.

use keizoku_proto::notification as proto;
use keizoku_proto::notification::audience::To as Audience;
use keizoku_proto::notification::recipient::To;
use keizoku_runtime::parse::SHORT_TEXT;
use keizoku_runtime::{Violations, names};
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::domain::rule::Change;
use crate::resources::{DELIVERIES, RULES};

/// Audiences that a rule may have; more is a mistake.
const MOST_AUDIENCES: usize = 20;

/// `rules/{rule}` as the rule's key.
pub(crate) fn rule_key(violations: &mut Violations, field: &str, name: &str) -> Option<String> {
    let key = name.strip_prefix(RULES).filter(|key| !key.is_empty());
    if key.is_none() {
        violations.add(field, "is not of the form `rules/{rule}`");
    }
    key.map(str::to_owned)
}

/// `deliveries/{delivery}`.
pub(crate) fn delivery(violations: &mut Violations, name: &str) -> Option<Uuid> {
    let id = name.strip_prefix(DELIVERIES).and_then(|id| id.parse().ok());
    if id.is_none() {
        violations.add(
            "name",
            "is not of the form `deliveries/{delivery}` with a UUID",
        );
    }
    id
}

/// `ja`, `en`, or empty for the organisation's.
pub(crate) fn locale(violations: &mut Violations, field: &str, locale: &str) -> String {
    if !matches!(locale, "" | "ja" | "en") {
        violations.add(
            field,
            "must be `ja` or `en`, or empty for the organisation's",
        );
    }
    locale.to_owned()
}

/// The parts of a rule that an update names.
pub(crate) fn change(violations: &mut Violations, rule: &proto::Rule, mask: &[String]) -> Change {
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
                    violations.add(
                        "rule.channel",
                        "must be SLACK_ELSE_EMAIL, SLACK, EMAIL or BOTH",
                    );
                }
                change.channel = Some(channel);
            }
            "locale" => change.locale = Some(locale(violations, "rule.locale", &rule.locale)),
            "schedule" => change.schedule = schedule(violations, rule.schedule),
            "resend_ambiguous" => change.resend_ambiguous = Some(rule.resend_ambiguous),
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
                violations.required_text(&part("webhook"), name, SHORT_TEXT);
            }
            Some(Audience::Email(address)) => email(violations, &part("email"), address),
        }
    }
    audience.to_vec()
}

fn slack_channel(violations: &mut Violations, field: &str, channel: &str) {
    let channel = violations.required_text(field, channel, SHORT_TEXT);
    if channel.contains(char::is_whitespace) {
        violations.add(field, "must be `#name` or the channel's id");
    }
}

fn email(violations: &mut Violations, field: &str, address: &str) {
    if address.len() > SHORT_TEXT || address.parse::<Mailbox>().is_err() {
        violations.add(field, "is no email address");
    }
}

fn schedule(
    violations: &mut Violations,
    schedule: Option<proto::Schedule>,
) -> Option<proto::Schedule> {
    let Some(schedule) = schedule else {
        violations.add("rule.schedule", "is required");
        return None;
    };
    if !(1..=7).contains(&schedule.weekday) {
        violations.add(
            "rule.schedule.weekday",
            "must be between 1 (Monday) and 7 (Sunday)",
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

/// Where somebody wants a test message to go.
pub(crate) fn recipient(
    violations: &mut Violations,
    recipient: Option<proto::Recipient>,
) -> Option<proto::Recipient> {
    let Some(recipient) = recipient else {
        violations.add("recipient", "is required");
        return None;
    };
    let channel = recipient.channel();
    if channel == proto::Channel::Unspecified {
        violations.add("recipient.channel", "must be SLACK or EMAIL");
    }
    let is_email = channel == proto::Channel::Email;
    match &recipient.to {
        None => violations.add(
            "recipient",
            "must name a user, a Slack channel, a webhook or an address",
        ),
        Some(To::User(user)) => {
            violations.parse("recipient.user", names::parse_user(user));
        }
        Some(To::SlackChannel(channel)) => {
            slack_channel(violations, "recipient.slack_channel", channel);
            require(violations, !is_email, "recipient.slack_channel");
        }
        Some(To::Webhook(name)) => {
            violations.required_text("recipient.webhook", name, SHORT_TEXT);
            require(violations, !is_email, "recipient.webhook");
        }
        Some(To::Email(address)) => {
            email(violations, "recipient.email", address);
            require(violations, is_email, "recipient.email");
        }
    }
    Some(recipient)
}

fn require(violations: &mut Violations, fits: bool, field: &str) {
    if !fits {
        violations.add(field, "is not for the channel that is asked for");
    }
}
