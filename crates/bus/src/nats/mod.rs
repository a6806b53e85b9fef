//! The exchange between processes: one JetStream stream per source service.
//!
//! *Used by* processes that run some of the services. *Guarantees*: a stream holds the whole history
//! of one log, in order, each event once, whatever relays, servers and their disks do; a
//! subscription proves of every event that none was left out before it. *Fails* with [`BusError`];
//! the connection is made again by itself, and nothing is lost meanwhile: the logs are the record, and
//! a stream can always be published again.
//!
//! ```text
//! log ──► Relay ══ keizoku.<service>.<event> ══► KEIZOKU_<SERVICE> ──► NatsBus::subscribe
//!              └── keizoku-head.<service>, every second ─────────────────┘
//! ```

mod chain;
mod connection;
mod exchange;
mod head;
mod message;
mod relay;
mod subscription;

use std::sync::Arc;

use async_trait::async_trait;
use keizoku_core::Position;
use keizoku_log::EventLog;

use crate::{Bus, BusError, Source, Subscription};

pub use connection::{ConnectError, Credentials, NatsOptions, Tls};
pub use relay::{Progress, Relay, Sending};

use connection::Nats;
use exchange::Exchange;

/// Delivers what relays published; offers logs through relays of its own.
#[derive(Clone)]
pub struct NatsBus(Nats);

impl NatsBus {
    /// Connects, and connects again whenever the connection is lost. A server that is away is no
    /// error: after two seconds the process goes on without.
    ///
    /// # Errors
    /// When the options can never lead to a connection.
    pub async fn connect(options: &NatsOptions) -> Result<Self, ConnectError> {
        Nats::connect(options).await.map(Self)
    }

    /// What publishes the events of `log` as those of `source`, as long as it is run.
    #[must_use]
    pub fn relay(&self, source: &str, log: Arc<dyn EventLog>) -> Relay {
        Relay::new(self.0.clone(), source, log)
    }
}

#[async_trait]
impl Bus for NatsBus {
    async fn source(&self, source: &str) -> Result<Source, BusError> {
        let exchange = Exchange::find(&self.0, source).await?;
        let log_id = exchange.log_id();
        let published = exchange
            .last()
            .await?
            .map_or(Position::START, |last| last.position);
        // The relay may still have something to publish: whoever is not there yet is behind.
        let head = head::ask(&self.0, source).await;
        let head = head.filter(|head| head.log_id == log_id);
        Ok(Source {
            log_id,
            head: head.map_or(published, |head| head.position.max(published)),
        })
    }

    async fn subscribe(&self, source: &str, after: Position) -> Result<Subscription, BusError> {
        subscription::open(&self.0, source, after).await
    }
}
