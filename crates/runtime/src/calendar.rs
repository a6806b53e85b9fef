//! What day it is for the organisation.

use std::sync::{Arc, RwLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{Clock, Day};

/// The injected clock, read in the organisation's time zone (GEN-2).
#[derive(Clone)]
pub struct Calendar {
    clock: Arc<dyn Clock>,
    zone: Arc<RwLock<TimeZone>>,
}

impl Calendar {
    /// A calendar in `zone` until the organisation says otherwise.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, zone: TimeZone) -> Self {
        Self {
            clock,
            zone: Arc::new(RwLock::new(zone)),
        }
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

    /// The injected clock.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }
}
