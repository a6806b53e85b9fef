//! Refused by what is there: reasons, codes and details.

use keizoku_proto::accounts::{
    AccountFields, AssignAccountRequest, CreateAccountRequest, FactKind, GetAccountRequest,
    MergeAccountsRequest, RecordContractFactRequest, StartSubscriptionRequest,
    UpdateAccountRequest, VoidContractFactRequest,
};
use keizoku_proto::common::{AsOf, Money};
use keizoku_proto::risk::{
    AmendClosureRequest, AssessRiskRequest, AssignRiskRequest, CloseRiskRequest, Completion,
    GetRiskRequest, LeadsToChurn, OpenRiskRequest, ReopenRiskRequest, RiskDescription,
    ScheduleNextActionRequest, UpdateRiskRequest,
};
use keizoku_runtime::parse::LONG_TEXT;
use keizoku_testkit::{Refusal, Scene, day, logs, refused, yen};
use tonic::Code;

use super::scene;

const NOBODY: &str = "0197f0a0-0000-7000-8000-000000000001";

#[track_caller]
fn is(refusal: &Refusal, code: Code, reason: &str) {
    assert_eq!(refusal.kind(), (code, reason), "{}", refusal.message);
    assert_eq!(refusal.domain, "keizoku");
    assert!(!refusal.message.is_empty());
    assert_eq!(refusal.names_precondition, code == Code::FailedPrecondition);
}

fn close(risk: &str, on: (i32, i32, i32), scene: &Scene) -> CloseRiskRequest {
    CloseRiskRequest {
        name: risk.to_owned(),
        completion: Completion::Completed.into(),
        completion_date: Some(day(on.0, on.1, on.2)),
        result: "継続".to_owned(),
        request_id: scene.ids.fresh(),
        ..CloseRiskRequest::default()
    }
}

#[tokio::test]
async fn ids_that_nobody_has_are_not_found() {
    let (cluster, scene) = scene("unknown").await;
    let account = format!("accounts/{NOBODY}");
    let risk = format!("{account}/risks/{NOBODY}");
    let subscription = format!("{account}/subscriptions/{NOBODY}");
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
    let heads = logs::heads(cluster.folder());
    assert!(heads.values().all(|events| *events == 0), "{heads:?}");
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
async fn risk_4_a_closed_risk_refuses_every_other_change() {
    let (cluster, scene) = scene("closed").await;
    let team = scene.team("East").await;
    let owner = scene.user("鈴木", &team).await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let name = scene.risk(&account, "競合", |_| ()).await.name;
    let mut risks = scene.api.risks();
    let first = close(&name, (2026, 11, 22), &scene);
    risks.close_risk(first).await.unwrap();
    let heads = logs::heads(cluster.folder());
    let update = UpdateRiskRequest {
        name: name.clone(),
        description: Some(RiskDescription {
            remarks: "追記".to_owned(),
            ..RiskDescription::default()
        }),
        update_mask: vec!["remarks".to_owned()],
        request_id: scene.ids.fresh(),
        ..UpdateRiskRequest::default()
    };
    let assign = AssignRiskRequest {
        name: name.clone(),
        owner: owner.name,
        request_id: scene.ids.fresh(),
        ..AssignRiskRequest::default()
    };
    let assess = AssessRiskRequest {
        name: name.clone(),
        leads_to_churn: LeadsToChurn::UnknownAtPresent.into(),
        request_id: scene.ids.fresh(),
        ..AssessRiskRequest::default()
    };
    let schedule = ScheduleNextActionRequest {
        name: name.clone(),
        request_id: scene.ids.fresh(),
        ..ScheduleNextActionRequest::default()
    };
    let refusals = [
        refused(risks.update_risk(update).await),
        refused(risks.assign_risk(assign).await),
        refused(risks.assess_risk(assess).await),
        refused(risks.schedule_next_action(schedule).await),
        refused(risks.close_risk(close(&name, (2026, 11, 22), &scene)).await),
    ];
    for refusal in &refusals {
        is(refusal, Code::FailedPrecondition, "RISK_CLOSED");
    }
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn risk_4_an_open_risk_has_no_closure_to_amend_or_undo() {
    let (_cluster, scene) = scene("open").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let name = scene.risk(&account, "競合", |_| ()).await.name;
    let amend = AmendClosureRequest {
        name: name.clone(),
        result: Some("継続".to_owned()),
        request_id: scene.ids.fresh(),
        ..AmendClosureRequest::default()
    };
    let refusal = refused(scene.api.risks().amend_closure(amend).await);
    is(&refusal, Code::FailedPrecondition, "RISK_OPEN");
    let reopen = ReopenRiskRequest {
        name,
        reason: "再燃".to_owned(),
        request_id: scene.ids.fresh(),
        ..ReopenRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().reopen_risk(reopen).await);
    is(&refusal, Code::FailedPrecondition, "RISK_OPEN");
}

#[tokio::test]
async fn risk_3_a_completion_tomorrow_or_before_the_opening_is_impossible() {
    let (cluster, scene) = scene("dates").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let name = scene.risk(&account, "競合", |_| ()).await.name;
    for on in [(2026, 11, 23), (2026, 11, 21), (9999, 12, 31)] {
        let refusal = refused(scene.api.risks().close_risk(close(&name, on, &scene)).await);
        let expected = match on.0 {
            9999 if refusal.code == Code::InvalidArgument => "INVALID_FIELDS",
            _ => "COMPLETION_DATE_IMPOSSIBLE",
        };
        assert_eq!(refusal.reason, expected, "{on:?}");
    }
    // Midnight in Tokyo is what counts, not in Greenwich.
    cluster.set("2026-11-23T00:00[Asia/Tokyo]");
    let tomorrow = close(&name, (2026, 11, 23), &scene);
    scene.api.risks().close_risk(tomorrow).await.unwrap();
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
