//! A process with a log in it, to be killed: the test binary itself, started once more.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use keizoku_core::{NewEvent, Probe, Revision, StreamId};
use keizoku_log::conformance::{events, read_everything};
use keizoku_log::sqlite::{SqliteLog, Synchronous};
use keizoku_log::{AppendError, EventLog};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{block_on, options};

/// Appends that are in flight at the same time.
const WRITERS: u64 = 16;
/// Events in each append: fewer in a stream are half an append.
pub(crate) const BATCH: u64 = 3;
/// A WAL this short is moved into the database all the time, so that kills meet that too.
const WAL: u64 = 256 << 10;

/// What the process shall do; every text goes through the environment.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// `append`, `look`, `sync-fails` or `disk-full`.
    pub(crate) task: &'static str,
    pub(crate) log: PathBuf,
    /// Tells the streams of one run from those of another.
    pub(crate) run: u64,
    /// Whether commits are not synced.
    pub(crate) careless: bool,
    /// Whether nothing is moved out of the WAL, so that only commits are synced.
    pub(crate) keeps_wal: bool,
    /// A probe point and how often it is passed before the process stands still there.
    pub(crate) stop_at: Option<(&'static str, usize)>,
}

/// The running process, seen from the test.
pub(crate) struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Order {
    /// Starts the process; `disk` adds what a special disk needs.
    pub(crate) fn start(&self, disk: impl FnOnce(&mut Command)) -> Running {
        let mut command = Command::new(env::current_exe().expect("the test binary"));
        command.args(["child::process", "--exact", "--ignored", "--nocapture"]);
        command
            .env("CHILD_TASK", self.task)
            .env("CHILD_LOG", &self.log);
        command.env("CHILD_RUN", self.run.to_string());
        command.env("CHILD_CARELESS", self.careless.to_string());
        command.env("CHILD_KEEPS_WAL", self.keeps_wal.to_string());
        let (point, times) = self.stop_at.unwrap_or_default();
        command
            .env("CHILD_STOP_POINT", point)
            .env("CHILD_STOP_TIMES", times.to_string());
        disk(&mut command);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        Running { process, lines }
    }
}

impl Running {
    /// The next line that says something: the test harness prints others.
    pub(crate) fn line(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.starts_with("child "))
    }

    /// Kills it and answers what it had said that was not yet read.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().expect("it can be killed");
        let rest = std::iter::from_fn(|| self.line()).collect();
        self.process.wait().expect("it ends");
        rest
    }

    /// Everything that it says until it ends by itself.
    pub(crate) fn finish(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.line()).collect();
        assert!(
            self.process.wait().expect("it ends").success(),
            "the process succeeds"
        );
        said
    }
}

/// A test that fails leaves no process behind.
impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// An acknowledged event, as printed.
pub(crate) fn acknowledged(line: &str) -> Option<(String, u64, Uuid)> {
    let mut words = line.strip_prefix("child acknowledged ")?.split(' ');
    let stream = words.next()?.to_owned();
    // The last line of a killed process may be cut off.
    let (revision, id) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (words.next()? == "end").then_some((stream, revision, id))
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

#[test]
#[ignore = "the process that other tests start"]
fn process() {
    let path = PathBuf::from(variable("CHILD_LOG"));
    match variable("CHILD_TASK").as_str() {
        "append" => block_on(append_for_ever(&path)),
        "look" => block_on(look(&path)),
        "sync-fails" => block_on(meet_a_broken_disk(&path)),
        "disk-full" => block_on(meet_a_full_disk(&path)),
        _ => {}
    }
}

async fn append_for_ever(path: &Path) {
    let mut options = options(path);
    if variable("CHILD_KEEPS_WAL") != "true" {
        options.wal_bytes = WAL;
    }
    options.probe = Arc::new(StopAt {
        point: variable("CHILD_STOP_POINT"),
        times: variable("CHILD_STOP_TIMES").parse().unwrap_or_default(),
        passed: AtomicUsize::new(0),
    });
    if variable("CHILD_CARELESS") == "true" {
        options.synchronous = Synchronous::Off;
    }
    let log = Arc::new(SqliteLog::open(options).expect("the log opens"));
    let run: u64 = variable("CHILD_RUN").parse().expect("a number");
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = Arc::clone(&log);
        writers.spawn(async move {
            let stream = StreamId::new("crash", Uuid::from_u64_pair(run, writer));
            for batch in 0.. {
                let batch = events(batch * BATCH, BATCH);
                append(&log, &stream, batch).await;
            }
        });
    }
    writers.join_all().await;
}

/// Event numbers tell where in their stream they belong.
async fn append(log: &SqliteLog, stream: &StreamId, batch: Vec<NewEvent>) {
    let ids: Vec<Uuid> = batch.iter().map(|event| event.id).collect();
    let expected = Revision(ids[0].as_u64_pair().1);
    let appended = log
        .append(stream, expected, batch)
        .await
        .expect("the log takes it");
    for (id, revision) in ids.iter().zip(appended.first.0..) {
        println!("child acknowledged {stream} {revision} {id} end");
    }
}

/// Tells what can be seen, and stands still.
async fn look(path: &Path) {
    let log = SqliteLog::open(options(path)).expect("the log opens");
    for event in read_everything(&log).await {
        println!(
            "child acknowledged {} {} {} end",
            event.stream, event.revision.0, event.id
        );
    }
    println!("child stopped");
    std::future::pending::<()>().await;
}

async fn meet_a_broken_disk(path: &Path) {
    let mut options = options(path);
    options.on_fatal = Arc::new(|_| println!("child fatal"));
    let log = SqliteLog::open(options).expect("the log opens");
    let stream = StreamId::new("crash", Uuid::nil());
    append(&log, &stream, events(0, BATCH)).await;
    std::fs::write(control("sync-fails"), "").expect("told");
    let answer = log
        .append(&stream, Revision(BATCH), events(BATCH, BATCH))
        .await;
    println!(
        "child unknown {}",
        matches!(answer, Err(AppendError::Unknown(_)))
    );
    // The writer has ended, or is about to.
    let mut head = log.head();
    while head.changed().await.is_ok() {}
    println!("child head {}", head.borrow().position);
    std::fs::remove_file(control("sync-fails")).expect("told");
    let answer = log
        .append(&stream, Revision(BATCH), events(BATCH, BATCH))
        .await;
    println!(
        "child closed {}",
        matches!(answer, Err(AppendError::Closed))
    );
    log.close().await;
}

async fn meet_a_full_disk(path: &Path) {
    let log = Arc::new(SqliteLog::open(options(path)).expect("the log opens"));
    for batch in 0..3 {
        std::fs::write(control("disk-full"), "").expect("told");
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let log = Arc::clone(&log);
            writers.spawn(async move {
                let stream = StreamId::new("crash", Uuid::from_u64_pair(0, writer));
                let batch = events(batch * BATCH, BATCH);
                let expected = Revision(batch[0].id.as_u64_pair().1);
                matches!(
                    log.append(&stream, expected, batch).await,
                    Err(AppendError::Full)
                )
            });
        }
        let full = writers
            .join_all()
            .await
            .iter()
            .filter(|full| **full)
            .count();
        println!("child full {full}");
        std::fs::remove_file(control("disk-full")).expect("told");
        for writer in 0..WRITERS {
            let stream = StreamId::new("crash", Uuid::from_u64_pair(0, writer));
            append(&log, &stream, events(batch * BATCH, BATCH)).await;
        }
    }
    log.close().await;
}

fn control(failure: &str) -> PathBuf {
    PathBuf::from(variable("LOSSY_CONTROL")).join(failure)
}

/// Stands still at a point, so that the process can be killed exactly there.
struct StopAt {
    point: String,
    times: usize,
    passed: AtomicUsize,
}

impl Probe for StopAt {
    fn reached(&self, point: &'static str) {
        if point == self.point && self.passed.fetch_add(1, Ordering::Relaxed) == self.times {
            println!("child stopped");
            loop {
                thread::park();
            }
        }
    }
}
