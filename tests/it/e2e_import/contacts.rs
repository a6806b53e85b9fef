//! People at the accounts of an export (ACC-11).

use std::fs;
use std::path::Path;

use keizoku_proto::accounts::{Contact, ListContactsRequest, MarkContactDepartedRequest};
use keizoku_testkit::{Cluster, Scene, day, logs};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::export::{import, sample};

const HEADER: &str =
    "Id,AccountId,LastName,FirstName,Title,Email,Phone,Role__c,HasLeft__c,IsDeleted";
/// An account of the sample, and one that is deleted there.
const ACCOUNT: &str = "0015iiMAyrPWuUNAG1";

/// The sample's users, accounts and subscriptions, and these contacts.
fn export(contacts: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in ["User.csv", "Account.csv", "Subscription__c.csv"] {
        fs::copy(sample().join(file), folder.path().join(file)).unwrap();
    }
    write(folder.path(), contacts);
    folder
}

fn write(folder: &Path, contacts: &[&str]) {
    let lines: Vec<&str> = [HEADER].iter().chain(contacts).copied().collect();
    fs::write(folder.join("Contact.csv"), lines.join("\n")).unwrap();
}

async fn contacts(scene: &Scene) -> Vec<Contact> {
    let request = ListContactsRequest {
        parent: "accounts/-".to_owned(),
        include_departed: true,
        order_by: "display_name".to_owned(),
        ..ListContactsRequest::default()
    };
    let answer = scene.api.contacts().list_contacts(request).await.unwrap();
    answer.into_inner().contacts
}

fn outcome(report: &Value) -> Value {
    let file = &report["import"]["Contact.csv"];
    json!([
        file["created"],
        file["updated"],
        file["unchanged"],
        file["rejected"]
    ])
}

#[tokio::test]
async fn acc_7_acc_11_contacts_go_in_by_difference_and_keep_what_is_known_here() {
    let cluster = Cluster::at("2026-11-22T09:00[Asia/Tokyo]").await;
    let endpoints = cluster.endpoints();
    let scene = Scene::new("contacts", cluster.api("ops").await);
    let hanako = format!("C1,{ACCOUNT},山田,花子,総務部長,hanako@example.com,,決裁者; 利用者,,");
    let folder = export(&[
        &hanako,
        &format!("C2,{ACCOUNT},佐藤,,,,,,true,"),
        &format!("C3,{ACCOUNT},,,,,,,,"),
        &format!("C4,{ACCOUNT},鈴木,,,,,社長,,"),
        "C5,0015nobody,田中,,,,,,,",
        &format!("C6,{ACCOUNT},高橋,,,nobody,,,,"),
        &format!("C7,{ACCOUNT},伊藤,,,,,,,true"),
        &hanako,
    ]);
    let first = import(&endpoints, folder.path(), &[]).await;
    let rejected = json!([
        [4, "name_missing"],
        [5, "role_invalid"],
        [6, "account_unknown"],
        [7, "invalid_fields"],
        [9, "duplicate_id"]
    ]);
    assert_eq!(outcome(&first), json!([2, 0, 0, rejected]));
    let known = contacts(&scene).await;
    let [sato, hanako_here] = known.as_slice() else {
        panic!("two people: {known:?}")
    };
    assert_eq!(hanako_here.display_name, "山田 花子");
    assert_eq!(hanako_here.title, "総務部長");
    assert_eq!(hanako_here.roles.len(), 2);
    assert_eq!(hanako_here.external_id, "salesforce:C1");
    assert_eq!(sato.departure_date, Some(day(2026, 11, 22)));

    let heads = logs::heads(cluster.folder());
    let again = import(&endpoints, folder.path(), &[]).await;
    assert_eq!(outcome(&again), json!([0, 0, 2, rejected]));
    assert_eq!(logs::heads(cluster.folder()), heads);

    // Somebody here knows more: a departure that the CRM says nothing of, and roles.
    let depart = MarkContactDepartedRequest {
        name: hanako_here.name.clone(),
        departure_date: Some(day(2026, 11, 20)),
        request_id: scene.ids.fresh(),
        ..MarkContactDepartedRequest::default()
    };
    scene
        .api
        .contacts()
        .mark_contact_departed(depart)
        .await
        .unwrap();
    write(
        folder.path(),
        &[
            &format!("C1,{ACCOUNT},山田,花子,取締役,,,,,"),
            &format!("C2,{ACCOUNT},佐藤,,,,,,false,"),
        ],
    );
    let changed = import(&endpoints, folder.path(), &[]).await;
    assert_eq!(outcome(&changed), json!([0, 2, 0, []]));
    let known = contacts(&scene).await;
    let [sato, hanako_here] = known.as_slice() else {
        panic!("two people: {known:?}")
    };
    assert_eq!(hanako_here.title, "取締役");
    assert_eq!(hanako_here.email, "hanako@example.com");
    assert_eq!(hanako_here.roles.len(), 2);
    assert_eq!(hanako_here.departure_date, Some(day(2026, 11, 20)));
    assert_eq!(
        sato.departure_date, None,
        "the CRM says that the person is back"
    );
}
