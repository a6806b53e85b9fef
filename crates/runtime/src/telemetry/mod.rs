//! What a process tells about itself: log lines, traces and metrics.
//!
//! *Used by* the server, the wiring of a process, the projector and whoever works after the answer. *Guarantees*: without
//! `[telemetry]` nothing is measured, and a request meets no layer, no wrapper and no allocation of
//! it; with it, a change is one trace from its RPC over the append and the relay to the models that
//! take it in and the messages that follow, because the trace is stored beside the event. *Fails* by telling less: an unreachable collector
//! is a warning in the log, and what does not fit into the queue is dropped.

mod config;
mod exporter;
mod log;
mod logs;
pub mod metrics;
mod models;
mod relays;
mod rpc;
mod step;
mod trace;

pub use config::TelemetryConfig;
pub use exporter::{Count, Telemetry, TelemetryError};
pub use log::observed;
pub use logs::{LogFormat, start};
pub(crate) use rpc::RpcLayer;
pub use step::Step;
