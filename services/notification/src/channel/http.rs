//! HTTP as every channel uses it: no redirects, no kept connections, and no way to what only this
//! machine or network can reach.

use std::error::Error as _;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::guard::{self, GuardedNames};
use super::{Outcome, Outgoing, Problem};
use crate::config::Config;

/// A connection that takes longer to open is none: nothing was sent then.
const CONNECT: Duration = Duration::from_secs(10);
/// More of an answer than this says nothing more.
const LONGEST_ANSWER: usize = 16 * 1024;

/// A client for requests to other people's servers.
#[derive(Clone)]
pub(super) struct Http {
    allow_private: bool,
    /// `None` when this machine has no certificates to trust: an attempt says so.
    client: Option<Client>,
}

impl Http {
    pub(super) fn new(config: &Config) -> Self {
        // The one crypto provider of the process; whoever installed it first has installed ring.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut client = Client::builder()
            // No answer of another place is an answer of the one that was asked.
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
            tracing::error!(%error, "there can be no HTTPS client: Slack and webhooks cannot be reached");
        }
        Self {
            allow_private: config.allow_private_addresses,
            client: client.ok(),
        }
    }

    /// Sends a JSON body, and waits for the answer's head. The URL may be a secret: no error shows it.
    pub(super) async fn post(
        &self,
        url: &str,
        body: String,
        outgoing: &Outgoing,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
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
            .body(body);
        if !outgoing.traceparent.is_empty() {
            request = request.header("traceparent", &outgoing.traceparent);
        }
        with(request)
            .send()
            .await
            .map_err(|error| unanswered(&error))
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

/// An answer that is no success: whether it may be better next time is for the channel to say.
pub(super) fn refused(response: &Response, passes: impl FnOnce(StatusCode) -> bool) -> Problem {
    let status = response.status();
    let throttled = status == StatusCode::TOO_MANY_REQUESTS;
    let passes = throttled || passes(status);
    let hint = if status.is_redirection() {
        " (redirects are not followed)"
    } else {
        ""
    };
    Problem {
        text: format!("HTTP {}{hint}", status.as_u16()),
        permanent: !passes,
        retry_after: retry_after(response).filter(|_| passes),
        throttled,
        gone: status == StatusCode::GONE,
    }
}

/// Seconds that the other side asks to wait; nonsense is no request.
pub(super) fn retry_after(response: &Response) -> Option<SignedDuration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: u32 = text.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds.into()))
}

/// The problem with what the other side said of it.
pub(super) async fn explained(problem: Problem, response: Response) -> Outcome {
    match body(response).await {
        Some(body) if !body.is_empty() => {
            let said = shortened(&String::from_utf8_lossy(&body));
            Outcome::Failed(Problem {
                text: format!("{}: {said}", problem.text),
                ..problem
            })
        }
        _ => Outcome::Failed(problem),
    }
}

/// The beginning of an answer's body; `None` when the connection broke.
pub(super) async fn body(mut response: Response) -> Option<Vec<u8>> {
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
pub(super) fn shortened(text: &str) -> String {
    let line = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(200).collect()
}
