//! Keeping the WAL short while everybody writes and reads.
//!
//! A passive checkpoint moves pages into the database file without holding anybody up, but it
//! never catches up with a writer that goes on, and the WAL only starts over when all of it was
//! moved and nobody reads from it. So the bulk is moved by a thread of its own, and the rest, which
//! is little, by the writer between two groups while the gate keeps readers out for an instant.
//! Should the thread fall far behind, the writer waits for it: the WAL stays bounded.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

use super::lock::Lock;
use super::pool::Gate;
use super::schema::PAGE_SIZE;
use super::{OnFatal, SqliteOptions};

/// Attempts of the thread to come near the writer before the writer does the rest.
const ROUNDS: usize = 4;
/// The part of the limit that the writer may be left with.
const REST: u32 = 32;
/// How many times the limit the WAL may grow while the thread works, before the writer waits.
const PATIENCE: u32 = 3;

/// The writer's view of the WAL and of the thread that moves it.
pub(super) struct WalKeeper {
    limit: u32,
    /// Frames in the WAL from which the thread is called.
    next: u32,
    thread: Checkpointer,
    called: bool,
    gate: Gate,
}

/// The writer's handle on the thread; the thread ends when it is dropped.
pub(super) struct Checkpointer {
    call: SyncSender<()>,
    done: Receiver<()>,
    failed: Arc<AtomicBool>,
}

struct Thread {
    db: Connection,
    limit: u32,
    done: Sender<()>,
    failed: Arc<AtomicBool>,
    on_fatal: OnFatal,
    _lock: Arc<Lock>,
}

/// Starts the thread.
pub(super) fn start(
    options: &SqliteOptions,
    db: Connection,
    lock: Arc<Lock>,
) -> io::Result<(Checkpointer, JoinHandle<()>)> {
    let (call, calls) = sync_channel(1);
    let (report, done) = channel();
    let failed = Arc::default();
    let thread = Thread {
        db,
        limit: frames(options),
        done: report,
        failed: Arc::clone(&failed),
        on_fatal: Arc::clone(&options.on_fatal),
        _lock: lock,
    };
    let builder = thread::Builder::new().name("log-checkpoint".to_owned());
    let handle = builder.spawn(move || thread.run(&calls))?;
    Ok((Checkpointer { call, done, failed }, handle))
}

fn frames(options: &SqliteOptions) -> u32 {
    u32::try_from(options.wal_bytes / u64::from(PAGE_SIZE))
        .unwrap_or(u32::MAX)
        .max(1)
}

impl WalKeeper {
    pub(super) fn new(options: &SqliteOptions, thread: Checkpointer, gate: Gate) -> Self {
        let limit = frames(options);
        Self {
            limit,
            next: limit,
            thread,
            called: false,
            gate,
        }
    }

    /// Whether the thread has met a disk that cannot be trusted. It has raised the alarm.
    pub(super) fn has_failed(&self) -> bool {
        self.thread.failed.load(Ordering::Acquire)
    }

    /// Looks after the WAL; called by the writer after each group. An error is fatal.
    pub(super) fn tend(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let Some((frames, _)) = state(db)? else {
            return Ok(());
        };
        if self.called {
            let far_behind = frames
                >= self
                    .next
                    .saturating_add(self.limit.saturating_mul(PATIENCE));
            let done = &self.thread.done;
            let is_done = if far_behind {
                done.recv().is_ok()
            } else {
                done.try_recv().is_ok()
            };
            if is_done {
                self.called = false;
                self.finish(db)?;
            }
        } else if frames >= self.next {
            self.called = self.thread.call.try_send(()).is_ok();
        } else if frames < self.limit {
            self.next = self.limit;
        }
        Ok(())
    }

    /// Moves what the thread has left. If nobody else reads, the next group starts the WAL over;
    /// if somebody does, such as a backup, this is tried again when it has grown as much again.
    fn finish(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        move_pages(db)?;
        drop(alone);
        let frames = state(db)?.map_or(self.next, |(frames, _)| frames);
        self.next = frames.saturating_add(self.limit);
        Ok(())
    }
}

impl Thread {
    fn run(self, calls: &Receiver<()>) {
        while calls.recv().is_ok() {
            if let Err(error) = self.catch_up() {
                self.failed.store(true, Ordering::Release);
                return (self.on_fatal)(&error);
            }
            if self.done.send(()).is_err() {
                return;
            }
        }
    }

    fn catch_up(&self) -> rusqlite::Result<()> {
        for _ in 0..ROUNDS {
            move_pages(&self.db)?;
            if let Some((frames, moved)) = state(&self.db)?
                && frames.saturating_sub(moved) <= self.limit / REST
            {
                break;
            }
        }
        Ok(())
    }
}

/// Frames in the WAL, and how many of them are in the database file; `None` while it changes.
fn state(db: &Connection) -> rusqlite::Result<Option<(u32, u32)>> {
    let state = tolerate(db.wal_checkpoint_v2(Some("main"), CheckpointMode::NOOP))?;
    Ok(state.map(|(frames, moved)| (frames.max(0).cast_unsigned(), moved.max(0).cast_unsigned())))
}

/// Moves as much as readers allow. An error is fatal.
fn move_pages(db: &Connection) -> rusqlite::Result<()> {
    tolerate(db.wal_checkpoint_v2(Some("main"), CheckpointMode::PASSIVE)).map(drop)
}

/// Only a disk that fails is fatal: it cannot be trusted to have kept the rest. When another
/// process is in the way or the disk is full, the WAL keeps everything until the next time.
fn tolerate<T>(result: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => Err(error),
        Err(error) => {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "checkpoint put off"
            );
            Ok(None)
        }
    }
}
