//! Contacts of an account and the contact log, over the API (ACC-11).

mod log;
mod people;

use keizoku_proto::accounts::{
    Account, AddContactRequest, Contact, ContactChannel, ContactDirection, ContactFields,
    ContactLogEntry, ContactRole, LogContactRequest, MergeAccountsRequest,
};
use keizoku_testkit::{Cluster, Scene};

/// A Sunday morning.
const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";
/// An id that nobody has.
const NOBODY: &str = "0197f0a0-0000-7000-8000-000000000001";

async fn scene(name: &str) -> (Cluster, Scene) {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new(name, cluster.api("csm").await);
    (cluster, scene)
}

fn add(scene: &Scene, account: &Account, name: &str, roles: &[ContactRole]) -> AddContactRequest {
    AddContactRequest {
        parent: account.name.clone(),
        contact: Some(ContactFields {
            display_name: name.to_owned(),
            roles: roles.iter().map(|role| (*role).into()).collect(),
            ..ContactFields::default()
        }),
        request_id: scene.ids.fresh(),
        ..AddContactRequest::default()
    }
}

async fn contact(scene: &Scene, account: &Account, name: &str, roles: &[ContactRole]) -> Contact {
    let request = add(scene, account, name, roles);
    let answer = scene.api.contacts().add_contact(request).await.unwrap();
    let answer = answer.into_inner();
    scene.changed_accounts(answer.consistency_token);
    answer.contact.unwrap()
}

/// Two-way, a call, today.
fn called(scene: &Scene, with: &Contact, subject: &str) -> LogContactRequest {
    let account = with.name.split("/contacts/").next().unwrap();
    LogContactRequest {
        parent: account.to_owned(),
        direction: ContactDirection::TwoWay.into(),
        channel: ContactChannel::Call.into(),
        contacts: vec![with.name.clone()],
        subject: subject.to_owned(),
        request_id: scene.ids.fresh(),
        ..LogContactRequest::default()
    }
}

async fn log(scene: &Scene, request: LogContactRequest) -> ContactLogEntry {
    let answer = scene.api.contacts().log_contact(request).await.unwrap();
    let answer = answer.into_inner();
    scene.changed_accounts(answer.consistency_token);
    answer.entry.unwrap()
}

async fn merge(scene: &Scene, duplicate: &Account, survivor: &Account) {
    let request = MergeAccountsRequest {
        duplicate: duplicate.name.clone(),
        survivor: survivor.name.clone(),
        request_id: scene.ids.fresh(),
    };
    let answer = scene.api.accounts().merge_accounts(request).await.unwrap();
    scene.changed_accounts(answer.into_inner().consistency_token);
}
