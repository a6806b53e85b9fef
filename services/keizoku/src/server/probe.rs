//! Stops the process where a crash test wants it.

use std::sync::atomic::{AtomicU64, Ordering};

use keizoku_core::Probe;

/// Ends the process, as a kill would, when a point is reached for the n-th time.
#[derive(Debug)]
pub struct CrashAt {
    point: String,
    left: AtomicU64,
}

impl CrashAt {
    /// Reads `point` or `point:n`, such as `log.commit.before:17`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (point, times) = text.split_once(':').unwrap_or((text, "1"));
        Self {
            point: point.to_owned(),
            left: AtomicU64::new(times.parse().unwrap_or(1)),
        }
    }
}

impl Probe for CrashAt {
    fn reached(&self, point: &'static str) {
        if point == self.point && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}
