//! The way from many callers to the one writer, and back.
//!
//! ```text
//! callers ──► writer's thread ──► clerk ──► callers
//! ```
//!
//! The clerk is a task where the callers run, and gives out a group's answers, some at a time. The
//! writer so wakes one task per group instead of every caller from another thread, and callers that
//! are woken together answer together. On their way in, appends are not gathered: the writer begins
//! with the first, while callers still bring the others.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keizoku_core::{NewEvent, Revision, StreamId};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::{AppendError, Appended};

/// Appends in one group: bounds how long the first of them waits for the last.
const GROUP: usize = 1024;
/// Answers given out before the callers that got them have their turn.
const AT_ONCE: usize = 8;
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
pub(super) struct Requests(mpsc::UnboundedReceiver<Request>);

/// The writer's end of the way back.
pub(super) struct Answers(Arc<Desk>);

struct Desk {
    state: Mutex<State>,
    /// Rings for the clerk.
    bell: Notify,
}

struct State {
    /// `None` once closed; the writer ends when it has answered the rest.
    writer: Option<mpsc::UnboundedSender<Request>>,
    answered: VecDeque<(Request, Answer)>,
    /// Whether there is a clerk: its runtime may have ended, and another one asks for a new one.
    has_clerk: bool,
    /// Whether the writer has gone.
    is_done: bool,
}

pub(super) fn channel() -> (Requests, Queue, Answers) {
    let (writer, incoming) = mpsc::unbounded_channel();
    let state = State {
        writer: Some(writer),
        answered: VecDeque::new(),
        has_clerk: false,
        is_done: false,
    };
    let desk = Arc::new(Desk {
        state: Mutex::new(state),
        bell: Notify::new(),
    });
    (Requests(incoming), Queue(Arc::clone(&desk)), Answers(desk))
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
        let writer = state.writer.as_ref().ok_or(AppendError::Closed)?;
        writer.send(request).map_err(|_| AppendError::Closed)?;
        if !state.has_clerk
            && let Ok(runtime) = Handle::try_current()
        {
            state.has_clerk = true;
            // A runtime that ends drops the clerk here and now, who then needs the desk.
            drop(state);
            runtime.spawn(Clerk(Arc::clone(&self.0)).work());
        }
        Ok(())
    }

    pub(super) fn close(&self) {
        self.0.state().writer = None;
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
            state.answered.extend(group.into_iter().zip(answers));
            self.0.bell.notify_one();
        } else {
            for (request, answer) in group.into_iter().zip(answers) {
                request.answer(answer);
            }
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
    /// Gives out the first answers; whether there were any.
    fn give_out(&mut self, most: usize) -> bool {
        let first = self.answered.len().min(most);
        for (request, answer) in self.answered.drain(..first) {
            request.answer(answer);
        }
        first > 0
    }
}

/// The task between callers and writer, on the runtime of whoever called first.
struct Clerk(Arc<Desk>);

impl Clerk {
    async fn work(self) {
        loop {
            self.0.bell.notified().await;
            while self.0.state().give_out(AT_ONCE) {
                // The first callers answer their clients while the others still wait for theirs.
                tokio::task::yield_now().await;
            }
            if self.0.state().is_done {
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
        state.give_out(usize::MAX);
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
