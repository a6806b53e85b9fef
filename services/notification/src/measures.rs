//! What the service tells about itself: what became of messages, what waits, and since when.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use keizoku_proto::notification::Recipient;
use keizoku_runtime::telemetry::metrics::{DELIVERIES, MESSAGES, MESSAGES_LAG};
use keizoku_runtime::telemetry::{Count, Telemetry};

use crate::planner::Desk;
use crate::route::channel;

/// What is counted where it happens.
pub(crate) struct Measures {
    deliveries: Count,
    /// When the next digest is due that has not been handled.
    next_digest: Arc<Mutex<Timestamp>>,
}

impl Measures {
    pub(crate) fn of(telemetry: &Telemetry) -> Self {
        Self {
            deliveries: telemetry.count(DELIVERIES),
            next_digest: Arc::new(Mutex::new(Timestamp::MAX)),
        }
    }

    /// An attempt ended, or a message is not sent on purpose.
    pub(crate) fn became(&self, channel: &'static str, outcome: &'static str) {
        self.deliveries
            .one_more(&[("channel", channel), ("outcome", outcome)]);
    }

    /// There is nobody to tell, or no use in it any more.
    pub(crate) fn suppressed(&self, recipient: &Recipient) {
        self.became(channel(recipient), "suppressed");
    }

    /// A digest is due, or will be.
    pub(crate) fn digest_is_due(&self, due: Timestamp) {
        *lock(&self.next_digest) = due;
    }
}

impl Desk {
    /// Tells how much waits, and how long it has, from now on.
    pub(crate) fn tell_what_waits(&self) {
        let telemetry = self.lifecycle.telemetry();
        let (queries, clock) = (self.queries.clone(), self.calendar.clock());
        telemetry.gauges(MESSAGES, "", "stage", move || {
            let Ok(waiting) = queries.waiting(clock.now()) else {
                return Vec::new(); // a model that cannot be read says so where it is needed
            };
            let counts = [
                ("due", waiting.due),
                ("waiting", waiting.later),
                ("sending", waiting.sending),
                ("ambiguous", waiting.ambiguous),
                ("dead_letter", waiting.dead_letters),
            ];
            counts.map(|(stage, count)| (stage, count.into())).to_vec()
        });
        let (queries, clock) = (self.queries.clone(), self.calendar.clock());
        let next_digest = Arc::clone(&self.measures.next_digest);
        telemetry.gauges(MESSAGES_LAG, "s", "stage", move || {
            let now = clock.now();
            let Ok(waiting) = queries.waiting(now) else {
                return Vec::new();
            };
            let since = |began: Option<Timestamp>| {
                let seconds = began.map_or(0, |began| now.duration_since(began).as_secs());
                u64::try_from(seconds).unwrap_or(0)
            };
            vec![
                ("planning", since(waiting.oldest_fact)),
                ("sending", since(waiting.oldest_message)),
                ("digest", since(Some(*lock(&next_digest)))),
            ]
        });
    }
}

fn lock(due: &Mutex<Timestamp>) -> MutexGuard<'_, Timestamp> {
    due.lock().unwrap_or_else(PoisonError::into_inner)
}
