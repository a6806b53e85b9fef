//! ACC-7: good rows to a server, over a connection that breaks too.

use keizoku_cli::client::{Caller, Connection, Endpoints};
use keizoku_cli::import::{self, Report};
use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::risk::Completion;

use crate::fake::Fake;
use crate::support::{assert_same, dry_run, options, outcome, sample};

async fn connection(fake: &Fake) -> Connection {
    let endpoints = Endpoints {
        all: fake.serve().await,
        accounts: None,
        risk: None,
        forecast: None,
        notification: None,
    };
    Connection::open(&endpoints, Caller::default())
        .await
        .unwrap()
}

async fn import_sample(connection: &Connection) -> Report {
    import::run(connection, &options(&sample())).await.unwrap()
}

#[tokio::test]
async fn acc_7_the_same_export_again_changes_nothing() {
    let fake = Fake::default();
    let connection = connection(&fake).await;
    let first = import_sample(&connection).await;
    let dry = dry_run(&sample()).await.unwrap();
    assert_same(&outcome(&first), &outcome(&dry), "the fake server");
    assert!(first.files.iter().all(|file| file.created == file.imported));

    let second = import_sample(&connection).await;
    assert!(
        second
            .files
            .iter()
            .all(|file| file.unchanged == file.imported && file.created == 0)
    );
    assert_eq!(outcome(&second), outcome(&first));
}

#[tokio::test]
async fn acc_7_a_stream_that_breaks_is_taken_up_again() {
    let fake = Fake::default();
    fake.0.lock().unwrap().break_after = Some(100);
    let report = import_sample(&connection(&fake).await).await;
    assert_eq!(report.files[1].imported, 1_982);
    let state = fake.0.lock().unwrap();
    assert_eq!(state.streams, 5, "four files, and once more where it broke");
    assert_eq!(
        state.records.len(),
        42 + 1_982 + 2_640 + outcome_of(&report, "Opportunity.csv")
    );
}

fn outcome_of(report: &Report, name: &str) -> usize {
    let file = report.files.iter().find(|file| file.name == name).unwrap();
    usize::try_from(file.imported).unwrap()
}

#[tokio::test]
async fn acc_7_what_hangs_on_an_account_that_the_server_rejects_is_not_sent() {
    let fake = Fake::default();
    // The first account of the sample; line 2.
    fake.0.lock().unwrap().refuse = "salesforce:0015iiMAyrPWuUNAG1".to_owned();
    let report = import_sample(&connection(&fake).await).await;
    let accounts = &report.files[1];
    assert_eq!(accounts.imported, 1_981);
    let rejected = &accounts.rejected[0];
    assert_eq!(
        (rejected.line, rejected.reason.as_str()),
        (2, "tier_unknown")
    );
    let orphans: Vec<_> = report.files[2..]
        .iter()
        .flat_map(|file| &file.rejected)
        .filter(|problem| problem.message == "its account was rejected at Account.csv:2")
        .collect();
    assert!(!orphans.is_empty());
    assert!(
        orphans
            .iter()
            .all(|problem| problem.reason == "account_unknown")
    );
}

#[tokio::test]
async fn acc_7_risks_carry_names_tokens_and_their_own_dates() {
    let fake = Fake::default();
    import_sample(&connection(&fake).await).await;
    let state = fake.0.lock().unwrap();
    let risk = &state.risks["salesforce:a0R5iFSJiTI8hIVEXZ"];
    assert_eq!(risk.account, "things/salesforce:0015iLDqnPBVSvYATX");
    assert_eq!(risk.owner, "things/salesforce:0055iFyAlP9B8aUAVS");
    assert_eq!(
        risk.consistency_tokens[0],
        "token-of-salesforce:0015iLDqnPBVSvYATX"
    );
    assert_eq!(risk.completion(), Completion::Completed);
    // 2026-09-12T20:18:24Z is the morning of the 13th in Tokyo.
    let opened = risk.open_date.unwrap();
    assert_eq!((opened.year, opened.month, opened.day), (2026, 9, 13));
    let closed = risk.completion_date.unwrap();
    assert_eq!((closed.year, closed.month, closed.day), (2026, 10, 26));
}

#[tokio::test]
async fn acc_7_a_group_is_the_root_of_the_chain_of_parents() {
    let fake = Fake::default();
    import_sample(&connection(&fake).await).await;
    let state = fake.0.lock().unwrap();
    let group = |id: &str| match state.records[id].record.clone() {
        Some(Record::Account(account)) => account.group,
        other => panic!("expected an account, found {other:?}"),
    };
    assert_eq!(group("salesforce:0015iiMAyrPWuUNAG1"), "0015iiMAyrPWuUNAG1");
    assert_eq!(group("salesforce:0015iNPYFYg5J20A5E"), "0015iiMAyrPWuUNAG1");
    assert_eq!(
        group("salesforce:0015i1W8z6alX89ACE"),
        "",
        "neither parent nor child"
    );
}
