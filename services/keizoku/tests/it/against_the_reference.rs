//! ACC-7: the same rows as the second implementation, from the sample and from made-up exports.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{assert_same, dry_run, outcome, sample, tests_folder};

#[tokio::test]
async fn acc_7_the_sample_is_reported_as_expected() {
    let text = std::fs::read_to_string(sample().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let report = dry_run(&sample()).await.unwrap();
    assert_same(&outcome(&report), &expected["import"], "sample");
    assert!(!report.is_clean());
}

#[tokio::test]
async fn acc_7_made_up_exports_are_reported_as_the_reference_reports_them() {
    for (seed, accounts, today, more) in [
        (1, 1, "2026-11-22", &[][..]),
        (2, 300, "2026-11-22", &["--encoding", "cp932"][..]),
        (
            3,
            300,
            "2024-02-29",
            &["--encoding", "utf-8", "--line-ending", "lf"][..],
        ),
        (4, 300, "2027-01-01", &["--encoding", "utf-8-sig"][..]),
        (
            5,
            200,
            "2026-12-31",
            &["--encoding", "cp932", "--line-ending", "lf"][..],
        ),
        (6, 200, "2026-11-22", &["--open-questions"][..]),
        (
            7,
            200,
            "2026-11-22",
            &["--open-questions", "--encoding", "cp932"][..],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (seed, accounts) = (seed.to_string(), accounts.to_string());
        let path = folder.path().to_str().unwrap();
        let arguments = [
            "--seed",
            &seed,
            "--accounts",
            &accounts,
            "--today",
            today,
            "--out",
            path,
        ];
        python(
            "generate_export.py",
            arguments.into_iter().chain(more.iter().copied()),
        );
        let reference = python(
            "reference.py",
            [path, "--today", today, "--with-opportunities"],
        );
        let reference: Value = serde_json::from_str(&reference).unwrap();
        let report = dry_run(folder.path()).await.unwrap();
        assert_same(
            &outcome(&report),
            &reference["import"],
            &format!("seed {seed} {more:?}"),
        );
    }
}

fn python<'a>(script: &str, arguments: impl IntoIterator<Item = &'a str>) -> String {
    let script = tests_folder().join("reference").join(script);
    let output = Command::new("python3")
        .arg(&script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn acc_7_another_mapping_reads_the_same_export_differently() {
    let folder = copy_of_sample();
    let file = folder.path().join("mapping.toml");
    let mapping = "[format]\ncurrency = \"USD\"\n\
                   [risk.completions]\n\"保留\" = \"not-a-risk\"\n[user]\nfile = \"user.CSV\"\n";
    std::fs::write(&file, mapping).unwrap();
    let mut options = crate::support::options(folder.path());
    options.mapping = keizoku_cli::import::Mapping::load(Some(&file)).unwrap();
    let report = keizoku_cli::import::prepare(&options)
        .unwrap()
        .dry_run()
        .await
        .unwrap();
    let subscriptions = &report.files[2];
    assert_eq!(subscriptions.name, "Subscription__c.csv");
    assert_eq!(subscriptions.imported, 1, "the sample has one in dollars");
    let first = &subscriptions.rejected[0];
    assert_eq!(
        (first.line, first.reason.as_str()),
        (2, "currency_unsupported")
    );
    assert_eq!(first.message, "`JPY` is not the reporting currency USD");
}

pub(crate) fn copy_of_sample() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "User.csv",
        "Account.csv",
        "Subscription__c.csv",
        "Risk__c.csv",
        "Opportunity.csv",
    ] {
        copy(&sample().join(name), &folder.path().join(name));
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}
