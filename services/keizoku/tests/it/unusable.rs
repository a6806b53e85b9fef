//! Files that stop an import before anything is sent: the message says where, what, and what to do.

use std::path::Path;

use keizoku_cli::error::Failure;

use crate::against_the_reference::copy_of_sample;
use crate::support::dry_run;

async fn refusal(directory: &Path) -> String {
    match dry_run(directory).await {
        Err(failure @ Failure::Unusable(_)) => {
            assert_eq!(failure.exit_code(), 2);
            failure.to_string()
        }
        other => panic!("expected unusable files, found {other:?}"),
    }
}

#[tokio::test]
async fn a_directory_that_is_not_there() {
    let message = refusal(Path::new("no-such-export")).await;
    assert!(
        message.starts_with("no-such-export: cannot be read as a directory"),
        "{message}"
    );
    assert!(
        message.ends_with("name the directory that holds the CSV files of the export"),
        "{message}"
    );
}

#[tokio::test]
async fn files_that_are_missing() {
    let folder = copy_of_sample();
    std::fs::remove_file(folder.path().join("User.csv")).unwrap();
    std::fs::remove_file(folder.path().join("Account.csv")).unwrap();
    let message = refusal(folder.path()).await;
    assert!(
        message.contains("holds no User.csv, no Account.csv, only Opportunity.csv, Risk__c.csv"),
        "{message}"
    );
    assert!(message.contains("--mapping"), "{message}");
}

#[tokio::test]
async fn files_that_may_be_missing_are_named() {
    let folder = copy_of_sample();
    std::fs::remove_file(folder.path().join("Risk__c.csv")).unwrap();
    std::fs::rename(
        folder.path().join("Account.csv"),
        folder.path().join("ACCOUNT.CSV"),
    )
    .unwrap();
    let report = dry_run(folder.path()).await.unwrap();
    assert_eq!(report.absent, ["Risk__c.csv"]);
    assert!(report.to_text().contains("note: there was no Risk__c.csv"));
    assert_eq!(report.files[1].name, "ACCOUNT.CSV");
}

#[tokio::test]
async fn files_that_cannot_be_read() {
    for (content, expected) in [
        (&b""[..], "Account.csv:1: the file is empty"),
        (b"\xEF\xBB\xBF", "Account.csv:1: the file is empty"),
        (
            b"Id,Name\r\n1,\xFF\xFF",
            "Account.csv:2:3: the byte 0xFF is not UTF-8 or Shift_JIS",
        ),
        (b"\xFF\xFEI\0d\0", "Account.csv:1:1: the file is UTF-16"),
        (
            b"id;name;ownerid\r\n",
            "Account.csv:1: is another kind of file",
        ),
        (b"Foo,Bar\r\n1,2", "names none of Id, Name, OwnerId"),
        (
            b"Id,Name\r\n1,2",
            "Account.csv:1: has no column OwnerId; its first line is `Id, Name`",
        ),
    ] {
        let folder = copy_of_sample();
        std::fs::write(folder.path().join("Account.csv"), content).unwrap();
        let message = refusal(folder.path()).await;
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn half_a_row_is_rejected_with_line_and_advice() {
    let folder = copy_of_sample();
    let path = folder.path().join("Opportunity.csv");
    let mut content = std::fs::read_to_string(&path).unwrap();
    let cut = content.trim_end().rfind(',').unwrap();
    content.truncate(cut - 1);
    std::fs::write(&path, &content).unwrap();
    let report = dry_run(folder.path()).await.unwrap();
    let deals = report
        .files
        .iter()
        .find(|file| file.name == "Opportunity.csv")
        .unwrap();
    let last = deals.rejected.last().unwrap();
    let lines = content.matches('\n').count() as u64;
    assert_eq!(
        (last.line, last.reason.as_str()),
        (lines + 1, "column_count_wrong")
    );
    assert!(
        last.message
            .contains("the row has 7 fields where the first line has 8"),
        "{}",
        last.message
    );
    assert!(last.message.contains("never closed"), "{}", last.message);
}

#[tokio::test]
async fn a_rejected_row_names_file_line_column_and_reason() {
    let report = dry_run(&crate::support::sample()).await.unwrap();
    let text = report.to_text();
    for expected in [
        "rejected: Account.csv:2104: Name: the account has no name (name_missing)",
        "rejected: Subscription__c.csv:615: EndDate__c: `Cancelled` needs an end date (end_date_missing)",
        "skipped:  Account.csv: 18 rows: the account is deleted in the export",
        "Nothing was sent (dry run).",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_column_that_may_be_missing_leaves_a_note() {
    let folder = copy_of_sample();
    let path = folder.path().join("Account.csv");
    let content = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, content.replacen("Tier__c", "Rank__c", 1)).unwrap();
    let report = dry_run(folder.path()).await.unwrap();
    assert_eq!(
        report.files[1].notes,
        ["there is no column Tier__c: its values stay empty"]
    );
}
