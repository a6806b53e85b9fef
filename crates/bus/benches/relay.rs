//! How fast a relay publishes a log, beside the same client that publishes as much without a log,
//! headers or an order to keep: 1,024 unacknowledged messages at a time. The two take turns, each on a
//! new nats-server and in one thread, so that a slow moment of the machine meets both.
//! Run it with `./dev bench relay`.

use std::sync::Arc;
use std::time::Instant;

use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{self};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use keizoku_bus::conformance::open_log;
use keizoku_bus::nats::{NatsBus, NatsOptions};
use keizoku_core::{NewEvent, Revision, StreamId};
use keizoku_log::EventLog;
use keizoku_proto::common::EventMetadata;
use keizoku_testkit::NatsServer;
use prost::Message as _;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
const EVENTS: u64 = 100_000;
/// Unacknowledged messages, as the relay has them.
const WINDOW: usize = 1_024;
/// Data of an event; with its metadata it is 300 bytes.
const DATA: usize = 200;
/// Events of one append.
const TOGETHER: u64 = 500;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let log = open_log(folder.path());
        fill(&*log).await;
        let (mut relayed, mut raw, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let relay = relay(&log).await;
            let plain = publish().await;
            relayed.push(relay);
            raw.push(plain);
            ratios.push(relay / plain);
        }
        println!(
            "relay, 300-byte events: {} events/s (goal ≥ 30,000), raw {} messages/s, ratio {}",
            spread(&mut relayed, 0),
            spread(&mut raw, 0),
            spread(&mut ratios, 2)
        );
        log.close().await;
    });
}

async fn fill(log: &dyn EventLog) {
    let metadata = EventMetadata {
        actor: "user:0123456789".to_owned(),
        request_id: vec![1; 16],
        request_hash: vec![2; 16],
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        ..EventMetadata::default()
    };
    let metadata = metadata.encode_to_vec();
    for append in 0..EVENTS / TOGETHER {
        let events = (0..TOGETHER).map(|event| NewEvent {
            id: Uuid::from_u64_pair(append, event),
            kind: "something_happened",
            data: vec![b'd'; DATA],
            metadata: metadata.clone(),
        });
        let stream = StreamId::new("bench", Uuid::from_u64_pair(1, append));
        let appended = log.append(&stream, Revision::NONE, events.collect()).await;
        appended.expect("appended");
    }
}

/// Events per second from the log to the last acknowledgement.
async fn relay(log: &Arc<dyn EventLog>) -> f64 {
    let server = NatsServer::start();
    let options = NatsOptions {
        url: server.url(),
        ..NatsOptions::default()
    };
    let bus = NatsBus::connect(&options).await.expect("connects");
    let relay = bus.relay("bench", Arc::clone(log));
    let (head, mut progress) = (log.head().borrow().position, relay.progress());
    let start = Instant::now();
    tokio::select! {
        () = relay.run() => panic!("the log is open"),
        done = progress.wait_for(|progress| progress.published == head) => drop(done),
    }
    rate(start)
}

/// Messages per second, of the same size, to a stream with the same promises.
async fn publish() -> f64 {
    let server = NatsServer::start();
    let client = async_nats::connect(server.url()).await.expect("connects");
    let streams = jetstream::new(client);
    let config = Config {
        name: "BENCH".to_owned(),
        subjects: vec!["bench.>".to_owned()],
        ..Config::default()
    };
    streams.create_stream(config).await.expect("made");
    let payload = Bytes::from(vec![b'd'; 300]);
    let mut sent: FuturesOrdered<<PublishAckFuture as IntoFuture>::IntoFuture> =
        FuturesOrdered::new();
    let start = Instant::now();
    for _ in 0..EVENTS {
        if sent.len() == WINDOW {
            let acknowledged = sent.next().await.expect("some are under way");
            acknowledged.expect("acknowledged");
        }
        let publish = streams.publish("bench.something_happened", payload.clone());
        sent.push_back(publish.await.expect("sent").into_future());
    }
    while let Some(acknowledged) = sent.next().await {
        acknowledged.expect("acknowledged");
    }
    rate(start)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
fn rate(start: Instant) -> f64 {
    EVENTS as f64 / start.elapsed().as_secs_f64()
}

/// Median, minimum and maximum.
fn spread(values: &mut [f64], digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (min, max) = (values[0], values[values.len() - 1]);
    let median = values[values.len() / 2];
    format!("{median:.digits$} ({min:.digits$} … {max:.digits$})")
}
