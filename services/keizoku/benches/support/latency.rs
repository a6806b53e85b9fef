//! How long answers took.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest that is told apart: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// Durations, to three digits.
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Self {
        let possible = Histogram::new_with_bounds(1, LONGEST, 3);
        Self(possible.unwrap_or_else(|_| unreachable!("bounds and digits are possible")))
    }

    pub(crate) fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.0.saturating_record(nanos);
    }

    /// The duration that so many percent did not exceed.
    pub(crate) fn at(&self, percent: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_percentile(percent))
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "p50 {:.2?}, p99 {:.2?}, max {:.2?}, n {}",
            self.at(50.0),
            self.at(99.0),
            Duration::from_nanos(self.0.max()),
            self.0.len()
        )
    }
}
