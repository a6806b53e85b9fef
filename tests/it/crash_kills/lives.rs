//! One life of the process: how it begins, what is looked at, and how it ends.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use keizoku_cli::client::Connection;
use keizoku_testkit::{Exited, Serve, logs};
use tempfile::TempDir;
use tokio::sync::watch;

use super::WRITERS;
use super::checks::Died;
use super::writer::Writer;
use crate::random::Random;

/// The named points: before and after append, commit and projection.
pub(crate) const POINTS: [&str; 7] = [
    "command.append.before",
    "log.append.received",
    "log.commit.before",
    "log.commit.after",
    "command.append.after",
    "projection.apply.before",
    "projection.apply.after",
];
/// The signal of a process that aborts.
const SIGABRT: i32 = 6;
/// Changes after which a named point should have been passed often enough.
const MOST_CHANGES: u64 = 3_000;

/// How a life is to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    /// Killed from outside after so many changes.
    Kill(u64),
    /// Where a named point is passed for the n-th time.
    At(&'static str, u64),
    /// Asked to stop after so many changes.
    Stop(u64),
}

impl Plan {
    pub(crate) fn of(round: u64, random: &mut Random) -> Self {
        if round % 20 == 10 {
            return Self::Stop(5 + random.below(40));
        }
        if round.is_multiple_of(2) {
            return Self::Kill(5 + random.below(40));
        }
        let point = POINTS[usize::try_from(round / 2).unwrap() % POINTS.len()];
        // Models read the log again at every start, so that the first batches of a life end it
        // before it is ready; most lives are to end later, with the writers at work.
        let times = match (point.starts_with("projection."), random.below(4)) {
            (true, 0) => 1 + random.below(3),
            (true, _) => 100 + random.below(60),
            (false, _) => 15 + random.below(30),
        };
        Self::At(point, times)
    }
}

/// When a process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Death {
    /// Before it was ready.
    Starting(&'static str),
    /// While the last life's changes were looked at.
    LookedAt(&'static str),
    /// With all writers in flight; at a named point, or killed from outside.
    AtWork(Option<&'static str>),
    /// In order: what was accepted was finished.
    Stopped,
}

impl Death {
    pub(crate) fn is_at_work(self) -> bool {
        matches!(self, Self::AtWork(_))
    }
}

/// What the writers have done in this life.
pub(crate) struct Tally {
    changes: watch::Sender<u64>,
    in_flight: AtomicUsize,
}

/// A request that is on its way.
pub(crate) struct InFlight<'a>(&'a AtomicUsize);

impl Tally {
    fn new() -> Self {
        Self {
            changes: watch::Sender::new(0),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(crate) fn acknowledged(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    pub(crate) fn in_flight(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        InFlight(&self.in_flight)
    }

    async fn reached(&self, changes: u64) {
        let mut seen = self.changes.subscribe();
        seen.wait_for(|seen| *seen >= changes).await.unwrap();
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Starts the process, looks at what the last life left, lets the writers work, and sees it die.
pub(crate) async fn live(
    data: &TempDir,
    plan: Plan,
    mut writers: Vec<Writer>,
) -> (Vec<Writer>, Death) {
    let serve = Serve::on(data.path());
    let started = match plan {
        Plan::Kill(_) | Plan::Stop(_) => serve.try_start(),
        Plan::At(point, times) => serve.crashing_at(&format!("{point}:{times}")).try_start(),
    };
    let mut process = match (started, plan) {
        (Ok(process), _) => process,
        (Err(exited), Plan::At(point, _)) => {
            aborted(&exited);
            return (writers, Death::Starting(point));
        }
        (Err(exited), _) => panic!("it does not start: {exited:?}"),
    };
    let looked = look(data, &process, &mut writers).await;
    let api = match (looked, plan) {
        (Ok(api), _) => api,
        (Err(Died), Plan::At(point, _)) => {
            aborted(&process.exited().await);
            return (writers, Death::LookedAt(point));
        }
        (Err(Died), _) => panic!("it died by itself: {:?}", process.exited().await),
    };

    let tally = Tally::new();
    let work = join_all(writers.iter_mut().map(|writer| writer.write(&api, &tally)));
    let death = match plan {
        Plan::Kill(after) => {
            let kill = async {
                tally.reached(after).await;
                assert_eq!(tally.in_flight.load(Ordering::SeqCst), WRITERS);
                process.kill();
            };
            futures::join!(work, kill);
            Death::AtWork(None)
        }
        Plan::At(point, times) => {
            tokio::select! {
                _ = work => {}
                () = tally.reached(MOST_CHANGES) => panic!("{point} is not passed {times} times"),
            }
            aborted(&process.exited().await);
            Death::AtWork(Some(point))
        }
        Plan::Stop(after) => {
            let stop = async {
                tally.reached(after).await;
                process.stop().await
            };
            let (_, exited) = futures::join!(work, stop);
            assert_eq!(exited.code(), Some(0), "{exited:?}");
            Death::Stopped
        }
    };
    (writers, death)
}

fn aborted(exited: &Exited) {
    assert_eq!(exited.signal(), Some(SIGABRT), "{exited:?}");
}

/// Settles what is unknown and looks at what the writers did last.
async fn look(
    data: &TempDir,
    process: &keizoku_testkit::Process,
    writers: &mut [Writer],
) -> Result<Connection, Died> {
    // Sound, and without a gap.
    drop(logs::heads(data.path()));
    let api = process.try_api("csm").await.ok_or(Died)?;
    for writer in writers.iter_mut() {
        writer.settle(&api).await?;
        writer.look_at_last(&api).await?;
    }
    super::checks::count(&api, writers).await?;
    Ok(api)
}
