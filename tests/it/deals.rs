//! Deals (ACC-10).

use futures::StreamExt as _;
use keizoku_proto::accounts::{
    AccountFields, DealTerms, ImportRecordsRequest, ImportedDeal, ListDealsRequest,
    MergeAccountsRequest, RecordDealRequest, WinDealRequest, import_records_request::Record,
};
use keizoku_proto::common::{ImportOutcome, Money};
use keizoku_testkit::{Cluster, Refusal, Scene, day};
use tonic::Code;

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

#[tokio::test]
async fn acc_10_a_deal_is_recorded_and_won_and_bad_input_is_refused_whole() {
    let cluster = Cluster::at("2026-11-22T09:00[Asia/Tokyo]").await;
    let scene = Scene::new("recorded", cluster.api("csm").await);
    let account = scene.account("緑川印刷", |_| ()).await;
    let mut accounts = scene.api.accounts();
    let bad = RecordDealRequest {
        parent: "accounts/x".to_owned(),
        close_date: Some(day(2026, 13, 1)),
        amount: Some(Money {
            minor_units: -1,
            ..Money::default()
        }),
        salesperson: "佐藤".to_owned(),
        ..RecordDealRequest::default()
    };
    let refused = accounts.record_deal(bad).await.unwrap_err();
    let fields = [
        "amount.minor_units",
        "close_date",
        "display_name",
        "parent",
        "request_id",
        "salesperson",
    ];
    assert_eq!(Refusal::from(&refused).fields, fields);
    let mut deal = RecordDealRequest {
        parent: account.name.clone(),
        display_name: "新規導入".to_owned(),
        product: "Core".to_owned(),
        salesperson: "users/00000000-0000-4000-8000-000000000009".to_owned(),
        request_id: scene.ids.fresh(),
        ..RecordDealRequest::default()
    };
    let refused = accounts.record_deal(deal.clone()).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "OWNER_UNKNOWN");
    deal.salesperson.clear();
    let recorded = accounts.record_deal(deal.clone()).await.unwrap();
    let recorded = recorded.into_inner().deal.unwrap();
    assert!(!recorded.won);

    let mut win = WinDealRequest {
        name: recorded.name.clone(),
        close_date: Some(day(2026, 11, 20)),
        etag: recorded.etag.clone(),
        request_id: scene.ids.fresh(),
        ..WinDealRequest::default()
    };
    let won = accounts.win_deal(win.clone()).await.unwrap().into_inner();
    let deal = won.deal.clone().unwrap();
    assert!(deal.won && deal.close_date == Some(day(2026, 11, 20)));
    let again = accounts.win_deal(win.clone()).await.unwrap().into_inner();
    assert_eq!(again, won, "the same request answers the same");
    win.request_id = scene.ids.fresh();
    let stale = accounts.win_deal(win.clone()).await.unwrap_err();
    assert_eq!(Refusal::from(&stale).reason, "STALE_ETAG");
    win.etag.clear();
    win.name = format!(
        "{}/deals/00000000-0000-4000-8000-000000000009",
        account.name
    );
    let unknown = accounts.win_deal(win).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let list = ListDealsRequest {
        parent: account.name,
        won_only: true,
        consistency_tokens: vec![won.consistency_token],
        ..ListDealsRequest::default()
    };
    let listed = accounts.list_deals(list).await.unwrap().into_inner();
    assert_eq!(listed.deals, [deal]);
}
