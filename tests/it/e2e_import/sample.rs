//! The sample through the real binary: as expected, twice, and changed.

use std::fs;
use std::path::Path;

use keizoku_proto::accounts::{AccountFilter, ListAccountsRequest};
use keizoku_testkit::{Deployment, logs};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::answers::{ask, assert_same_answers};
use super::export::{assert_same_rows, import, rows, sample, total};

fn expected() -> Value {
    let text = fs::read_to_string(sample().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// How a deployment is started on a directory.
type Start = fn(&Path) -> Deployment;

async fn imported(start: Start, data: &Path) -> (Deployment, Value) {
    let server = start(data);
    let report = import(&server.endpoints(), &sample(), &[]).await;
    (server, report)
}

#[tokio::test]
async fn acc_7_the_sample_is_imported_and_answers_as_expected() {
    imports_and_answers(Deployment::whole).await;
}

#[tokio::test]
async fn acc_7_the_sample_is_imported_and_answers_as_expected_by_processes() {
    imports_and_answers(Deployment::split).await;
}

async fn imports_and_answers(start: Start) {
    let data = TempDir::new().unwrap();
    let (server, report) = imported(start, data.path()).await;
    let expected = expected();
    assert_same_rows(&rows(&report), &expected["import"], "sample");
    assert_eq!(total(&report, "created"), total(&report, "imported"));
    let api = server.api("ops").await;
    assert_same_answers(&ask(&api, &expected).await, &expected, "sample");
    let heads = logs::heads(data.path());

    // Twice changes nothing, byte for byte.
    let again = import(&server.endpoints(), &sample(), &[]).await;
    assert_eq!(rows(&again), rows(&report));
    assert_eq!(total(&again, "unchanged"), total(&report, "imported"));
    assert_eq!(logs::heads(data.path()), heads);

    // Nor does it after a restart, when nothing is cached.
    let server = server.restarted().await;
    let again = import(&server.endpoints(), &sample(), &[]).await;
    assert_eq!(total(&again, "unchanged"), total(&report, "imported"));
    assert_eq!(logs::heads(data.path()), heads);
    let api = server.api("ops").await;
    assert_same_answers(&ask(&api, &expected).await, &expected, "sample, restarted");
}

/// What is changed in a copy of the sample: file, what stands there, what to write instead.
const CHANGES: [(&str, &str, &str); 3] = [
    // An active subscription pays 100,000 more.
    (
        "Subscription__c.csv",
        r#""Analytics","225800","JPY","2025-09-18""#,
        r#""Analytics","325800","JPY","2025-09-18""#,
    ),
    // An account is called something else.
    (
        "Account.csv",
        r#""0015iNPYFYg5J20A5E","葵南商事""#,
        r#""0015iNPYFYg5J20A5E","葵南商事株式会社""#,
    ),
    // A closed risk landed better than was thought.
    (
        "Risk__c.csv",
        r#""2026-10-26","継続で合意","2026-09-12T20:18:24.000+0000""#,
        r#""2026-10-26","三年で継続","2026-09-12T20:18:24.000+0000""#,
    ),
];

#[tokio::test]
async fn acc_7_a_changed_file_records_the_difference() {
    imports_the_difference(Deployment::whole).await;
}

#[tokio::test]
async fn acc_7_a_changed_file_records_the_difference_by_processes() {
    imports_the_difference(Deployment::split).await;
}

async fn imports_the_difference(start: Start) {
    let data = TempDir::new().unwrap();
    let (server, _) = imported(start, data.path()).await;
    let heads = logs::heads(data.path());
    let changed = copy_of_sample();
    for (file, from, to) in CHANGES {
        let path = changed.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{file}: {from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }
    let on = ["--date", "2026-11-22"];
    let report = import(&server.endpoints(), changed.path(), &on).await;
    for (file, _, _) in CHANGES {
        let of_file = &report["import"][file];
        assert_eq!(
            (&of_file["updated"], &of_file["created"]),
            (&json!(1), &json!(0)),
            "{file}"
        );
    }
    assert_eq!(total(&report, "updated"), 3);
    let mut grown = heads;
    *grown.get_mut("accounts").unwrap() += 2;
    *grown.get_mut("risk").unwrap() += 1;
    assert_eq!(logs::heads(data.path()), grown);

    let mut after = expected();
    after["current_mrr"] = json!(after["current_mrr"].as_i64().unwrap() + 100_000);
    let api = server.api("ops").await;
    let answers = ask(&api, &after).await;
    for key in ["current_mrr", "opening_mrr", "active_accounts"] {
        assert_eq!(answers[key], after[key], "{key}");
    }
    let renamed = ListAccountsRequest {
        filter: Some(AccountFilter {
            query: "葵南商事株式会社".to_owned(),
            ..AccountFilter::default()
        }),
        ..ListAccountsRequest::default()
    };
    let found = api.accounts().list_accounts(renamed).await.unwrap();
    assert_eq!(found.into_inner().total_size, 1);

    // And back again.
    let back = import(&server.endpoints(), &sample(), &on).await;
    assert_eq!(total(&back, "updated"), 3);
    let again = import(&server.endpoints(), &sample(), &on).await;
    assert_eq!(total(&again, "updated"), 0);
}

fn copy_of_sample() -> TempDir {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(sample()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}
