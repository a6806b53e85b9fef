//! Rates, errors and durations per RPC; how far models are behind; what waits for a log.

use std::collections::{BTreeMap, BTreeSet};

use keizoku_proto::accounts::GetAccountRequest;
use keizoku_runtime::telemetry::metrics::{
    ALL, APPEND_DURATION, EFFECT_WAITING, LOG_HEAD, LOG_QUEUE, MODEL_LAG, MODEL_PARKED,
    RPC_DURATION,
};
use keizoku_testkit::{Scene, refused};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use super::collector::{Collector, attributes};
use super::telling;

type Labels = BTreeMap<String, String>;

/// Every point of a metric: its labels, and its value or how many values it counts.
fn points(metrics: &[Metric], name: &str) -> Vec<(Labels, u64)> {
    let of_name = metrics.iter().filter(|metric| metric.name == name);
    let mut points = Vec::new();
    for metric in of_name {
        match metric.data.as_ref().unwrap() {
            Data::Gauge(gauge) => points.extend(gauge.data_points.iter().map(|point| {
                let Some(Value::AsInt(value)) = point.value else {
                    panic!("{point:?}");
                };
                (attributes(&point.attributes), u64::try_from(value).unwrap())
            })),
            Data::Histogram(histogram) => {
                let of = histogram.data_points.iter();
                points.extend(of.map(|point| (attributes(&point.attributes), point.count)));
            }
            other => panic!("{other:?}"),
        }
    }
    points
}

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    BTreeMap::from(owned)
}

/// What a server tells that did a little of everything.
pub(super) async fn told() -> Vec<Metric> {
    let (collector, address) = Collector::start().await;
    let cluster = telling(address).await;
    let scene = Scene::new("metrics", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    scene.risk(&account, "担当者が退職", |_| ()).await;
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

#[tokio::test]
async fn rpcs_logs_and_models_are_measured() {
    let metrics = told().await;
    let names: BTreeSet<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(ALL));

    let rpcs = points(&metrics, RPC_DURATION);
    for (method, code, count) in [
        ("keizoku.accounts.v1.AccountsService/CreateAccount", "OK", 1),
        (
            "keizoku.accounts.v1.AccountsService/GetAccount",
            "NOT_FOUND",
            2,
        ),
        ("keizoku.risk.v1.RiskService/OpenRisk", "OK", 1),
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
    for effect in ["churn_dates", "risk"] {
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
            ("healthscore", "healthscore"),
            // Without a channel nobody is told anything: it follows nobody else.
            ("notification", "notification"),
            ("risk", "accounts"),
            ("risk", "risk"),
            ("risk_board", "risk"),
        ];
        let expected = expected.map(|(model, source)| (model.to_owned(), source.to_owned(), 0));
        assert_eq!(followed, BTreeSet::from(expected), "{name}");
    }
}
