//! Whatever happens to NATS and to relays: no gap, no duplicate, no other order.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::stream::Config;
use bytes::Bytes;
use futures::StreamExt as _;
use keizoku_bus::conformance::{Follower, append, block_on, open_log};
use keizoku_bus::nats::Progress;
use keizoku_bus::{Bus, BusError};
use keizoku_core::{NewEvent, Position, Revision, StreamId};
use keizoku_testkit::NatsServer;
use tokio::sync::watch;
use uuid::Uuid;

use crate::cut_proxy::CutProxy;
use crate::nats::{connect, connect_to, is_offered, relay};
use crate::world::{SOURCE, STREAM, World, operator};

#[test]
fn two_relays_at_once_publish_each_event_once() {
    block_on(async {
        let mut world = World::with_events(100).await;
        let others: Vec<_> = [world.connected().await, world.connected().await]
            .iter()
            .map(|bus| relay(bus, SOURCE, Arc::clone(&world.log)))
            .collect();
        for _ in 0..20 {
            world.append(200).await;
        }
        world.is_whole().await;
        others.iter().for_each(tokio::task::JoinHandle::abort);
    });
}

#[test]
fn a_relay_that_was_paused_is_refused_when_it_goes_on() {
    block_on(async {
        let mut world = World::with_events(10).await;
        let bus = world.connected().await;
        let paused = bus.relay(SOURCE, Arc::clone(&world.log)).run();
        tokio::pin!(paused);
        // It has found its place and sends; then it is left alone with what it sent under way.
        let mut worked = tokio::time::timeout(Duration::from_millis(300), &mut paused).await;
        for round in 0..5 {
            assert!(worked.is_err(), "round {round}: it never ends by itself");
            world.append(3_000).await;
            worked = tokio::time::timeout(Duration::from_millis(20), &mut paused).await;
            world.append(10).await;
            world.is_whole().await;
        }
    });
}

#[test]
fn a_deleted_stream_is_published_again() {
    block_on(async {
        let mut world = World::with_events(2_000).await;
        let streams = operator(&world.server).await;
        streams.delete_stream(STREAM).await.unwrap();
        world.append(10).await;
        world.is_whole().await;
        // Also when there is nothing new.
        streams.delete_stream(STREAM).await.unwrap();
        is_offered(&world.connected().await, SOURCE, &*world.log).await;
        world.is_whole().await;
    });
}

#[test]
fn a_server_that_lost_its_store_gets_everything_again() {
    block_on(async {
        let mut world = World::with_events(2_000).await;
        world.server.end();
        world.server.forget();
        world.append(1_000).await;
        world.server.begin();
        world.is_whole().await;
        world.append(1).await;
        world.is_whole().await;
    });
}

#[test]
fn a_server_that_went_back_to_an_old_copy_gets_the_rest_again() {
    block_on(async {
        let mut world = World::with_events(1_000).await;
        world.server.end();
        let copy = world.server.copy();
        world.server.begin();
        world.append(1_500).await;
        world.is_whole().await;
        world.server.end();
        world.server.put_back(&copy);
        world.server.begin();
        // A follower that is ahead of the copy gets nothing twice.
        world.append(10).await;
        world.is_whole().await;
    });
}

#[test]
fn a_server_that_is_killed_over_and_over_loses_nothing_for_good() {
    block_on(async {
        let mut world = World::with_events(10).await;
        for _ in 0..5 {
            world.append(1_500).await;
            world.server.end();
            world.append(10).await;
            world.server.begin();
        }
        world.is_whole().await;
    });
}

#[test]
fn connections_that_are_cut_all_the_time_lose_nothing() {
    block_on(async {
        let mut world = World::with_events(10).await;
        let cut = CutProxy::to(&world.server).await;
        let bus = connect_to(cut.url()).await;
        let mut follower = Follower::new(Arc::new(bus), SOURCE);
        for _ in 0..8 {
            follower.reads_exactly(&*world.log).await;
            // The server goes on sending to a consumer whose connection is gone.
            cut.after_bytes(50_000);
            world.append(4_000).await;
            tokio::join!(cut.has_cut(), follower.reads_exactly(&*world.log));
        }
        world.is_whole().await;
    });
}

#[test]
fn what_is_asked_while_there_is_no_server_fails_at_once_and_works_later() {
    block_on(async {
        let mut server = NatsServer::start();
        server.end();
        let bus = connect(&server).await;
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..10).await;
        let running = relay(&bus, SOURCE, Arc::clone(&log));
        let refused = bus.source(SOURCE).await;
        assert!(matches!(refused, Err(BusError::NotConnected)));
        server.begin();
        let mut follower = Follower::new(Arc::new(bus), SOURCE);
        follower.reads_exactly(&*log).await;
        running.abort();
    });
}

#[test]
fn a_server_that_keeps_nothing_is_told_by_name() {
    block_on(async {
        let without = NatsServer::configured("jetstream: disabled");
        let for_nobody =
            NatsServer::configured("accounts { A { users: [{ user: a }] } }\nno_auth_user: a");
        for server in [without, for_nobody] {
            let refused = connect(&server).await.source(SOURCE).await;
            assert!(matches!(refused, Err(BusError::NoJetStream)), "{refused:?}");
        }
    });
}

#[test]
fn a_stream_that_would_lose_history_is_refused_with_what_differs() {
    block_on(async {
        let server = NatsServer::start();
        let streams = operator(&server).await;
        let foreign = Config {
            name: STREAM.to_owned(),
            subjects: vec!["keizoku.sample.>".to_owned()],
            max_age: Duration::from_mins(5),
            max_bytes: 1_000_000,
            ..Config::default()
        };
        streams.create_stream(foreign).await.unwrap();
        let bus = connect(&server).await;
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..10).await;
        let running = relay(&bus, SOURCE, Arc::clone(&log));
        let refused = loop {
            match bus.subscribe(SOURCE, Position::START).await {
                Err(BusError::NotConnected) => tokio::task::yield_now().await,
                refused => break refused.err().unwrap().to_string(),
            }
        };
        for difference in ["max_age is 300s", "max_bytes is 1000000", "can be deleted"] {
            assert!(refused.contains(difference), "{refused}");
        }
        let untouched = streams.get_stream(STREAM).await.unwrap();
        assert_eq!(untouched.cached_info().state.messages, 0);
        // Once it is out of the way, everything goes on without a restart.
        streams.delete_stream(STREAM).await.unwrap();
        let mut follower = Follower::new(Arc::new(bus), SOURCE);
        follower.reads_exactly(&*log).await;
        running.abort();
    });
}

#[test]
fn another_deployment_takes_a_stream_over_only_when_nobody_publishes_it() {
    block_on(async {
        let mut world = World::with_events(50).await;
        let folder = tempfile::tempdir().unwrap();
        let other = open_log(folder.path());
        append(&*other, 0..5).await;
        let intruding = world.connected().await.relay(SOURCE, Arc::clone(&other));
        let mut progress = intruding.progress();
        #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
        let intruding = tokio::spawn(intruding.run());
        is_in_trouble(
            &mut progress,
            "another deployment publishes to KEIZOKU_SAMPLE",
        )
        .await;
        world.append(10).await;
        world.is_whole().await;
        world.relay.abort();
        world.log.close().await;
        world.follower.reads_exactly(&*other).await;
        intruding.abort();
    });
}

/// As when the connection broke in the moment in which the last event was sent: nothing follows it, so that no gap
/// shows.
#[test]
fn an_event_that_was_told_of_and_does_not_arrive_is_asked_for_again() {
    block_on(async {
        let mut world = World::with_events(10).await;
        let bus = world.connected().await;
        let mut deliveries = bus.subscribe(SOURCE, Position(10)).await.unwrap();
        let mut beat = HeaderMap::new();
        beat.insert("Keizoku-Log", world.log.log_id().to_string());
        beat.insert("Keizoku-Position", "11");
        let client = async_nats::connect(world.server.url()).await.unwrap();
        let subject = format!("keizoku-head.{SOURCE}");
        let told = client.publish_with_headers(subject, beat, Bytes::new());
        told.await.unwrap();
        client.flush().await.unwrap();
        let told = deliveries.next().await.unwrap().unwrap();
        assert_eq!((told.head, told.events.len()), (Position(11), 0));
        let ended = deliveries.next().await.unwrap();
        assert!(matches!(ended, Err(BusError::Interrupted { .. })));
        world.append(1).await;
        world.is_whole().await;
    });
}

/// Waits for what is in a relay's way.
async fn is_in_trouble(progress: &mut watch::Receiver<Progress>, text: &str) {
    let is_it = |progress: &Progress| {
        let trouble = progress.trouble.as_deref();
        trouble.is_some_and(|trouble| trouble.contains(text))
    };
    progress.wait_for(is_it).await.unwrap();
}

#[test]
fn a_log_that_lacks_what_was_published_is_not_published() {
    block_on(async {
        let mut world = World::with_events(50).await;
        world.relay.abort();
        // As if the log had been put back without making it known as another one.
        let streams = operator(&world.server).await;
        let stream = streams.get_stream(STREAM).await.unwrap();
        let last = stream.get_raw_message(50).await.unwrap();
        let mut headers = last.headers.clone();
        headers.insert("Keizoku-Position", "51");
        headers.insert("Nats-Expected-Last-Sequence", "50");
        let published = streams.publish_with_headers(last.subject, headers, last.payload);
        published.await.unwrap().await.unwrap();
        world.append(5).await;
        let relay = world
            .connected()
            .await
            .relay(SOURCE, Arc::clone(&world.log));
        let mut progress = relay.progress();
        #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
        let running = tokio::spawn(relay.run());
        is_in_trouble(&mut progress, "holds position 51, which the log does not").await;
        let state = stream.get_info().await.unwrap().state;
        assert_eq!(
            state.messages, 51,
            "nothing follows what the log does not know"
        );
        running.abort();
    });
}

#[test]
fn an_event_that_the_server_does_not_take_is_told_with_what_to_do() {
    block_on(async {
        let server = NatsServer::configured("max_payload: 100KB");
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..3).await;
        let large = NewEvent {
            id: Uuid::from_u128(1),
            kind: "sampled",
            data: vec![7; 200_000],
            metadata: Vec::new(),
        };
        let stream = StreamId::singleton("sample");
        let appended = log.append(&stream, Revision::NONE, vec![large]).await;
        appended.unwrap();
        let relay = connect(&server).await.relay(SOURCE, Arc::clone(&log));
        let mut progress = relay.progress();
        #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
        let running = tokio::spawn(relay.run());
        is_in_trouble(&mut progress, "position 4 does not fit: set max_payload").await;
        running.abort();
    });
}
