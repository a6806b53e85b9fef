//! A bus on which every reader gets to hear of a source only as far as the test lets it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;
use keizoku_bus::{Bus, BusError, Delivery, LocalBus, Source, Subscription};
use keizoku_core::{Position, Recorded};
use tokio::sync::watch;
use uuid::Uuid;

/// One reader's view of the bus: per source, the position that it may read up to.
pub(crate) struct PacedBus {
    bus: Arc<LocalBus>,
    paces: BTreeMap<&'static str, watch::Receiver<Position>>,
}

impl PacedBus {
    /// A view on which nothing has been recorded yet, and what moves it on, by source.
    pub(crate) fn new(
        bus: Arc<LocalBus>,
        sources: &[&'static str],
    ) -> (Arc<Self>, BTreeMap<&'static str, watch::Sender<Position>>) {
        let (mut paces, mut senders) = (BTreeMap::new(), BTreeMap::new());
        for source in sources {
            let (sender, pace) = watch::channel(Position::START);
            paces.insert(*source, pace);
            senders.insert(*source, sender);
        }
        (Arc::new(Self { bus, paces }), senders)
    }

    fn pace(&self, source: &str) -> Result<watch::Receiver<Position>, BusError> {
        let pace = self.paces.get(source).cloned();
        pace.ok_or_else(|| BusError::UnknownSource(source.to_owned()))
    }
}

#[tonic::async_trait]
impl Bus for PacedBus {
    async fn source(&self, source: &str) -> Result<Source, BusError> {
        let head = *self.pace(source)?.borrow();
        let Source { log_id, .. } = self.bus.source(source).await?;
        Ok(Source { log_id, head })
    }

    async fn subscribe(&self, source: &str, after: Position) -> Result<Subscription, BusError> {
        let paced = Paced {
            log_id: self.bus.source(source).await?.log_id,
            all: self.bus.subscribe(source, after).await?,
            ahead: VecDeque::new(),
            read_to: after,
            pace: self.pace(source)?,
        };
        let deliveries = stream::unfold(paced, async |mut paced| {
            let delivery = paced.next().await?;
            Some((delivery, paced))
        });
        Ok(deliveries.boxed())
    }
}

struct Paced {
    log_id: Uuid,
    all: Subscription,
    /// Events that were read and may not be told yet.
    ahead: VecDeque<Arc<Recorded>>,
    read_to: Position,
    pace: watch::Receiver<Position>,
}

impl Paced {
    async fn next(&mut self) -> Option<Result<Delivery, BusError>> {
        loop {
            let head = *self.pace.borrow_and_update();
            let told = self.ahead.partition_point(|event| event.position <= head);
            let events: Vec<_> = self.ahead.drain(..told).collect();
            if let Some(last) = events.last() {
                self.read_to = last.position;
                let log_id = self.log_id;
                return Some(Ok(Delivery {
                    log_id,
                    events,
                    head,
                }));
            }
            if self.read_to < head {
                match self.all.next().await? {
                    Ok(delivery) => self.ahead.extend(delivery.events),
                    Err(error) => return Some(Err(error)),
                }
            } else {
                self.pace.changed().await.ok()?;
            }
        }
    }
}
