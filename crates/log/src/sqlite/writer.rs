//! The one thread that writes: a transaction per group, an fsync per transaction.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use keizoku_core::{Clock, Probe};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::watch;

use super::checkpoint::WalKeeper;
use super::group::{Group, Tips};
use super::lock::Lock;
use super::origins::{Moved, Origin, Origins};
use super::queue::{Answer, Answers, Request, Requests};
use super::tail::Tail;
use super::{OnFatal, SqliteOptions};
use crate::{AppendError, Cause, Head};

/// The state of the writer's thread. Fields are dropped in this order: the lock goes last.
pub(super) struct Writer {
    db: Connection,
    tips: Tips,
    origins: Arc<Origins>,
    tail: Arc<Tail>,
    publish: watch::Sender<Head>,
    answers: Answers,
    wal: WalKeeper,
    clock: Arc<dyn Clock>,
    probe: Arc<dyn Probe>,
    on_fatal: OnFatal,
    _lock: Arc<Lock>,
}

/// Where the writer tells what it has done, in this order.
pub(super) struct Outlets {
    pub(super) origins: Arc<Origins>,
    pub(super) tail: Arc<Tail>,
    pub(super) publish: watch::Sender<Head>,
    pub(super) answers: Answers,
}

type Fatal = Arc<rusqlite::Error>;

/// Why a group was not committed.
enum Failure {
    /// The disk is full: nothing was written, and the next group may be luckier.
    Full,
    /// Nothing was written.
    Refused(rusqlite::Error),
    /// Whether it was written is unknown.
    Fatal(Fatal),
}

impl Writer {
    pub(super) fn new(
        options: &SqliteOptions,
        db: Connection,
        outlets: Outlets,
        wal: WalKeeper,
        lock: Arc<Lock>,
    ) -> Self {
        let Outlets {
            origins,
            tail,
            publish,
            answers,
        } = outlets;
        let (clock, probe) = (Arc::clone(&options.clock), Arc::clone(&options.probe));
        let on_fatal = Arc::clone(&options.on_fatal);
        Self {
            db,
            tips: Tips::new(),
            origins,
            tail,
            publish,
            answers,
            wal,
            clock,
            probe,
            on_fatal,
            _lock: lock,
        }
    }

    /// Starts the thread; it ends when the queue is closed and empty, or after a fatal failure.
    pub(super) fn start(self, requests: Requests) -> io::Result<JoinHandle<()>> {
        thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || self.run(requests))
    }

    fn run(mut self, mut requests: Requests) {
        let _alarm = Alarm(Arc::clone(&self.on_fatal));
        while let Some(group) = requests.group() {
            if self.wal.has_failed() {
                refuse(group, &AppendError::Closed);
                return requests.refuse_all();
            }
            if let Err(error) = self.serve(group).and_then(|()| self.tend()) {
                requests.refuse_all();
                return (self.on_fatal)(&error);
            }
        }
    }

    fn tend(&mut self) -> Result<(), Fatal> {
        self.wal.tend(&self.db).map_err(Arc::new)
    }

    /// Answers a whole group, in the one way that it went. An error is fatal.
    fn serve(&mut self, mut group: Vec<Request>) -> Result<(), Fatal> {
        for _ in &group {
            self.probe.reached("log.append.received");
        }
        let failure = match self.commit(&mut group) {
            Ok(answers) => {
                self.answers.give(group, answers);
                return Ok(());
            }
            Err(failure) => failure,
        };
        // What it remembers may never have come about.
        self.tips.forget();
        let (answer, result) = match failure {
            Failure::Full => (AppendError::Full, Ok(())),
            Failure::Refused(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the log refused a group"
                );
                (AppendError::Unavailable(Arc::new(error)), Ok(()))
            }
            Failure::Fatal(error) => {
                let cause: Cause = Arc::clone(&error) as Cause;
                (AppendError::Unknown(cause), Err(error))
            }
        };
        refuse(group, &answer);
        result
    }

    /// Commits a group and moves the head. Answers may rest on what others in the group wrote, so
    /// none may be given before.
    fn commit(&mut self, group: &mut [Request]) -> Result<Vec<Answer>, Failure> {
        let head = *self.publish.borrow();
        let now = self.clock.now();
        // The clock may go back, recorded time may not.
        let micros = head
            .recorded_at
            .map_or(now, |last| last.max(now))
            .as_microsecond();

        run(&self.db, "BEGIN IMMEDIATE")?;
        let written = write(&self.db, &mut self.tips, &self.origins, group, head, micros);
        let Written {
            answers,
            next,
            began,
            moved,
        } = written.map_err(|error| self.roll_back(error))?;
        if next == head {
            run(&self.db, "ROLLBACK").map_err(Failure::fatal)?;
            return Ok(answers);
        }
        self.probe.reached("log.commit.before");
        run(&self.db, "COMMIT").map_err(|error| self.after_commit(error))?;
        self.probe.reached("log.commit.after");
        self.origins.committed(began, &moved);
        self.tail.extend(head, group, &answers);
        self.publish.send_replace(next);
        Ok(answers)
    }

    /// A statement before the commit failed.
    fn roll_back(&self, error: rusqlite::Error) -> Failure {
        // SQLite has already rolled back after some errors.
        if !self.db.is_autocommit()
            && let Err(error) = run(&self.db, "ROLLBACK")
        {
            return Failure::fatal(error);
        }
        error.into()
    }

    /// The commit itself failed.
    fn after_commit(&self, error: rusqlite::Error) -> Failure {
        match error.sqlite_error_code() {
            // The last page of the group, which makes it count, was not written.
            Some(ErrorCode::DiskFull) => self.roll_back(error),
            _ => Failure::fatal(error),
        }
    }
}

impl Failure {
    fn fatal(error: rusqlite::Error) -> Self {
        Self::Fatal(Arc::new(error))
    }
}

/// What the failure of a statement before the commit means.
impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            // A disk that fails to read or write cannot be trusted to have kept the rest.
            Some(ErrorCode::SystemIoFailure) => Self::fatal(error),
            _ => Self::Refused(error),
        }
    }
}

/// What a group comes to, once it is committed.
struct Written {
    answers: Vec<Answer>,
    next: Head,
    began: Vec<Origin>,
    moved: Moved,
}

fn write(
    db: &Connection,
    tips: &mut Tips,
    origins: &Origins,
    requests: &[Request],
    head: Head,
    micros: i64,
) -> rusqlite::Result<Written> {
    let mut group = Group::new(db, tips, origins, head, micros)?;
    let answers = requests.iter().map(|request| group.append(request));
    let answers = answers.collect::<rusqlite::Result<_>>()?;
    let (next, began) = group.finish();
    let moved = origins.move_due(db, head.position, next.position)?;
    Ok(Written {
        answers,
        next,
        began,
        moved,
    })
}

fn refuse(group: Vec<Request>, error: &AppendError) {
    for request in group {
        request.answer(Err(error.clone()));
    }
}

fn run(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

/// Raises the alarm when the thread panics: appends would wait for nobody.
struct Alarm(OnFatal);

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)(&io::Error::other("the log's writer panicked"));
        }
    }
}
