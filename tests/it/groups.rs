//! What a group is worth, and what its loss would mean (ACC-4, RISK-2).

use keizoku_proto::accounts::{
    Account, AccountFields, AssignAccountRequest, FactKind, GetAccountRequest,
    RecordContractFactRequest, Subscription,
};
use keizoku_proto::common::AsOf;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{CloseRiskRequest, Completion, GetRiskRequest, ReopenRiskRequest, Risk};
use keizoku_testkit::{Cluster, Scene, day, yen};

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

fn in_group(group: &'static str) -> impl FnOnce(&mut AccountFields) {
    move |fields: &mut AccountFields| fields.group = group.to_owned()
}

async fn record(scene: &Scene, of: &Subscription, kind: FactKind, mrr: i64, on: Date) {
    let request = RecordContractFactRequest {
        name: of.name.clone(),
        kind: kind.into(),
        mrr: Some(yen(mrr)),
        effective_date: Some(on),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let answer = scene.api.accounts().record_contract_fact(request).await;
    scene.changed_accounts(answer.unwrap().into_inner().consistency_token);
}

/// Own MRR and that of the group, on a date.
async fn mrr(scene: &Scene, account: &Account, on: Date) -> (i64, i64) {
    let request = GetAccountRequest {
        name: account.name.clone(),
        as_of: Some(AsOf {
            on: Some(on),
            ..AsOf::default()
        }),
        consistency_tokens: scene.account_tokens(),
    };
    let answer = scene.api.accounts().get_account(request).await.unwrap();
    let account = answer.into_inner().account.unwrap();
    let minor = |money: Option<keizoku_proto::common::Money>| money.unwrap().minor_units;
    (minor(account.mrr), minor(account.group_mrr))
}

#[tokio::test]
async fn acc_4_the_group_total_has_its_active_members_of_the_date_or_the_account_alone() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("groups", cluster.api("ops").await);
    let parent = scene.account("あおば製作所", in_group("あおば")).await;
    let sister = scene.account("あおば販売", in_group("あおば")).await;
    let alone = scene.account("みなと食品", |_| ()).await;
    scene.subscription(&parent, 1_000, |_| ()).await;
    let selling = scene.subscription(&sister, 500, |_| ()).await;
    scene.subscription(&alone, 70, |_| ()).await;
    let today = day(2026, 11, 22);
    assert_eq!(mrr(&scene, &parent, today).await, (1_000, 1_500));
    assert_eq!(mrr(&scene, &sister, today).await, (500, 1_500));
    assert_eq!(mrr(&scene, &alone, today).await, (70, 70), "its own");

    // What a member pays counts from its date on, and so does a member that joins.
    record(&scene, &selling, FactKind::Downsized, 400, day(2026, 11, 1)).await;
    let join = AssignAccountRequest {
        name: alone.name.clone(),
        group: Some("あおば".to_owned()),
        effective_date: Some(day(2026, 12, 1)),
        request_id: scene.ids.fresh(),
        ..AssignAccountRequest::default()
    };
    let joined = scene.api.accounts().assign_account(join).await.unwrap();
    scene.changed_accounts(joined.into_inner().consistency_token);
    assert_eq!(mrr(&scene, &parent, today).await, (1_000, 1_400));
    assert_eq!(
        mrr(&scene, &parent, day(2026, 10, 31)).await,
        (1_000, 1_500)
    );
    assert_eq!(mrr(&scene, &parent, day(2026, 12, 1)).await, (1_000, 1_470));
    assert_eq!(mrr(&scene, &alone, day(2026, 11, 30)).await, (70, 70));
    assert_eq!(mrr(&scene, &alone, day(2026, 12, 1)).await, (70, 1_470));

    // A member that is no longer active has no part.
    let churn = RecordContractFactRequest {
        name: selling.name,
        kind: FactKind::Churned.into(),
        effective_date: Some(day(2026, 11, 22)),
        reason_code: "price".to_owned(),
        reason: "予算が削られた".to_owned(),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let churned = scene.api.accounts().record_contract_fact(churn).await;
    scene.changed_accounts(churned.unwrap().into_inner().consistency_token);
    let before = day(2026, 11, 21);
    assert_eq!(mrr(&scene, &parent, before).await, (1_000, 1_400));
    assert_eq!(mrr(&scene, &parent, today).await, (1_000, 1_000));
}

async fn impact(scene: &Scene, risk: &Risk) -> (i64, i64) {
    let request = GetRiskRequest {
        name: risk.name.clone(),
        consistency_tokens: scene.tokens(),
        ..GetRiskRequest::default()
    };
    let answer = scene.api.risks().get_risk(request).await.unwrap();
    let rate = answer.into_inner().risk.unwrap().group_mrr_impact.unwrap();
    (rate.numerator, rate.denominator)
}

#[tokio::test]
async fn risk_2_the_impact_is_live_while_open_and_frozen_when_the_risk_closes() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("impact", cluster.api("csm").await);
    let parent = scene.account("あおば製作所", in_group("あおば")).await;
    let sister = scene.account("あおば販売", in_group("あおば")).await;
    scene.subscription(&parent, 1_000, |_| ()).await;
    let selling = scene.subscription(&sister, 500, |_| ()).await;
    let risk = scene.risk(&parent, "競合", |_| ()).await;
    assert_eq!(impact(&scene, &risk).await, (1_500, 1_500));

    // More since this month: the group's total, not what the month began with.
    record(&scene, &selling, FactKind::Expanded, 700, day(2026, 11, 10)).await;
    assert_eq!(impact(&scene, &risk).await, (1_700, 1_500));

    let close = CloseRiskRequest {
        name: risk.name.clone(),
        completion: Completion::Completed.into(),
        completion_date: Some(day(2026, 11, 22)),
        result: "継続".to_owned(),
        request_id: scene.ids.fresh(),
        ..CloseRiskRequest::default()
    };
    let closed = scene.api.risks().close_risk(close).await.unwrap();
    scene.changed_risks(closed.into_inner().consistency_token);
    record(&scene, &selling, FactKind::Expanded, 900, day(2026, 11, 15)).await;
    cluster.set("2026-12-01T09:00[Asia/Tokyo]");
    assert_eq!(
        impact(&scene, &risk).await,
        (1_700, 1_500),
        "as it was then"
    );

    let reopen = ReopenRiskRequest {
        name: risk.name.clone(),
        reason: "再燃".to_owned(),
        request_id: scene.ids.fresh(),
        ..ReopenRiskRequest::default()
    };
    let reopened = scene.api.risks().reopen_risk(reopen).await.unwrap();
    scene.changed_risks(reopened.into_inner().consistency_token);
    assert_eq!(impact(&scene, &risk).await, (1_900, 1_900), "December's");
}
