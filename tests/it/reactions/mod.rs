//! What services do about one another's events, and when dates come: each once (RX-5 to RX-8).

mod churn;
mod contact_left;
mod health_red;
mod imported;
mod replicas;
mod won_deal;

use std::path::Path;
use std::time::Duration;

use keizoku_proto::accounts::{
    Account, AddContactRequest, Contact, ContactFields, ContactRole, FactKind, GetAccountRequest,
    MarkContactDepartedRequest, MarkContactReturnedRequest, RecordContractFactRequest,
    Subscription,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{
    GetRiskRequest, ListSuggestionsRequest, Risk, Suggestion, SuggestionState,
};
use keizoku_runtime::reaction::ReactingEvent;
use keizoku_testkit::{Cluster, Scene, day, logs};

/// The longest that a fact is waited for: only a test that fails comes so far.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until `is_so` holds: each answer takes a turn of the server, which does its
/// work in between.
async fn wait_for<T: std::fmt::Debug>(ask: impl AsyncFn() -> T, is_so: impl Fn(&T) -> bool) -> T {
    let mut last = None;
    let asking = async {
        loop {
            let answer = ask().await;
            if is_so(&answer) {
                return answer;
            }
            last = Some(answer);
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_| panic!("it never came to that: {last:?}"))
}

/// Waits until a service has dealt with the last event of a kind that another one recorded.
async fn dealt<E: ReactingEvent>(cluster: &Cluster, service: &str, source: &str, kind: &str) {
    let folder = cluster.folder();
    let is_dealt_with = async || {
        tokio::task::yield_now().await;
        let dealt_with = logs::dealt_with::<E>(folder, service, source);
        logs::last(folder, source, kind).is_some_and(|last| dealt_with >= last)
    };
    wait_for(is_dealt_with, |dealt_with| *dealt_with).await;
}

/// Waits until a service has recorded so many events of a kind.
pub(crate) async fn recorded(cluster: &Cluster, service: &str, kind: &str, count: usize) {
    let recorded = async || {
        tokio::task::yield_now().await;
        logs::count(cluster.folder(), service, kind)
    };
    wait_for(recorded, |recorded| *recorded == count).await;
}

async fn contact(scene: &Scene, account: &Account, name: &str, role: ContactRole) -> Contact {
    let request = AddContactRequest {
        parent: account.name.clone(),
        contact: Some(ContactFields {
            display_name: name.to_owned(),
            roles: vec![role.into()],
            ..ContactFields::default()
        }),
        request_id: scene.ids.fresh(),
        ..AddContactRequest::default()
    };
    let answer = scene.api.contacts().add_contact(request).await.unwrap();
    answer.into_inner().contact.unwrap()
}

async fn departs(scene: &Scene, contact: &Contact, date: Date) {
    let request = MarkContactDepartedRequest {
        name: contact.name.clone(),
        departure_date: Some(date),
        request_id: scene.ids.fresh(),
        ..MarkContactDepartedRequest::default()
    };
    let departed = scene.api.contacts().mark_contact_departed(request).await;
    departed.unwrap();
}

async fn returns(scene: &Scene, contact: &Contact) {
    let request = MarkContactReturnedRequest {
        name: contact.name.clone(),
        request_id: scene.ids.fresh(),
        ..MarkContactReturnedRequest::default()
    };
    let returned = scene.api.contacts().mark_contact_returned(request).await;
    returned.unwrap();
}

async fn suggestions(scene: &Scene, state: SuggestionState) -> Vec<Suggestion> {
    let request = ListSuggestionsRequest {
        parent: "accounts/-".to_owned(),
        state: state.into(),
        page_size: 1_000,
        consistency_tokens: scene.tokens(),
        ..ListSuggestionsRequest::default()
    };
    let listed = scene.api.risks().list_suggestions(request).await;
    listed.unwrap().into_inner().suggestions
}

/// The suggestions that wait, once there are so many.
async fn pending(scene: &Scene, count: usize) -> Vec<Suggestion> {
    let ask = async || suggestions(scene, SuggestionState::Pending).await;
    wait_for(ask, |found| found.len() == count).await
}

async fn announce(scene: &Scene, subscription: &Subscription, end: Date) {
    ends(scene, subscription, FactKind::CancellationAnnounced, end).await;
}

async fn ends(scene: &Scene, subscription: &Subscription, kind: FactKind, end: Date) {
    let request = RecordContractFactRequest {
        name: subscription.name.clone(),
        kind: kind.into(),
        effective_date: Some(end),
        reason_code: "budget".to_owned(),
        reason: "予算削減".to_owned(),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let recorded = scene.api.accounts().record_contract_fact(request).await;
    scene.changed_accounts(recorded.unwrap().into_inner().consistency_token);
}

async fn shown(scene: &Scene, account: &Account) -> Account {
    let request = GetAccountRequest {
        name: account.name.clone(),
        consistency_tokens: scene.account_tokens(),
        ..GetAccountRequest::default()
    };
    let answer = scene.api.accounts().get_account(request).await.unwrap();
    answer.into_inner().account.unwrap()
}

async fn risk(scene: &Scene, risk: &Risk) -> Risk {
    let request = GetRiskRequest {
        name: risk.name.clone(),
        ..GetRiskRequest::default()
    };
    let answer = scene.api.risks().get_risk(request).await.unwrap();
    answer.into_inner().risk.unwrap()
}

/// The risk, once it asks for closure.
async fn asking(scene: &Scene, of: &Risk) -> Risk {
    let ask = async || risk(scene, of).await;
    wait_for(ask, |risk| risk.closure_request.is_some()).await
}

/// Makes a service read everything anew.
fn forget_model(folder: &Path, service: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let file = folder.join(format!("{service}.model.sqlite{suffix}"));
        if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
}

/// 2026, which all of it happens in.
const fn on(month: i32, of_month: i32) -> Date {
    day(2026, month, of_month)
}
