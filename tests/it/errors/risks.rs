//! What a closed and an open risk refuse (RISK-3, RISK-4).

use keizoku_proto::risk::{
    AmendClosureRequest, AssessRiskRequest, AssignRiskRequest, LeadsToChurn, ReopenRiskRequest,
    RiskDescription, ScheduleNextActionRequest, UpdateRiskRequest,
};
use keizoku_testkit::{logs, refused};
use tonic::Code;

use super::{close, is, scene};

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
    let mut risks = scene.api.risks();
    for on in [(2026, 11, 23), (2026, 11, 21), (2149, 1, 1)] {
        let refusal = refused(risks.close_risk(close(&name, on, &scene)).await);
        is(
            &refusal,
            Code::FailedPrecondition,
            "COMPLETION_DATE_IMPOSSIBLE",
        );
    }
    for on in [(2026, 2, 29), (2026, 13, 1), (0, 0, 0), (9999, 12, 31)] {
        let refusal = refused(risks.close_risk(close(&name, on, &scene)).await);
        assert_eq!(refusal.fields, ["completion_date"], "{on:?}");
    }
    // Midnight in Tokyo is what counts, not in Greenwich.
    cluster.set("2026-11-23T00:00[Asia/Tokyo]");
    let tomorrow = close(&name, (2026, 11, 23), &scene);
    risks.close_risk(tomorrow).await.unwrap();
}
