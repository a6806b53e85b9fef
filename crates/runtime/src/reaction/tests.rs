use keizoku_core::{Actor, Given};
use keizoku_proto::common::EventMetadata;
use keizoku_proto::risk::event::Kind;
use uuid::Uuid;

use super::*;

const LOG: Uuid = Uuid::from_u128(1);
const RESTORED: Uuid = Uuid::from_u128(2);

fn fact(log_id: Uuid, position: u64, recorded_at: &str) -> Fact {
    let metadata = EventMetadata {
        correlation_id: Uuid::from_u128(7).into(),
        ..EventMetadata::default()
    };
    let stream = "contact-1".to_owned();
    Fact::of("accounts", log_id, position, stream, recorded_at, metadata)
}

fn ctx() -> Ctx {
    Ctx {
        now: "2026-11-25T03:00:00Z".parse().unwrap(),
        today: "2026-11-25".parse().unwrap(),
        actor: Actor::new("service", "risk"),
        origin: Origin::Reaction,
        request_id: Uuid::nil(),
    }
}

fn advanced(position: u64, recorded_at: &str) -> ReactionsAdvanced {
    let recorded_at = recorded_at.parse().unwrap();
    ReactionsAdvanced {
        source: "accounts".to_owned(),
        log_id: LOG.to_string(),
        position,
        recorded_time: Some(keizoku_proto::timestamp(recorded_at)),
    }
}

fn started() -> Given<Reading<Kind>> {
    Given::nothing(ctx()).commands([Command::Start("accounts")])
}

#[test]
fn rx_8_reactions_start_once_with_what_is_recorded_from_then_on() {
    assert_eq!(started().when(Command::Start("accounts")), Ok(Vec::new()));
    let known = started().state().clone().unwrap();
    assert!(was_dealt_with(
        &known,
        &fact(LOG, 90, "2026-11-25T03:00:00Z")
    ));
    assert!(!was_dealt_with(
        &known,
        &fact(LOG, 1, "2026-11-25T03:00:01Z")
    ));
}

#[test]
fn rx_8_what_was_dealt_with_is_known_by_position_and_after_a_restore_by_time() {
    let to = advanced(42, "2026-11-26T00:00:00Z");
    let dealt = started().commands([Command::Advance(to.clone())]);
    // Two events may be recorded at the same instant, of which one was dealt with.
    let at = "2026-11-26T00:00:00Z";
    let known = dealt.state().clone().unwrap();
    assert!(was_dealt_with(&known, &fact(LOG, 42, at)));
    assert!(!was_dealt_with(&known, &fact(LOG, 43, at)));
    assert!(was_dealt_with(&known, &fact(RESTORED, 43, at)));
    let later = "2026-11-26T00:00:01Z";
    assert!(!was_dealt_with(&known, &fact(RESTORED, 3, later)));
    // A replica that is behind does not take it back.
    assert_eq!(dealt.when(Command::Advance(to)), Ok(Vec::new()));
    let behind = advanced(41, "2026-11-25T23:00:00Z");
    assert_eq!(dealt.when(Command::Advance(behind)), Ok(Vec::new()));
}

#[test]
fn rx_8_a_request_id_follows_from_reaction_event_target_and_intent() {
    let target = StreamId::new("suggestion", Uuid::from_u128(3));
    let other = StreamId::new("suggestion", Uuid::from_u128(4));
    let fact = fact(LOG, 1, "2026-11-25T03:00:00Z");
    let id = |reaction, fact: &Fact, target, intent| {
        let call = call("risk", reaction, fact, target, intent).unwrap();
        call.request_id
    };
    let expected = id("contact_left", &fact, &target, "suggest");
    // Where the event stands does not matter: in a restored log it stands elsewhere.
    let again = Fact {
        position: Position(99),
        log_id: RESTORED,
        ..fact.clone()
    };
    assert_eq!(id("contact_left", &again, &target, "suggest"), expected);
    let another = Fact {
        event_id: Uuid::from_u128(9),
        ..fact.clone()
    };
    assert_ne!(id("contact_left", &another, &target, "suggest"), expected);
    assert_ne!(id("churned", &fact, &target, "suggest"), expected);
    assert_ne!(id("contact_left", &fact, &other, "suggest"), expected);
    assert_ne!(id("contact_left", &fact, &target, "clear"), expected);
}

#[test]
fn rx_8_gen_6_a_chain_of_reactions_is_traceable_and_ends() {
    let target = StreamId::new("suggestion", Uuid::from_u128(3));
    let mut fact = fact(LOG, 1, "2026-11-25T03:00:00Z");
    for reactions in 1..=LONGEST_CHAIN {
        let call = call("risk", "round", &fact, &target, "again").unwrap();
        let metadata = call.metadata();
        assert_eq!(metadata.reactions, reactions);
        assert_eq!(metadata.causation_id, fact.event_id.as_bytes());
        assert_eq!(metadata.correlation_id, Uuid::from_u128(7).as_bytes());
        assert_eq!(call.origin, Origin::Reaction);
        fact.metadata = metadata;
    }
    assert!(call("risk", "round", &fact, &target, "again").is_none());
}
