//! Requests into commands: every violation at once.

pub(crate) mod rules;

use keizoku_proto::notification as proto;
use keizoku_proto::notification::recipient::To;
use keizoku_runtime::parse::SHORT_TEXT;
use keizoku_runtime::{Violations, names};
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::resources::{DELIVERIES, ENDPOINTS, RULES};

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

/// `endpoints/{endpoint}` as the endpoint's name.
pub(crate) fn endpoint(violations: &mut Violations, name: &str) -> Option<String> {
    let found = name.strip_prefix(ENDPOINTS).filter(|name| !name.is_empty());
    if found.is_none() {
        violations.add("name", "is not of the form `endpoints/{endpoint}`");
    }
    found.map(str::to_owned)
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

fn slack_channel(violations: &mut Violations, field: &str, channel: &str) {
    let channel = violations.required_text(field, channel, SHORT_TEXT);
    if channel.contains(char::is_whitespace) {
        violations.add(field, "must be `#name` or the channel's id");
    }
}

/// The name of a webhook: its URL is a secret, and stands in the configuration alone.
fn webhook(violations: &mut Violations, field: &str, name: &str) {
    let name = violations.required_text(field, name, SHORT_TEXT);
    let is_name = |one: char| one.is_alphanumeric() || matches!(one, '-' | '_' | '.');
    if !name.chars().all(is_name) {
        violations.add(
            field,
            "must be the name of a webhook in the configuration, and never its URL",
        );
    }
}

fn email(violations: &mut Violations, field: &str, address: &str) {
    if address.len() > SHORT_TEXT || address.parse::<Mailbox>().is_err() {
        violations.add(field, "is no email address");
    }
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
        violations.add("recipient.channel", "must be SLACK, EMAIL or WEBHOOK");
    }
    let is_email = channel == proto::Channel::Email;
    let is_slack = channel == proto::Channel::Slack;
    match &recipient.to {
        None => violations.add(
            "recipient",
            "must name a user, a Slack channel, a webhook, an address or an endpoint",
        ),
        Some(To::User(user)) => {
            violations.parse("recipient.user", names::parse_user(user));
            require(violations, is_email || is_slack, "recipient.user");
        }
        Some(To::SlackChannel(channel)) => {
            slack_channel(violations, "recipient.slack_channel", channel);
            require(violations, is_slack, "recipient.slack_channel");
        }
        Some(To::Webhook(name)) => {
            webhook(violations, "recipient.webhook", name);
            require(violations, is_slack, "recipient.webhook");
        }
        Some(To::Email(address)) => {
            email(violations, "recipient.email", address);
            require(violations, is_email, "recipient.email");
        }
        Some(To::Endpoint(name)) => {
            webhook(violations, "recipient.endpoint", name);
            let is_webhook = channel == proto::Channel::Webhook;
            require(violations, is_webhook, "recipient.endpoint");
        }
    }
    Some(recipient)
}

fn require(violations: &mut Violations, fits: bool, field: &str) {
    if !fits {
        violations.add(field, "is not for the channel that is asked for");
    }
}
