//! The bus over NATS keeps to the suite.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use keizoku_bus::Bus;
use keizoku_bus::conformance::Backend;
use keizoku_bus::nats::{NatsBus, NatsOptions};
use keizoku_log::EventLog;
use keizoku_testkit::NatsServer;
use tokio::task::JoinHandle;

struct Nats {
    server: NatsServer,
    relays: BTreeMap<&'static str, JoinHandle<()>>,
}

/// A connection of its own, as each process has one.
pub(crate) async fn connect(server: &NatsServer) -> NatsBus {
    connect_to(server.url()).await
}

pub(crate) async fn connect_to(url: String) -> NatsBus {
    let options = NatsOptions {
        url,
        ..NatsOptions::default()
    };
    let bus = NatsBus::connect(&options).await;
    bus.expect("the address is one")
}

/// Runs a relay until it is aborted or its log is closed.
pub(crate) fn relay(bus: &NatsBus, source: &str, log: Arc<dyn EventLog>) -> JoinHandle<()> {
    let relay = bus.relay(source, log);
    #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
    tokio::spawn(relay.run())
}

/// Waits until the source is that log.
pub(crate) async fn is_offered(bus: &NatsBus, source: &str, log: &dyn EventLog) {
    let is_there = async || {
        let found = bus.source(source).await;
        found.is_ok_and(|found| found.log_id == log.log_id())
    };
    while !is_there().await {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl Backend for Nats {
    async fn fresh() -> Self {
        Self {
            server: NatsServer::start(),
            relays: BTreeMap::new(),
        }
    }

    async fn offer(&mut self, source: &'static str, log: Arc<dyn EventLog>) {
        let bus = connect(&self.server).await;
        let running = relay(&bus, source, Arc::clone(&log));
        if let Some(before) = self.relays.insert(source, running) {
            before.abort();
        }
        is_offered(&bus, source, &*log).await;
    }

    async fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(connect(&self.server).await)
    }
}

keizoku_bus::conformance_suite!(Nats);
