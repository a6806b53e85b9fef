//! What one client cannot do to the others.

mod connections;
mod requests;

use keizoku_cli::server::config::Config;
use keizoku_testkit::Cluster;

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

async fn with(change: impl FnOnce(&mut Config)) -> Cluster {
    Cluster::configured(NOW, |_, config| change(config)).await
}
