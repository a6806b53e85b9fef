//! Outgoing webhooks, as Standard Webhooks defines them: a JSON document, an id that stays the same
//! when it is sent again, and a signature by each secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use keizoku_core::Clock;
use keizoku_proto::notification::{Message, MessageSection};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::http::{self, Http, explained};
use super::signing::signatures;
use super::{Outcome, Outgoing, Problem};
use crate::config::{Config, EndpointConfig};

/// Version of what stands in `data`: another one only where a receiver would have to change.
const VERSION: u32 = 1;

/// Everybody who gets outgoing webhooks.
pub(super) struct Endpoints {
    config: BTreeMap<String, EndpointConfig>,
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Endpoints {
    pub(super) fn new(config: &Config, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self {
            config: config.endpoints.clone(),
            http,
            clock,
        }
    }

    pub(super) async fn post(&self, name: &str, outgoing: &Outgoing) -> Outcome {
        let Some(endpoint) = self.config.get(name) else {
            return Problem::permanent(format!("endpoints.{name} is not configured"));
        };
        let unusable =
            |error: &dyn std::fmt::Display| Problem::passing(format!("endpoints.{name} {error}"));
        let url = match endpoint.url() {
            Ok(url) => url,
            Err(error) => return unusable(&error),
        };
        let secrets = match endpoint.signing_secrets() {
            Ok(secrets) => secrets,
            Err(error) => return unusable(&error),
        };
        let body = document(outgoing).to_string();
        let time = self.clock.now().as_second();
        let signature = signatures(&secrets, &outgoing.id, time, &body);
        let signed = |request: RequestBuilder| {
            request
                .header("webhook-id", outgoing.id.as_str())
                .header("webhook-timestamp", time)
                .header("webhook-signature", signature)
        };
        match self.http.post(&url, body, outgoing, signed).await {
            Ok(response) => outcome(response).await,
            Err(outcome) => outcome,
        }
    }
}

/// Only 2xx takes a webhook. 410 means that nobody listens there any more; everything else is tried
/// again, because whoever builds a receiver mends it.
async fn outcome(response: Response) -> Outcome {
    if response.status().is_success() {
        return Outcome::Delivered;
    }
    let problem = http::refused(&response, |status| status != reqwest::StatusCode::GONE);
    explained(problem, response).await
}

/// The body. People are named by id: who is behind one is nobody else's business.
fn document(outgoing: &Outgoing) -> Value {
    let planned = &outgoing.planned;
    let trigger = planned.trigger().as_str_name();
    let at = planned.event_time.as_ref().and_then(keizoku_proto::instant);
    let fields: Value = serde_json::from_str(&planned.fields_json).unwrap_or_default();
    let prefixed = |collection: &str, id: &str| match id {
        "" => Value::Null,
        id => format!("{collection}/{id}").into(),
    };
    let message = planned.message.as_ref().map(words);
    json!({
        "type": trigger.trim_start_matches("TRIGGER_").to_lowercase(),
        "timestamp": at.unwrap_or_default().to_string(),
        "data": {
            "version": VERSION,
            "delivery": format!("deliveries/{}", planned.delivery_id),
            "rule": prefixed("rules", &planned.rule),
            "subject": planned.subject,
            "account": prefixed("accounts", &planned.account_id),
            "fields": fields,
            "message": message,
        },
    })
}

fn words(message: &Message) -> Value {
    let facts = message
        .facts
        .iter()
        .map(|fact| json!({ "label": fact.label, "value": fact.value, "user": fact.user }));
    let section = |section: &MessageSection| {
        let entries = section
            .entries
            .iter()
            .map(|entry| json!({ "text": entry.text, "user": entry.user, "url": entry.url }));
        let entries: Vec<Value> = entries.collect();
        json!({ "heading": section.heading, "user": section.user, "entries": entries })
    };
    json!({
        "locale": message.locale,
        "title": message.title,
        "facts": facts.collect::<Vec<_>>(),
        "quote": message.quote,
        "sections": message.sections.iter().map(section).collect::<Vec<_>>(),
        "url": message.url,
        "note": message.footer,
    })
}
