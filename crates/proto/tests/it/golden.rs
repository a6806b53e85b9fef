//! Golden events: the stored bytes of examples of every event, which every later version must read
//! as what they were. Each file holds a service's, one a line: the event as canonical JSON, and its
//! bytes as they are stored.
//!
//! A line is never changed or taken away once a version has shipped. For a new event, or a new
//! field, add a line without `bytes`: the test fails and prints the line with them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use keizoku_proto::{StoredEvent, accounts, healthscore, notification, onboarding, risk};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, Value};
use serde_json::json;

/// What is in a message that clients see, and is never stored.
const NOT_STORED: [&str; 8] = [
    "keizoku.accounts.v1.Initiative.etag",
    "keizoku.accounts.v1.Initiative.name",
    "keizoku.accounts.v1.Organisation.etag",
    "keizoku.notification.v1.Rule.active_since",
    "keizoku.notification.v1.Rule.built_in",
    "keizoku.notification.v1.Rule.etag",
    "keizoku.notification.v1.Rule.name",
    "keizoku.notification.v1.Rule.retired",
];

#[test]
fn every_event_of_accounts_is_read_as_it_was_written() {
    let lines = include_str!("../golden/accounts.jsonl");
    check::<accounts::event::Kind>("keizoku.accounts.v1.Event", lines);
}

#[test]
fn every_event_of_risk_is_read_as_it_was_written() {
    let lines = include_str!("../golden/risk.jsonl");
    check::<risk::event::Kind>("keizoku.risk.v1.Event", lines);
}

#[test]
fn every_event_of_notification_is_read_as_it_was_written() {
    let lines = include_str!("../golden/notification.jsonl");
    check::<notification::event::Kind>("keizoku.notification.v1.Event", lines);
}

#[test]
fn every_event_of_onboarding_is_read_as_it_was_written() {
    let lines = include_str!("../golden/onboarding.jsonl");
    check::<onboarding::event::Kind>("keizoku.onboarding.v1.Event", lines);
}

#[test]
fn every_event_of_healthscore_is_read_as_it_was_written() {
    let lines = include_str!("../golden/healthscore.jsonl");
    check::<healthscore::event::Kind>("keizoku.healthscore.v1.Event", lines);
}

fn check<E: StoredEvent>(message: &str, lines: &str) {
    let pool = DescriptorPool::decode(keizoku_proto::DESCRIPTORS).unwrap();
    let descriptor = pool.get_message_by_name(message).unwrap();
    let (mut covered, mut without_bytes) = (BTreeSet::new(), String::new());
    for (number, line) in lines.lines().enumerate() {
        let place = format!("line {}", number + 1);
        let golden: serde_json::Value = serde_json::from_str(line).expect(&place);
        let expected = DynamicMessage::deserialize(descriptor.clone(), &golden["event"]);
        let expected = expected.expect(&place);
        let Some(bytes) = golden["bytes"].as_str() else {
            let bytes = BASE64_STANDARD.encode(expected.encode_to_vec());
            let line = json!({ "event": golden["event"], "bytes": bytes });
            writeln!(without_bytes, "{line}").unwrap();
            continue;
        };
        let bytes = BASE64_STANDARD.decode(bytes).expect(&place);
        let event = E::from_bytes(&bytes).expect(&place);
        assert_eq!(event.to_bytes(), bytes, "{place}: stored otherwise");
        let read = DynamicMessage::decode(descriptor.clone(), bytes.as_slice()).expect(&place);
        assert_eq!(read, expected, "{place}: read otherwise");
        let kinds: Vec<String> = golden["event"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let kind = descriptor.get_field_by_name(event.type_name()).unwrap();
        assert_eq!(kinds, [kind.json_name()], "{place}");
        fields_set(&read, &mut covered);
    }
    assert!(
        without_bytes.is_empty(),
        "with their bytes:\n{without_bytes}"
    );
    let mut declared = BTreeSet::new();
    fields_declared(&descriptor, &mut declared);
    let missing: Vec<&String> = declared.difference(&covered).collect();
    assert!(missing.is_empty(), "no example has {missing:#?}");
}

/// Every field of a message and of what it holds, by full name.
fn fields_declared(message: &MessageDescriptor, found: &mut BTreeSet<String>) {
    for field in message.fields().filter(is_stored) {
        if let Some(inner) = field.kind().as_message() {
            fields_declared(inner, found);
        }
        found.insert(field.full_name().to_owned());
    }
}

/// Those that an example gives a value.
fn fields_set(message: &DynamicMessage, found: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        let values = value.as_list().unwrap_or(std::slice::from_ref(value));
        for inner in values.iter().filter_map(Value::as_message) {
            fields_set(inner, found);
        }
        found.insert(field.full_name().to_owned());
    }
}

fn is_stored(field: &FieldDescriptor) -> bool {
    !NOT_STORED.contains(&field.full_name())
}
