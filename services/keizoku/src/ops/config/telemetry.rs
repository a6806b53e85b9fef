//! The keys of `[telemetry]`.

use keizoku_runtime::telemetry::TelemetryConfig;

use super::{Key, path_value, quoted};

/// Every key, taken apart by name so that none is forgotten.
pub(super) fn keys(config: &TelemetryConfig) -> Vec<Key> {
    let TelemetryConfig {
        endpoint,
        ca_file,
        service_name,
        trace_percent,
        metrics_interval_seconds,
    } = config;
    let key = |name, about, value| Key { name, about, value };
    vec![
        key(
            "endpoint",
            "Where an OpenTelemetry collector takes OTLP over gRPC, as in \"http://127.0.0.1:4317\".\n\
             Empty: nothing is measured, and nothing spent on it.",
            quoted(endpoint),
        ),
        key(
            "ca_file",
            "PEM file with the authorities that may vouch for an https collector; empty: the machine's.",
            path_value(ca_file),
        ),
        key(
            "service_name",
            "What the process is called (service.name).",
            quoted(service_name),
        ),
        key(
            "trace_percent",
            "How many of a hundred traces are kept; those that a client asks for always are.",
            trace_percent.to_string(),
        ),
        key(
            "metrics_interval_seconds",
            "How often metrics are sent.",
            metrics_interval_seconds.to_string(),
        ),
    ]
}
