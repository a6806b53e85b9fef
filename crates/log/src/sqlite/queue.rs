//! The way from many callers to the one writer, and back.
//!
//! ```text
//! callers ──► desk ──clerk──► writer's thread ──► clerk ──► callers
//! ```
//!
//! The clerk is a task where the callers run. It hands on, at once, what they all have brought by
//! the time it gets its turn, and gives out a whole group's answers in one go. Threads so wake each
//! other once per group instead of once per append, groups are as large as there are callers, and
//! callers that are woken together answer together.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keizoku_core::{NewEvent, Revision, StreamId};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};

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
pub(super) struct Queue(Arc<Desk>);

/// The writer's end.
pub(super) struct Requests {
    incoming: mpsc::UnboundedReceiver<Vec<Request>>,
    /// What came with others, and did not fit into their group.
    left: std::vec::IntoIter<Request>,
}

/// The writer's end of the way back.
pub(super) struct Answers(Arc<Desk>);

struct Desk {
    state: Mutex<State>,
    /// Rings for the clerk.
    bell: Notify,
}

struct State {
    /// `None` once closed; the writer ends when it has answered the rest.
    writer: Option<mpsc::UnboundedSender<Vec<Request>>>,
    waiting: Vec<Request>,
    answered: Vec<(Vec<Request>, Vec<Answer>)>,
    /// Whether there is a clerk: its runtime may have ended, and another one asks for a new one.
    has_clerk: bool,
    /// Whether the writer has gone.
    is_done: bool,
}

pub(super) fn channel() -> (Requests, Queue, Answers) {
    let (writer, incoming) = mpsc::unbounded_channel();
    let state = State {
        writer: Some(writer),
        waiting: Vec::new(),
        answered: Vec::new(),
        has_clerk: false,
        is_done: false,
    };
    let desk = Arc::new(Desk {
        state: Mutex::new(state),
        bell: Notify::new(),
    });
    let requests = Requests {
        incoming,
        left: Vec::new().into_iter(),
    };
    (requests, Queue(Arc::clone(&desk)), Answers(desk))
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
        let (reply, answer) = oneshot::channel();
        self.bring(Request {
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

    fn bring(&self, request: Request) -> Result<(), AppendError> {
        let mut state = self.0.state();
        if state.writer.is_none() {
            return Err(AppendError::Closed);
        }
        state.waiting.push(request);
        let is_first = state.waiting.len() == 1;
        if !state.has_clerk {
            let Ok(runtime) = Handle::try_current() else {
                return state.hand_on();
            };
            state.has_clerk = true;
            // A runtime that ends drops the clerk here and now, who then needs the desk.
            drop(state);
            runtime.spawn(Clerk(Arc::clone(&self.0)).work());
        }
        if is_first {
            self.0.bell.notify_one();
        }
        Ok(())
    }

    pub(super) fn close(&self) {
        let mut state = self.0.state();
        // It fails when the writer has gone after a fatal failure: those who waited have been told.
        let _ = state.hand_on();
        state.writer = None;
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

impl Answers {
    /// Answers a group.
    pub(super) fn give(&self, group: Vec<Request>, answers: Vec<Answer>) {
        let mut state = self.0.state();
        if state.has_clerk {
            state.answered.push((group, answers));
            self.0.bell.notify_one();
        } else {
            give(group, answers);
        }
    }
}

/// The writer has gone: there will be nothing more to give out.
impl Drop for Answers {
    fn drop(&mut self) {
        self.0.state().is_done = true;
        self.0.bell.notify_one();
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Hands what waits to the writer.
    fn hand_on(&mut self) -> Result<(), AppendError> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let writer = self.writer.as_ref().ok_or(AppendError::Closed)?;
        writer.send(waiting).map_err(|refused| {
            for request in refused.0 {
                request.answer(Err(AppendError::Closed));
            }
            AppendError::Closed
        })
    }

    fn give_out(&mut self) {
        for (group, answers) in std::mem::take(&mut self.answered) {
            give(group, answers);
        }
    }
}

/// The task between callers and writer, on the runtime of whoever called first.
struct Clerk(Arc<Desk>);

impl Clerk {
    async fn work(self) {
        loop {
            self.0.bell.notified().await;
            let mut state = self.0.state();
            state.give_out();
            // It fails when the writer has gone: those who wait have been told.
            let _ = state.hand_on();
            if state.is_done {
                return;
            }
        }
    }
}

/// The runtime ends: nothing may stay on the desk.
impl Drop for Clerk {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.has_clerk = false;
        state.give_out();
        let _ = state.hand_on();
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
        let mut group = Vec::new();
        let mut bytes = 0;
        while group.len() < GROUP && bytes < GROUP_BYTES {
            let next = match self.left.next() {
                Some(next) => next,
                None if group.is_empty() => {
                    self.left = self.incoming.blocking_recv()?.into_iter();
                    continue;
                }
                None => match self.incoming.try_recv() {
                    Ok(more) => {
                        self.left = more.into_iter();
                        continue;
                    }
                    Err(_) => break,
                },
            };
            bytes += next.bytes;
            group.push(next);
        }
        Some(group)
    }

    /// Lets nobody in any more and turns away those who wait.
    pub(super) fn refuse_all(mut self) {
        self.incoming.close();
        let mut refused: Vec<Request> = self.left.collect();
        while let Some(more) = self.incoming.blocking_recv() {
            refused.extend(more);
        }
        for request in refused {
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
