//! The ways that messages travel.

mod endpoint;
pub(crate) mod guard;
mod http;
pub(crate) mod signing;
mod slack;
pub(crate) mod smtp;

use std::sync::Arc;

use jiff::SignedDuration;
use keizoku_proto::notification::{DeliveryPlanned, Message};

use crate::config::Config;
use endpoint::Endpoints;
use http::Http;
use slack::Slack;
use smtp::{Smtp, SmtpError};

/// What became of an attempt, as the sender saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The other side took it.
    Delivered,
    /// The other side did not take it, for certain.
    Failed(Problem),
    /// The connection broke after the first byte, and before an answer.
    Unknown,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) text: String,
    /// Trying again is in vain.
    pub(crate) permanent: bool,
    /// How long the other side asks to wait.
    pub(crate) retry_after: Option<SignedDuration>,
    /// It asks because too much was sent.
    pub(crate) throttled: bool,
    /// It says that it is gone for good.
    pub(crate) gone: bool,
}

impl Problem {
    /// May be better next time.
    pub(crate) fn passing(text: impl Into<String>) -> Outcome {
        Outcome::Failed(Self {
            text: text.into(),
            permanent: false,
            retry_after: None,
            throttled: false,
            gone: false,
        })
    }

    /// Will be the same next time.
    pub(crate) fn permanent(text: impl Into<String>) -> Outcome {
        Outcome::Failed(Self {
            text: text.into(),
            permanent: true,
            retry_after: None,
            throttled: false,
            gone: false,
        })
    }
}

/// Where a message goes, with the address that the directory has today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A Slack channel or member, through the Web API.
    Slack(String),
    /// An incoming webhook, by name.
    Webhook(String),
    /// An email address.
    Email(String),
    /// An endpoint for outgoing webhooks, by name.
    Endpoint(String),
}

/// A message on its way: the words with all names filled in.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// Id of the delivery: an email carries it, so that a mail program shows a copy once.
    pub(crate) id: String,
    pub(crate) address: Address,
    pub(crate) message: Message,
    /// The plan: what it tells about, for programs.
    pub(crate) planned: DeliveryPlanned,
    /// It may be the second copy.
    pub(crate) is_resent: bool,
    /// The span that it is sent in; empty where nobody traces.
    pub(crate) traceparent: String,
}

/// Everything that is configured.
pub(crate) struct Channels {
    slack: Slack,
    smtp: Smtp,
    endpoints: Endpoints,
}

impl Channels {
    pub(crate) fn new(
        config: &Config,
        clock: Arc<dyn keizoku_core::Clock>,
    ) -> Result<Self, SmtpError> {
        let http = Http::new(config);
        Ok(Self {
            slack: Slack::new(config, http.clone()),
            smtp: Smtp::new(&config.smtp, Arc::clone(&clock))?,
            endpoints: Endpoints::new(config, http, clock),
        })
    }

    /// Sends a message, and waits for the answer as long as it takes.
    pub(crate) async fn send(&self, outgoing: &Outgoing) -> Outcome {
        match &outgoing.address {
            Address::Slack(channel) => self.slack.post(channel, outgoing).await,
            Address::Webhook(name) => self.slack.post_to_webhook(name, outgoing).await,
            Address::Email(address) => self.smtp.send(address, outgoing).await,
            Address::Endpoint(name) => self.endpoints.post(name, outgoing).await,
        }
    }
}
