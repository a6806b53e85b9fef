//! The real binary and a collector.

use keizoku_testkit::{Scene, Serve};
use tempfile::TempDir;

use crate::telemetry::Collector;

#[tokio::test]
async fn the_last_traces_and_metrics_are_sent_when_it_stops() {
    let (collector, address) = Collector::start().await;
    let data = TempDir::new().unwrap();
    let server = Serve::on(data.path())
        .env("KEIZOKU__TELEMETRY__ENDPOINT", format!("http://{address}"))
        .env("KEIZOKU__TELEMETRY__TRACE_PERCENT", "100")
        .env("KEIZOKU__TELEMETRY__METRICS_INTERVAL_SECONDS", "3600")
        .start();
    let scene = Scene::new("telemetry", server.api("csm").await);
    scene.account("あおば製作所", |_| ()).await;
    drop(scene);
    let exited = server.stop().await;
    assert_eq!(exited.code(), Some(0), "{exited:?}");
    let spans: Vec<String> = collector
        .spans()
        .into_iter()
        .map(|span| span.name)
        .collect();
    for name in [
        "keizoku.accounts.v1.AccountsService/CreateAccount",
        "log.append",
    ] {
        assert!(spans.iter().any(|span| span == name), "{name}: {spans:?}");
    }
    assert!(!collector.metrics().is_empty());
}
