//! An event on its way: a message of CloudEvents in binary mode, with its place in the log beside it.

use async_nats::{HeaderMap, HeaderValue, Subject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;
use keizoku_core::{Position, Recorded, Revision};
use keizoku_proto::common::EventMetadata;
use prost::Message as _;
use uuid::Uuid;

pub(super) const LOG: &str = "Keizoku-Log";
pub(super) const POSITION: &str = "Keizoku-Position";
const PREVIOUS: &str = "Keizoku-Previous";
const REVISION: &str = "Keizoku-Revision";
const METADATA: &str = "Keizoku-Metadata";
const ID: &str = "ce-id";
const TYPE: &str = "ce-type";
const STREAM: &str = "ce-subject";
const TIME: &str = "ce-time";

/// A message that says of an event what the log says of it.
pub(super) struct Published {
    pub(super) log_id: Uuid,
    /// Position of the event before it in the log: who has read up to there misses nothing.
    pub(super) previous: Position,
    pub(super) event: Recorded,
}

/// The subject of an event. Without the id of anything: the server keeps state per subject in memory.
pub(super) fn subject(source: &str, kind: &str) -> String {
    format!("keizoku.{source}.{kind}")
}

/// What is sent about an event.
pub(super) fn encode(
    source: &str,
    log_id: &str,
    previous: Position,
    event: &Recorded,
) -> (Subject, HeaderMap, Bytes) {
    let subject = subject(source, &event.kind);
    let mut headers = HeaderMap::new();
    headers.insert("ce-specversion", "1.0");
    headers.insert("content-type", "application/protobuf");
    headers.insert("ce-source", format!("/keizoku/{source}"));
    headers.insert(TYPE, subject.as_str());
    headers.insert(ID, event.id.to_string());
    headers.insert(STREAM, event.stream.as_str());
    headers.insert(TIME, event.recorded_at.to_string());
    headers.insert(LOG, log_id);
    headers.insert(POSITION, HeaderValue::from(event.position.0));
    headers.insert(PREVIOUS, HeaderValue::from(previous.0));
    headers.insert(REVISION, HeaderValue::from(event.revision.0));
    headers.insert(METADATA, BASE64.encode(&event.metadata));
    let metadata = EventMetadata::decode(event.metadata.as_slice());
    if let Some(metadata) = metadata.ok().filter(|found| is_header(&found.traceparent)) {
        headers.insert("traceparent", metadata.traceparent.as_str());
    }
    (subject.into(), headers, event.data.clone().into())
}

/// The event that a message tells about; `None` when it is none of ours.
pub(super) fn decode(headers: &HeaderMap, payload: &[u8]) -> Option<Published> {
    let text = |name| headers.get(name).map(HeaderValue::as_str);
    let number = |name| text(name)?.parse::<u64>().ok();
    Some(Published {
        log_id: text(LOG)?.parse().ok()?,
        previous: Position(number(PREVIOUS)?),
        event: Recorded {
            position: Position(number(POSITION)?),
            stream: text(STREAM)?.to_owned(),
            revision: Revision(number(REVISION)?),
            id: text(ID)?.parse().ok()?,
            kind: text(TYPE)?.rsplit('.').next()?.to_owned(),
            recorded_at: text(TIME)?.parse().ok()?,
            data: payload.to_vec(),
            metadata: BASE64.decode(text(METADATA)?).ok()?,
        },
    })
}

/// Whether a header can hold what a client once sent.
fn is_header(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_back_as_it_was() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let metadata = EventMetadata {
            traceparent: trace.to_owned(),
            ..EventMetadata::default()
        };
        let event = Recorded {
            position: Position(7),
            stream: "risk-0000000000000000000000000000002a".to_owned(),
            revision: Revision(3),
            id: Uuid::from_u128(42),
            kind: "risk_opened".to_owned(),
            recorded_at: "2026-11-22T09:00:00.000001Z".parse().unwrap(),
            data: vec![0, 13, 10, 255],
            metadata: metadata.encode_to_vec(),
        };
        let log = Uuid::from_u128(1);
        let (subject, headers, payload) = encode("risk", &log.to_string(), Position(5), &event);
        assert_eq!(subject.as_str(), "keizoku.risk.risk_opened");
        assert_eq!(headers.get("traceparent").unwrap().as_str(), trace);
        let read = decode(&headers, &payload).unwrap();
        assert_eq!((read.log_id, read.previous), (log, Position(5)));
        assert_eq!(read.event, event);
        assert!(decode(&HeaderMap::new(), b"").is_none());
    }

    #[test]
    fn what_no_header_can_hold_stays_in_the_metadata() {
        for traceparent in ["", "a\r\nNats-Msg-Id: 1", "ü"] {
            assert!(!is_header(traceparent), "{traceparent:?}");
        }
    }
}
