//! How fast what costs more than it is worth is taken: some at once, and then one after the other.

use std::time::Duration;

use tokio::time::Instant;

/// In this time as many are taken as may come at once.
const REFILLED: Duration = Duration::from_secs(10);

/// A leaky bucket (the virtual scheduling of the generic cell rate algorithm, ITU-T I.371).
pub(super) struct Pace {
    interval: Duration,
    /// When the bucket will have run empty.
    empty_at: Instant,
}

impl Pace {
    /// So many may come at once.
    pub(super) fn new(at_once: u32, now: Instant) -> Self {
        Self {
            interval: REFILLED / at_once,
            empty_at: now,
        }
    }

    /// When the next one is to be taken.
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
    fn so_many_come_at_once_and_then_one_after_the_other() {
        let start = Instant::now() + REFILLED;
        for at_once in [512, 2_000] {
            let mut pace = Pace::new(at_once, start);
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
