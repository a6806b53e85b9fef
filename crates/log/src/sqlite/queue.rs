//! The way from many callers to the one writer.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use keizoku_core::{NewEvent, Revision, StreamId};
use tokio::sync::{mpsc, oneshot};

use crate::{AppendError, Appended};

/// Appends that may wait; more callers than that wait to be let in.
const WAITING: usize = 4096;
/// Appends in one group: bounds how long the first of them waits for the last.
const GROUP: usize = 1024;
/// Payload bytes after which a group takes no more.
const GROUP_BYTES: usize = 8 << 20;
/// Payload bytes in one append. Far above what a command makes, far below what SQLite takes.
const APPEND_BYTES: usize = 64 << 20;

pub(super) type Answer = Result<Appended, AppendError>;

/// One append on its way to the writer.
pub(super) struct Request {
    pub(super) stream: String,
    pub(super) expected: Revision,
    pub(super) events: Vec<NewEvent>,
    bytes: usize,
    reply: oneshot::Sender<Answer>,
}

impl Request {
    /// Answers the caller, who may have gone.
    pub(super) fn answer(self, answer: Answer) {
        drop(self.reply.send(answer));
    }
}

/// The callers' end.
pub(super) struct Queue {
    /// `None` once closed; the writer ends when the last clone is gone.
    sender: Mutex<Option<mpsc::Sender<Request>>>,
}

/// The writer's end.
pub(super) struct Requests(mpsc::Receiver<Request>);

pub(super) fn channel() -> (Requests, Queue) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (
        Requests(receiver),
        Queue {
            sender: Mutex::new(Some(sender)),
        },
    )
}

impl Queue {
    /// Hands an append to the writer and waits for its answer. Dropped before the writer has it,
    /// nothing is written; dropped later, it is written as if it had not been.
    pub(super) async fn append(
        &self,
        stream: &StreamId,
        expected: Revision,
        events: Vec<NewEvent>,
    ) -> Answer {
        let bytes = check(&events)?;
        let (reply, answer) = oneshot::channel();
        let request = Request {
            stream: stream.to_string(),
            expected,
            events,
            bytes,
            reply,
        };
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sender = sender.ok_or(AppendError::Closed)?;
        sender
            .send(request)
            .await
            .map_err(|_| AppendError::Closed)?;
        // Held while waiting, the clone would keep the writer from ending.
        drop(sender);
        answer
            .await
            .unwrap_or_else(|error| Err(AppendError::Unknown(Arc::new(error))))
    }

    pub(super) fn close(&self) {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

impl Requests {
    /// Waits for an append, then takes all that wait; `None` when the log is closed and done.
    pub(super) fn group(&mut self) -> Option<Vec<Request>> {
        let first = self.0.blocking_recv()?;
        let mut bytes = first.bytes;
        let mut group = vec![first];
        while group.len() < GROUP && bytes < GROUP_BYTES {
            let Ok(next) = self.0.try_recv() else { break };
            bytes += next.bytes;
            group.push(next);
        }
        Some(group)
    }

    /// Lets nobody in any more and turns away those who wait.
    pub(super) fn refuse_all(mut self) {
        self.0.close();
        while let Some(request) = self.0.blocking_recv() {
            request.answer(Err(AppendError::Closed));
        }
    }
}

/// The size of what is to be appended, if it can be.
fn check(events: &[NewEvent]) -> Result<usize, AppendError> {
    if events.is_empty() {
        return Err(AppendError::Empty);
    }
    let bytes = events
        .iter()
        .map(|event| event.data.len() + event.metadata.len())
        .sum();
    if bytes > APPEND_BYTES {
        return Err(AppendError::TooLarge {
            bytes,
            limit: APPEND_BYTES,
        });
    }
    if events.len() > 1 {
        let mut ids = HashSet::with_capacity(events.len());
        if let Some(twice) = events.iter().find(|event| !ids.insert(event.id)) {
            return Err(AppendError::IdReused { id: twice.id });
        }
    }
    Ok(bytes)
}
