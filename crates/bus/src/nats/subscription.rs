//! What a subscriber gets of a stream.
//!
//! Every message names the event before it: so each is known to be the next one, whatever the server
//! sends twice, leaves out, or forgets. Sequences only help to find the place to begin at.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::push;
use futures::{FutureExt as _, StreamExt as _, stream};
use keizoku_core::{Position, Recorded};
use tokio::time::{Instant, sleep_until};

use super::chain::{Broken, Chain};
use super::connection::Nats;
use super::exchange::Exchange;
use super::head::{self, Beat};
use super::message;
use crate::{BusError, Delivery, Subscription};

/// Events per delivery at most: what a model far behind takes in at once.
const PAGE: usize = 4_096;
/// Events that a beat told of and that have not arrived for so long are asked for anew. What was sent to a
/// connection in the moment in which it broke is not sent again by itself, and where nothing follows it no
/// gap shows.
const LATE: Duration = Duration::from_secs(5);

struct Reader {
    source: String,
    chain: Chain,
    head: Position,
    /// When an event arrived last, or a beat told of one while none was missing.
    since: Instant,
    messages: push::Messages,
    heads: async_nats::Subscriber,
    /// What is to be said after the events before it were delivered.
    broken: Option<BusError>,
}

/// Begins right after a position; ends with the first error.
pub(super) async fn open(
    nats: &Nats,
    source: &str,
    after: Position,
) -> Result<Subscription, BusError> {
    let exchange = Exchange::find(nats, source).await?;
    let heads = head::listen(nats.client()?, source).await?;
    if !exchange.is_whole() {
        return Err(BusError::Interrupted {
            source_name: source.to_owned(),
            reason: "messages are missing in the stream; its relay publishes it again".to_owned(),
        });
    }
    let first = exchange.sequence_after(after).await?;
    let reader = Reader {
        source: source.to_owned(),
        chain: Chain {
            log_id: exchange.log_id(),
            position: after,
        },
        head: after,
        since: Instant::now(),
        messages: exchange.deliver(nats, first).await?,
        heads,
        broken: None,
    };
    let deliveries = stream::unfold(Some(reader), async |reader| {
        let mut reader = reader?;
        match reader.next().await {
            Ok(delivery) => Some((Ok(delivery), Some(reader))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(deliveries.boxed())
}

impl Reader {
    async fn next(&mut self) -> Result<Delivery, BusError> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        loop {
            tokio::select! {
                biased;
                message = self.messages.next() => {
                    let events = self.gather(message);
                    if !events.is_empty() {
                        self.since = Instant::now();
                        return Ok(self.delivery(events));
                    }
                    if let Some(broken) = self.broken.take() {
                        return Err(broken);
                    }
                }
                Some(message) = self.heads.next() => {
                    let beat = message.headers.as_ref().and_then(head::read);
                    if let Some(beat) = beat && self.is_news(beat)? {
                        return Ok(self.delivery(Vec::new()));
                    }
                }
                () = sleep_until(self.since + LATE), if self.is_behind() => {
                    return Err(self.interrupted(&"events that were told of do not arrive"));
                }
            }
        }
    }

    fn is_news(&mut self, beat: Beat) -> Result<bool, BusError> {
        if beat.log_id != self.chain.log_id {
            return Err(self.interrupted(&Broken::OtherLog));
        }
        let is_news = beat.position > self.head;
        if is_news && !self.is_behind() {
            self.since = Instant::now();
        }
        self.head = self.head.max(beat.position);
        Ok(is_news)
    }

    /// Whether events are missing that a beat told of.
    fn is_behind(&self) -> bool {
        self.head > self.chain.position
    }

    fn delivery(&mut self, events: Vec<Arc<Recorded>>) -> Delivery {
        self.head = self.head.max(self.chain.position);
        Delivery {
            log_id: self.chain.log_id,
            events,
            head: self.head,
        }
    }

    /// A message, and those that have already arrived behind it.
    fn gather(&mut self, first: Option<Arrived>) -> Vec<Arc<Recorded>> {
        let mut events = Vec::new();
        let mut arrived = Some(first);
        while let Some(message) = arrived {
            match self.check(message) {
                Ok(event) => events.extend(event.map(Arc::new)),
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            }
            if events.len() >= PAGE {
                break;
            }
            arrived = self.messages.next().now_or_never();
        }
        events
    }

    /// The event of a message, if it is the next one; nothing when it was delivered before.
    fn check(&mut self, arrived: Option<Arrived>) -> Result<Option<Recorded>, BusError> {
        let message = match arrived {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(self.interrupted(&error)),
            None => return Err(self.interrupted(&"the connection was closed")),
        };
        let headers = message.headers.as_ref();
        let read = headers.and_then(|headers| message::decode(headers, &message.payload));
        let published = read.ok_or_else(|| self.interrupted(&"a message is not from a relay"))?;
        let taken = self.chain.take(published);
        taken.map_err(|broken| self.interrupted(&broken))
    }

    fn interrupted(&self, reason: &dyn ToString) -> BusError {
        BusError::Interrupted {
            source_name: self.source.clone(),
            reason: reason.to_string(),
        }
    }
}

type Arrived = Result<jetstream::Message, push::MessagesError>;
