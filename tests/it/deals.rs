//! Deals (ACC-10).

use futures::StreamExt as _;
use keizoku_proto::accounts::{
    AccountFields, DealTerms, ImportRecordsRequest, ImportedDeal, ListDealsRequest,
    MergeAccountsRequest, import_records_request::Record,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_testkit::{Cluster, Scene};

#[tokio::test]
async fn acc_8_a_merged_account_s_deals_are_listed_with_the_survivor() {
    let cluster = Cluster::at("2026-11-22T09:00[Asia/Tokyo]").await;
    let scene = Scene::new("deals", cluster.api("ops").await);
    let known_as = |id: &str| {
        let id = id.to_owned();
        move |fields: &mut AccountFields| fields.external_ids = vec![id]
    };
    let duplicate = scene.account("あおば製作所(旧)", known_as("crm:1")).await;
    let survivor = scene.account("あおば製作所", known_as("crm:2")).await;
    let deal = |account: &str| ImportRecordsRequest {
        row: 1,
        record: Some(Record::Deal(ImportedDeal {
            external_id: format!("deal of {account}"),
            account_external_id: account.to_owned(),
            terms: Some(DealTerms::default()),
            ..ImportedDeal::default()
        })),
    };
    let mut accounts = scene.api.accounts();
    let rows = tokio_stream::iter([deal("crm:1"), deal("crm:2")]);
    let mut answers = accounts.import_records(rows).await.unwrap().into_inner();
    while let Some(answer) = answers.next().await {
        assert_eq!(answer.unwrap().outcome(), ImportOutcome::Created);
    }
    drop(answers);
    let merge = MergeAccountsRequest {
        duplicate: duplicate.name.clone(),
        survivor: survivor.name.clone(),
        request_id: scene.ids.fresh(),
    };
    let merged = accounts.merge_accounts(merge).await.unwrap().into_inner();
    for account in [duplicate, survivor] {
        let list = ListDealsRequest {
            parent: account.name,
            consistency_tokens: vec![merged.consistency_token.clone()],
            ..ListDealsRequest::default()
        };
        let listed = accounts.list_deals(list).await.unwrap().into_inner();
        assert_eq!((listed.deals.len(), listed.total_size), (2, 2));
    }
}
