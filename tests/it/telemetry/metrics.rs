//! Rates, errors and durations per RPC; how far models are behind; what waits for a log,
//! and for a channel.

use std::collections::{BTreeMap, BTreeSet};

use keizoku_cli::client::settle;
use keizoku_cli::server::Role;
use keizoku_proto::accounts::GetAccountRequest;
use keizoku_proto::notification::{Delivery, DeliveryState};
use keizoku_runtime::telemetry::metrics::{
    ALL, APPEND_DURATION, DELIVERIES, EFFECT_WAITING, LOG_HEAD, LOG_QUEUE, MESSAGES, MESSAGES_LAG,
    MODEL_LAG, MODEL_PARKED, RELAY_INTERRUPTED, RELAY_LAG, RPC_DURATION,
};
use keizoku_testkit::peer::{SlackAnswer, SlackPeer, SmtpPeer};
use keizoku_testkit::{Cluster, Scene, refused};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use tempfile::TempDir;

use super::collector::{Collector, attributes};
use super::{NOW, tell};
use crate::notification::world::{configure, deliveries};

type Labels = BTreeMap<String, String>;

/// Every point of a metric: its labels, and its value or how many values it counts.
fn points(metrics: &[Metric], name: &str) -> Vec<(Labels, u64)> {
    let of_name = metrics.iter().filter(|metric| metric.name == name);
    let mut points = Vec::new();
    for metric in of_name {
        match metric.data.as_ref().unwrap() {
            Data::Gauge(gauge) => points.extend(gauge.data_points.iter().map(number)),
            Data::Sum(sum) => points.extend(sum.data_points.iter().map(number)),
            Data::Histogram(histogram) => {
                let of = histogram.data_points.iter();
                points.extend(of.map(|point| (attributes(&point.attributes), point.count)));
            }
            other => panic!("{other:?}"),
        }
    }
    points
}

fn number(point: &NumberDataPoint) -> (Labels, u64) {
    let Some(Value::AsInt(value)) = point.value else {
        panic!("{point:?}");
    };
    (attributes(&point.attributes), u64::try_from(value).unwrap())
}

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    BTreeMap::from(owned)
}

/// What a server tells that did a little of everything: of three messages one was taken, one was
/// refused for good, and one waits until the channel takes more.
pub(super) async fn told() -> Vec<Metric> {
    let (collector, address) = Collector::start().await;
    let (slack, smtp) = (SlackPeer::start().await, SmtpPeer::plain().await);
    let secrets = TempDir::new().unwrap();
    let cluster = Cluster::configured(NOW, |_, config| {
        tell(config, address);
        configure(config, secrets.path(), &slack, &smtp);
        config.notification.slack.default_channel = "#customer-success".to_owned();
    })
    .await;
    let scene = Scene::new("metrics", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    slack.answer_next_with([
        SlackAnswer::OK,
        SlackAnswer::Http(404, "", "channel_not_found"),
        SlackAnswer::Http(429, "retry-after: 60", ""),
    ]);
    let expected = [
        DeliveryState::Delivered,
        DeliveryState::GivenUp,
        DeliveryState::Pending,
    ];
    for (number, state) in expected.into_iter().enumerate() {
        cluster.set(&format!("2026-11-22T09:01:{number:02}[Asia/Tokyo]"));
        scene.risk(&account, "担当者が退職", |_| ()).await;
        slack.wait_for(number + 1).await;
        let is_settled = |found: &[Delivery]| {
            let last = found.last();
            found.len() == number + 1 && last.is_some_and(|last| last.state() == state)
        };
        deliveries(&scene, is_settled).await;
    }
    cluster.set("2026-11-22T09:01:22[Asia/Tokyo]");
    let missing = GetAccountRequest {
        name: "accounts/00000000-0000-4000-8000-000000000000".to_owned(),
        ..GetAccountRequest::default()
    };
    for _ in 0..2 {
        let answer = scene.api.accounts().get_account(missing.clone()).await;
        assert_eq!(refused(answer).reason, "NOT_FOUND");
    }
    let unknown = crate::access::Raw::to(&cluster).await;
    assert!(unknown.call("/made.up/By4711", Vec::new()).await.is_err());
    drop((scene, unknown));
    cluster.stop().await;
    collector.metrics()
}

/// What separate processes tell.
pub(super) async fn told_over_nats() -> Vec<Metric> {
    let (collector, address) = Collector::start().await;
    let cluster = Cluster::split(NOW, |_, config| tell(config, address)).await;
    let scene = Scene::new("metrics", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    scene.risk(&account, "担当者が退職", |_| ()).await;
    settle(&scene.api, &scene.tokens()).await;
    drop(scene);
    cluster.stop().await;
    collector.metrics()
}

#[tokio::test]
async fn relays_and_replicas_are_measured() {
    let metrics = told_over_nats().await;
    for name in [RELAY_LAG, RELAY_INTERRUPTED] {
        let of: BTreeSet<_> = points(&metrics, name).into_iter().collect();
        let logs = Role::ALL.into_iter().filter_map(Role::source);
        let expected = logs.map(|log| (labels([("log", log)]), 0)).collect();
        assert_eq!(of, expected, "{name}");
    }
    let lags = points(&metrics, MODEL_LAG);
    let of = [("model", "forecast.risk.replica"), ("source", "risk")];
    assert!(lags.contains(&(labels(of), 0)), "{lags:?}");
}

#[tokio::test]
async fn ntf_5_what_became_of_messages_and_what_waits_is_measured() {
    let metrics = told().await;
    let mut became = points(&metrics, DELIVERIES);
    became.sort();
    let outcome = |outcome| labels([("channel", "slack"), ("outcome", outcome)]);
    assert_eq!(
        became,
        ["delivered", "failed", "given_up"].map(|of| (outcome(of), 1))
    );
    let stages = |name| -> BTreeMap<String, u64> {
        let points = points(&metrics, name).into_iter();
        points
            .map(|(of, value)| (of["stage"].clone(), value))
            .collect()
    };
    let expected = [
        ("ambiguous", 0),
        ("dead_letter", 1),
        ("due", 0),
        ("sending", 0),
        ("waiting", 1),
    ];
    let owned = |(stage, value): (&str, u64)| (stage.to_owned(), value);
    assert_eq!(stages(MESSAGES), BTreeMap::from(expected.map(owned)));
    let expected = [("digest", 0), ("planning", 0), ("sending", 20)];
    assert_eq!(stages(MESSAGES_LAG), BTreeMap::from(expected.map(owned)));
}

#[tokio::test]
async fn rpcs_logs_and_models_are_measured() {
    let metrics = told().await;
    let names: BTreeSet<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    let mut expected = BTreeSet::from(ALL);
    // Relays are where there is NATS.
    expected.retain(|name| ![RELAY_LAG, RELAY_INTERRUPTED].contains(name));
    assert_eq!(names, expected);

    let rpcs = points(&metrics, RPC_DURATION);
    for (method, code, count) in [
        ("keizoku.accounts.v1.AccountsService/CreateAccount", "OK", 1),
        (
            "keizoku.accounts.v1.AccountsService/GetAccount",
            "NOT_FOUND",
            2,
        ),
        ("keizoku.risk.v1.RiskService/OpenRisk", "OK", 3),
        // Names that callers make up do not become labels.
        ("unknown", "UNIMPLEMENTED", 1),
    ] {
        let expected = labels([("rpc.method", method), ("rpc.response.status_code", code)]);
        assert!(rpcs.contains(&(expected, count)), "{method}: {rpcs:?}");
    }
    let appends = points(&metrics, APPEND_DURATION);
    for log in ["accounts", "risk"] {
        let ok = labels([("log", log), ("outcome", "ok")]);
        assert!(
            appends.iter().any(|(of, count)| *of == ok && *count > 0),
            "{appends:?}"
        );
        assert!(points(&metrics, LOG_QUEUE).contains(&(labels([("log", log)]), 0)));
        let heads = points(&metrics, LOG_HEAD);
        let head = heads.iter().find(|(of, _)| *of == labels([("log", log)]));
        assert!(head.is_some_and(|(_, position)| *position > 0), "{heads:?}");
    }
    for effect in ["churn_dates", "onboarding", "onboarding_watch", "risk"] {
        let none = (labels([("effect", effect)]), 0);
        assert!(points(&metrics, EFFECT_WAITING).contains(&none), "{effect}");
    }
    for name in [MODEL_LAG, MODEL_PARKED] {
        let followed: BTreeSet<_> = points(&metrics, name)
            .into_iter()
            .map(|(of, value)| (of["model"].clone(), of["source"].clone(), value))
            .collect();
        let expected = [
            ("accounts", "accounts"),
            ("book", "accounts"),
            ("forecast", "accounts"),
            ("health_board", "healthscore"),
            ("healthscore", "accounts"),
            ("healthscore", "healthscore"),
            ("healthscore", "onboarding"),
            ("notification", "accounts"),
            ("notification", "healthscore"),
            ("notification", "notification"),
            ("notification", "onboarding"),
            ("notification", "risk"),
            ("onboarding", "accounts"),
            ("onboarding", "healthscore"),
            ("onboarding", "onboarding"),
            ("onboarding_board", "onboarding"),
            ("risk", "accounts"),
            ("risk", "healthscore"),
            ("risk", "onboarding"),
            ("risk", "risk"),
            ("risk_board", "risk"),
        ];
        let expected = expected.map(|(model, source)| (model.to_owned(), source.to_owned(), 0));
        assert_eq!(followed, BTreeSet::from(expected), "{name}");
    }
}
