//! What an operator may set, each with a default that works: none of the channels.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lettre::message::Mailbox;
use reqwest::Url;
use serde::Deserialize;

use crate::channel::signing::{NoSecret, SigningSecret};
use crate::secret::{Secret, SecretError};

/// Section `notification` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the console is; links in messages begin with it. Empty: messages have no links.
    pub base_url: String,
    /// Seconds that an attempt waits for an answer before it is ambiguous.
    pub timeout_seconds: u16,
    /// Whether webhooks and the Slack API may lie at loopback, private, link-local or metadata
    /// addresses.
    pub allow_private_addresses: bool,
    /// Slack.
    pub slack: SlackConfig,
    /// Email.
    pub smtp: SmtpConfig,
    /// Endpoints for outgoing webhooks, by name.
    pub endpoints: BTreeMap<String, EndpointConfig>,
}

/// Section `notification.endpoints.NAME`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointConfig {
    /// Its URL, or where that is: `https://…`, `file:…` or `env:…`.
    url: String,
    /// Where its secrets are, the newest first: each signs.
    pub secrets: Vec<Secret>,
}

/// Section `notification.slack`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// Token of a bot that may `chat:write`; without it only webhooks are used.
    pub bot_token: Secret,
    /// Where the Web API is.
    pub api_url: String,
    /// Channel for what nobody else can be told: `#name` or id.
    pub default_channel: String,
    /// Incoming webhooks by name; `default` takes what nobody else can be told, where there is no
    /// bot.
    pub webhooks: BTreeMap<String, Secret>,
}

/// Section `notification.smtp`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpConfig {
    /// The server; empty: no email is sent.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// User name; empty: no login.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// The sender: `Keizoku <keizoku@example.com>`.
    pub from: String,
    /// Address for what nobody else can be told.
    pub default_address: String,
    /// Certificates, as PEM, that are trusted besides those of the machine.
    pub ca_file: PathBuf,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS begins after a greeting; a server that does not offer it gets nothing.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None: for a relay on this machine only.
    None,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            timeout_seconds: 30,
            allow_private_addresses: false,
            slack: SlackConfig::default(),
            smtp: SmtpConfig::default(),
            endpoints: BTreeMap::new(),
        }
    }
}

impl Default for SlackConfig {
    fn default() -> Self {
        Self {
            bot_token: Secret::default(),
            api_url: "https://slack.com/api/".to_owned(),
            default_channel: String::new(),
            webhooks: BTreeMap::new(),
        }
    }
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            security: Security::StartTls,
            user: String::new(),
            password: Secret::default(),
            from: String::new(),
            default_address: String::new(),
            ca_file: PathBuf::new(),
        }
    }
}

/// The configuration of notifications cannot be used: every reason at once.
#[derive(Debug, thiserror::Error)]
#[error("the section [notification] of the configuration cannot be used: {}", .0.join("; "))]
pub struct InvalidConfig(pub Vec<String>);

impl Config {
    /// Whether messages can go anywhere at all.
    #[must_use]
    pub fn sends(&self) -> bool {
        self.slack.sends() || self.smtp.sends() || !self.endpoints.is_empty()
    }

    /// Finds what cannot work before the first message needs it.
    ///
    /// # Errors
    /// Every key that cannot be used, by its name, and never with the value of a secret.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let mut wrong = Vec::new();
        let mut check = |is_good: bool, text: &str| {
            if !is_good {
                wrong.push(text.to_owned());
            }
        };
        let is_url =
            |text: &str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        check(
            self.base_url.is_empty() || is_url(&self.base_url),
            "base_url is not like https://keizoku.example.com",
        );
        check(
            (1..=600).contains(&self.timeout_seconds),
            "timeout_seconds must be between 1 and 600",
        );
        check(
            is_url(&self.slack.api_url),
            "slack.api_url is not like https://slack.com/api/",
        );
        self.smtp.check(&mut check);
        for (name, endpoint) in &self.endpoints {
            wrong.extend(endpoint.problems(name, self.allow_private_addresses));
        }
        let secrets = [
            ("slack.bot_token", &self.slack.bot_token),
            ("smtp.password", &self.smtp.password),
        ];
        let webhooks = self.slack.webhooks.iter();
        let webhooks = webhooks.map(|(name, secret)| (format!("slack.webhooks.{name}"), secret));
        let secrets = secrets.map(|(key, secret)| (key.to_owned(), secret));
        for (key, secret) in secrets.into_iter().chain(webhooks) {
            match secret.read() {
                Err(error) => wrong.push(format!("{key} {error}")),
                Ok(text) if key.contains(".webhooks.") && !is_url(&text) => {
                    wrong.push(format!("{key} does not hold a URL"));
                }
                Ok(_) => {}
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(InvalidConfig(wrong))
        }
    }
}

/// Why an endpoint cannot be written to.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum EndpointError {
    #[error("url {0}")]
    Url(SecretError),
    #[error("secrets {0}")]
    Secret(SecretError),
    #[error("secrets: one of them {0}")]
    NoSecret(NoSecret),
}

impl EndpointConfig {
    /// An endpoint there, whose secrets are there.
    #[must_use]
    pub fn at(url: &str, secrets: Vec<Secret>) -> Self {
        let url = url.to_owned();
        Self { url, secrets }
    }

    /// Its URL, as far as it may be shown.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.url
    }

    pub(crate) fn url(&self) -> Result<String, EndpointError> {
        let is_place = self.url.starts_with("file:") || self.url.starts_with("env:");
        if !is_place {
            return Ok(self.url.clone());
        }
        Secret::of(&self.url).read().map_err(EndpointError::Url)
    }

    pub(crate) fn signing_secrets(&self) -> Result<Vec<SigningSecret>, EndpointError> {
        let secrets = self.secrets.iter().map(|secret| {
            let text = secret.read().map_err(EndpointError::Secret)?;
            SigningSecret::read(&text).map_err(EndpointError::NoSecret)
        });
        secrets.collect()
    }

    fn problems(&self, name: &str, allows_private: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        let is_name = |one: char| one.is_alphanumeric() || matches!(one, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(is_name) {
            wrong.push("endpoints: a name has letters, digits, `-`, `_` and `.` only".to_owned());
        }
        let is_good =
            |url: &Url| url.scheme() == "https" || url.scheme() == "http" && allows_private;
        match self.url().map(|url| Url::parse(&url)) {
            Ok(Ok(url)) if is_good(&url) => {}
            Ok(_) => wrong.push(format!(
                "endpoints.{name}.url is not like https://example.com/hook"
            )),
            Err(error) => wrong.push(format!("endpoints.{name}.{error}")),
        }
        if self.secrets.is_empty() {
            wrong.push(format!("endpoints.{name}.secrets names none"));
        }
        if let Err(error) = self.signing_secrets() {
            wrong.push(format!("endpoints.{name}.{error}"));
        }
        wrong
    }
}

impl SlackConfig {
    fn sends(&self) -> bool {
        self.has_bot() || !self.webhooks.is_empty()
    }

    /// Whether channels and people can be written to, and not webhooks alone.
    #[must_use]
    pub fn has_bot(&self) -> bool {
        !self.bot_token.is_empty()
    }

    /// The URL of a webhook.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be read.
    pub(crate) fn webhook(&self, name: &str) -> Result<String, SecretError> {
        self.webhooks.get(name).ok_or(SecretError::Missing)?.read()
    }
}

impl SmtpConfig {
    /// Whether email is sent.
    #[must_use]
    pub fn sends(&self) -> bool {
        !self.host.is_empty()
    }

    fn check(&self, check: &mut impl FnMut(bool, &str)) {
        if !self.sends() {
            return;
        }
        check(
            self.from.parse::<Mailbox>().is_ok(),
            "smtp.from is not like Keizoku <keizoku@example.com>",
        );
        check(
            self.default_address.is_empty() || self.default_address.parse::<Mailbox>().is_ok(),
            "smtp.default_address is no email address",
        );
        check(
            self.security != Security::None || is_loopback(&self.host),
            "smtp.security may be \"none\" only for a relay on loopback",
        );
        check(
            self.ca_file.as_os_str().is_empty() || self.ca_file.is_file(),
            "smtp.ca_file does not exist",
        );
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_cannot_be_used_is_named_and_no_secret_shown() {
        let mut config = Config {
            base_url: "keizoku".to_owned(),
            timeout_seconds: 0,
            ..Config::default()
        };
        config.smtp.host = "mail.example.com".to_owned();
        config.smtp.security = Security::None;
        config.slack.bot_token = Secret::of("xoxb-1234");
        let error = config.validate().unwrap_err().to_string();
        for key in [
            "base_url",
            "timeout_seconds",
            "smtp.from",
            "smtp.security",
            "slack.bot_token",
        ] {
            assert!(error.contains(key), "{key}: {error}");
        }
        assert!(!error.contains("xoxb"), "{error}");
        assert!(!format!("{config:?}").contains("xoxb"));
    }

    #[test]
    fn ntf_3_an_endpoint_needs_https_and_secrets_that_sign() {
        let mut config = Config::default();
        let endpoint = EndpointConfig::at("http://crm.example.com", vec![Secret::of("whsec_x")]);
        config.endpoints.insert("crm".to_owned(), endpoint);
        config.endpoints.insert(
            "none".to_owned(),
            EndpointConfig::at("https://example.com", vec![]),
        );
        assert!(config.sends());
        let error = config.validate().unwrap_err().to_string();
        for key in [
            "endpoints.crm.url",
            "endpoints.crm.secrets",
            "endpoints.none.secrets",
        ] {
            assert!(error.contains(key), "{key}: {error}");
        }
        assert!(!error.contains("whsec_x"), "{error}");
        config.allow_private_addresses = true;
        let error = config.validate().unwrap_err().to_string();
        assert!(!error.contains("endpoints.crm.url"), "for tests: {error}");
    }

    #[test]
    fn the_defaults_send_nothing() {
        let config = Config::default();
        assert!(config.validate().is_ok());
        assert!(!config.sends());
    }
}
