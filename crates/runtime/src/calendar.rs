//! What day it is for the organisation.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{Clock, Day, WorkingDays};

/// Longest wait on the machine's timer at once: it stands still while the machine sleeps, and the
/// clock does not.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// The injected clock, read in the organisation's time zone (GEN-2).
#[derive(Clone)]
pub struct Calendar {
    clock: Arc<dyn Clock>,
    zone: Arc<RwLock<TimeZone>>,
    working_days: Arc<WorkingDays>,
}

impl Calendar {
    /// A calendar in `zone` until the organisation says otherwise, with Japan's holidays.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, zone: TimeZone) -> Self {
        Self {
            clock,
            zone: Arc::new(RwLock::new(zone)),
            working_days: Arc::default(),
        }
    }

    /// The same, with other holidays.
    #[must_use]
    pub fn with_working_days(self, working_days: WorkingDays) -> Self {
        let working_days = Arc::new(working_days);
        Self {
            working_days,
            ..self
        }
    }

    /// On which days people work.
    #[must_use]
    pub fn working_days(&self) -> &WorkingDays {
        &self.working_days
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The present local date.
    #[must_use]
    pub fn today(&self) -> Day {
        Day::of(self.now(), &self.zone())
    }

    /// The organisation's time zone.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.zone
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// The organisation moved to another time zone; history is not rewritten (GEN-1).
    pub fn set_zone(&self, zone: TimeZone) {
        *self
            .zone
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = zone;
    }

    /// Waits until the clock shows `instant`, or later.
    pub async fn reach(&self, instant: Timestamp) {
        loop {
            // Asked for first: a clock that is moved between the two lines is not missed.
            let moved = self.clock.moved();
            let left = self.now().duration_until(instant);
            if left.is_zero() || left.is_negative() {
                return;
            }
            let left = left.unsigned_abs().min(LOOK_AGAIN);
            tokio::select! {
                () = moved => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// The injected clock.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::ManualClock;

    use super::*;

    #[tokio::test]
    async fn an_instant_is_reached_when_the_clock_is_moved_there() {
        let noon: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(noon));
        let calendar = Calendar::new(Arc::clone(&clock) as _, TimeZone::UTC);
        calendar.reach(noon).await;
        let tomorrow = noon + jiff::SignedDuration::from_hours(24);
        let waiting = calendar.reach(tomorrow);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        clock.set(noon + jiff::SignedDuration::from_hours(23));
        assert!(futures::poll!(&mut waiting).is_pending());
        clock.set(tomorrow);
        waiting.await;
    }
}
