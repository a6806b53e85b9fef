//! Where traces and metrics go, as an operator configures it.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::Problems;

/// Traces and metrics over OTLP. Without an endpoint there are none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Where an OTLP collector takes gRPC; empty: nothing is measured.
    pub endpoint: String,
    /// Authorities that may vouch for an https collector; empty: the machine's.
    pub ca_file: PathBuf,
    /// What the process is called, as `service.name`.
    pub service_name: String,
    /// How many of a hundred traces are kept; those that a client asks for always are.
    pub trace_percent: u8,
    /// How often metrics are sent.
    pub metrics_interval_seconds: u64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            ca_file: PathBuf::new(),
            service_name: "keizoku".to_owned(),
            trace_percent: 10,
            metrics_interval_seconds: 15,
        }
    }
}

impl TelemetryConfig {
    /// Whether anything is measured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.endpoint.is_empty()
    }

    /// Notes what makes no sense.
    pub fn validate(&self, problems: &mut Problems) {
        let is_url = ["http://", "https://"]
            .iter()
            .any(|scheme| self.endpoint.starts_with(scheme));
        if self.is_configured() && !is_url {
            let why = "must begin with http:// or https://, as in http://127.0.0.1:4317";
            problems.add("telemetry.endpoint", why);
        }
        if self.service_name.is_empty() {
            problems.add("telemetry.service_name", "is required");
        }
        if self.trace_percent > 100 {
            problems.add("telemetry.trace_percent", "must be at most 100");
        }
        if self.metrics_interval_seconds == 0 {
            let why = "must be at least 1";
            problems.add("telemetry.metrics_interval_seconds", why);
        }
    }
}
