//! What records show besides themselves: who must be found for them, what happened to them, and
//! what whoever works on them needs (ACC-6, RISK-5, RISK-6).

use keizoku_proto::accounts::{
    Account, AccountFilter, AssignAccountRequest, ListAccountsRequest, UpdateUserRequest, User,
};
use keizoku_proto::risk::{
    CloseRiskRequest, Completion, DefineRiskTypeRequest, GetRiskRequest, ListRiskHistoryRequest,
    ListRisksRequest, Risk, RiskChange, RiskDescription, RiskFilter, RiskType, UpdateRiskRequest,
};
use keizoku_testkit::{Cluster, Scene, day};

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

async fn without_owner(scene: &Scene) -> Vec<String> {
    let request = ListAccountsRequest {
        filter: Some(AccountFilter {
            needs_owner: true,
            ..AccountFilter::default()
        }),
        consistency_tokens: scene.account_tokens(),
        ..ListAccountsRequest::default()
    };
    let answer = scene.api.accounts().list_accounts(request).await.unwrap();
    let names = |account: Account| account.display_name;
    answer
        .into_inner()
        .accounts
        .into_iter()
        .map(names)
        .collect()
}

async fn risks_without_owner(scene: &Scene) -> Vec<String> {
    let request = ListRisksRequest {
        filter: Some(RiskFilter {
            needs_owner: true,
            ..RiskFilter::default()
        }),
        consistency_tokens: scene.tokens(),
        ..ListRisksRequest::default()
    };
    let answer = scene.api.risks().list_risks(request).await.unwrap();
    let names = |risk: Risk| risk.display_name;
    answer.into_inner().risks.into_iter().map(names).collect()
}

#[tokio::test]
async fn acc_6_what_a_departed_user_owned_waits_until_somebody_decides() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("ops", cluster.api("ops").await);
    let team = scene.team("東日本").await;
    let (leaves, stays) = (
        scene.user("佐藤", &team).await,
        scene.user("鈴木", &team).await,
    );
    let of = |owner: &User| owner.name.clone();
    let left = scene
        .account("あおば製作所", |a| a.owner = of(&leaves))
        .await;
    let kept = scene.account("みどり印刷", |a| a.owner = of(&stays)).await;
    scene.risk(&left, "予算削減", |_| ()).await;
    scene.risk(&kept, "担当者が退職", |_| ()).await;
    assert_eq!(without_owner(&scene).await, Vec::<String>::new());
    assert_eq!(risks_without_owner(&scene).await, Vec::<String>::new());

    let depart = UpdateUserRequest {
        user: Some(User {
            active: false,
            ..leaves
        }),
        update_mask: vec!["active".to_owned()],
        request_id: scene.ids.fresh(),
        ..UpdateUserRequest::default()
    };
    let departed = scene.api.directory().update_user(depart).await.unwrap();
    scene.changed_accounts(departed.into_inner().consistency_token);
    assert_eq!(without_owner(&scene).await, ["あおば製作所"]);
    assert_eq!(risks_without_owner(&scene).await, ["予算削減"]);

    let assign = AssignAccountRequest {
        name: left.name,
        owner: Some(of(&stays)),
        request_id: scene.ids.fresh(),
        ..AssignAccountRequest::default()
    };
    let assigned = scene.api.accounts().assign_account(assign).await.unwrap();
    scene.changed_accounts(assigned.into_inner().consistency_token);
    assert_eq!(without_owner(&scene).await, Vec::<String>::new());
    // A risk is somebody's own task: it waits until somebody decides about it, too.
    assert_eq!(risks_without_owner(&scene).await, ["予算削減"]);
}

/// Who, what, which field, from what, to what.
fn told(change: &RiskChange) -> [&str; 5] {
    let RiskChange {
        actor,
        action,
        field,
        old_value,
        new_value,
        ..
    } = change;
    [actor, action, field, old_value, new_value]
}

#[tokio::test]
async fn risk_5_every_field_tells_who_changed_it_when_from_what_to_what() {
    let cluster = Cluster::at(NOW).await;
    let csm = Scene::new("csm", cluster.api("csm").await);
    let ops = Scene::new("ops", cluster.api("ops").await);
    let account = csm.account("あおば製作所", |_| ()).await;
    csm.subscription(&account, 1_000, |_| ()).await;
    let long = "長い経緯。".repeat(1_000);
    let risk = csm
        .risk(&account, "予算削減", |r| r.detail.clone_from(&long))
        .await;

    cluster.set("2026-11-23T09:00[Asia/Tokyo]");
    let update = UpdateRiskRequest {
        name: risk.name.clone(),
        description: Some(RiskDescription {
            detail: "部長と面談した。".to_owned(),
            ..RiskDescription::default()
        }),
        update_mask: vec!["detail".to_owned()],
        request_id: ops.ids.fresh(),
        ..UpdateRiskRequest::default()
    };
    ops.api.risks().update_risk(update).await.unwrap();
    let close = CloseRiskRequest {
        name: risk.name.clone(),
        completion: Completion::Completed.into(),
        completion_date: Some(day(2026, 11, 23)),
        result: "継続が決まった".to_owned(),
        request_id: csm.ids.fresh(),
        ..CloseRiskRequest::default()
    };
    csm.api.risks().close_risk(close).await.unwrap();

    let history = ListRiskHistoryRequest {
        name: risk.name,
        ..ListRiskHistoryRequest::default()
    };
    let answer = csm.api.risks().list_risk_history(history).await.unwrap();
    let changes = answer.into_inner().changes;
    let of = |field: &str| -> Vec<[&str; 5]> {
        let of_field = changes.iter().filter(|change| change.field == field);
        of_field.map(told).collect()
    };
    assert_eq!(
        of("detail"),
        [
            [
                "user:ops",
                "risk_revised",
                "detail",
                long.as_str(),
                "部長と面談した。"
            ],
            ["user:csm", "risk_opened", "detail", "", long.as_str()],
        ],
        "newest first, long text whole"
    );
    assert_eq!(
        of("completion"),
        [["user:csm", "risk_closed", "completion", "", "COMPLETED"]]
    );
    assert_eq!(
        of("group_mrr_impact"),
        [[
            "user:csm",
            "risk_closed",
            "group_mrr_impact",
            "",
            "1000 / 1000 = 1000000 ppm"
        ]]
    );
    let days: Vec<i64> = changes
        .iter()
        .map(|change| change.change_time.as_ref().unwrap().seconds / 86_400)
        .collect();
    assert!(days.is_sorted_by(|one, other| one >= other));
    assert_eq!(days.first().unwrap() - days.last().unwrap(), 1);
}

#[tokio::test]
async fn risk_6_a_risk_shows_contract_data_and_the_manual_of_its_type() {
    const MANUAL: &str = "https://example.com/manual/budget";
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("csm", cluster.api("csm").await);
    let define = DefineRiskTypeRequest {
        r#type: Some(RiskType {
            key: "budget".to_owned(),
            label: "予算".to_owned(),
            manual_url: MANUAL.to_owned(),
            active: true,
        }),
        request_id: scene.ids.fresh(),
    };
    scene.api.risks().define_risk_type(define).await.unwrap();
    let account = scene
        .account("あおば製作所", |a| {
            a.group = "あおばグループ".to_owned();
        })
        .await;
    let sister = scene
        .account("あおば商事", |a| a.group = "あおばグループ".to_owned())
        .await;
    scene.subscription(&account, 1_000, |_| ()).await;
    scene.subscription(&sister, 500, |_| ()).await;
    let opened = scene
        .risk(&account, "予算削減", |r| r.r#type = "budget".to_owned())
        .await;

    let request = GetRiskRequest {
        name: opened.name,
        consistency_tokens: scene.tokens(),
        ..GetRiskRequest::default()
    };
    let answer = scene.api.risks().get_risk(request).await.unwrap();
    let risk = answer.into_inner().risk.unwrap();
    assert_eq!(risk.manual_url, MANUAL);
    let shown = risk.account.unwrap();
    assert_eq!(shown.display_name, "あおば製作所");
    assert!(shown.active);
    assert_eq!(shown.mrr.unwrap().minor_units, 1_000);
    assert_eq!(shown.group_mrr.unwrap().minor_units, 1_500);
}
