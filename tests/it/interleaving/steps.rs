//! Changes that the history makes, each as short as its story.

use keizoku_proto::accounts::{
    Account, AssignAccountRequest, FactKind, MergeAccountsRequest, RecordContractFactRequest,
    Subscription, UpdateUserRequest, User, VoidContractFactRequest,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{
    AcceptSuggestionRequest, AmendClosureRequest, AssessRiskRequest, CloseRiskRequest, Completion,
    DismissSuggestionRequest, LeadsToChurn, NextAction, ReopenRiskRequest, Risk,
    ScheduleNextActionRequest, SuggestRiskRequest, Suggestion,
};
use keizoku_testkit::{Scene, yen};

/// Calls, and remembers the token of the change.
macro_rules! change {
    ($scene:expr, $service:ident.$method:ident, $remember:ident, $request:expr) => {{
        let answer = $scene.api.$service().$method($request).await;
        let answer = answer.unwrap().into_inner();
        $scene.$remember(answer.consistency_token.clone());
        answer
    }};
}
pub(super) use change;

pub(super) async fn assign(
    scene: &Scene,
    account: &Account,
    from: Date,
    change: impl FnOnce(&mut AssignAccountRequest),
) {
    let mut request = AssignAccountRequest {
        name: account.name.clone(),
        effective_date: Some(from),
        request_id: scene.ids.fresh(),
        ..AssignAccountRequest::default()
    };
    change(&mut request);
    change!(scene, accounts.assign_account, changed_accounts, request);
}

pub(super) async fn merge(scene: &Scene, duplicate: &Account, survivor: &Account) {
    let request = MergeAccountsRequest {
        duplicate: duplicate.name.clone(),
        survivor: survivor.name.clone(),
        request_id: scene.ids.fresh(),
    };
    change!(scene, accounts.merge_accounts, changed_accounts, request);
}

pub(super) async fn update_user(scene: &Scene, user: User, field: &str, from: Option<Date>) {
    let request = UpdateUserRequest {
        user: Some(user),
        update_mask: vec![field.to_owned()],
        team_effective_date: from,
        request_id: scene.ids.fresh(),
        ..UpdateUserRequest::default()
    };
    change!(scene, directory.update_user, changed_accounts, request);
}

pub(super) async fn fact(
    scene: &Scene,
    subscription: &Subscription,
    kind: FactKind,
    from: Date,
    mrr: Option<i64>,
) -> Subscription {
    let ends = matches!(kind, FactKind::Churned | FactKind::CancellationAnnounced);
    let reason = if ends { "price" } else { "" };
    let request = RecordContractFactRequest {
        name: subscription.name.clone(),
        kind: kind.into(),
        effective_date: Some(from),
        mrr: mrr.map(yen),
        reason_code: reason.to_owned(),
        reason: reason.to_owned(),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let answer = change!(
        scene,
        accounts.record_contract_fact,
        changed_accounts,
        request
    );
    answer.subscription.unwrap()
}

/// Voids the latest fact.
pub(super) async fn void(scene: &Scene, subscription: &Subscription) {
    let request = VoidContractFactRequest {
        name: subscription.facts.last().unwrap().name.clone(),
        reason: "入力誤り".to_owned(),
        request_id: scene.ids.fresh(),
        ..VoidContractFactRequest::default()
    };
    change!(
        scene,
        accounts.void_contract_fact,
        changed_accounts,
        request
    );
}

pub(super) async fn close(scene: &Scene, risk: &Risk, completion: Completion, on: Date) {
    let request = CloseRiskRequest {
        name: risk.name.clone(),
        completion: completion.into(),
        completion_date: Some(on),
        result: "担当者と合意した".to_owned(),
        request_id: scene.ids.fresh(),
        ..CloseRiskRequest::default()
    };
    change!(scene, risks.close_risk, changed_risks, request);
}

pub(super) async fn amend(scene: &Scene, risk: &Risk, result: &str) {
    let request = AmendClosureRequest {
        name: risk.name.clone(),
        result: Some(result.to_owned()),
        request_id: scene.ids.fresh(),
        ..AmendClosureRequest::default()
    };
    change!(scene, risks.amend_closure, changed_risks, request);
}

pub(super) async fn reopen(scene: &Scene, risk: &Risk) {
    let request = ReopenRiskRequest {
        name: risk.name.clone(),
        reason: "再発".to_owned(),
        request_id: scene.ids.fresh(),
        ..ReopenRiskRequest::default()
    };
    change!(scene, risks.reopen_risk, changed_risks, request);
}

pub(super) async fn assess(scene: &Scene, risk: &Risk, flag: LeadsToChurn) {
    let request = AssessRiskRequest {
        name: risk.name.clone(),
        leads_to_churn: flag.into(),
        request_id: scene.ids.fresh(),
        ..AssessRiskRequest::default()
    };
    change!(scene, risks.assess_risk, changed_risks, request);
}

pub(super) fn action(due: Date) -> NextAction {
    NextAction {
        due_date: Some(due),
        text: "訪問する".to_owned(),
    }
}

pub(super) async fn schedule(scene: &Scene, risk: &Risk, due: Date) {
    let request = ScheduleNextActionRequest {
        name: risk.name.clone(),
        next_action: Some(action(due)),
        request_id: scene.ids.fresh(),
        ..ScheduleNextActionRequest::default()
    };
    change!(scene, risks.schedule_next_action, changed_risks, request);
}

pub(super) async fn suggest(scene: &Scene, account: &Account, cause: &str) -> Suggestion {
    let request = SuggestRiskRequest {
        parent: account.name.clone(),
        cause: cause.to_owned(),
        display_name: "窓口の異動".to_owned(),
        r#type: "champion_left".to_owned(),
        request_id: scene.ids.fresh(),
        ..SuggestRiskRequest::default()
    };
    let answer = change!(scene, risks.suggest_risk, changed_risks, request);
    answer.suggestion.unwrap()
}

pub(super) async fn accept(scene: &Scene, suggestion: &Suggestion) {
    let request = AcceptSuggestionRequest {
        name: suggestion.name.clone(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        request_id: scene.ids.fresh(),
        ..AcceptSuggestionRequest::default()
    };
    change!(scene, risks.accept_suggestion, changed_risks, request);
}

pub(super) async fn dismiss(scene: &Scene, suggestion: &Suggestion) {
    let request = DismissSuggestionRequest {
        name: suggestion.name.clone(),
        reason: "後任が決まっている".to_owned(),
        request_id: scene.ids.fresh(),
    };
    change!(scene, risks.dismiss_suggestion, changed_risks, request);
}
