//! Structured logs to standard error.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Plain,
    /// For machines.
    Json,
}

/// Unless it is asked for: a line for each time that a client misuses HTTP/2 would fill disks at
/// the client's will. Such clients are cut off.
const UNLESS_ASKED_FOR: &str = "h2=error";

/// Starts logging; a second call in one process changes nothing.
pub fn start(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(format!("{UNLESS_ASKED_FOR},{filter}"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Plain => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    // A test that starts two servers in one process has one log: not an error.
    drop(started);
}
