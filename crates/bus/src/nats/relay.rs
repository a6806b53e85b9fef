//! Publishes a log: the log is the outbox, the stream its own checkpoint.
//!
//! Each message is sent with the sequence that it must follow. So of two relays one is refused, and so
//! is one that was stopped and goes on later; what NATS lost is sent again from where it ends now.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use futures::stream::FuturesOrdered;
use futures::{Stream, StreamExt as _};
use keizoku_core::{Position, Recorded};
use keizoku_log::{EventLog, LogError, follow};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::connection::Nats;
use super::exchange::{Exchange, Last, name};
use super::head::{self, BEAT};
use super::message;
use crate::BusError;

/// Events that are read at once.
const PAGE: usize = 1_024;
/// Events that were sent and are not acknowledged yet.
const WINDOW: usize = 1_024;
/// Wait before starting over.
const RETRY: Duration = Duration::from_millis(500);
/// A relay that publishes beats every second: whoever is not heard for so long is not there.
const SILENCE: Duration = BEAT.saturating_mul(3);

/// Held while an event is on its way to the server.
pub type Sending = Box<dyn Send>;

/// Looks at each event that is about to be sent.
type Watch = Box<dyn Fn(&Recorded) -> Option<Sending> + Send + Sync>;

/// Publishes one log as the events of one source.
pub struct Relay {
    nats: Nats,
    source: String,
    log: Arc<dyn EventLog>,
    log_id: Uuid,
    progress: watch::Sender<Progress>,
    watch: Option<Watch>,
}

/// How far a relay has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Position of the last event that the server has.
    pub published: Position,
    /// What is in its way; it goes on trying.
    pub trouble: Option<String>,
}

/// What the stream ends with, and the next message follows.
#[derive(Debug, Clone, Copy)]
struct End {
    sequence: u64,
    position: Position,
}

impl Relay {
    pub(super) fn new(nats: Nats, source: &str, log: Arc<dyn EventLog>) -> Self {
        let log_id = log.log_id();
        Self {
            nats,
            source: source.to_owned(),
            log,
            log_id,
            progress: watch::Sender::default(),
            watch: None,
        }
    }

    /// The same, and `watch` looks at each event before it is sent: what it answers is dropped when the
    /// server has the event.
    #[must_use]
    pub fn watched(
        self,
        watch: impl Fn(&Recorded) -> Option<Sending> + Send + Sync + 'static,
    ) -> Self {
        let watch: Option<Watch> = Some(Box::new(watch));
        Self { watch, ..self }
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Publishes until the log is closed, whatever happens to NATS meanwhile. It may be stopped at any
    /// time by dropping it.
    pub async fn run(self) {
        while let Err(error) = self.publish().await {
            let trouble = Some(chain(&error));
            self.progress.send_if_modified(|progress| {
                let is_news = progress.trouble != trouble;
                if is_news {
                    let error = trouble.as_deref();
                    tracing::warn!(source = %self.source, error, "relay interrupted; trying again");
                    progress.trouble = trouble;
                }
                is_news
            });
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Finds out where the stream ends and goes on from there; ends well when the log is closed.
    async fn publish(&self) -> Result<(), BusError> {
        let (exchange, mut end) = self.take_up().await?;
        self.progress.send_replace(Progress {
            published: end.position,
            trouble: None,
        });
        let client = self.nats.client()?;
        let mut questions = head::questions(client, &self.source).await?;
        let head = self.log.head();
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = VecDeque::new();
        let mut pages = pin!(follow(Arc::clone(&self.log), end.position, PAGE));
        let mut sent = FuturesOrdered::new();
        loop {
            tokio::select! {
                biased;
                Some(question) = questions.next() => {
                    let head = *head.borrow();
                    head::tell(client, &self.source, question.reply, self.log_id, head).await?;
                }
                _ = beats.tick() => {
                    let head = *head.borrow();
                    head::tell(client, &self.source, None, self.log_id, head).await?;
                    if sent.is_empty() && !exchange.is_unchanged(end.sequence).await? {
                        return Err(self.interrupted("the stream is not as it was left"));
                    }
                }
                Some(acknowledged) = sent.next() => {
                    let published = acknowledged?;
                    self.progress.send_modify(|progress| progress.published = published);
                }
                event = next(&mut waiting, &mut pages), if sent.len() < WINDOW => match event {
                    None => return Ok(()),
                    Some(Ok(event)) => {
                        let sending = self.watch.as_ref().and_then(|watch| watch(&event));
                        let acknowledgement = self.send(&event, end).await?;
                        end = End { sequence: end.sequence + 1, position: event.position };
                        sent.push_back(acknowledged(acknowledgement, end, sending));
                    }
                    Some(Err(cause)) => {
                        return Err(BusError::Unreadable { source_name: self.source.clone(), cause });
                    }
                },
            }
        }
    }

    /// The stream of this log, made or made anew where there is none, and what it ends with.
    async fn take_up(&self) -> Result<(Exchange, End), BusError> {
        match Exchange::find(&self.nats, &self.source).await {
            Err(BusError::NoStream(_)) => {}
            Err(error) => return Err(error),
            Ok(found) => {
                let last = found.last().await?;
                let of = last.as_ref().map_or(found.log_id(), |last| last.log_id);
                let is_mine = found.log_id() == self.log_id && of == self.log_id;
                if is_mine && found.is_whole() {
                    let end = self.require_known(&found, last).await?;
                    return Ok((found, end));
                }
                if !is_mine {
                    self.require_no_rival().await?;
                }
                tracing::warn!(
                    source = %self.source, log = %of,
                    "the stream is of another log, or not whole: publishing all of this log again"
                );
                Exchange::delete(&self.nats, &self.source).await?;
            }
        }
        let made = Exchange::create(&self.nats, &self.source, self.log_id).await?;
        let start = End {
            sequence: 0,
            position: Position::START,
        };
        Ok((made, start))
    }

    /// The log must have what the stream ends with.
    async fn require_known(
        &self,
        exchange: &Exchange,
        last: Option<Last>,
    ) -> Result<End, BusError> {
        let sequence = exchange.last_sequence();
        let Some(last) = last else {
            let position = Position::START;
            return Ok(End { sequence, position });
        };
        let before = Position(last.position.0.saturating_sub(1));
        let found = self.log.read_all(before, 1).await;
        let found = found.map_err(|cause| BusError::Unreadable {
            source_name: self.source.clone(),
            cause,
        })?;
        let is_known =
            |event: &Arc<Recorded>| event.position == last.position && event.id == last.event;
        if !found.first().is_some_and(is_known) {
            return Err(BusError::LogBehind {
                stream: name(&self.source),
                position: last.position.0,
            });
        }
        Ok(End {
            sequence,
            position: last.position,
        })
    }

    /// Two logs must not take the stream from each other in turn: the one that is there keeps it.
    async fn require_no_rival(&self) -> Result<(), BusError> {
        let mut heads = head::listen(self.nats.client()?, &self.source).await?;
        let rival = async {
            while let Some(message) = heads.next().await {
                let beat = message.headers.as_ref().and_then(head::read);
                if let Some(beat) = beat.filter(|beat| beat.log_id != self.log_id) {
                    return Some(beat);
                }
            }
            None
        };
        match tokio::time::timeout(SILENCE, rival).await {
            Ok(Some(beat)) => Err(BusError::Rival {
                stream: name(&self.source),
                other: beat.log_id.to_string(),
            }),
            Ok(None) => Err(BusError::NotConnected),
            Err(_) => Ok(()),
        }
    }

    async fn send(&self, event: &Recorded, end: End) -> Result<PublishAckFuture, BusError> {
        let log_id = self.log_id.to_string();
        let (subject, headers, payload) =
            message::encode(&self.source, &log_id, end.position, event);
        let message = PublishMessage::build()
            .headers(headers)
            .payload(payload)
            .expected_stream(name(&self.source))
            .expected_last_sequence(end.sequence);
        let sent = self.nats.jetstream()?.send_publish(subject, message).await;
        sent.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => BusError::TooLarge {
                position: event.position.0,
            },
            _ => BusError::nats("take an event")(error),
        })
    }

    fn interrupted(&self, reason: &str) -> BusError {
        BusError::Interrupted {
            source_name: self.source.clone(),
            reason: reason.to_owned(),
        }
    }
}

/// Waits until the server has an event where it was meant to be.
async fn acknowledged(
    sent: PublishAckFuture,
    end: End,
    sending: Option<Sending>,
) -> Result<Position, BusError> {
    let action = "take an event";
    let acknowledged = sent.await.map_err(BusError::nats(action))?;
    drop(sending);
    if acknowledged.sequence == end.sequence {
        return Ok(end.position);
    }
    Err(BusError::nats(action)("it took the event at another place"))
}

/// The next event to send; whoever stops waiting for it loses nothing.
async fn next(
    waiting: &mut VecDeque<Arc<Recorded>>,
    pages: &mut (impl Stream<Item = Result<Vec<Arc<Recorded>>, LogError>> + Unpin),
) -> Option<Result<Arc<Recorded>, LogError>> {
    loop {
        if let Some(event) = waiting.pop_front() {
            return Some(Ok(event));
        }
        match pages.next().await? {
            Ok(page) => waiting.extend(page),
            Err(error) => return Some(Err(error)),
        }
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
