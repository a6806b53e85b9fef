//! Where a source ends: told every second, and to whoever asks.
//!
//! On core NATS, so that it costs no storage: what was not heard is told again.

use std::time::Duration;

use async_nats::{Client, HeaderMap, HeaderValue, Subscriber};
use bytes::Bytes;
use keizoku_core::Position;
use uuid::Uuid;

use super::connection::Nats;
use super::message::{LOG, POSITION};
use crate::BusError;

/// Time between two beats.
pub(super) const BEAT: Duration = Duration::from_secs(1);
/// How long a relay may take to answer: one that is stopped does not.
const PATIENCE: Duration = Duration::from_secs(1);
/// When the last event was recorded.
const TIME: &str = "Keizoku-Time";

/// Where a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beat {
    pub(super) log_id: Uuid,
    pub(super) position: Position,
}

/// Subject of the beats; not one that the stream takes.
fn subject(source: &str) -> String {
    format!("keizoku-head.{source}")
}

fn question(source: &str) -> String {
    format!("keizoku-head.{source}.ask")
}

/// Hears the beats of a source.
pub(super) async fn listen(client: &Client, source: &str) -> Result<Subscriber, BusError> {
    let heads = client.subscribe(subject(source)).await;
    heads.map_err(BusError::nats("listen to heads"))
}

/// Hears who asks for the head of a source.
pub(super) async fn questions(client: &Client, source: &str) -> Result<Subscriber, BusError> {
    let questions = client.subscribe(question(source)).await;
    questions.map_err(BusError::nats("listen to questions"))
}

/// Asks the relay of a source; `None` when none answers.
pub(super) async fn ask(nats: &Nats, source: &str) -> Option<Beat> {
    let request = nats.client().ok()?.request(question(source), Bytes::new());
    let answer = tokio::time::timeout(PATIENCE, request).await.ok()?.ok()?;
    read(answer.headers.as_ref()?)
}

/// Tells everybody who listens, or one who asked.
pub(super) async fn tell(
    client: &Client,
    source: &str,
    asked_by: Option<async_nats::Subject>,
    log_id: Uuid,
    head: keizoku_log::Head,
) -> Result<(), BusError> {
    let mut headers = HeaderMap::new();
    headers.insert(LOG, log_id.to_string());
    headers.insert(POSITION, HeaderValue::from(head.position.0));
    if let Some(recorded_at) = head.recorded_at {
        headers.insert(TIME, recorded_at.to_string());
    }
    let subject = asked_by.unwrap_or_else(|| subject(source).into());
    let told = client.publish_with_headers(subject, headers, Bytes::new());
    told.await.map_err(BusError::nats("tell the head"))
}

/// What a beat says; `None` when it is none of ours.
pub(super) fn read(headers: &HeaderMap) -> Option<Beat> {
    let text = |name| headers.get(name).map(HeaderValue::as_str);
    Some(Beat {
        log_id: text(LOG)?.parse().ok()?,
        position: Position(text(POSITION)?.parse().ok()?),
    })
}
