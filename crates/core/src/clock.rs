//! Time and randomness, injected: nothing below the binary reads the machine's own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use uuid::Uuid;

/// Where instants come from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, UTC, to the microsecond.
    fn now(&self) -> Timestamp;

    /// Completes when somebody moves the clock; never for one that runs by itself. Whoever waits
    /// for an instant waits for this, too.
    fn moved(&self) -> Moved {
        Moved::default()
    }
}

/// See [`Clock::moved`].
#[derive(Debug, Default)]
pub struct Moved(Option<(Arc<Mutex<Moves>>, u64)>);

/// How often a clock was moved, and who waits for the next time.
#[derive(Debug, Default)]
struct Moves {
    count: u64,
    waiting: Vec<Waker>,
}

impl Future for Moved {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some((moves, seen)) = &self.0 else {
            return Poll::Pending;
        };
        let mut moves = moves.lock().unwrap_or_else(PoisonError::into_inner);
        if moves.count != *seen {
            return Poll::Ready(());
        }
        moves.waiting.push(cx.waker().clone());
        Poll::Pending
    }
}

/// Where unpredictable ids come from.
pub trait Entropy: Send + Sync + 'static {
    /// A fresh random id.
    fn uuid(&self) -> Uuid;
}

/// The machine's clock, cut to the microsecond that the log stores.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let micros = Timestamp::now().as_microsecond();
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The machine's randomness.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws random ids"
    )]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
    moves: Arc<Mutex<Moves>>,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            micros: AtomicI64::new(now.as_microsecond()),
            moves: Arc::default(),
        }
    }

    /// Moves the clock to `now`, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.micros.store(now.as_microsecond(), Ordering::SeqCst);
        let mut moves = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        moves.count += 1;
        moves.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let micros = self.micros.load(Ordering::SeqCst);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
    }
    fn moved(&self) -> Moved {
        let count = self
            .moves
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count;
        Moved(Some((Arc::clone(&self.moves), count)))
    }
}
