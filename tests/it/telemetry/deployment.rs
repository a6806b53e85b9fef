//! What `deploy/telemetry` asks for is what a server tells.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use keizoku_testkit::repository;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::Value;

use super::collector::attributes;
use super::metrics::{told, told_over_nats};

/// What a metric is called in Prometheus, after the collector's exporter: every series of it.
fn series(metric: &Metric) -> Vec<String> {
    let unit = match metric.unit.as_str() {
        "s" => "_seconds",
        "" => "",
        other => panic!("the unit {other} of {} has no suffix here", metric.name),
    };
    let name = format!("{}{unit}", metric.name.replace('.', "_"));
    match metric.data.as_ref().unwrap() {
        Data::Histogram(_) => ["_bucket", "_count", "_sum"]
            .map(|suffix| format!("{name}{suffix}"))
            .to_vec(),
        Data::Sum(_) => vec![format!("{name}_total")],
        _ => vec![name],
    }
}

fn labels(metric: &Metric) -> Vec<String> {
    let keys = |of: &[_]| attributes(of).into_keys().collect::<Vec<_>>();
    let keys = match metric.data.as_ref().unwrap() {
        Data::Histogram(histogram) => keys(&histogram.data_points[0].attributes),
        Data::Gauge(gauge) => keys(&gauge.data_points[0].attributes),
        Data::Sum(sum) => keys(&sum.data_points[0].attributes),
        other => panic!("{other:?}"),
    };
    keys.iter().map(|key| key.replace('.', "_")).collect()
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    expression.split(move |letter| !is_of_word(letter))
}

/// The labels that an expression selects or groups by.
fn labels_in(expression: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in expression.split("by (").skip(1) {
        let (listed, _) = part.split_once(')').unwrap();
        found.extend(listed.split(',').map(|label| label.trim().to_owned()));
    }
    for part in expression.split('{').skip(1) {
        let (matchers, _) = part.split_once('}').unwrap();
        let matchers = matchers.split(", ");
        found.extend(matchers.filter_map(|one| Some(one.split_once(['=', '!'])?.0.to_owned())));
    }
    found
}

fn expressions(of: &Value, found: &mut Vec<String>) {
    match of {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "expr" => found.push(text.clone()),
                    other => expressions(other, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|one| expressions(one, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_what_there_is() {
    let mut metrics = told().await;
    metrics.extend(told_over_nats().await);
    let exported: BTreeSet<String> = metrics.iter().flat_map(series).collect();
    let mut known: BTreeSet<String> = metrics.iter().flat_map(labels).collect();
    known.extend(["le", "job"].map(str::to_owned));

    let folder = repository().join("deploy/telemetry");
    let dashboard = fs::read_to_string(folder.join("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);
    let panels = asked.len();
    assert!(panels >= 8, "{panels}");
    let alerts = fs::read_to_string(folder.join("alerts.yaml")).unwrap();
    let rules = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "));
    asked.extend(rules.map(str::to_owned));
    assert!(asked.len() >= panels + 6, "{asked:?}");
    assert_eq!(alerts.matches("- alert: ").count(), asked.len() - panels);

    for expression in &asked {
        let ours = |word: &&str| word.starts_with("keizoku_") || word.starts_with("rpc_server_");
        let names: Vec<&str> = words(expression).filter(ours).collect();
        assert!(!names.is_empty(), "{expression} asks for nothing of ours");
        for name in names {
            assert!(
                exported.contains(name),
                "{name} in {expression}: {exported:?}"
            );
        }
        let unknown: Vec<_> = labels_in(expression).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{unknown:?} in {expression}");
    }
    // And the other way round: whatever is told is shown.
    for metric in &metrics {
        let is_shown = series(metric)
            .iter()
            .any(|name| asked.iter().any(|one| one.contains(name)));
        assert!(is_shown, "nothing shows {}", metric.name);
    }
}

/// Prometheus's own test of rules: each alert fires when what it is for happens, and none does while a
/// server does its work.
#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let folder = repository().join("deploy/telemetry");
    let ours = repository().join(".tools/bin/promtool");
    let promtool = if ours.is_file() {
        ours.as_path()
    } else {
        Path::new("promtool")
    };
    let tested = Command::new(promtool)
        .args(["test", "rules"])
        .arg(folder.join("alerts_test.yaml"))
        .output()
        .expect("`./dev tools` installs promtool");
    let told = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{told}");
    let alerts = fs::read_to_string(folder.join("alerts.yaml")).unwrap();
    let tests = fs::read_to_string(folder.join("alerts_test.yaml")).unwrap();
    for alert in alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        let fires = format!("alertname: {alert}\n        exp_alerts:\n");
        assert!(tests.contains(&fires), "no test in which {alert} fires");
    }
}
