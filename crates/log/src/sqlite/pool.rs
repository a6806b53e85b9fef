//! A few connections for reading, worked off by threads that may block.
//!
//! A reader's future holds nothing while it waits, neither a turn nor a connection: one that is
//! begun and then left alone, as in a `select!`, keeps nobody else from reading.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;

use super::lock::Lock;
use super::schema;
use crate::LogError;

/// Queries that run at the same time; more wait.
const CONNECTIONS: usize = 4;

/// Held shared while a query runs, and alone for the instant in which the WAL starts over: a
/// rebuild that always has some page open would otherwise let it grow for ever.
pub(super) type Gate = Arc<RwLock<()>>;

/// The connections and those who wait for them.
pub(super) struct Pool {
    path: PathBuf,
    gate: Gate,
    state: Mutex<State>,
    /// How many threads are at work.
    working: watch::Sender<usize>,
}

struct State {
    waiting: VecDeque<Query>,
    idle: Vec<Connection>,
    /// Let go after the connections; `None` once the log is closed.
    lock: Option<Arc<Lock>>,
}

/// Answers its reader; says whether the connection can be used again.
type Query = Box<dyn FnOnce(rusqlite::Result<&Connection>) -> bool + Send>;

impl Pool {
    pub(super) fn new(path: &Path, lock: Arc<Lock>) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            idle: Vec::new(),
            lock: Some(lock),
        };
        Self {
            path: path.to_owned(),
            gate: Gate::default(),
            state: Mutex::new(state),
            working: watch::Sender::new(0),
        }
    }

    pub(super) fn gate(&self) -> Gate {
        Arc::clone(&self.gate)
    }

    /// Runs `query` on one of the connections.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LogError> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(move |db| {
            // Whoever asked may have gone.
            if reply.is_closed() {
                return true;
            }
            let rows = db.and_then(query);
            let is_good = rows.is_ok();
            drop(reply.send(rows));
            is_good
        }))?;
        match answer.await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(LogError::Unavailable(Arc::new(error))),
            // The query panicked.
            Err(error) => Err(LogError::Unavailable(Arc::new(error))),
        }
    }

    fn enqueue(self: &Arc<Self>, query: Query) -> Result<(), LogError> {
        let mut state = self.state();
        if state.lock.is_none() {
            return Err(LogError::Closed);
        }
        state.waiting.push_back(query);
        if *self.working.borrow() < CONNECTIONS {
            self.working.send_modify(|working| *working += 1);
            let worker = Worker(Arc::clone(self));
            spawn_blocking(move || worker.run());
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nobody in any more, waits for those who read, and closes the connections.
    pub(super) async fn close(&self) {
        let lock = self.state().lock.take();
        let mut working = self.working.subscribe();
        // It cannot fail: the sender is in `self`.
        drop(working.wait_for(|working| *working == 0).await);
        let mut state = self.state();
        state.waiting.clear();
        state.idle.clear();
        drop(lock);
    }
}

/// A thread at work: it goes when nobody waits.
struct Worker(Arc<Pool>);

impl Worker {
    fn run(self) {
        let mut connection = None;
        while let Some(query) = self.next(&mut connection) {
            let db = connection
                .take()
                .map_or_else(|| schema::reader(&self.0.path), Ok);
            let open = self.0.gate.read().unwrap_or_else(PoisonError::into_inner);
            connection = match db {
                Ok(db) => query(Ok(&db)).then_some(db),
                Err(error) => {
                    query(Err(error));
                    None
                }
            };
            drop(open);
        }
    }

    fn next(&self, connection: &mut Option<Connection>) -> Option<Query> {
        let mut state = self.0.state();
        if let Some(query) = state.waiting.pop_front() {
            *connection = connection.take().or_else(|| state.idle.pop());
            return Some(query);
        }
        // Within the lock: whoever comes next must see that this thread no longer looks.
        state.idle.extend(connection.take());
        self.0.working.send_modify(|working| *working -= 1);
        None
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.working.send_modify(|working| *working -= 1);
        }
    }
}
