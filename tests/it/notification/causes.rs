//! Why a message was sent, from its last event back to what somebody did (GEN-6).

use std::collections::HashMap;

use keizoku_core::Recorded;
use keizoku_proto::StoredEvent as _;
use keizoku_proto::common::EventMetadata;
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{DeliveryState, RedriveDeliveryRequest};
use keizoku_testkit::logs;
use keizoku_testkit::peer::SlackAnswer;
use prost::Message as _;
use uuid::Uuid;

use super::world::World;

/// An event with what it says about its cause.
struct Told {
    event: Recorded,
    metadata: EventMetadata,
}

impl Told {
    fn kind(&self) -> Kind {
        Kind::from_bytes(&self.event.data).unwrap()
    }

    fn cause(&self) -> Option<Uuid> {
        Uuid::from_slice(&self.metadata.causation_id).ok()
    }
}

async fn told(world: World) -> (Vec<Told>, Vec<Told>) {
    let folder = world.cluster.stop().await;
    let mut both = Vec::new();
    for service in ["risk", "notification"] {
        let events = logs::events(folder.path(), service).await;
        let told = events.into_iter().map(|event| Told {
            metadata: EventMetadata::decode(&*event.metadata).unwrap(),
            event,
        });
        both.push(told.collect::<Vec<_>>());
    }
    let own = both.remove(1);
    (both.remove(0), own)
}

#[tokio::test]
async fn gen_6_every_event_of_a_message_names_what_it_follows_from() {
    let world = World::new("causes").await;
    world.slack.answer_next_with([
        SlackAnswer::Http(503, "", ""),
        SlackAnswer::Http(404, "", "no_service"),
    ]);
    world.risk("担当者が退職").await;
    world.slack.wait_for(1).await;
    world.settled(1, DeliveryState::Pending).await;
    world.set("2026-11-25T12:00:10[Asia/Tokyo]");
    let letter = world.settled(1, DeliveryState::GivenUp).await;
    let redrive = RedriveDeliveryRequest {
        name: letter[0].name.clone(),
        request_id: world.scene.ids.fresh(),
        ..RedriveDeliveryRequest::default()
    };
    world.set("2026-11-25T12:00:20[Asia/Tokyo]");
    let mut api = world.scene.api.notifications();
    api.redrive_delivery(redrive.clone()).await.unwrap();
    world.settled(1, DeliveryState::Delivered).await;

    let (risks, own) = told(world).await;
    let is_opened = |told: &&Told| told.event.kind == "risk_opened";
    let opened = risks.iter().find(is_opened).unwrap();
    let id = |of: &Told| of.event.id;
    let by_id: HashMap<Uuid, &Told> = own.iter().map(|told| (id(told), told)).collect();
    let last = own.last().unwrap();
    assert!(matches!(last.kind(), Kind::Delivered(_)));
    // Back from the end: what somebody did again begins a chain of its own.
    let start = by_id[&last.cause().unwrap()];
    assert!(matches!(start.kind(), Kind::AttemptStarted(_)));
    let redriven = by_id[&start.cause().unwrap()];
    assert!(matches!(redriven.kind(), Kind::DeliveryRedriven(_)));
    assert_eq!(redriven.cause(), None);
    let request_id: Uuid = redrive.request_id.parse().unwrap();
    for told in [last, start, redriven] {
        assert_eq!(told.metadata.correlation_id, request_id.as_bytes());
    }
    // And from the plan: each event of the message follows from the one before.
    let of_chain = |told: &&Told| told.metadata.correlation_id == opened.metadata.request_id;
    let chain: Vec<&Told> = own.iter().filter(of_chain).collect();
    let is_in_order = matches!(
        chain.iter().map(|told| told.kind()).collect::<Vec<_>>()[..],
        [
            Kind::FactRouted(_),
            Kind::DeliveryPlanned(_),
            Kind::AttemptStarted(_),
            Kind::AttemptFailed(_),
            Kind::AttemptStarted(_),
            Kind::AttemptFailed(_),
            Kind::DeliveryGivenUp(_),
        ]
    );
    assert!(is_in_order, "{}", chain.len());
    let causes: Vec<Option<Uuid>> = chain.iter().map(|told| told.cause()).collect();
    let ids: Vec<Uuid> = chain.iter().map(|told| id(told)).collect();
    let second_attempt = Some(ids[4]);
    let expected = [
        Some(id(opened)),
        Some(ids[0]),
        Some(ids[1]),
        Some(ids[2]),
        Some(ids[3]),
        second_attempt,
        second_attempt,
    ];
    assert_eq!(causes, expected);
}

#[tokio::test]
async fn gen_6_all_messages_of_a_digest_are_one_chain() {
    let world = World::new("digest").await;
    // Else Monday may come before anything is heard of the customer.
    world.heard().await;
    world.set("2026-12-07T09:00[Asia/Tokyo]");
    world.settled(2, DeliveryState::Delivered).await;
    let (_, own) = told(world).await;
    let routed = own.iter().find(
        |told| matches!(told.kind(), Kind::FactRouted(routed) if !routed.recipients.is_empty()),
    );
    let routed = routed.unwrap();
    assert_eq!(routed.cause(), None, "a date caused it");
    let planned = own
        .iter()
        .filter(|told| matches!(told.kind(), Kind::DeliveryPlanned(_)));
    assert_eq!(planned.clone().count(), 2);
    for planned in planned {
        assert_eq!(planned.cause(), Some(routed.event.id));
        assert_eq!(planned.metadata.correlation_id, routed.metadata.request_id);
    }
}
