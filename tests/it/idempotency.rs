//! The same request id again: the first answer, for ever; never a second effect.

use futures::StreamExt as _;
use keizoku_proto::accounts::{
    AccountFields, AccountProfile, CreateAccountRequest, ImportRecordsRequest, ImportedAccount,
    ImportedUser, StartSubscriptionRequest, UpdateAccountRequest, UpdateUserRequest, User,
    UserProfile, import_records_request::Record,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{
    AssignRiskRequest, CloseRiskRequest, Completion, DefineRiskTypeRequest, LeadsToChurn,
    NextAction, OpenRiskRequest, RiskDescription, RiskType, ScheduleNextActionRequest,
    UpdateRiskRequest,
};
use keizoku_testkit::{Cluster, RequestIds, Scene, day, logs, refused, yen};
use tonic::Code;

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";
/// One more than the executor keeps folds.
const OTHERS: u64 = 10_001;

fn create(ids: &RequestIds) -> CreateAccountRequest {
    CreateAccountRequest {
        account: Some(AccountFields {
            display_name: "あおば製作所".to_owned(),
            external_ids: vec!["crm:1".to_owned()],
            ..AccountFields::default()
        }),
        request_id: ids.fresh(),
        ..CreateAccountRequest::default()
    }
}

fn rename(account: &str, name: &str, ids: &RequestIds) -> UpdateAccountRequest {
    UpdateAccountRequest {
        name: account.to_owned(),
        account: Some(AccountFields {
            display_name: name.to_owned(),
            ..AccountFields::default()
        }),
        update_mask: vec!["display_name".to_owned()],
        request_id: ids.fresh(),
        ..UpdateAccountRequest::default()
    }
}

fn owner() -> ImportRecordsRequest {
    let user = ImportedUser {
        external_id: "crm:owner".to_owned(),
        profile: Some(UserProfile {
            display_name: "鈴木".to_owned(),
            ..UserProfile::default()
        }),
        active: true,
        ..ImportedUser::default()
    };
    ImportRecordsRequest {
        row: 0,
        record: Some(Record::User(user)),
    }
}

fn another_account(number: u64) -> ImportRecordsRequest {
    let profile = AccountProfile {
        display_name: format!("account {number}"),
        ..AccountProfile::default()
    };
    let account = ImportedAccount {
        external_id: format!("crm:other-{number}"),
        profile: Some(profile),
        owner_external_id: "crm:owner".to_owned(),
        ..ImportedAccount::default()
    };
    ImportRecordsRequest {
        row: number,
        record: Some(Record::Account(account)),
    }
}

/// How many of the rows were recorded for the first time.
async fn created_by(scene: &Scene, rows: Vec<ImportRecordsRequest>) -> u64 {
    let rows = tokio_stream::iter(rows);
    let answers = scene.api.accounts().import_records(rows).await.unwrap();
    let created = answers.into_inner().filter(|answer| {
        let created = answer.as_ref().unwrap().outcome() == ImportOutcome::Created;
        std::future::ready(created)
    });
    created.count().await as u64
}

/// The same twice; then more than 10,000 other streams and events, which evict it from the cache;
/// then again, after a restart too. Another body or another actor never gets anywhere.
#[tokio::test]
async fn a_request_is_answered_the_same_for_ever() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("for ever", cluster.api("csm").await);
    let request = create(&scene.ids);
    let first = scene.api.accounts().create_account(request.clone()).await;
    let first = first.unwrap().into_inner();
    let name = first.account.clone().unwrap().name;

    let again = scene.api.accounts().create_account(request.clone()).await;
    assert_eq!(again.unwrap().into_inner(), first);

    // What happens to the account later does not change what the request was answered.
    let renamed = rename(&name, "あおば製作所（旧）", &scene.ids);
    let renamed = scene.api.accounts().update_account(renamed).await.unwrap();
    assert_eq!(renamed.into_inner().account.unwrap().etag, "r2");
    let again = scene.api.accounts().create_account(request.clone()).await;
    assert_eq!(again.unwrap().into_inner(), first);

    // A row comes after those that it refers to were answered.
    assert_eq!(created_by(&scene, vec![owner()]).await, 1);
    let others = (1..=OTHERS).map(another_account).collect();
    assert_eq!(created_by(&scene, others).await, OTHERS);
    let heads = logs::heads(cluster.folder());
    assert!(heads["accounts"] > 10_000, "{heads:?}");

    let evicted = scene.api.accounts().create_account(request.clone()).await;
    assert_eq!(evicted.unwrap().into_inner(), first);
    drop(scene);
    let cluster = cluster.restart().await;
    let api = cluster.api("csm").await;
    let restarted = api.accounts().create_account(request.clone()).await;
    assert_eq!(restarted.unwrap().into_inner(), first);

    let mut other_body = request.clone();
    let fields = other_body.account.get_or_insert_default();
    fields.display_name = "みなと食品".to_owned();
    fields.external_ids = vec!["crm:2".to_owned()];
    let refusal = refused(api.accounts().create_account(other_body).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    let somebody_else = cluster.api("somebody else").await;
    let refusal = refused(somebody_else.accounts().create_account(request).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "REQUEST_ID_REUSED"));

    drop((api, somebody_else));
    let folder = cluster.stop().await;
    assert_eq!(
        logs::heads(folder.path()),
        heads,
        "nothing was recorded twice"
    );
}

/// What a request needed when it was made may be gone when it is repeated.
#[tokio::test]
async fn a_repetition_does_not_need_what_the_request_needed() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("needs", cluster.api("csm").await);
    let team = scene.team("East").await;
    let owner = scene.user("鈴木", &team).await;
    let mut create = create(&scene.ids);
    create
        .account
        .get_or_insert_default()
        .owner
        .clone_from(&owner.name);
    let created = scene.api.accounts().create_account(create.clone()).await;
    let created = created.unwrap().into_inner();
    let account = created.account.clone().unwrap();
    let define = |active| DefineRiskTypeRequest {
        r#type: Some(RiskType {
            key: "rival".to_owned(),
            label: "競合".to_owned(),
            active,
            ..RiskType::default()
        }),
        request_id: scene.ids.fresh(),
    };
    scene
        .api
        .risks()
        .define_risk_type(define(true))
        .await
        .unwrap();
    let open = OpenRiskRequest {
        parent: account.name.clone(),
        display_name: "競合を検討中".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        r#type: "rival".to_owned(),
        request_id: scene.ids.fresh(),
        consistency_tokens: vec![created.consistency_token.clone()],
        ..OpenRiskRequest::default()
    };
    let opened = scene.api.risks().open_risk(open.clone()).await.unwrap();
    let opened = opened.into_inner();
    let update = UpdateRiskRequest {
        name: opened.risk.clone().unwrap().name,
        description: Some(RiskDescription {
            r#type: "rival".to_owned(),
            remarks: "先方の部長と面談".to_owned(),
            ..RiskDescription::default()
        }),
        update_mask: vec!["type".to_owned(), "remarks".to_owned()],
        request_id: scene.ids.fresh(),
        ..UpdateRiskRequest::default()
    };
    let updated = scene.api.risks().update_risk(update.clone()).await.unwrap();
    let updated = updated.into_inner();

    // The owner leaves, the type is retired, and the external id moves to another account.
    let depart = UpdateUserRequest {
        user: Some(User {
            name: owner.name.clone(),
            ..User::default()
        }),
        update_mask: vec!["active".to_owned()],
        request_id: scene.ids.fresh(),
        ..UpdateUserRequest::default()
    };
    scene.api.directory().update_user(depart).await.unwrap();
    scene
        .api
        .risks()
        .define_risk_type(define(false))
        .await
        .unwrap();
    let mut give_up = rename(&account.name, "", &scene.ids);
    give_up.update_mask = vec!["external_ids".to_owned()];
    scene.api.accounts().update_account(give_up).await.unwrap();
    let take = |fields: &mut AccountFields| fields.external_ids = vec!["crm:1".to_owned()];
    scene.account("みなと食品", take).await;

    let again = scene.api.accounts().create_account(create).await.unwrap();
    let again = again.into_inner();
    assert_eq!(again.account.unwrap().etag, account.etag);
    assert_eq!(again.consistency_token, created.consistency_token);
    let again = scene
        .api
        .risks()
        .open_risk(open)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.risk.unwrap().etag, opened.risk.unwrap().etag);
    let again = scene
        .api
        .risks()
        .update_risk(update)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.risk.unwrap().etag, updated.risk.unwrap().etag);
}

/// Every change of a risk, repeated at once and after all the others.
#[tokio::test]
async fn every_change_of_a_risk_answers_its_own_state_again() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("changes", cluster.api("csm").await);
    let team = scene.team("East").await;
    let owner = scene.user("鈴木", &team).await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let risk = scene.risk(&account, "担当者が退職", |_| ()).await;
    let mut risks = scene.api.risks();

    let schedule = ScheduleNextActionRequest {
        name: risk.name.clone(),
        next_action: Some(action(day(2026, 12, 1))),
        etag: risk.etag.clone(),
        request_id: scene.ids.fresh(),
    };
    let scheduled = risks.schedule_next_action(schedule.clone()).await.unwrap();
    let scheduled = scheduled.into_inner();
    let assign = AssignRiskRequest {
        name: risk.name.clone(),
        owner: owner.name,
        request_id: scene.ids.fresh(),
        ..AssignRiskRequest::default()
    };
    let assigned = risks
        .assign_risk(assign.clone())
        .await
        .unwrap()
        .into_inner();
    let close = CloseRiskRequest {
        name: risk.name.clone(),
        completion: Completion::Failed.into(),
        completion_date: Some(day(2026, 11, 22)),
        result: "解約".to_owned(),
        request_id: scene.ids.fresh(),
        ..CloseRiskRequest::default()
    };
    let closed = risks.close_risk(close.clone()).await.unwrap().into_inner();
    let heads = logs::heads(cluster.folder());

    // The etag of the first is stale by now, and the risk is closed: neither matters.
    let again = risks.schedule_next_action(schedule).await.unwrap();
    assert_eq!(again.into_inner(), scheduled);
    assert_eq!(
        risks.assign_risk(assign).await.unwrap().into_inner(),
        assigned
    );
    assert_eq!(risks.close_risk(close).await.unwrap().into_inner(), closed);
    assert_eq!(logs::heads(cluster.folder()), heads);
}

/// Sixteen at once: one effect, one answer.
#[tokio::test]
async fn the_same_request_many_times_at_once_has_one_effect() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("at once", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let request = StartSubscriptionRequest {
        parent: account.name,
        product: "Core".to_owned(),
        start_date: Some(day(2026, 4, 1)),
        mrr: Some(yen(1_000)),
        request_id: scene.ids.fresh(),
        ..StartSubscriptionRequest::default()
    };
    let heads = logs::heads(cluster.folder());
    let calls = (0..16).map(|_| {
        let (mut accounts, request) = (scene.api.accounts(), request.clone());
        async move { accounts.start_subscription(request).await }
    });
    let answers = futures::future::join_all(calls).await;
    let answers: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.unwrap().into_inner())
        .collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(
        logs::heads(cluster.folder())["accounts"],
        heads["accounts"] + 1
    );
}

/// An id that a client chose belongs to the request that used it first.
#[tokio::test]
async fn a_chosen_id_is_taken_for_another_request() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("chosen", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let id = scene.ids.fresh();
    let risk = scene
        .risk(&account, "担当者が退職", |risk| {
            risk.risk_id.clone_from(&id);
        })
        .await;
    assert!(risk.name.ends_with(&id), "{}", risk.name);
    let other = OpenRiskRequest {
        parent: account.name,
        risk_id: id,
        display_name: "別の件".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        request_id: scene.ids.fresh(),
        ..OpenRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().open_risk(other).await);
    assert_eq!(refusal.kind(), (Code::AlreadyExists, "ALREADY_EXISTS"));
}

fn action(due: Date) -> NextAction {
    NextAction {
        due_date: Some(due),
        text: "部長に電話".to_owned(),
    }
}
