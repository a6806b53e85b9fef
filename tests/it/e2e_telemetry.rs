//! The real binary and a collector.

use keizoku_testkit::peer::SlackPeer;
use keizoku_testkit::{Deployment, Scene, Serve};
use tempfile::TempDir;

use crate::telemetry::Collector;
use crate::telemetry::traces::{MessageTrace, open_risk};

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

/// Four processes, a nats-server, a collector and Slack.
#[tokio::test]
async fn one_trace_goes_from_the_caller_over_nats_to_slack() {
    let (collector, address) = Collector::start().await;
    let slack = SlackPeer::start().await;
    let data = TempDir::new().unwrap();
    let environment = [
        ("KEIZOKU__TELEMETRY__ENDPOINT", format!("http://{address}")),
        ("KEIZOKU__TELEMETRY__TRACE_PERCENT", "0".to_owned()),
        (
            "KEIZOKU__NOTIFICATION__ALLOW_PRIVATE_ADDRESSES",
            "true".to_owned(),
        ),
        ("KEIZOKU__NOTIFICATION__SLACK__API_URL", slack.url("/api/")),
        (
            "KEIZOKU__NOTIFICATION__SLACK__BOT_TOKEN",
            "env:SLACK".to_owned(),
        ),
        (
            "KEIZOKU__NOTIFICATION__SLACK__DEFAULT_CHANNEL",
            "#cs".to_owned(),
        ),
        ("SLACK", "xoxb-secret".to_owned()),
    ];
    let mut deployment = Deployment::split_with(data.path(), environment.to_vec());
    let scene = Scene::new("message", deployment.api("csm").await);
    open_risk(&scene).await;
    let posted = slack.wait_for(1).await;
    drop(scene);
    deployment.stop().await;
    let trace = MessageTrace::of(&collector, &posted[0]);
    assert_eq!(trace.relayed(), ["risk"]);
    let models = ["notification", "notification.risk.replica"];
    assert_eq!(trace.models_of("risk"), models);
}
