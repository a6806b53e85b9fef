//! Slack: `chat.postMessage` of its Web API, and incoming webhooks.

use reqwest::Response;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::Value;

use super::http::{self, Http, body, explained, retry_after, shortened};
use super::{Outcome, Outgoing, Problem};
use crate::config::{Config, SlackConfig};
use crate::message::slack;

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
    http: Http,
}

/// What the Web API answers.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: String,
}

impl Slack {
    pub(super) fn new(config: &Config, http: Http) -> Self {
        Self {
            config: config.slack.clone(),
            http,
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
        let authorization = format!("Bearer {token}");
        let with = |request: reqwest::RequestBuilder| request.header(AUTHORIZATION, authorization);
        match self.http.post(&url, body.to_string(), outgoing, with).await {
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
        let as_it_is = |request| request;
        match self
            .http
            .post(&url, body.to_string(), outgoing, as_it_is)
            .await
        {
            Ok(response) => webhook_outcome(response).await,
            Err(outcome) => outcome,
        }
    }
}

async fn api_outcome(response: Response) -> Outcome {
    if !response.status().is_success() {
        return Outcome::Failed(refused(&response));
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
        gone: false,
    })
}

async fn webhook_outcome(response: Response) -> Outcome {
    if response.status().is_success() {
        // A webhook takes a message by its status; its body says nothing more than "ok".
        return Outcome::Delivered;
    }
    let problem = refused(&response);
    explained(problem, response).await
}

/// What is the server's own trouble passes; the rest is for people to mend.
fn refused(response: &Response) -> Problem {
    http::refused(response, |status| {
        status.is_server_error() || status == reqwest::StatusCode::REQUEST_TIMEOUT
    })
}
