//! What accounts and their contracts refuse (ACC-1, ACC-5, ACC-8, GEN-3).

use keizoku_proto::accounts::{
    AccountFields, CreateAccountRequest, FactKind, MergeAccountsRequest, RecordContractFactRequest,
    StartSubscriptionRequest, VoidContractFactRequest,
};
use keizoku_proto::common::Money;
use keizoku_proto::risk::{AssignRiskRequest, LeadsToChurn, OpenRiskRequest};
use keizoku_testkit::{day, logs, refused, yen};
use tonic::Code;

use super::{NOBODY, is, scene};

#[tokio::test]
async fn acc_1_what_the_directory_and_catalogues_do_not_have_is_refused() {
    let (_cluster, scene) = scene("catalogue").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let create = |change: fn(&mut AccountFields)| {
        let mut fields = AccountFields {
            display_name: "みなと食品".to_owned(),
            ..AccountFields::default()
        };
        change(&mut fields);
        CreateAccountRequest {
            account: Some(fields),
            request_id: scene.ids.fresh(),
            ..CreateAccountRequest::default()
        }
    };
    for (request, reason) in [
        (
            create(|account| account.owner = format!("users/{NOBODY}")),
            "OWNER_UNKNOWN",
        ),
        (
            create(|account| account.pool = format!("teams/{NOBODY}")),
            "OWNER_UNKNOWN",
        ),
        (
            create(|account| account.tier = "Platinum".to_owned()),
            "TIER_UNKNOWN",
        ),
    ] {
        let refusal = refused(scene.api.accounts().create_account(request).await);
        is(&refusal, Code::FailedPrecondition, reason);
    }
    let open = OpenRiskRequest {
        parent: account.name,
        display_name: "競合".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        r#type: "aliens".to_owned(),
        request_id: scene.ids.fresh(),
        ..OpenRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().open_risk(open.clone()).await);
    is(&refusal, Code::FailedPrecondition, "RISK_TYPE_UNKNOWN");
    let open = OpenRiskRequest {
        owner: format!("users/{NOBODY}"),
        r#type: String::new(),
        ..open
    };
    let refusal = refused(scene.api.risks().open_risk(open.clone()).await);
    is(&refusal, Code::FailedPrecondition, "OWNER_UNKNOWN");
    let open = OpenRiskRequest {
        owner: String::new(),
        ..open
    };
    let opened = scene.api.risks().open_risk(open).await.unwrap();
    let assign = AssignRiskRequest {
        name: opened.into_inner().risk.unwrap().name,
        owner: format!("teams/{NOBODY}"),
        request_id: scene.ids.fresh(),
        ..AssignRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().assign_risk(assign).await);
    is(&refusal, Code::FailedPrecondition, "OWNER_UNKNOWN");
}

#[tokio::test]
async fn acc_1_an_external_id_belongs_to_one_account() {
    let (_cluster, scene) = scene("external").await;
    let take = |fields: &mut AccountFields| fields.external_ids = vec!["crm:1".to_owned()];
    let first = scene.account("あおば製作所", take).await;
    let request = CreateAccountRequest {
        account: Some(AccountFields {
            display_name: "みなと食品".to_owned(),
            external_ids: vec!["crm:1".to_owned()],
            ..AccountFields::default()
        }),
        request_id: scene.ids.fresh(),
        ..CreateAccountRequest::default()
    };
    let refusal = refused(scene.api.accounts().create_account(request).await);
    is(&refusal, Code::AlreadyExists, "EXTERNAL_ID_TAKEN");
    let holder = format!("accounts/{}", refusal.metadata["account"]);
    assert_eq!(holder, first.name);
}

#[tokio::test]
async fn gen_3_another_currency_is_refused() {
    let (cluster, scene) = scene("currency").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let subscription = scene.subscription(&account, 1_000, |_| ()).await;
    let heads = logs::heads(cluster.folder());
    let dollars = Money {
        minor_units: 1_000,
        currency_code: "USD".to_owned(),
    };
    let start = StartSubscriptionRequest {
        parent: account.name,
        product: "Payroll".to_owned(),
        start_date: Some(day(2026, 4, 1)),
        mrr: Some(dollars.clone()),
        request_id: scene.ids.fresh(),
        ..StartSubscriptionRequest::default()
    };
    let expand = RecordContractFactRequest {
        name: subscription.name,
        kind: FactKind::Expanded.into(),
        mrr: Some(dollars),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let refusals = [
        refused(scene.api.accounts().start_subscription(start).await),
        refused(scene.api.accounts().record_contract_fact(expand).await),
    ];
    for refusal in &refusals {
        is(refusal, Code::FailedPrecondition, "CURRENCY_UNSUPPORTED");
        assert!(
            refusal.message.contains("USD") && refusal.message.contains("JPY"),
            "{}",
            refusal.message
        );
    }
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn acc_5_a_fact_that_does_not_fit_is_refused() {
    let (_cluster, scene) = scene("facts").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let subscription = scene.subscription(&account, 1_000, |_| ()).await;
    let record = |kind: FactKind, mrr| RecordContractFactRequest {
        name: subscription.name.clone(),
        kind: kind.into(),
        mrr: Some(yen(mrr)),
        effective_date: Some(day(2026, 11, 1)),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    for wrong in [
        record(FactKind::Expanded, 900),
        record(FactKind::Downsized, 1_100),
        record(FactKind::Reactivated, 1_000),
    ] {
        let kind = wrong.kind();
        let refusal = refused(scene.api.accounts().record_contract_fact(wrong).await);
        assert_eq!(
            refusal.kind(),
            (Code::FailedPrecondition, "FACT_DOES_NOT_FIT"),
            "{kind:?}: {}",
            refusal.message
        );
    }
    let void = VoidContractFactRequest {
        name: format!("{}/facts/99", subscription.name),
        reason: "誤り".to_owned(),
        request_id: scene.ids.fresh(),
        ..VoidContractFactRequest::default()
    };
    let refusal = refused(scene.api.accounts().void_contract_fact(void).await);
    assert_eq!(refusal.reason, "FACT_UNKNOWN");
}

#[tokio::test]
async fn acc_8_a_merge_into_oneself_or_in_a_circle_is_refused() {
    let (_cluster, scene) = scene("merge").await;
    let mut names = Vec::new();
    for name in ["甲", "乙"] {
        names.push(scene.account(name, |_| ()).await.name);
    }
    let merge = |duplicate: usize, survivor: usize| MergeAccountsRequest {
        duplicate: names[duplicate].clone(),
        survivor: names[survivor].clone(),
        request_id: scene.ids.fresh(),
    };
    let mut accounts = scene.api.accounts();
    let refusal = refused(accounts.merge_accounts(merge(0, 0)).await);
    is(&refusal, Code::FailedPrecondition, "MERGE_CYCLE");
    accounts.merge_accounts(merge(0, 1)).await.unwrap();
    let refusal = refused(accounts.merge_accounts(merge(1, 0)).await);
    is(&refusal, Code::FailedPrecondition, "MERGE_CYCLE");
    let refusal = refused(accounts.merge_accounts(merge(0, 1)).await);
    is(&refusal, Code::FailedPrecondition, "ALREADY_MERGED");
}
