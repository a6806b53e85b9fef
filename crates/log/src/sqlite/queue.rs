//! The way from many callers to the one writer, and back.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use keizoku_core::{NewEvent, Revision, StreamId};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::{AppendError, Appended};

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

/// The callers' end. It takes everything: an append that waited elsewhere would need as much memory.
pub(super) struct Queue {
    /// `None` once closed; the writer ends when it has answered the rest.
    sender: Mutex<Option<mpsc::UnboundedSender<Request>>>,
    /// Taken by the first append, which starts giving out what comes.
    answered: Mutex<Option<mpsc::UnboundedReceiver<Answered>>>,
}

/// The writer's end.
pub(super) struct Requests(mpsc::UnboundedReceiver<Request>);

/// The writer's end of the way back.
pub(super) struct Answers(mpsc::UnboundedSender<Answered>);

/// A group with its answers.
type Answered = (Vec<Request>, Vec<Answer>);

pub(super) fn channel() -> (Requests, Queue, Answers) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (answers, answered) = mpsc::unbounded_channel();
    let queue = Queue {
        sender: Mutex::new(Some(sender)),
        answered: Mutex::new(Some(answered)),
    };
    (Requests(receiver), queue, Answers(answers))
}

impl Queue {
    /// Hands an append to the writer and waits for its answer. The writer has it from the first
    /// poll on: dropped later, it is written as if it had not been.
    pub(super) async fn append(
        &self,
        stream: &StreamId,
        expected: Revision,
        events: Vec<NewEvent>,
    ) -> Answer {
        let bytes = check(&events)?;
        self.give_out();
        let (reply, answer) = oneshot::channel();
        self.send(Request {
            stream: stream.to_string(),
            expected,
            events,
            bytes,
            reply,
        })?;
        answer
            .await
            .unwrap_or_else(|error| Err(AppendError::Unknown(Arc::new(error))))
    }

    fn send(&self, request: Request) -> Result<(), AppendError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = sender.as_ref().ok_or(AppendError::Closed)?;
        sender.send(request).map_err(|_| AppendError::Closed)
    }

    /// Starts the task that gives out answers where their callers run: the writer wakes one task per
    /// group instead of every caller, and callers that are woken together answer together.
    fn give_out(&self) {
        let taken = self
            .answered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Outside a runtime the receiver goes, and the writer answers by itself.
        if let (Some(mut answered), Ok(runtime)) = (taken, Handle::try_current()) {
            runtime.spawn(async move {
                while let Some((group, answers)) = answered.recv().await {
                    give(group, answers);
                }
            });
        }
    }

    pub(super) fn close(&self) {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

impl Answers {
    /// Answers a group.
    pub(super) fn give(&self, group: Vec<Request>, answers: Vec<Answer>) {
        if let Err(mpsc::error::SendError((group, answers))) = self.0.send((group, answers)) {
            give(group, answers); // the runtime of the first caller is gone
        }
    }
}

fn give(group: Vec<Request>, answers: Vec<Answer>) {
    for (request, answer) in group.into_iter().zip(answers) {
        request.answer(answer);
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
