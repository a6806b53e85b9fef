//! Every violation at once.

use keizoku_proto::accounts::{
    AccountFields, CreateAccountRequest, FactKind, RecordContractFactRequest, RegisterUserRequest,
    StartSubscriptionRequest, SubscriptionTerms, UpdateAccountRequest, User,
};
use keizoku_proto::common::Money;
use keizoku_proto::risk::{
    CloseRiskRequest, DefineRiskTypeRequest, NextAction, OpenRiskRequest, RiskDescription,
    RiskType, UpdateRiskRequest,
};
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_testkit::{Refusal, day, logs, refused};
use tonic::Code;

use super::scene;

/// Every field is named, and the message for people names them too.
#[track_caller]
fn names_all(refusal: &Refusal, fields: &[&str]) {
    assert_eq!(
        refusal.kind(),
        (Code::InvalidArgument, "INVALID_FIELDS"),
        "{}",
        refusal.message
    );
    assert_eq!(refusal.domain, "keizoku");
    assert_eq!(refusal.fields, fields, "{}", refusal.message);
    for field in fields {
        assert!(refusal.message.contains(field), "{}", refusal.message);
    }
}

#[tokio::test]
async fn acc_1_every_field_of_an_account_that_is_wrong_is_named() {
    let (cluster, scene) = scene("account").await;
    let heads = logs::heads(cluster.folder());
    let request = CreateAccountRequest {
        account_id: "A1".to_owned(),
        account: Some(AccountFields {
            kana: "ア".repeat(SHORT_TEXT + 1),
            corporate_number: "1234567890123".to_owned(),
            touch_model: 99,
            external_ids: vec![String::new()],
            owner: "users/suzuki".to_owned(),
            pool: "teams/east".to_owned(),
            associate: "sato".to_owned(),
            industry: "製造\u{0}".to_owned(),
            ..AccountFields::default()
        }),
        request_id: "again".to_owned(),
    };
    let refusal = refused(scene.api.accounts().create_account(request).await);
    let expected = [
        "account.associate",
        "account.corporate_number",
        "account.display_name",
        "account.external_ids",
        "account.industry",
        "account.kana",
        "account.owner",
        "account.pool",
        "account.pool",
        "account.touch_model",
        "account_id",
        "request_id",
    ];
    names_all(&refusal, &expected);
    let update = UpdateAccountRequest {
        name: "accounts/A1".to_owned(),
        update_mask: vec!["colour".to_owned(), "display_name".to_owned()],
        ..UpdateAccountRequest::default()
    };
    let refusal = refused(scene.api.accounts().update_account(update).await);
    let expected = ["account.display_name", "name", "request_id", "update_mask"];
    names_all(&refusal, &expected);
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn acc_5_every_field_of_a_contract_that_is_wrong_is_named() {
    let (_cluster, scene) = scene("contract").await;
    let request = StartSubscriptionRequest {
        parent: "accounts/A1".to_owned(),
        start_date: Some(day(2026, 2, 30)),
        mrr: Some(Money {
            minor_units: -1,
            currency_code: String::new(),
        }),
        terms: Some(SubscriptionTerms {
            next_renewal_date: Some(day(2026, 4, 31)),
            term_months: 121,
            ..SubscriptionTerms::default()
        }),
        ..StartSubscriptionRequest::default()
    };
    let refusal = refused(scene.api.accounts().start_subscription(request).await);
    let expected = [
        "mrr.minor_units",
        "parent",
        "product",
        "request_id",
        "start_date",
        "terms.next_renewal_date",
        "terms.term_months",
    ];
    names_all(&refusal, &expected);

    let request = RecordContractFactRequest {
        name: "accounts/A1/subscriptions/S1".to_owned(),
        kind: FactKind::Churned.into(),
        effective_date: Some(day(0, 13, 1)),
        ..RecordContractFactRequest::default()
    };
    let refusal = refused(scene.api.accounts().record_contract_fact(request).await);
    let expected = [
        "effective_date",
        "name",
        "reason",
        "reason_code",
        "request_id",
    ];
    names_all(&refusal, &expected);
}

#[tokio::test]
async fn risk_1_every_field_of_a_risk_that_is_wrong_is_named() {
    let (_cluster, scene) = scene("risk").await;
    let request = OpenRiskRequest {
        parent: "A1".to_owned(),
        risk_id: "R1".to_owned(),
        owner: "suzuki".to_owned(),
        next_action: Some(NextAction {
            due_date: Some(day(2026, 2, 29)),
            text: "電話".repeat(SHORT_TEXT * 5),
        }),
        detail: "\u{7}".to_owned(),
        remarks: "あ".repeat(LONG_TEXT + 1),
        ..OpenRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().open_risk(request).await);
    let expected = [
        "detail",
        "display_name",
        "leads_to_churn",
        "next_action.due_date",
        "next_action.text",
        "owner",
        "parent",
        "remarks",
        "request_id",
        "risk_id",
    ];
    names_all(&refusal, &expected);

    let update = UpdateRiskRequest {
        name: "R1".to_owned(),
        description: Some(RiskDescription::default()),
        update_mask: vec!["display_name".to_owned(), "owner".to_owned()],
        ..UpdateRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().update_risk(update).await);
    let expected = [
        "description.display_name",
        "name",
        "request_id",
        "update_mask",
    ];
    names_all(&refusal, &expected);
}

#[tokio::test]
async fn risk_3_closing_names_all_that_is_missing() {
    let (_cluster, scene) = scene("close").await;
    let request = CloseRiskRequest {
        result: " \n".to_owned(),
        ..CloseRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().close_risk(request).await);
    let expected = [
        "completion",
        "completion_date",
        "name",
        "request_id",
        "result",
    ];
    names_all(&refusal, &expected);
}

#[tokio::test]
async fn definitions_name_all_that_is_wrong() {
    let (_cluster, scene) = scene("definitions").await;
    let request = RegisterUserRequest {
        user: Some(User {
            email: "nobody".to_owned(),
            role: "king".to_owned(),
            team: "East".to_owned(),
            ..User::default()
        }),
        ..RegisterUserRequest::default()
    };
    let refusal = refused(scene.api.directory().register_user(request).await);
    let expected = [
        "request_id",
        "user.display_name",
        "user.email",
        "user.role",
        "user.team",
    ];
    names_all(&refusal, &expected);
    let request = DefineRiskTypeRequest {
        r#type: Some(RiskType {
            manual_url: "javascript:alert(1)".to_owned(),
            ..RiskType::default()
        }),
        ..DefineRiskTypeRequest::default()
    };
    let refusal = refused(scene.api.risks().define_risk_type(request).await);
    names_all(
        &refusal,
        &["request_id", "type.key", "type.label", "type.manual_url"],
    );
}
