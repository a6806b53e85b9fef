//! Onboardings of the history: who leads them, what their accounts are called and when somebody spoke to
//! the customer come from the accounts log. All but one are on hold, so that nothing comes of them while
//! models are behind.

use keizoku_proto::accounts::{
    Account, AddContactRequest, ContactChannel, ContactDirection, ContactFields, LogContactRequest,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::{
    self, CompleteTaskRequest, Declaration, DeclareGoalRequest, HoldOnboardingRequest,
    ListOnboardingsRequest, Onboarding, StartOnboardingRequest,
};
use keizoku_runtime::Token;
use keizoku_testkit::{Cluster, Scene, day, logs};

use super::steps::change;

pub(super) async fn start(scene: &Scene, account: &Account, date: Date) -> Onboarding {
    let request = StartOnboardingRequest {
        parent: account.name.clone(),
        product: "Core".to_owned(),
        start_date: Some(date),
        request_id: scene.ids.fresh(),
        consistency_tokens: scene.account_tokens(),
        ..StartOnboardingRequest::default()
    };
    let mut client = scene.api.onboardings();
    let started = client.start_onboarding(request).await.unwrap();
    started.into_inner().onboarding.unwrap()
}

pub(super) async fn hold(scene: &Scene, onboarding: &Onboarding) {
    let request = HoldOnboardingRequest {
        name: onboarding.name.clone(),
        until_date: Some(day(2027, 6, 30)),
        reason: "決算".to_owned(),
        request_id: scene.ids.fresh(),
        ..HoldOnboardingRequest::default()
    };
    let mut client = scene.api.onboardings();
    client.hold_onboarding(request).await.unwrap();
}

pub(super) async fn done(scene: &Scene, onboarding: &Onboarding, task: &str) {
    let request = CompleteTaskRequest {
        name: onboarding.name.clone(),
        task: task.to_owned(),
        request_id: scene.ids.fresh(),
        ..CompleteTaskRequest::default()
    };
    let mut client = scene.api.onboardings();
    client.complete_task(request).await.unwrap();
}

/// The customer says what it wants to use.
pub(super) async fn declare(scene: &Scene, onboarding: &Onboarding, feature: &str) {
    let request = DeclareGoalRequest {
        name: onboarding.name.clone(),
        declaration: Some(Declaration {
            feature: feature.to_owned(),
            due_date: Some(day(2026, 11, 15)),
            ..Declaration::default()
        }),
        request_id: scene.ids.fresh(),
        ..DeclareGoalRequest::default()
    };
    let mut client = scene.api.onboardings();
    client.declare_goal(request).await.unwrap();
}

/// Somebody spoke to the customer.
pub(super) async fn speak(scene: &Scene, account: &Account, date: Date) {
    let add = AddContactRequest {
        parent: account.name.clone(),
        contact: Some(ContactFields {
            display_name: "山田 花子".to_owned(),
            ..ContactFields::default()
        }),
        request_id: scene.ids.fresh(),
        ..AddContactRequest::default()
    };
    let contact = change!(scene, contacts.add_contact, changed_accounts, add);
    let log = LogContactRequest {
        parent: account.name.clone(),
        direction: ContactDirection::TwoWay.into(),
        channel: ContactChannel::Call.into(),
        contacts: vec![contact.contact.unwrap().name],
        contact_date: Some(date),
        subject: "進捗の確認".to_owned(),
        request_id: scene.ids.fresh(),
        ..LogContactRequest::default()
    };
    change!(scene, contacts.log_contact, changed_accounts, log);
}

/// A token of everything in the onboarding log, once the account that churned ended its onboarding.
pub(super) async fn ended(cluster: &Cluster, scene: &Scene) -> String {
    let folder = cluster.folder();
    while logs::last(folder, "accounts", "account_churned").is_none_or(|at| {
        logs::dealt_with::<onboarding::event::Kind>(folder, "onboarding", "accounts") < at
    }) {
        tokio::task::yield_now().await;
    }
    let head = logs::heads(cluster.folder())["onboarding"];
    let request = ListOnboardingsRequest::default();
    let mut client = scene.api.onboardings();
    let listed = client.list_onboardings(request).await.unwrap().into_inner();
    let mut watermarks = listed.watermarks.iter();
    let own = watermarks.find(|mark| mark.source == "onboarding").unwrap();
    Token::of(own.log_id.parse().unwrap(), keizoku_core::Position(head)).encode()
}
