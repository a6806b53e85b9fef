//! Exports on disk, and what the command says of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use keizoku_cli::client::Endpoints;
use keizoku_testkit::{repository, run_at};
use serde_json::{Value, json};

/// The sample export.
pub(crate) fn sample() -> PathBuf {
    repository().join("tests/data/salesforce-export")
}

/// Runs the command; the answer is its report.
pub(crate) async fn import(endpoints: &Endpoints, export: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["import", "salesforce", "--json"];
    arguments.extend(more);
    let mut arguments: Vec<_> = arguments
        .into_iter()
        .map(std::ffi::OsString::from)
        .collect();
    arguments.push(export.into());
    let endpoints = endpoints.clone();
    // The server may run in this thread.
    let output = tokio::task::spawn_blocking(move || run_at(&endpoints, arguments)).await;
    let output = output.unwrap();
    let report = serde_json::from_slice(&output.stdout);
    report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What a report says of each file, without what only a server can tell.
pub(crate) fn rows(report: &Value) -> Value {
    let files = report["import"].as_object().unwrap().iter();
    let files = files.map(|(name, file)| {
        let kept = json!({
            "imported": file["imported"], "skipped": file["skipped"], "rejected": file["rejected"],
        });
        (name.clone(), kept)
    });
    Value::Object(files.collect())
}

/// Compares file by file: the first difference instead of pages of JSON.
pub(crate) fn assert_same_rows(ours: &Value, theirs: &Value, place: &str) {
    for (name, expected) in theirs.as_object().unwrap() {
        for what in ["imported", "skipped", "rejected"] {
            assert_eq!(ours[name][what], expected[what], "{place}, {name}: {what}");
        }
    }
}

/// Sum of one column of the report over all files.
pub(crate) fn total(report: &Value, what: &str) -> u64 {
    let files = report["import"].as_object().unwrap().values();
    files.map(|file| file[what].as_u64().unwrap()).sum()
}

/// Runs one of the reference's programs.
pub(crate) fn python<'a>(script: &str, arguments: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let output = Command::new("python3")
        .arg(repository().join("tests/reference").join(script))
        .args(arguments)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {complaint}");
    output.stdout
}
