//! Lists of the forecast name their accounts, so that nobody needs a second question (FC-2, FC-9,
//! FC-13).

use keizoku_proto::accounts::{AccountFields, MergeAccountsRequest, UpdateAccountRequest};
use keizoku_proto::forecast::{
    GetRiskReportRequest, ListDeadlinesRequest, ListForecastAccountsRequest,
};
use keizoku_proto::risk::ListRisksRequest;
use keizoku_testkit::{Cluster, Scene, day};

/// The names in the forecast, the deadlines, the risk report and the list of risks.
async fn names(scene: &Scene) -> [Vec<String>; 4] {
    let mut forecasts = scene.api.forecasts();
    let mut accounts = ListForecastAccountsRequest::default();
    let forecast = accounts.forecast.get_or_insert_default();
    forecast.consistency_tokens = scene.tokens();
    let accounts = forecasts.list_forecast_accounts(accounts).await.unwrap();
    let accounts = accounts.into_inner().accounts.into_iter();
    let deadlines = ListDeadlinesRequest {
        consistency_tokens: scene.tokens(),
        ..ListDeadlinesRequest::default()
    };
    let deadlines = forecasts.list_deadlines(deadlines).await.unwrap();
    let deadlines = deadlines.into_inner().deadlines.into_iter();
    let report = GetRiskReportRequest {
        consistency_tokens: scene.tokens(),
        ..GetRiskReportRequest::default()
    };
    let report = forecasts.get_risk_report(report).await.unwrap();
    let opened = report.into_inner().opened.into_iter();
    let risks = ListRisksRequest {
        consistency_tokens: scene.tokens(),
        ..ListRisksRequest::default()
    };
    let risks = scene.api.risks().list_risks(risks).await.unwrap();
    let risks = risks.into_inner().risks.into_iter();
    [
        accounts.map(|line| line.account_display_name).collect(),
        deadlines.map(|line| line.account_display_name).collect(),
        opened.map(|line| line.account_display_name).collect(),
        risks
            .map(|risk| risk.account.unwrap().display_name)
            .collect(),
    ]
}

#[tokio::test]
async fn fc_2_fc_9_fc_13_lists_have_the_account_s_name_as_it_is_now() {
    let cluster = Cluster::at("2026-11-22T09:00[Asia/Tokyo]").await;
    let scene = Scene::new("names", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let renews = |s: &mut keizoku_proto::accounts::StartSubscriptionRequest| {
        let terms = s.terms.get_or_insert_default();
        terms.next_renewal_date = Some(day(2026, 12, 1));
    };
    scene.subscription(&account, 1_000, renews).await;
    scene.risk(&account, "競合", |_| ()).await;
    assert_eq!(names(&scene).await, [["あおば製作所"]; 4]);

    let rename = UpdateAccountRequest {
        name: account.name.clone(),
        account: Some(AccountFields {
            display_name: "あおばホールディングス".to_owned(),
            ..AccountFields::default()
        }),
        update_mask: vec!["display_name".to_owned()],
        request_id: scene.ids.fresh(),
        ..UpdateAccountRequest::default()
    };
    let renamed = scene.api.accounts().update_account(rename).await.unwrap();
    scene.changed_accounts(renamed.into_inner().consistency_token);
    assert_eq!(names(&scene).await, [["あおばホールディングス"]; 4]);

    // Merged, it is the account that stays, at every date (ACC-8).
    let stays = scene.account("あおばグループ本社", |_| ()).await;
    let merge = MergeAccountsRequest {
        duplicate: account.name,
        survivor: stays.name,
        request_id: scene.ids.fresh(),
    };
    let merged = scene.api.accounts().merge_accounts(merge).await.unwrap();
    scene.changed_accounts(merged.into_inner().consistency_token);
    assert_eq!(names(&scene).await, [["あおばグループ本社"]; 4]);

    drop(scene);
    let cluster = cluster.restart().await;
    let scene = Scene::new("names again", cluster.api("csm").await);
    assert_eq!(names(&scene).await, [["あおばグループ本社"]; 4]);
}
