//! Refused by what is there, or by what is sent: ids, etags, sizes, times.

use keizoku_proto::accounts::{
    AccountFields, AssignAccountRequest, BatchGetAccountsRequest, GetAccountRequest,
    MergeAccountsRequest, StartSubscriptionRequest, UpdateAccountRequest, VoidContractFactRequest,
};
use keizoku_proto::common::AsOf;
use keizoku_proto::risk::{AssessRiskRequest, GetRiskRequest, LeadsToChurn, OpenRiskRequest};
use keizoku_runtime::parse::LONG_TEXT;
use keizoku_testkit::{day, logs, refused, yen};
use tonic::Code;

use super::{NOBODY, close, is, scene};

#[tokio::test]
async fn ids_that_nobody_has_are_not_found() {
    let (cluster, scene) = scene("unknown").await;
    let account = format!("accounts/{NOBODY}");
    let risk = format!("{account}/risks/{NOBODY}");
    let subscription = format!("{account}/subscriptions/{NOBODY}");
    let heads = logs::heads(cluster.folder());
    let (mut accounts, mut risks) = (scene.api.accounts(), scene.api.risks());
    let refusals = [
        refused(
            accounts
                .get_account(GetAccountRequest {
                    name: account.clone(),
                    ..GetAccountRequest::default()
                })
                .await,
        ),
        refused(
            accounts
                .assign_account(AssignAccountRequest {
                    name: account.clone(),
                    group: Some("G1".to_owned()),
                    request_id: scene.ids.fresh(),
                    ..AssignAccountRequest::default()
                })
                .await,
        ),
        refused(
            accounts
                .merge_accounts(MergeAccountsRequest {
                    duplicate: account.clone(),
                    survivor: account.clone(),
                    request_id: scene.ids.fresh(),
                })
                .await,
        ),
        refused(
            accounts
                .start_subscription(StartSubscriptionRequest {
                    parent: account.clone(),
                    product: "Core".to_owned(),
                    start_date: Some(day(2026, 4, 1)),
                    mrr: Some(yen(1)),
                    request_id: scene.ids.fresh(),
                    ..StartSubscriptionRequest::default()
                })
                .await,
        ),
        refused(
            accounts
                .void_contract_fact(VoidContractFactRequest {
                    name: format!("{subscription}/facts/1"),
                    reason: "誤り".to_owned(),
                    request_id: scene.ids.fresh(),
                    ..VoidContractFactRequest::default()
                })
                .await,
        ),
        refused(
            risks
                .open_risk(OpenRiskRequest {
                    parent: account.clone(),
                    display_name: "競合".to_owned(),
                    leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
                    request_id: scene.ids.fresh(),
                    ..OpenRiskRequest::default()
                })
                .await,
        ),
        refused(
            risks
                .get_risk(GetRiskRequest {
                    name: risk.clone(),
                    ..GetRiskRequest::default()
                })
                .await,
        ),
        refused(risks.close_risk(close(&risk, (2026, 11, 22), &scene)).await),
    ];
    for refusal in &refusals {
        is(refusal, Code::NotFound, "NOT_FOUND");
    }
    let opening = &refusals[5];
    assert!(
        opening.metadata.contains_key("accounts_read_to"),
        "how far the accounts were read: {opening:?}"
    );
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn a_stale_etag_is_refused_and_says_the_current_one() {
    let (cluster, scene) = scene("etag").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let risk = scene.risk(&account, "競合", |_| ()).await;
    let assess = |etag: &str| AssessRiskRequest {
        name: risk.name.clone(),
        leads_to_churn: LeadsToChurn::UnknownAtPresent.into(),
        etag: etag.to_owned(),
        request_id: scene.ids.fresh(),
        ..AssessRiskRequest::default()
    };
    let changed = scene.api.risks().assess_risk(assess(&risk.etag)).await;
    let etag = changed.unwrap().into_inner().risk.unwrap().etag;
    let heads = logs::heads(cluster.folder());

    // Stale even though the change would change nothing.
    let refusal = refused(scene.api.risks().assess_risk(assess(&risk.etag)).await);
    is(&refusal, Code::Aborted, "STALE_ETAG");
    assert_eq!(refusal.metadata["etag"], risk.etag);
    assert_eq!(refusal.metadata["current_etag"], etag);
    let refusal = refused(scene.api.risks().assess_risk(assess("W/abc")).await);
    assert_eq!(refusal.fields, ["etag"]);

    let update = UpdateAccountRequest {
        name: account.name.clone(),
        account: Some(AccountFields {
            external_ids: vec!["crm:1".to_owned()],
            ..AccountFields::default()
        }),
        update_mask: vec!["external_ids".to_owned()],
        etag: "r7".to_owned(),
        request_id: scene.ids.fresh(),
    };
    let refusal = refused(scene.api.accounts().update_account(update).await);
    is(&refusal, Code::Aborted, "STALE_ETAG");
    assert_eq!(
        logs::heads(cluster.folder()),
        heads,
        "a refusal writes nothing"
    );
}

#[tokio::test]
async fn a_megabyte_of_text_is_refused_and_five_do_not_get_in() {
    let (cluster, scene) = scene("megabyte").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let heads = logs::heads(cluster.folder());
    let open = |detail: String| OpenRiskRequest {
        parent: account.name.clone(),
        display_name: "競合".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        detail,
        request_id: scene.ids.fresh(),
        ..OpenRiskRequest::default()
    };
    let megabyte = "x".repeat(1 << 20);
    let refusal = refused(scene.api.risks().open_risk(open(megabyte)).await);
    assert_eq!(refusal.fields, ["detail"]);
    let refusal = refused(scene.api.risks().open_risk(open("x".repeat(5 << 20))).await);
    assert!(
        matches!(refusal.code, Code::OutOfRange | Code::ResourceExhausted),
        "{refusal:?}"
    );
    assert_eq!(logs::heads(cluster.folder()), heads);
    // The most that is allowed goes in and comes back.
    let longest = "長".repeat(LONG_TEXT);
    let opened = scene.api.risks().open_risk(open(longest.clone())).await;
    assert_eq!(opened.unwrap().into_inner().risk.unwrap().detail, longest);
}

#[tokio::test]
async fn a_thousand_violations_still_arrive_as_a_refusal() {
    let (_cluster, scene) = scene("thousand").await;
    let batch = BatchGetAccountsRequest {
        names: vec!["あ".repeat(1_000); 1_000],
    };
    let refusal = refused(scene.api.accounts().batch_get_accounts(batch).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "INVALID_FIELDS"));
    assert!(refusal.fields.len() > 10, "{:?}", refusal.fields);
    let unknown_field = UpdateAccountRequest {
        update_mask: vec!["x".repeat(100_000)],
        ..UpdateAccountRequest::default()
    };
    let refusal = refused(scene.api.accounts().update_account(unknown_field).await);
    assert!(
        refusal.fields.contains(&"update_mask".to_owned()),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn gen_5_impossible_times_are_refused() {
    let (_cluster, scene) = scene("times").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let mut as_of = AsOf {
        on: Some(day(2026, 2, 29)),
        ..AsOf::default()
    };
    as_of.known_at.get_or_insert_default().seconds = i64::MAX;
    let get = GetAccountRequest {
        name: account.name,
        as_of: Some(as_of),
        ..GetAccountRequest::default()
    };
    let refusal = refused(scene.api.accounts().get_account(get).await);
    assert_eq!(refusal.fields, ["as_of.known_at", "as_of.on"]);
}
