//! The keys of `[notification]`.

use std::collections::BTreeMap;

use keizoku_notification::config as notification;
use keizoku_notification::secret::Secret;

use super::{Key, key, quoted};

pub(super) fn sections(config: &notification::Config) -> [(&'static str, Vec<Key>); 3] {
    let notification::Config {
        base_url,
        timeout_seconds,
        allow_private_addresses,
        slack,
        smtp,
        endpoints,
    } = config;
    let general = vec![
        key(
            "base_url",
            "Where the console is: links in messages begin with it. Empty: there are no links.",
            quoted(base_url),
        ),
        key(
            "timeout_seconds",
            "How long an attempt waits for an answer before nobody knows whether it arrived.",
            timeout_seconds.to_string(),
        ),
        key(
            "allow_private_addresses",
            "Lets webhooks and the Slack API lie at loopback, private or link-local addresses.",
            allow_private_addresses.to_string(),
        ),
        key(
            "endpoints",
            "Endpoints for outgoing webhooks by name, each with its URL (or the place of it) and the places\n\
             of its secrets, the newest first: { crm = { url = \"https://example.com/hook\",\n\
             secrets = [\"file:/run/secrets/crm\"] } }. A secret is whsec_ and the base64 of 24 to 64 bytes.",
            endpoints_value(endpoints),
        ),
    ];
    [
        ("notification", general),
        ("notification.slack", slack_keys(slack)),
        ("notification.smtp", smtp_keys(smtp)),
    ]
}

fn endpoints_value(endpoints: &BTreeMap<String, notification::EndpointConfig>) -> String {
    let entries = endpoints.iter().map(|(name, endpoint)| {
        let secrets: Vec<String> = endpoint.secrets.iter().map(place).collect();
        let (url, secrets) = (quoted(endpoint.place()), secrets.join(", "));
        format!(
            "{} = {{ url = {url}, secrets = [{secrets}] }}",
            quoted(name)
        )
    });
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", entries.join(", "))
    }
}

fn slack_keys(config: &notification::SlackConfig) -> Vec<Key> {
    let notification::SlackConfig {
        bot_token,
        api_url,
        default_channel,
        webhooks,
    } = config;
    let webhooks: Vec<String> = webhooks
        .iter()
        .map(|(name, secret)| format!("{} = {}", quoted(name), place(secret)))
        .collect();
    let webhooks = if webhooks.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", webhooks.join(", "))
    };
    vec![
        key(
            "bot_token",
            "Where the token of a bot with `chat:write` is: \"file:/run/secrets/slack\" or\n\
             \"env:SLACK_TOKEN\", never the token itself. Empty: only webhooks are used.",
            place(bot_token),
        ),
        key("api_url", "Slack's Web API.", quoted(api_url)),
        key(
            "default_channel",
            "Channel for what nobody else can be told: \"#name\" or its id.",
            quoted(default_channel),
        ),
        key(
            "webhooks",
            "Incoming webhooks by name, each with the place of its URL:\n\
             { default = \"file:/run/secrets/webhook\" }. The one called \"default\" takes what nobody\n\
             else can be told, where there is no default_channel.",
            webhooks,
        ),
    ]
}

fn smtp_keys(config: &notification::SmtpConfig) -> Vec<Key> {
    let notification::SmtpConfig {
        host,
        port,
        security,
        user,
        password,
        from,
        default_address,
        ca_file,
    } = config;
    let security = match security {
        notification::Security::StartTls => "starttls",
        notification::Security::Tls => "tls",
        notification::Security::None => "none",
    };
    vec![
        key(
            "host",
            "The mail server. Empty: no email is sent.",
            quoted(host),
        ),
        key(
            "port",
            "Its port: 587 with STARTTLS, 465 with TLS.",
            port.to_string(),
        ),
        key(
            "security",
            "\"starttls\", \"tls\", or \"none\" for a relay on loopback.",
            quoted(security),
        ),
        key("user", "User name. Empty: no login.", quoted(user)),
        key(
            "password",
            "Where its password is: \"file:…\" or \"env:…\".",
            place(password),
        ),
        key(
            "from",
            "The sender: \"Keizoku <keizoku@example.com>\".",
            quoted(from),
        ),
        key(
            "default_address",
            "Address for what nobody else can be told.",
            quoted(default_address),
        ),
        key(
            "ca_file",
            "Certificates (PEM) that are trusted besides those of the machine.",
            quoted(&ca_file.to_string_lossy()),
        ),
    ]
}

/// Where a secret is. What is no place is not shown: it may be the secret itself.
fn place(secret: &Secret) -> String {
    quoted(secret.place())
}
