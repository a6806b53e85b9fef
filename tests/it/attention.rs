//! What a risk says when nobody fills it in, and what of it needs attention (RISK-1, RISK-7).

use keizoku_proto::accounts::AccountFields;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{
    GetRiskRequest, ListRisksRequest, NextAction, Risk, RiskFilter, ScheduleNextActionRequest,
    WarningKind,
};
use keizoku_testkit::{Cluster, Scene, day};

#[tokio::test]
async fn risk_1_a_risk_belongs_to_the_account_s_csm_or_pool_unless_it_says_otherwise() {
    let cluster = Cluster::at("2026-11-22T09:00[Asia/Tokyo]").await;
    let scene = Scene::new("owners", cluster.api("csm").await);
    let team = scene.team("東日本").await;
    let (csm, other) = (
        scene.user("佐藤", &team).await,
        scene.user("鈴木", &team).await,
    );
    let owned = |fields: &mut AccountFields| fields.owner.clone_from(&csm.name);
    let owned = scene.account("あおば製作所", owned).await;
    let pooled = |fields: &mut AccountFields| fields.pool.clone_from(&team.name);
    let pooled = scene.account("みどり印刷", pooled).await;
    let nobodys = scene.account("みなと食品", |_| ()).await;

    assert_eq!(scene.risk(&owned, "競合", |_| ()).await.owner, csm.name);
    assert_eq!(scene.risk(&pooled, "競合", |_| ()).await.owner, team.name);
    assert_eq!(scene.risk(&nobodys, "競合", |_| ()).await.owner, "");
    let given = scene
        .risk(&owned, "予算", |r| r.owner.clone_from(&other.name))
        .await;
    assert_eq!(given.owner, other.name);
    assert_eq!(given.r#type, "other", "the catalogue ends in it");
    assert_eq!(given.open_date, Some(day(2026, 11, 22)));
}

async fn shown(scene: &Scene, risk: &Risk) -> Risk {
    let request = GetRiskRequest {
        name: risk.name.clone(),
        consistency_tokens: scene.tokens(),
        ..GetRiskRequest::default()
    };
    let answer = scene.api.risks().get_risk(request).await.unwrap();
    answer.into_inner().risk.unwrap()
}

fn warnings(risk: &Risk) -> Vec<(WarningKind, Option<Date>)> {
    let warnings = risk.warnings.iter();
    warnings.map(|of| (of.kind(), of.since)).collect()
}

async fn schedule(scene: &Scene, risk: &Risk, due_date: Option<Date>) {
    let request = ScheduleNextActionRequest {
        name: risk.name.clone(),
        next_action: due_date.map(|due_date| NextAction {
            due_date: Some(due_date),
            text: "電話".to_owned(),
        }),
        request_id: scene.ids.fresh(),
        ..ScheduleNextActionRequest::default()
    };
    let answer = scene.api.risks().schedule_next_action(request).await;
    scene.changed_risks(answer.unwrap().into_inner().consistency_token);
}

#[tokio::test]
async fn risk_7_no_date_three_postponements_and_thirty_days_without_a_change_are_warnings() {
    let cluster = Cluster::at("2026-11-02T09:00[Asia/Tokyo]").await;
    let scene = Scene::new("warnings", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    scene.subscription(&account, 1_000, |_| ()).await;
    let risk = scene.risk(&account, "競合", |_| ()).await;
    let (opened, third) = (Some(day(2026, 11, 2)), Some(day(2026, 11, 3)));
    assert_eq!(
        warnings(&shown(&scene, &risk).await),
        [(WarningKind::NoNextAction, opened)]
    );

    // Said once and moved twice: no warning yet.
    for due in [10, 11, 12] {
        schedule(&scene, &risk, Some(day(2026, 11, due))).await;
    }
    assert_eq!(warnings(&shown(&scene, &risk).await), []);
    cluster.set("2026-11-03T09:00[Asia/Tokyo]");
    schedule(&scene, &risk, Some(day(2026, 11, 13))).await;
    let postponed = (WarningKind::PostponedRepeatedly, third);
    assert_eq!(warnings(&shown(&scene, &risk).await), [postponed]);

    cluster.set("2026-12-02T23:59[Asia/Tokyo]");
    assert_eq!(warnings(&shown(&scene, &risk).await), [postponed]);
    cluster.set("2026-12-03T00:00[Asia/Tokyo]");
    let untouched = (WarningKind::Untouched, Some(day(2026, 12, 3)));
    assert_eq!(
        warnings(&shown(&scene, &risk).await),
        [postponed, untouched]
    );
    schedule(&scene, &risk, None).await;
    let changed = Some(day(2026, 12, 3));
    assert_eq!(
        warnings(&shown(&scene, &risk).await),
        [(WarningKind::NoNextAction, changed), postponed]
    );
}

#[tokio::test]
async fn risk_7_overdue_begins_at_midnight_where_the_organisation_is() {
    let cluster = Cluster::at("2026-11-22T23:59[Asia/Tokyo]").await;
    let scene = Scene::new("overdue", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let due_today = |r: &mut keizoku_proto::risk::OpenRiskRequest| {
        r.next_action = Some(NextAction {
            due_date: Some(day(2026, 11, 22)),
            text: "電話".to_owned(),
        });
    };
    let risk = scene.risk(&account, "競合", due_today).await;
    let listed = async || {
        let request = ListRisksRequest {
            filter: Some(RiskFilter {
                overdue: true,
                ..RiskFilter::default()
            }),
            consistency_tokens: scene.tokens(),
            ..ListRisksRequest::default()
        };
        let answer = scene.api.risks().list_risks(request).await.unwrap();
        answer.into_inner().total_size
    };
    assert_eq!(
        (shown(&scene, &risk).await.overdue, listed().await),
        (false, 0)
    );
    cluster.set("2026-11-23T00:00[Asia/Tokyo]");
    assert_eq!(
        (shown(&scene, &risk).await.overdue, listed().await),
        (true, 1)
    );
}
