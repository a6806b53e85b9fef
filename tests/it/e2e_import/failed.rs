//! What did not go in shows among what is wrong with the records (FC-10).

use std::fs;
use std::path::Path;

use keizoku_proto::accounts::{RejectedRows, ReportImportRequest};
use keizoku_proto::forecast::{ListQualityIssuesRequest, QualityIssue, QualityIssueKind};
use keizoku_testkit::{Cluster, Scene, logs, refused};
use tempfile::TempDir;

use super::export::{import, sample, total};

const NOVEMBER: &str = "2026-11-22T09:00[Asia/Tokyo]";
const HEADER: &str =
    "Id,AccountId,LastName,FirstName,Title,Email,Phone,Role__c,HasLeft__c,IsDeleted";
/// An account of the sample.
const ACCOUNT: &str = "0015iiMAyrPWuUNAG1";

fn write(folder: &Path, contact: &str) {
    fs::write(folder.join("Contact.csv"), format!("{HEADER}\n{contact}\n")).unwrap();
}

/// Rejected rows of contacts in the failed imports.
async fn failed(scene: &Scene) -> Vec<(QualityIssue, i64)> {
    let request = ListQualityIssuesRequest {
        kinds: vec![QualityIssueKind::FailedImport.into()],
        consistency_tokens: scene.tokens(),
        ..ListQualityIssuesRequest::default()
    };
    let answer = scene.api.forecasts().list_quality_issues(request).await;
    let issues = answer.unwrap().into_inner().issues.into_iter();
    let of_contacts = |issue: &QualityIssue| {
        let rejected = issue.rejected.iter();
        let contacts = rejected.filter(|of| of.file == "Contact.csv");
        contacts.map(|of| of.rows).sum()
    };
    issues
        .map(|issue| (issue.clone(), of_contacts(&issue)))
        .collect()
}

#[tokio::test]
async fn fc_10_a_failed_import_is_an_issue_until_one_goes_in_whole() {
    let cluster = Cluster::at(NOVEMBER).await;
    let endpoints = cluster.endpoints();
    let scene = Scene::new("failed imports", cluster.api("ops").await);
    let folder = TempDir::new().unwrap();
    for file in ["User.csv", "Account.csv", "Subscription__c.csv"] {
        fs::copy(sample().join(file), folder.path().join(file)).unwrap();
    }
    write(folder.path(), &format!("C1,{ACCOUNT},,,,,,,,"));
    import(&endpoints, folder.path(), &[]).await;
    let found = failed(&scene).await;
    let [(issue, 1)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (issue.shared.as_str(), issue.account.as_str()),
        ("salesforce", "")
    );
    assert_eq!((issue.fixer.as_str(), issue.age_days), ("roles/ops", 0));

    let heads = logs::heads(cluster.folder());
    import(&endpoints, folder.path(), &[]).await;
    assert_eq!(
        logs::heads(cluster.folder()),
        heads,
        "the same import again"
    );

    write(folder.path(), &format!("C1,{ACCOUNT},山田,花子,,,,,,"));
    let mended = import(&endpoints, folder.path(), &[]).await;
    let rejected: usize = ["User.csv", "Account.csv", "Subscription__c.csv"]
        .iter()
        .map(|file| mended["import"][file]["rejected"].as_array().unwrap().len())
        .sum();
    assert_eq!(total(&mended, "created"), 1);
    let found = failed(&scene).await;
    let left: Vec<_> = found.iter().map(|(_, of_contacts)| *of_contacts).collect();
    // The sample's own flaws stay, if it has any.
    assert_eq!(left, vec![0; usize::from(rejected > 0)]);
}

#[tokio::test]
async fn fc_10_every_flaw_of_an_import_s_report_is_named() {
    let cluster = Cluster::at(NOVEMBER).await;
    let scene = Scene::new("failed imports", cluster.api("ops").await);
    let heads = logs::heads(cluster.folder());
    let three = RejectedRows {
        file: "Account.csv".to_owned(),
        reason: "name_missing".to_owned(),
        rows: 3,
    };
    let request = ReportImportRequest {
        rejected: vec![RejectedRows::default(), three.clone(), three],
        request_id: scene.ids.fresh(),
        ..ReportImportRequest::default()
    };
    let refusal = refused(scene.api.accounts().report_import(request).await);
    let named = [
        "rejected[0].file",
        "rejected[0].reason",
        "rejected[0].rows",
        "rejected[2].reason",
        "system",
    ];
    assert_eq!(refusal.fields, named);
    assert_eq!(logs::heads(cluster.folder()), heads);
}
