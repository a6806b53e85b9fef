//! What was written, and what to look at next.

use std::fmt::Write as _;

use serde::Serialize;

/// What a run wrote.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// What tells this demo from others.
    pub demo: String,
    /// What was written, in order.
    pub stages: Vec<Stage>,
    /// What somebody should know of it.
    pub notes: Vec<String>,
    /// Of the latest signals and accounts: a question about health scores that takes them includes all.
    #[serde(skip)]
    pub consistency_tokens: Vec<String>,
}

/// One kind of thing that was written.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// What: `accounts`, `risks`, …
    pub name: &'static str,
    /// How many; the same when a run is repeated.
    pub written: u64,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

const NEXT: &str = "\
Look at it:
  keizoku forecast                       churn by renewal month
  keizoku metrics                        revenue, retention, churn
  keizoku deadlines --within 60          what has to be done now
  keizoku risk list                      open risks; `keizoku report` for the week
  keizoku health list                    who does badly, the worst first
  keizoku health what-if mid --version 1 whom the scorecard would have warned of
  keizoku onboarding list                who is stuck
";

impl Report {
    /// The report as one JSON document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The report as people read it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("Wrote {}:\n", self.demo);
        let (mut all, mut milliseconds) = (0, 0);
        for stage in &self.stages {
            let _ = writeln!(text, "  {:16} {:>9}", stage.name, stage.written);
            all += stage.written;
            milliseconds += stage.milliseconds;
        }
        let rate = all * 1_000 / milliseconds.max(1);
        let tenths = milliseconds / 100;
        let _ = writeln!(
            text,
            "{all} in {}.{} s: {rate} a second. The same again changes nothing.",
            tenths / 10,
            tenths % 10
        );
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text + "\n" + NEXT
    }
}
