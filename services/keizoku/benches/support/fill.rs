//! Logs written beforehand: the events that a server would have appended, through the real log,
//! without waiting for the disk.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use keizoku_cli::server::log_path;
use keizoku_core::{
    Clock as _, ManualClock, NewEvent, Recorded, Revision, StreamId, SystemClock, SystemEntropy,
};
use keizoku_log::EventLog as _;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions, Synchronous};
use uuid::Uuid;

use super::Failure;

/// Appends that are handed to the log at once.
const BATCH: usize = 4_096;
/// The past that is made up: that it took this long to become what it is.
const HISTORY: SignedDuration = SignedDuration::from_hours(24 * 1_000);

/// The service whose log an event goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Accounts,
    Risk,
    Healthscore,
}

struct Append {
    service: Service,
    stream: StreamId,
    expected: Revision,
    event: NewEvent,
}

/// Writes the logs of a data directory while the caller makes the events up.
pub(crate) struct Filler {
    history: SignedDuration,
    expected: u64,
    written: u64,
    began: Instant,
    told: Instant,
    /// How often something happened in each stream.
    revisions: HashMap<Uuid, u64>,
    batch: Vec<Append>,
    batches: SyncSender<(Timestamp, Vec<Append>)>,
    writer: JoinHandle<Result<(), Failure>>,
}

impl Filler {
    /// Logs in a new directory, which will hold about `expected` events.
    pub(crate) fn new(data: &Path, expected: u64) -> Result<Self, Failure> {
        Self::over(data, HISTORY, expected)
    }

    /// The same with another past.
    pub(crate) fn over(
        data: &Path,
        history: SignedDuration,
        expected: u64,
    ) -> Result<Self, Failure> {
        std::fs::create_dir_all(data)?;
        let (batches, receiver) = sync_channel(2);
        let logs = Logs::create(data, at(history, 0, 1)?)?;
        let writer = std::thread::spawn(move || logs.write(&receiver));
        let began = Instant::now();
        Ok(Self {
            history,
            expected: expected.max(1),
            written: 0,
            began,
            told: began,
            revisions: HashMap::new(),
            batch: Vec::with_capacity(BATCH),
            batches,
            writer,
        })
    }

    /// Appends an event to the stream that it names.
    pub(crate) fn push(
        &mut self,
        service: Service,
        kind: &'static str,
        recorded: &Recorded,
    ) -> Result<(), Failure> {
        let category = category(recorded.category()).ok_or("a stream of an unknown category")?;
        let subject = recorded.subject()?;
        let revision = self.revisions.entry(subject).or_default();
        self.batch.push(Append {
            service,
            stream: StreamId::new(category, subject),
            expected: Revision(*revision),
            event: NewEvent {
                id: Uuid::from_u64_pair(subject.as_u64_pair().0, *revision),
                kind,
                data: recorded.data.clone(),
                metadata: recorded.metadata.clone(),
            },
        });
        *revision += 1;
        if self.batch.len() == BATCH {
            self.flush()?;
        }
        Ok(())
    }

    /// When what is pushed now will have been recorded.
    pub(crate) fn now(&self) -> Result<Timestamp, Failure> {
        let before = self.written + self.batch.len() as u64;
        at(self.history, before, self.expected)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let at = at(self.history, self.written, self.expected)?;
        self.written += batch.len() as u64;
        // The writer is gone when it failed; `finish` says why.
        let _ = self.batches.send((at, batch));
        if self.told.elapsed() > Duration::from_secs(5) {
            self.told = Instant::now();
            eprintln!("writing logs: {} of {} events", self.written, self.expected);
        }
        Ok(())
    }

    /// Waits until everything is written: how many events there are.
    pub(crate) fn finish(mut self) -> Result<u64, Failure> {
        self.flush()?;
        drop(self.batches);
        let joined = self.writer.join();
        joined.map_err(|_| "the writer panicked")??;
        let seconds = self.began.elapsed().as_secs_f64();
        eprintln!("wrote {} events in {seconds:.1} s", self.written);
        Ok(self.written)
    }
}

/// When something was recorded of which so much came before.
fn at(history: SignedDuration, before: u64, expected: u64) -> Result<Timestamp, Failure> {
    let micros = history.as_micros() * i128::from(before.min(expected)) / i128::from(expected);
    // A day before now at the latest: the clock of the server must not have to wait.
    let since = history + SignedDuration::from_hours(24);
    let offset = SignedDuration::from_micros(i64::try_from(micros)?);
    Ok(SystemClock.now() - since + offset)
}

fn category(name: &str) -> Option<&'static str> {
    const CATEGORIES: [&str; 9] = [
        "organisation",
        "team",
        "user",
        "account",
        "subscription",
        "deal",
        "risk",
        "suggestion",
        "signals",
    ];
    CATEGORIES.into_iter().find(|known| *known == name)
}

struct Logs {
    accounts: SqliteLog,
    risk: SqliteLog,
    healthscore: SqliteLog,
    clock: Arc<ManualClock>,
}

impl Logs {
    fn create(data: &Path, since: Timestamp) -> Result<Self, Failure> {
        let clock = Arc::new(ManualClock::at(since));
        let open = |service: &str| {
            let path = log_path(data, service);
            let mut options = SqliteOptions::new(path, clock.clone(), Arc::new(SystemEntropy));
            options.synchronous = Synchronous::Off;
            SqliteLog::open(options)
        };
        Ok(Self {
            accounts: open(keizoku_accounts::SOURCE)?,
            risk: open(keizoku_risk::SOURCE)?,
            healthscore: open(keizoku_healthscore::SOURCE)?,
            clock,
        })
    }

    fn write(&self, batches: &Receiver<(Timestamp, Vec<Append>)>) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(async {
            for (at, batch) in batches {
                self.clock.set(at);
                try_join_all(batch.into_iter().map(|append| self.append(append))).await?;
            }
            self.accounts.close().await;
            self.risk.close().await;
            self.healthscore.close().await;
            Ok(())
        })
    }

    async fn append(&self, append: Append) -> Result<(), Failure> {
        let Append {
            service,
            stream,
            expected,
            event,
        } = append;
        let log = match service {
            Service::Accounts => &self.accounts,
            Service::Risk => &self.risk,
            Service::Healthscore => &self.healthscore,
        };
        log.append(&stream, expected, vec![event]).await?;
        Ok(())
    }
}
