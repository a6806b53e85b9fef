//! What an import refuses that comes from elsewhere than the command line: rows that cannot be,
//! each for itself (ACC-7).

use futures::StreamExt as _;
use keizoku_proto::accounts::{
    AccountFields, AccountProfile, DealTerms, ImportRecordsRequest, ImportRecordsResponse,
    ImportedAccount, ImportedDeal, ImportedSubscription, ImportedUser, Terms, UserProfile,
    import_records_request::Record,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::forecast::GetForecastRequest;
use keizoku_testkit::{day, logs};

use super::scene;

fn subscription(change: impl FnOnce(&mut ImportedSubscription)) -> Record {
    let mut record = ImportedSubscription {
        external_id: "crm:s1".to_owned(),
        account_external_id: "crm:1".to_owned(),
        product: "Core".to_owned(),
        start_date: Some(day(2026, 4, 1)),
        mrr: 1_000,
        terms: Some(Terms::default()),
        ..ImportedSubscription::default()
    };
    change(&mut record);
    Record::Subscription(record)
}

fn terms(change: impl FnOnce(&mut Terms)) -> Record {
    subscription(|record| change(record.terms.get_or_insert_default()))
}

fn account(change: impl FnOnce(&mut AccountProfile)) -> Record {
    let mut profile = AccountProfile {
        display_name: "みなと食品".to_owned(),
        ..AccountProfile::default()
    };
    change(&mut profile);
    Record::Account(ImportedAccount {
        external_id: "crm:2".to_owned(),
        profile: Some(profile),
        owner_external_id: "crm:u1".to_owned(),
        ..ImportedAccount::default()
    })
}

fn deal(change: impl FnOnce(&mut DealTerms)) -> Record {
    let mut terms = DealTerms {
        display_name: "新規導入".to_owned(),
        close_date: Some(day(2026, 11, 1)),
        ..DealTerms::default()
    };
    change(&mut terms);
    Record::Deal(ImportedDeal {
        external_id: "crm:d1".to_owned(),
        account_external_id: "crm:1".to_owned(),
        terms: Some(terms),
        ..ImportedDeal::default()
    })
}

#[tokio::test]
async fn acc_7_rows_that_cannot_be_are_rejected_and_the_models_go_on() {
    let (cluster, scene) = scene("rows").await;
    let known = |fields: &mut AccountFields| fields.external_ids = vec!["crm:1".to_owned()];
    scene.account("あおば製作所", known).await;
    let user = ImportedUser {
        external_id: "crm:u1".to_owned(),
        profile: Some(UserProfile::default()),
        active: true,
        ..ImportedUser::default()
    };
    let user = ImportRecordsRequest {
        row: 0,
        record: Some(Record::User(user)),
    };
    let mut accounts = scene.api.accounts();
    let answers = accounts.import_records(tokio_stream::iter([user])).await;
    let answers: Vec<_> = answers.unwrap().into_inner().collect().await;
    assert_eq!(answers.len(), 1);
    let heads = logs::heads(cluster.folder());
    let impossible = Some(day(2026, 2, 30));
    let rows = [
        subscription(|s| s.start_date = impossible),
        subscription(|s| s.end_date = impossible),
        subscription(|s| s.change_effective_date = impossible),
        subscription(|s| s.mrr = -1),
        terms(|t| t.next_renewal_date = impossible),
        terms(|t| t.notice_deadline = impossible),
        terms(|t| t.term_months = 1_000_000),
        account(|a| a.touch_model = 99),
        account(|a| a.corporate_number = "1".to_owned()),
        account(|a| a.display_name = " ".to_owned()),
        deal(|d| d.close_date = impossible),
        deal(|d| d.amount = Some(i64::MIN)),
        deal(|d| d.display_name = "x".repeat(1 << 20)),
    ];
    let count = rows.len();
    let rows = (1..).zip(rows).map(|(row, record)| ImportRecordsRequest {
        row,
        record: Some(record),
    });
    let rows = tokio_stream::iter(rows.collect::<Vec<_>>());
    let answers = accounts.import_records(rows).await.unwrap().into_inner();
    let answers: Vec<_> = answers.collect().await;
    let answers: Vec<ImportRecordsResponse> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.len(), count);
    for answer in &answers {
        assert_eq!(answer.outcome(), ImportOutcome::Rejected, "{answer:?}");
        assert!(!answer.reason.is_empty() && !answer.message.is_empty());
    }
    assert_eq!(logs::heads(cluster.folder()), heads);
    let forecast = GetForecastRequest {
        consistency_tokens: scene.tokens(),
        ..GetForecastRequest::default()
    };
    let answer = scene.api.forecasts().get_forecast(forecast).await.unwrap();
    assert!(!answer.into_inner().stale);
}
