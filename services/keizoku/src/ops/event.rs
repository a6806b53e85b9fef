//! A recorded event for people and programs who have no Keizoku at hand.

use std::sync::LazyLock;

use jiff::Timestamp;
use keizoku_core::Recorded;
use keizoku_proto::common::{EventMetadata, Origin};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use serde::Serialize;
use uuid::Uuid;

use super::Service;

static DESCRIPTORS: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(keizoku_proto::DESCRIPTORS).unwrap_or_default());

/// An event as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exported<'a> {
    service: &'static str,
    position: u64,
    stream: &'a str,
    revision: u64,
    id: Uuid,
    r#type: &'a str,
    recorded_at: Timestamp,
    metadata: Metadata,
    /// The event as canonical protobuf JSON; null when this version does not know it.
    data: Option<DynamicMessage>,
    /// The stored bytes in hexadecimal, where `data` cannot say everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    actor: String,
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Uuid>,
    #[serde(skip_serializing_if = "String::is_empty")]
    request_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "String::is_empty")]
    traceparent: String,
    schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
}

impl<'a> Exported<'a> {
    pub(super) fn new(service: Service, event: &'a Recorded) -> Self {
        let data = contents(service, &event.data);
        let says_everything = data.as_ref().is_some_and(|(_, complete)| *complete);
        Self {
            service: service.name(),
            position: event.position.0,
            stream: &event.stream,
            revision: event.revision.0,
            id: event.id,
            r#type: &event.kind,
            recorded_at: event.recorded_at,
            metadata: Metadata::of(&metadata(event)),
            data: data.map(|(message, _)| message),
            raw: (!says_everything).then(|| hexadecimal(&event.data)),
        }
    }

    /// Whether this version understands all of it.
    pub(super) fn is_complete(&self) -> bool {
        self.raw.is_none()
    }
}

impl Metadata {
    fn of(metadata: &EventMetadata) -> Self {
        let id = |bytes: &[u8]| Uuid::from_slice(bytes).ok();
        Self {
            actor: metadata.actor.clone(),
            origin: origin(metadata.origin),
            request_id: id(&metadata.request_id),
            request_hash: hexadecimal(&metadata.request_hash),
            correlation_id: id(&metadata.correlation_id),
            causation_id: id(&metadata.causation_id),
            traceparent: metadata.traceparent.clone(),
            schema_version: metadata.schema_version,
            occurred_at: metadata
                .occurred_at
                .as_ref()
                .and_then(keizoku_proto::instant),
        }
    }
}

/// Who, why and how; nothing where that cannot be read, which `keizoku log verify` reports.
pub(super) fn metadata(event: &Recorded) -> EventMetadata {
    EventMetadata::decode(event.metadata.as_slice()).unwrap_or_default()
}

/// What happened, without the envelope of all kinds, and whether this version knows every field;
/// `None` for an event of a kind that it does not know.
pub(super) fn contents(service: Service, data: &[u8]) -> Option<(DynamicMessage, bool)> {
    let descriptor = DESCRIPTORS.get_message_by_name(&service.event_message())?;
    let mut event = DynamicMessage::decode(descriptor, data).ok()?;
    let complete = knows_every_field(&event);
    let inner = event.take_fields().find_map(|(_, value)| match value {
        Value::Message(inner) => Some(inner),
        _ => None,
    })?;
    Some((inner, complete))
}

/// The kinds of events that a service has.
pub(super) fn kinds(service: Service) -> Vec<String> {
    let event = DESCRIPTORS.get_message_by_name(&service.event_message());
    event.map_or_else(Vec::new, |event| {
        event
            .fields()
            .map(|field| field.name().to_owned())
            .collect()
    })
}

/// Whether the service has an event of this name.
pub(super) fn is_known_kind(service: Service, kind: &str) -> bool {
    DESCRIPTORS
        .get_message_by_name(&service.event_message())
        .is_some_and(|event| event.get_field_by_name(kind).is_some())
}

fn knows_every_field(message: &DynamicMessage) -> bool {
    fn known(value: &Value) -> bool {
        match value {
            Value::Message(message) => knows_every_field(message),
            Value::List(values) => values.iter().all(known),
            Value::Map(values) => values.values().all(known),
            _ => true,
        }
    }
    message.unknown_fields().next().is_none() && message.fields().all(|(_, value)| known(value))
}

/// `user`, `import`, `reaction` or `schedule`; the number of one that a newer version wrote.
fn origin(number: i32) -> String {
    Origin::try_from(number).map_or_else(
        |_| number.to_string(),
        |origin| {
            let name = origin.as_str_name();
            name.strip_prefix("ORIGIN_").unwrap_or(name).to_lowercase()
        },
    )
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use keizoku_core::{Position, Revision};
    use keizoku_proto::{StoredEvent as _, risk};
    use serde_json::json;

    use super::*;

    pub(in crate::ops) fn reopened() -> Recorded {
        let event = risk::event::Kind::RiskReopened(risk::RiskReopened {
            risk_id: "01980000-0000-7000-8000-000000000001".to_owned(),
            reason: "顧客が\n戻った".to_owned(),
        });
        let metadata = EventMetadata {
            actor: "user:sato".to_owned(),
            origin: Origin::User.into(),
            request_id: Uuid::from_u128(7).as_bytes().to_vec(),
            schema_version: 1,
            ..EventMetadata::default()
        };
        Recorded {
            position: Position(12),
            stream: "risk-01980000000070008000000000000001".to_owned(),
            revision: Revision(3),
            id: Uuid::from_u128(9),
            kind: event.type_name().to_owned(),
            recorded_at: "2026-11-22T00:10:00.25Z".parse().unwrap(),
            data: event.to_bytes(),
            metadata: metadata.encode_to_vec(),
        }
    }

    #[test]
    fn an_event_becomes_one_object() {
        let event = reopened();
        let exported = Exported::new(Service::Risk, &event);
        assert!(exported.is_complete());
        assert_eq!(
            serde_json::to_value(&exported).unwrap(),
            json!({
                "service": "risk", "position": 12, "revision": 3, "type": "risk_reopened",
                "stream": "risk-01980000000070008000000000000001",
                "id": "00000000-0000-0000-0000-000000000009",
                "recordedAt": "2026-11-22T00:10:00.25Z",
                "metadata": {
                    "actor": "user:sato", "origin": "user", "schemaVersion": 1,
                    "requestId": "00000000-0000-0000-0000-000000000007"
                },
                "data": {
                    "riskId": "01980000-0000-7000-8000-000000000001",
                    "reason": "顧客が\n戻った"
                }
            })
        );
    }

    #[test]
    fn what_this_version_does_not_know_keeps_its_bytes() {
        // Field 900 of the envelope, and field 900 within a known event.
        let unknown_kind = Recorded {
            data: vec![0xa2, 0x38, 0x00],
            ..reopened()
        };
        let exported = Exported::new(Service::Risk, &unknown_kind);
        assert!(exported.data.is_none());
        assert_eq!(exported.raw.as_deref(), Some("a23800"));
        let unknown_field = Recorded {
            data: vec![0x42, 0x03, 0xa0, 0x38, 0x01],
            ..reopened()
        };
        let exported = Exported::new(Service::Risk, &unknown_field);
        assert!(exported.data.is_some() && !exported.is_complete());
    }
}
