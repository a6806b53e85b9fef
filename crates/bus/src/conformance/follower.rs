//! A subscriber that keeps what it got, and starts over as a projector does.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use keizoku_core::{Position, Recorded};
use keizoku_log::EventLog;
use uuid::Uuid;

use super::read_everything;
use crate::{Bus, BusError, Subscription};

/// Wait before starting over.
const RETRY: Duration = Duration::from_millis(20);

/// Reads one source from its start.
pub struct Follower {
    bus: Arc<dyn Bus>,
    source: &'static str,
    log_id: Uuid,
    events: Vec<Arc<Recorded>>,
    subscription: Option<Subscription>,
}

impl Follower {
    /// One that has read nothing.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, source: &'static str) -> Self {
        Self {
            bus,
            source,
            log_id: Uuid::nil(),
            events: Vec::new(),
            subscription: None,
        }
    }

    /// What it has, in a process that starts now.
    #[must_use]
    pub fn restarted(mut self, bus: Arc<dyn Bus>) -> Self {
        self.bus = bus;
        self.subscription = None;
        self
    }

    /// Reads on until it has everything that `log` holds now, and then has exactly that: no event
    /// twice, none missing, each in its place and as it was recorded.
    pub async fn reads_exactly(&mut self, log: &dyn EventLog) {
        let (log_id, head) = (log.log_id(), log.head().borrow().position);
        while self.log_id != log_id || self.position() < head {
            if let Err(error) = self.read().await {
                self.subscription = None;
                tracing::debug!(%error, "starting over");
                tokio::time::sleep(RETRY).await;
            }
        }
        let mut expected = read_everything(log).await;
        // The log may have gone on meanwhile.
        expected.retain(|event| event.position <= self.position());
        assert_eq!(self.events.len(), expected.len(), "the number of events");
        for (got, expected) in self.events.iter().zip(&expected) {
            assert_eq!(got, expected);
        }
    }

    /// Where it is.
    #[must_use]
    pub fn position(&self) -> Position {
        self.events
            .last()
            .map_or(Position::START, |last| last.position)
    }

    /// One delivery; at first, and after an error, a subscription to take it from.
    async fn read(&mut self) -> Result<(), BusError> {
        let Some(subscription) = &mut self.subscription else {
            let log_id = self.bus.source(self.source).await?.log_id;
            if self.log_id != log_id {
                self.log_id = log_id;
                self.events.clear();
            }
            let subscribed = self.bus.subscribe(self.source, self.position()).await?;
            self.subscription = Some(subscribed);
            return Ok(());
        };
        match subscription.next().await {
            Some(Ok(delivery)) if delivery.log_id == self.log_id => {
                self.events.extend(delivery.events);
                assert!(self.position() <= delivery.head, "the head is never behind");
            }
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) | None => self.subscription = None,
        }
        Ok(())
    }
}
