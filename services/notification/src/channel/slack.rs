//! Slack: `chat.postMessage` of its Web API, and incoming webhooks.

use std::error::Error as _;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;

use super::guard::{self, GuardedNames};
use super::{Outcome, Outgoing, Problem};
use crate::config::{Config, SlackConfig};
use crate::message::slack;

/// A connection that takes longer to open is none: nothing was sent then.
const CONNECT: Duration = Duration::from_secs(10);
/// More of an answer than this says nothing more.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Errors of the Web API that pass; all others are for people to mend.
const PASSING: [&str; 7] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
];

/// Slack, as it is configured.
pub(super) struct Slack {
    config: SlackConfig,
    allow_private: bool,
    /// `None` when this machine has no certificates to trust: an attempt says so.
    client: Option<Client>,
}

/// What the Web API answers.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: String,
}

impl Slack {
    pub(super) fn new(config: &Config) -> Self {
        // The one crypto provider of the process; whoever installed it first has installed ring.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut client = Client::builder()
            // No answer of another place is an answer of Slack's.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // Whoever sends through a kept connection that the other side has closed meanwhile
            // cannot tell whether the message arrived.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent("keizoku");
        if !config.allow_private_addresses {
            client = client.dns_resolver(GuardedNames);
        }
        let client = client.build();
        if let Err(error) = &client {
            tracing::error!(%error, "there can be no HTTPS client: Slack cannot be reached");
        }
        Self {
            config: config.slack.clone(),
            allow_private: config.allow_private_addresses,
            client: client.ok(),
        }
    }

    pub(super) async fn post(&self, channel: &str, outgoing: &Outgoing) -> Outcome {
        let token = match self.config.bot_token.read() {
            Ok(token) if token.is_empty() => {
                return Problem::permanent("no Slack bot is configured");
            }
            Ok(token) => token,
            Err(error) => return Problem::passing(format!("slack.bot_token {error}")),
        };
        let url = format!(
            "{}/chat.postMessage",
            self.config.api_url.trim_end_matches('/')
        );
        let mut body = slack::payload(&outgoing.message, outgoing.is_resent);
        body["channel"] = Value::from(channel);
        match self.send(&url, Some(&token), &body, outgoing).await {
            Ok(response) => api_outcome(response).await,
            Err(outcome) => outcome,
        }
    }

    pub(super) async fn post_to_webhook(&self, name: &str, outgoing: &Outgoing) -> Outcome {
        let url = match self.config.webhook(name) {
            Ok(url) => url,
            Err(error) => return Problem::passing(format!("slack.webhooks.{name} {error}")),
        };
        let body = slack::payload(&outgoing.message, outgoing.is_resent);
        match self.send(&url, None, &body, outgoing).await {
            Ok(response) => webhook_outcome(response).await,
            Err(outcome) => outcome,
        }
    }

    /// Sends a body, and waits for the answer's head. The URL may be a secret: no error shows it.
    async fn send(
        &self,
        url: &str,
        token: Option<&str>,
        body: &Value,
        outgoing: &Outgoing,
    ) -> Result<Response, Outcome> {
        let url: Url = url
            .parse()
            .map_err(|_| Problem::permanent("the configured address is no URL"))?;
        if !self.allow_private {
            guard::check(&url).map_err(|refused| Problem::permanent(refused.to_string()))?;
        }
        let client = self.client.as_ref().ok_or_else(|| {
            Problem::passing("there can be no HTTPS client; the server's log says why")
        })?;
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string());
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if !outgoing.traceparent.is_empty() {
            request = request.header("traceparent", &outgoing.traceparent);
        }
        request.send().await.map_err(|error| unanswered(&error))
    }
}

/// A request that got no answer: refused before the first byte, or unknown after it.
fn unanswered(error: &reqwest::Error) -> Outcome {
    if error.is_connect() || error.is_builder() {
        Problem::passing(format!("cannot connect: {}", innermost(error)))
    } else {
        Outcome::Unknown
    }
}

/// The cause at the end of the chain, which names neither URL nor token.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = String::from("no cause is known");
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

async fn api_outcome(response: Response) -> Outcome {
    let status = response.status();
    if !status.is_success() {
        return refused(status, &response);
    }
    let retry_after = retry_after(&response);
    // Slack has answered, but not what: like an answer that never came.
    let Some(body) = body(response).await else {
        return Outcome::Unknown;
    };
    let Ok(answer) = serde_json::from_slice::<Answer>(&body) else {
        return Problem::passing("the answer is not one of Slack's Web API");
    };
    if answer.ok {
        return Outcome::Delivered;
    }
    let throttled = matches!(answer.error.as_str(), "ratelimited" | "rate_limited");
    Outcome::Failed(Problem {
        permanent: !PASSING.contains(&answer.error.as_str()),
        text: format!("Slack says {}", shortened(&answer.error)),
        retry_after,
        throttled,
    })
}

async fn webhook_outcome(response: Response) -> Outcome {
    let status = response.status();
    if status.is_success() {
        // A webhook takes a message by its status; its body says nothing more than "ok".
        return Outcome::Delivered;
    }
    let head = refused(status, &response);
    match (head, body(response).await) {
        (Outcome::Failed(problem), Some(body)) if !body.is_empty() => {
            let said = shortened(&String::from_utf8_lossy(&body));
            Outcome::Failed(Problem {
                text: format!("{}: {said}", problem.text),
                ..problem
            })
        }
        (outcome, _) => outcome,
    }
}

/// An answer that is no success.
fn refused(status: StatusCode, response: &Response) -> Outcome {
    let throttled = status == StatusCode::TOO_MANY_REQUESTS;
    let passes = throttled || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT;
    let hint = if status.is_redirection() {
        " (redirects are not followed)"
    } else {
        ""
    };
    Outcome::Failed(Problem {
        text: format!("HTTP {}{hint}", status.as_u16()),
        permanent: !passes,
        retry_after: retry_after(response).filter(|_| passes),
        throttled,
    })
}

/// Seconds that the other side asks to wait; nonsense is no request.
fn retry_after(response: &Response) -> Option<SignedDuration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: u32 = text.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds.into()))
}

/// The beginning of an answer's body; `None` when the connection broke.
async fn body(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() < LONGEST_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => return None,
        }
    }
    body.truncate(LONGEST_ANSWER);
    Some(body)
}

/// What the other side said, fit for a list.
fn shortened(text: &str) -> String {
    let line = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(200).collect()
}
