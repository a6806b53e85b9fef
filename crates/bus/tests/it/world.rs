//! A log, a server, a relay and a follower; and what the stream really holds.

use std::sync::Arc;

use async_nats::jetstream;
use futures::StreamExt as _;
use keizoku_bus::conformance::{Follower, append, open_log, read_everything};
use keizoku_bus::nats::NatsBus;
use keizoku_core::Position;
use keizoku_log::EventLog;
use keizoku_testkit::NatsServer;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::nats::{connect, is_offered, relay};

pub(crate) const SOURCE: &str = "sample";
pub(crate) const STREAM: &str = "KEIZOKU_SAMPLE";

pub(crate) struct World {
    pub(crate) server: NatsServer,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) follower: Follower,
    appended: u64,
    _folder: TempDir,
    pub(crate) relay: JoinHandle<()>,
}

impl World {
    /// Everything is published and read.
    pub(crate) async fn with_events(count: u64) -> Self {
        let server = NatsServer::start();
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        append(&*log, 0..count).await;
        let running = relay(&connect(&server).await, SOURCE, Arc::clone(&log));
        let follower = Follower::new(Arc::new(connect(&server).await), SOURCE);
        let mut world = Self {
            server,
            log,
            follower,
            appended: count,
            _folder: folder,
            relay: running,
        };
        world.follower.reads_exactly(&*world.log).await;
        world
    }

    pub(crate) async fn append(&mut self, count: u64) {
        append(&*self.log, self.appended..self.appended + count).await;
        self.appended += count;
    }

    /// The follower, one that begins now, and the stream itself have exactly what the log has.
    pub(crate) async fn is_whole(&mut self) {
        self.follower.reads_exactly(&*self.log).await;
        let mut newcomer = Follower::new(Arc::new(connect(&self.server).await), SOURCE);
        newcomer.reads_exactly(&*self.log).await;
        let expected = read_everything(&*self.log).await;
        let expected: Vec<_> = expected.iter().map(|event| event.position).collect();
        assert_eq!(published(&self.server).await, expected);
    }

    /// A connection like that of another process, once it is there.
    pub(crate) async fn connected(&self) -> NatsBus {
        let bus = connect(&self.server).await;
        is_offered(&bus, SOURCE, &*self.log).await;
        bus
    }
}

/// The streams, as an operator has them.
pub(crate) async fn operator(server: &NatsServer) -> jetstream::Context {
    let client = async_nats::connect(server.url()).await.unwrap();
    jetstream::new(client)
}

/// The position of every message in the stream.
async fn published(server: &NatsServer) -> Vec<Position> {
    let stream = operator(server).await.get_stream(STREAM).await.unwrap();
    let messages = stream.cached_info().state.messages;
    let config = jetstream::consumer::pull::OrderedConfig::default();
    let consumer = stream.create_consumer(config).await.unwrap();
    let messages = consumer
        .messages()
        .await
        .unwrap()
        .take(usize::try_from(messages).unwrap());
    messages
        .map(|message| {
            let message = message.unwrap();
            let position = message.headers.as_ref().unwrap().get("Keizoku-Position");
            Position(position.unwrap().as_str().parse().unwrap())
        })
        .collect()
        .await
}
