//! The binary's exit status and words.

use std::collections::HashMap;
use std::process::{Command, Output, Stdio};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::fake::Fake;
use crate::support::sample;

/// Runs the binary beside the test's own server.
async fn keizoku(arguments: &[&str], endpoint: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keizoku"));
    command
        .args(arguments)
        .env("KEIZOKU_ENDPOINT", endpoint)
        .env_remove("KEIZOKU_TOKEN");
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn nobody_answers() {
    let output = keizoku(&["forecast"], "http://127.0.0.1:9").await;
    assert_eq!(output.status.code(), Some(1));
    let told = words(&output.stderr);
    assert!(
        told.contains("error: nobody answers at http://127.0.0.1:9"),
        "{told}"
    );
    assert!(
        told.contains("./dev run") && told.contains("keizoku serve"),
        "{told}"
    );
}

#[tokio::test]
async fn a_refusal_names_every_field() {
    let mut details = ErrorDetails::new();
    details.set_error_info("INVALID_FIELDS", "keizoku", HashMap::new());
    details.set_bad_request(vec![
        FieldViolation::new("filter.team", "is not a team"),
        FieldViolation::new("as_of.on", "is not a date"),
    ]);
    let status = Status::with_error_details(Code::InvalidArgument, "two fields", details);
    let fake = Fake::default();
    fake.0.lock().unwrap().forecast = Some(status);
    let output = keizoku(&["forecast"], &fake.serve().await).await;
    assert_eq!(output.status.code(), Some(1));
    let told = words(&output.stderr);
    assert!(
        told.contains("\n  filter.team: is not a team\n  as_of.on: is not a date\n"),
        "{told}"
    );
    assert!(told.contains("INVALID_FIELDS (INVALID_ARGUMENT)"), "{told}");
}

#[tokio::test]
async fn a_service_that_is_unavailable_is_asked_again() {
    let mut details = ErrorDetails::new();
    details.set_retry_info(Some(std::time::Duration::from_millis(1)));
    let status = Status::with_error_details(Code::Unavailable, "rebuilding", details);
    let fake = Fake::default();
    fake.0.lock().unwrap().forecast = Some(status);
    let output = keizoku(&["forecast"], &fake.serve().await).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fake.0.lock().unwrap().forecasts, 6);
}

#[tokio::test]
async fn answers_as_text_and_as_json() {
    let fake = Fake::default();
    let endpoint = fake.serve().await;
    let output = keizoku(&["forecast", "--token", "secret"], &endpoint).await;
    assert_eq!(output.status.code(), Some(0), "{}", words(&output.stderr));
    assert!(words(&output.stdout).contains("Nothing is expected to be lost"));
    let header = fake.0.lock().unwrap().headers.get("authorization").cloned();
    assert_eq!(header.unwrap().to_str().unwrap(), "Bearer secret");

    let output = keizoku(&["--json", "forecast"], &endpoint).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["activeAccounts"], "3");
}

#[tokio::test]
async fn an_import_says_by_its_status_what_became_of_it() {
    let fake = Fake::default();
    let endpoint = fake.serve().await;
    let sample = sample();
    let sample = sample.to_str().unwrap();
    let output = keizoku(&["import", "salesforce", sample, "--json"], &endpoint).await;
    assert_eq!(output.status.code(), Some(1), "{}", words(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["import"]["Account.csv"]["created"], 1_982);
    assert_eq!(
        json["import"]["Account.csv"]["rejected"][0],
        serde_json::json!([2104, "name_missing"])
    );
    assert!(words(&output.stderr).contains("Account.csv: 1982 of 1982 rows sent"));

    let dry = keizoku(
        &["import", "salesforce", sample, "--dry-run"],
        "http://127.0.0.1:9",
    )
    .await;
    assert_eq!(dry.status.code(), Some(1), "needs no server");
    let none = keizoku(&["import", "salesforce", "nowhere"], "http://127.0.0.1:9").await;
    assert_eq!(none.status.code(), Some(2));
    assert!(words(&none.stderr).contains("error: nowhere: cannot be read as a directory"));
}

#[tokio::test]
async fn wrong_arguments_are_refused_before_anything_is_sent() {
    for arguments in [
        &["forecast", "--basis", "yen"][..],
        &["forecast", "--as-of", "yesterday"],
        &["risk", "close", "ID", "--completion", "completed"],
        &["risk", "edit", "ID"],
        &["account", "assign", "A"],
        &["organisation", "set"],
        &["deadlines", "--within", "0"],
        &["health", "explain", "A"],
        &["health", "override", "A", "--score", "20"],
        &["notification", "rule", "change", "churned"],
        &["notification", "test-send"],
        &["notification", "redrive"],
        &["demo", "--accounts", "0"],
        &["demo", "--months", "3"],
    ] {
        let output = keizoku(arguments, "http://127.0.0.1:9").await;
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            words(&output.stderr)
        );
    }
}

#[tokio::test]
async fn a_date_that_does_not_exist_is_told_from_one_that_does() {
    for date in ["2026-02-30", "yesterday", "2150-01-01"] {
        let output = keizoku(&["forecast", "--on", date], "http://127.0.0.1:9").await;
        let told = words(&output.stderr);
        let expected = format!(
            "'{date}' for '--on <DATE>': there is no such date between 1970-01-02 and 2149-06-06"
        );
        assert!(told.contains(&expected), "{told}");
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_written_is_told_before_anything_is_sent() {
    let fake = Fake::default();
    let (endpoint, sample) = (fake.serve().await, sample());
    let import = ["import", "salesforce", sample.to_str().unwrap()];
    let arguments = [&import[..], &["--report", "no/such/place.json"]].concat();
    let output = keizoku(&arguments, &endpoint).await;
    assert_eq!(output.status.code(), Some(1));
    let told = words(&output.stderr);
    assert!(
        told.contains("error: cannot write no/such/place.json"),
        "{told}"
    );
    assert_eq!(fake.0.lock().unwrap().streams, 0);
}

#[tokio::test]
async fn an_account_of_no_name_is_none() {
    let fake = Fake::default();
    let output = keizoku(&["account", "show", " "], &fake.serve().await).await;
    assert_eq!(output.status.code(), Some(1));
    let told = words(&output.stderr);
    assert!(told.contains("name an account by its name"), "{told}");
}

#[test]
fn a_reader_that_has_seen_enough_of_a_completion_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keizoku"))
        .args(["completion", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", words(&output.stderr));
    assert_eq!(words(&output.stderr), "");
}

#[tokio::test]
async fn every_command_has_help_and_shells_complete() {
    for arguments in [
        &["--help"][..],
        &["risk", "open", "--help"],
        &["health", "show", "--help"],
        &["health", "history", "--help"],
        &["health", "ingest", "--help"],
        &["notification", "deliveries", "--help"],
        &["notification", "rule", "change", "--help"],
        &["import", "salesforce", "--help"],
        &["demo", "--help"],
        &["completion", "bash"],
    ] {
        let output = keizoku(arguments, "").await;
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            words(&output.stderr)
        );
        assert!(output.stdout.len() > 500, "{arguments:?}");
    }
}
