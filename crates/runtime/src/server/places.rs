//! How many connections there may be: one more is closed before anything of it is read.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A server that is full says so this often at most, whatever knocks.
const SAID_AGAIN: Duration = Duration::from_secs(10);

/// Places for connections.
pub(super) struct Places {
    free: Arc<Semaphore>,
    most: usize,
    turned_away: Mutex<TurnedAway>,
}

/// A place, until it is dropped with its connection.
pub(super) type Place = OwnedSemaphorePermit;

#[derive(Default)]
struct TurnedAway {
    /// Since it was said last.
    count: u64,
    said_at: Option<Instant>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(most)),
            most,
            turned_away: Mutex::default(),
        }
    }

    /// A place, unless all are taken.
    pub(super) fn take(&self) -> Option<Place> {
        let place = Arc::clone(&self.free).try_acquire_owned().ok();
        if place.is_none() {
            self.say_that_it_is_full();
        }
        place
    }

    fn say_that_it_is_full(&self) {
        let away = self.turned_away.lock();
        let mut away = away.unwrap_or_else(PoisonError::into_inner);
        away.count += 1;
        if away.said_at.is_some_and(|said| said.elapsed() < SAID_AGAIN) {
            return;
        }
        tracing::warn!(
            connections = self.most,
            turned_away = away.count,
            "all connections that limits.connections allows are taken: others are closed at once; \
             clients share one connection, so look for one that opens many"
        );
        *away = TurnedAway {
            count: 0,
            said_at: Some(Instant::now()),
        };
    }
}
