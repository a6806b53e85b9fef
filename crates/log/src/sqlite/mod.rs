//! The log in one SQLite file: the backend that needs no infrastructure.
//!
//! *Used by* the binary, which opens one per service, and by its `log` ([`ReadOnlyLog`]), `backup`
//! and `restore` commands. *Guarantees* the [`EventLog`] contract, against the loss of power too
//! ([`Synchronous::Full`]). *Fails* to open with an [`OpenError`]; a commit of which nobody knows
//! the outcome ends the process ([`SqliteOptions::on_fatal`]), because only a new start can find
//! out what is on the disk.
//!
//! ```text
//! append ──► queue ──► writer thread: one transaction per group, one fsync ──► tail, head, answers
//! reads  ──► tail: the last events, in memory
//!            pool of read-only connections, one short transaction per page
//!            checkpoint thread: moves the WAL into the database file while both go on
//! ```
//!
//! Probe points, in this order: `log.append.received` (the writer has taken an append from its
//! queue), `log.commit.before` (a group is written, not committed), `log.commit.after` (it is on
//! disk; head has not moved and nobody has been answered).

mod backup;
mod checkpoint;
mod group;
mod lock;
mod options;
mod origins;
mod pool;
mod queue;
mod read_only;
mod reader;
mod schema;
mod tail;
mod verify;
mod writer;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use keizoku_core::{NewEvent, Position, Recorded, Revision, StreamId};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::{AppendError, Appended, Cause, EventLog, Head, LogError};

pub use backup::{BackupError, backup, restore};
pub use lock::Lock;
pub use options::{OnFatal, OpenError, Progress, SqliteOptions, Synchronous};
pub use read_only::ReadOnlyLog;
pub use verify::{Verified, verify};

/// An open log in an SQLite file. See the [module](self).
///
/// Dropped without [`close`](EventLog::close), it finishes what it took in the background.
pub struct SqliteLog {
    log_id: Uuid,
    options: SqliteOptions,
    head: watch::Receiver<Head>,
    queue: queue::Queue,
    origins: Arc<origins::Origins>,
    tail: Arc<tail::Tail>,
    readers: Arc<pool::Pool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl SqliteLog {
    /// Opens the log at `options.path`, or creates it; blocks for as long as it takes to move what
    /// the last run left in the WAL.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(options: SqliteOptions) -> Result<Self, OpenError> {
        let path = options.path.as_path();
        let unusable = |error: rusqlite::Error| OpenError::database(path, error);

        let lock = Arc::new(Lock::take(path)?);
        let connection = schema::open(&options)?;
        let log_id = schema::log_id(&connection).map_err(unusable)?;
        let head = schema::head(&connection).map_err(unusable)?;
        let origins = Arc::new(origins::Origins::open(&connection).map_err(unusable)?);
        let checkpoints = schema::sibling(&options).map_err(unusable)?;

        let (requests, queue, answers) = queue::channel();
        let (publish, head) = watch::channel(head);
        let tail = Arc::new(tail::Tail::default());
        let outlets = writer::Outlets {
            origins: Arc::clone(&origins),
            tail: Arc::clone(&tail),
            publish,
            answers,
        };
        let readers = Arc::new(pool::Pool::new(path, Arc::clone(&lock)));
        let thread = |error: io::Error| OpenError::Unusable {
            path: path.to_owned(),
            source: Arc::new(error),
        };
        let (checkpointer, checkpoint_thread) =
            checkpoint::start(&options, checkpoints, Arc::clone(&lock)).map_err(thread)?;
        let wal = checkpoint::WalKeeper::new(&options, checkpointer, readers.gate());
        let writer = writer::Writer::new(&options, connection, outlets, wal, lock);
        let writer_thread = writer.start(requests).map_err(thread)?;

        let threads = Mutex::new(vec![writer_thread, checkpoint_thread]);
        Ok(Self {
            log_id,
            options,
            head,
            queue,
            origins,
            tail,
            readers,
            threads,
        })
    }

    /// Copies the log as it is now to the new file `to`, while writing goes on; see [`backup`].
    ///
    /// # Errors
    /// See [`BackupError`].
    pub async fn backup(
        &self,
        to: &Path,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<(), BackupError> {
        let (from, to) = (self.options.path.clone(), to.to_owned());
        let copied = spawn_blocking(move || backup(&from, &to, progress)).await;
        copied.unwrap_or_else(|error| Err(BackupError::Failed(Arc::new(error))))
    }

    /// Reads the whole log and checks it, while writing goes on; see [`verify`].
    ///
    /// # Errors
    /// When it cannot be read; what is wrong in it is in the answer.
    pub async fn verify(
        &self,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Verified, OpenError> {
        let path = self.options.path.clone();
        let checked = spawn_blocking(move || verify(&path, progress)).await;
        checked.unwrap_or_else(|error| {
            let source: Cause = Arc::new(error);
            Err(OpenError::Unusable {
                path: self.options.path.clone(),
                source,
            })
        })
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(
        &self,
        stream: &StreamId,
        expected: Revision,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.queue.append(stream, expected, events).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let (stream, origins) = (stream.to_string(), Arc::clone(&self.origins));
        self.readers
            .read(move |db| match origins.find(db, &stream)? {
                Some(origin) => reader::stream_page(db, origin, after, limit),
                None => Ok(Vec::new()),
            })
            .await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Arc<Recorded>>, LogError> {
        if let Some(events) = self.tail.after(after, limit) {
            // A loop that reads from memory alone would let nobody else in.
            tokio::task::consume_budget().await;
            return Ok(events);
        }
        self.readers
            .read(move |db| reader::page(db, after, limit))
            .await
    }

    fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    fn log_id(&self) -> Uuid {
        self.log_id
    }

    async fn close(&self) {
        // Readers first: the last connection to go moves the WAL into the database file, and one that only
        // reads cannot. The writer's thread ends with its queue, and its connection with it.
        self.readers.close().await;
        self.queue.close();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined =
            spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
        if !joined.await.unwrap_or(false) {
            tracing::error!(path = %self.options.path.display(), "a thread of the log panicked");
        }
        self.tail.clear();
    }
}
