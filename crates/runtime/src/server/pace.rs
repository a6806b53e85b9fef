//! How fast new connections are taken: to set one up costs more than most requests, and whoever
//! misuses one is cut off and comes back at once.

use std::time::Duration;

use tokio::time::Instant;

/// In this time as many connections are taken as may come at once.
const REFILLED: Duration = Duration::from_secs(10);
/// At least so many may come at once, however few there may be at the same time.
const AT_ONCE: usize = 512;

/// The pace of new connections: some at once, and then one after the other. Those that are ahead of
/// it wait in the listener's queue, and who is connected does not notice.
///
/// A leaky bucket (the virtual scheduling of the generic cell rate algorithm, ITU-T I.371).
pub(super) struct Pace {
    interval: Duration,
    /// When the bucket will have run empty.
    empty_at: Instant,
}

impl Pace {
    /// `connections` may be there at the same time, so that many may come at once.
    pub(super) fn new(connections: usize, now: Instant) -> Self {
        let at_once = u32::try_from(connections.max(AT_ONCE)).unwrap_or(u32::MAX);
        Self {
            interval: REFILLED / at_once,
            empty_at: now,
        }
    }

    /// When the next connection is to be taken.
    pub(super) fn next(&mut self, now: Instant) -> Instant {
        self.empty_at = self.empty_at.max(now) + self.interval;
        // Full is what flows out in that time.
        let turn = self.empty_at.checked_sub(REFILLED);
        turn.map_or(now, |turn| turn.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_connections_come_at_once_and_then_one_after_the_other() {
        let start = Instant::now() + REFILLED;
        for (connections, at_once) in [(1, 512), (2_000, 2_000)] {
            let mut pace = Pace::new(connections, start);
            let interval = REFILLED / at_once;
            // Rounding may let one more or one less come.
            for _ in 1..at_once {
                assert_eq!(pace.next(start), start);
            }
            let waits = [pace.next(start), pace.next(start), pace.next(start)];
            assert!(waits[1] > start && waits[1] <= start + 2 * interval);
            assert_eq!(waits[2], waits[1] + interval);
            // What flowed out meanwhile may come at once again.
            let later = start + REFILLED / 2;
            for _ in 0..at_once / 2 - 3 {
                assert_eq!(pace.next(later), later);
            }
            let soon = [0; 5].map(|_| pace.next(later));
            assert!(soon[4] > later && soon[4] <= later + 4 * interval);
        }
    }
}
