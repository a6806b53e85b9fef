//! The bus of a single process: it follows the logs themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use keizoku_core::Position;
use keizoku_log::{EventLog, follow};

use crate::{Bus, BusError, Delivery, Source, Subscription};

/// Events per delivery at most: what a model far behind takes in at once.
const PAGE: usize = 4_096;

/// Delivers straight from the logs of the services in this process.
#[derive(Default)]
pub struct LocalBus {
    logs: BTreeMap<String, Arc<dyn EventLog>>,
    others: BTreeMap<String, Arc<dyn Bus>>,
}

impl LocalBus {
    /// A bus that offers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Offers the events of a service.
    #[must_use]
    pub fn with(mut self, source: &str, log: Arc<dyn EventLog>) -> Self {
        self.logs.insert(source.to_owned(), log);
        self
    }

    /// Offers the events of a service of another process, as another bus has them.
    #[must_use]
    pub fn with_remote(mut self, source: &str, bus: Arc<dyn Bus>) -> Self {
        self.others.insert(source.to_owned(), bus);
        self
    }

    fn log(&self, source: &str) -> Result<&Arc<dyn EventLog>, BusError> {
        self.logs
            .get(source)
            .ok_or_else(|| BusError::UnknownSource(source.to_owned()))
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn source(&self, source: &str) -> Result<Source, BusError> {
        if let Some(other) = self.others.get(source) {
            return other.source(source).await;
        }
        let log = self.log(source)?;
        Ok(Source {
            log_id: log.log_id(),
            head: log.head().borrow().position,
        })
    }

    async fn subscribe(&self, source: &str, after: Position) -> Result<Subscription, BusError> {
        if let Some(other) = self.others.get(source) {
            return other.subscribe(source, after).await;
        }
        let log = self.log(source)?;
        let (log_id, head) = (log.log_id(), log.head());
        let source_name = source.to_owned();
        let deliveries = follow(Arc::clone(log), after, PAGE).map(move |page| match page {
            Ok(events) => Ok(Delivery {
                log_id,
                events,
                head: head.borrow().position,
            }),
            Err(cause) => Err(BusError::Unreadable {
                source_name: source_name.clone(),
                cause,
            }),
        });
        Ok(deliveries.boxed())
    }
}
