//! What a process tells a collector, over the real protocol.

mod collector;
mod deployment;
mod metrics;
pub(crate) mod traces;

use std::net::SocketAddr;

use keizoku_cli::server::config::Config;
use keizoku_testkit::Cluster;

pub(crate) use collector::Collector;

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

/// A server that tells everything to the collector at `address`, at the latest when it stops.
async fn telling(address: SocketAddr) -> Cluster {
    Cluster::configured(NOW, |_, config| tell(config, address)).await
}

fn tell(config: &mut Config, address: SocketAddr) {
    config.telemetry.endpoint = format!("http://{address}");
    config.telemetry.trace_percent = 100;
    config.telemetry.metrics_interval_seconds = 3_600;
}
