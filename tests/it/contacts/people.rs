//! The people at an account.

use std::collections::BTreeSet;

use keizoku_proto::accounts::{
    Account, AddContactRequest, Contact, ContactFields, ContactRole, GetContactRequest,
    ListContactsRequest, MarkContactDepartedRequest, MarkContactReturnedRequest,
    UpdateContactRequest,
};
use keizoku_proto::common::AsOf;
use keizoku_proto::google::r#type::Date;
use keizoku_testkit::{Scene, day, logs, refused};
use tonic::Code;

use super::{NOBODY, add, contact, merge, scene};
use ContactRole::{Administrator, DecisionMaker, User};

fn depart(scene: &Scene, contact: &Contact, date: Option<Date>) -> MarkContactDepartedRequest {
    MarkContactDepartedRequest {
        name: contact.name.clone(),
        departure_date: date,
        request_id: scene.ids.fresh(),
        ..MarkContactDepartedRequest::default()
    }
}

async fn departed(scene: &Scene, contact: &Contact, date: Option<Date>) -> Contact {
    let request = depart(scene, contact, date);
    let answer = scene.api.contacts().mark_contact_departed(request).await;
    let answer = answer.unwrap().into_inner();
    scene.changed_accounts(answer.consistency_token);
    answer.contact.unwrap()
}

fn list(scene: &Scene, account: &Account) -> ListContactsRequest {
    ListContactsRequest {
        parent: account.name.clone(),
        consistency_tokens: scene.account_tokens(),
        ..ListContactsRequest::default()
    }
}

async fn names(scene: &Scene, request: ListContactsRequest) -> Vec<String> {
    let answer = scene.api.contacts().list_contacts(request).await.unwrap();
    let contacts = answer.into_inner().contacts.into_iter();
    contacts.map(|contact| contact.display_name).collect()
}

#[tokio::test]
async fn acc_11_contacts_are_listed_by_role_without_the_departed() {
    let (_cluster, scene) = scene("roles").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let other = scene.account("みなと食品", |_| ()).await;
    contact(&scene, &account, "い 管理", &[Administrator, DecisionMaker]).await;
    contact(&scene, &account, "う 利用", &[User]).await;
    let left = contact(&scene, &account, "あ 決裁", &[DecisionMaker]).await;
    contact(&scene, &other, "え 他社", &[User]).await;
    let left = departed(&scene, &left, None).await;
    assert!(left.departed);
    assert_eq!(left.departure_date, Some(day(2026, 11, 22)));

    let all = list(&scene, &account);
    assert_eq!(names(&scene, all.clone()).await, ["い 管理", "う 利用"]);
    let deciding = ListContactsRequest {
        roles: vec![DecisionMaker.into()],
        ..all.clone()
    };
    assert_eq!(names(&scene, deciding.clone()).await, ["い 管理"]);
    let departed_too = ListContactsRequest {
        include_departed: true,
        order_by: "display_name desc".to_owned(),
        ..deciding
    };
    assert_eq!(names(&scene, departed_too).await, ["い 管理", "あ 決裁"]);
    let latest = ListContactsRequest {
        roles: vec![User.into(), Administrator.into()],
        order_by: "create_time desc".to_owned(),
        ..all
    };
    assert_eq!(names(&scene, latest).await, ["う 利用", "い 管理"]);
    let everywhere = ListContactsRequest {
        parent: "accounts/-".to_owned(),
        ..list(&scene, &account)
    };
    assert_eq!(names(&scene, everywhere).await.len(), 3);
}

#[tokio::test]
async fn acc_11_a_contact_is_changed_field_by_field() {
    let (cluster, scene) = scene("update").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let added = contact(&scene, &account, "山田 花子", &[User, DecisionMaker, User]).await;
    assert_eq!(
        added.roles().collect::<Vec<_>>(),
        [DecisionMaker, User],
        "each once, in order"
    );
    let update = |fields: ContactFields, mask: &[&str]| UpdateContactRequest {
        name: added.name.clone(),
        contact: Some(fields),
        update_mask: mask.iter().map(|field| (*field).to_owned()).collect(),
        request_id: scene.ids.fresh(),
        ..UpdateContactRequest::default()
    };
    let fields = ContactFields {
        title: "総務部長".to_owned(),
        email: "hanako@example.com".to_owned(),
        phone: "03-0000-0000".to_owned(),
        ..ContactFields::default()
    };
    let mut contacts = scene.api.contacts();
    let request = update(fields, &["title", "email", "roles"]);
    let changed = contacts.update_contact(request.clone()).await.unwrap();
    let changed = changed.into_inner();
    let now = changed.contact.clone().unwrap();
    assert_eq!(now.display_name, "山田 花子");
    assert_eq!((now.title.as_str(), now.phone.as_str()), ("総務部長", ""));
    assert!(now.roles.is_empty());
    assert_eq!((added.etag.as_str(), now.etag.as_str()), ("r1", "r2"));

    // The same again is the same answer; the same values anew record nothing.
    let again = contacts.update_contact(request.clone()).await.unwrap();
    assert_eq!(again.into_inner(), changed);
    let heads = logs::heads(cluster.folder());
    let anew = UpdateContactRequest {
        request_id: scene.ids.fresh(),
        etag: now.etag.clone(),
        ..request.clone()
    };
    contacts.update_contact(anew).await.unwrap();
    assert_eq!(logs::heads(cluster.folder()), heads);

    let stale = UpdateContactRequest {
        request_id: scene.ids.fresh(),
        etag: added.etag.clone(),
        ..request.clone()
    };
    let refusal = refused(contacts.update_contact(stale).await);
    assert_eq!(refusal.kind(), (Code::Aborted, "STALE_ETAG"));
    let elsewhere = UpdateContactRequest {
        name: format!("{}/contacts/{NOBODY}", account.name),
        request_id: scene.ids.fresh(),
        ..request.clone()
    };
    let refusal = refused(contacts.update_contact(elsewhere).await);
    assert_eq!(refusal.kind(), (Code::NotFound, "NOT_FOUND"));
    let other = scene.account("みなと食品", |_| ()).await;
    let of_another = UpdateContactRequest {
        name: added.name.replace(&account.name, &other.name),
        request_id: scene.ids.fresh(),
        ..request
    };
    let refusal = refused(contacts.update_contact(of_another).await);
    assert_eq!(refusal.kind(), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn acc_11_every_violation_of_a_contact_is_told_at_once() {
    let (cluster, scene) = scene("violations").await;
    let heads = logs::heads(cluster.folder());
    let mut contacts = scene.api.contacts();
    let wrong = ContactFields {
        display_name: " ".to_owned(),
        title: "長".repeat(256),
        email: "nowhere".to_owned(),
        phone: "\u{7}".to_owned(),
        roles: vec![0],
        external_id: "x".repeat(256),
    };
    let add = AddContactRequest {
        parent: "accounts/A1".to_owned(),
        contact_id: "1".to_owned(),
        contact: Some(wrong.clone()),
        ..AddContactRequest::default()
    };
    let refusal = refused(contacts.add_contact(add).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "INVALID_FIELDS"));
    let fields = [
        "contact.display_name",
        "contact.email",
        "contact.external_id",
        "contact.phone",
        "contact.roles",
        "contact.title",
        "contact_id",
        "parent",
        "request_id",
    ];
    assert_eq!(refusal.fields, fields);
    let update = UpdateContactRequest {
        contact: Some(wrong),
        update_mask: vec!["email".to_owned(), "departed".to_owned()],
        ..UpdateContactRequest::default()
    };
    let refusal = refused(contacts.update_contact(update).await);
    let fields = ["contact.email", "name", "request_id", "update_mask"];
    assert_eq!(refusal.fields, fields);
    let depart = MarkContactDepartedRequest {
        departure_date: Some(day(2026, 13, 1)),
        ..MarkContactDepartedRequest::default()
    };
    let refusal = refused(contacts.mark_contact_departed(depart).await);
    assert_eq!(refusal.fields, ["departure_date", "name", "request_id"]);
    let list = ListContactsRequest {
        roles: vec![9],
        order_by: "email".to_owned(),
        ..ListContactsRequest::default()
    };
    let refusal = refused(contacts.list_contacts(list).await);
    assert_eq!(refusal.fields, ["order_by", "parent", "roles"]);
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn acc_11_a_contact_added_again_is_the_same_contact() {
    let (cluster, scene) = scene("again").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let mut contacts = scene.api.contacts();
    let request = add(&scene, &account, "山田 花子", &[User]);
    let first = contacts.add_contact(request.clone()).await.unwrap();
    let first = first.into_inner();
    let heads = logs::heads(cluster.folder());
    let again = contacts.add_contact(request.clone()).await.unwrap();
    assert_eq!(again.into_inner(), first);
    let other_body = AddContactRequest {
        contact: Some(ContactFields {
            display_name: "山田 太郎".to_owned(),
            ..ContactFields::default()
        }),
        ..request.clone()
    };
    let refusal = refused(contacts.add_contact(other_body).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    let id = first
        .contact
        .unwrap()
        .name
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let taken = AddContactRequest {
        contact_id: id,
        request_id: scene.ids.fresh(),
        ..request.clone()
    };
    let refusal = refused(contacts.add_contact(taken).await);
    assert_eq!(refusal.kind(), (Code::AlreadyExists, "ALREADY_EXISTS"));
    let nowhere = AddContactRequest {
        parent: format!("accounts/{NOBODY}"),
        request_id: scene.ids.fresh(),
        ..request
    };
    let refusal = refused(contacts.add_contact(nowhere).await);
    assert_eq!(refusal.kind(), (Code::NotFound, "NOT_FOUND"));
    assert_eq!(logs::heads(cluster.folder()), heads);
}

/// Known ahead, it comes with the day and without an event (GEN-8); what was known before is
/// answered as it was (FC-6).
#[tokio::test]
async fn acc_11_a_departure_comes_with_its_day_and_can_be_taken_back() {
    let (cluster, scene) = scene("departure").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let person = contact(&scene, &account, "山田 花子", &[DecisionMaker]).await;
    cluster.set("2026-11-23T09:00[Asia/Tokyo]");
    let leaving = departed(&scene, &person, Some(day(2026, 11, 25))).await;
    assert!(!leaving.departed);
    assert_eq!(leaving.departure_date, Some(day(2026, 11, 25)));
    assert_eq!(names(&scene, list(&scene, &account)).await.len(), 1);

    cluster.set("2026-11-25T00:00[Asia/Tokyo]");
    assert!(names(&scene, list(&scene, &account)).await.is_empty());
    let get = |known_at: Option<&str>, on: Option<Date>| {
        let known_at = known_at.map(|at| keizoku_proto::timestamp(at.parse().unwrap()));
        GetContactRequest {
            name: person.name.clone(),
            as_of: Some(AsOf { known_at, on }),
            consistency_tokens: scene.account_tokens(),
        }
    };
    let mut contacts = scene.api.contacts();
    for (known_at, on, departed) in [
        (None, None, true),
        (None, Some(day(2026, 11, 24)), false),
        (Some("2026-11-22T10:00:00Z"), Some(day(2026, 11, 25)), false),
    ] {
        let shown = contacts.get_contact(get(known_at, on)).await.unwrap();
        let shown = shown.into_inner().contact.unwrap();
        assert_eq!(shown.departed, departed, "{known_at:?} {on:?}");
    }
    let before = get(Some("2026-11-21T10:00:00Z"), None);
    let refusal = refused(contacts.get_contact(before).await);
    assert_eq!(refusal.kind(), (Code::NotFound, "NOT_FOUND"));

    let back = MarkContactReturnedRequest {
        name: person.name.clone(),
        etag: leaving.etag,
        request_id: scene.ids.fresh(),
    };
    let back = contacts.mark_contact_returned(back).await.unwrap();
    let back = back.into_inner();
    scene.changed_accounts(back.consistency_token);
    assert_eq!(back.contact.unwrap().departure_date, None);
    assert_eq!(names(&scene, list(&scene, &account)).await.len(), 1);
}

#[tokio::test]
async fn acc_8_acc_11_a_merged_account_s_contacts_are_listed_with_the_survivor() {
    let (_cluster, scene) = scene("merged").await;
    let duplicate = scene.account("あおば製作所(旧)", |_| ()).await;
    let survivor = scene.account("あおば製作所", |_| ()).await;
    let old = contact(&scene, &duplicate, "あ 旧", &[User]).await;
    contact(&scene, &survivor, "い 新", &[User]).await;
    merge(&scene, &duplicate, &survivor).await;
    for account in [&duplicate, &survivor] {
        let all = names(&scene, list(&scene, account)).await;
        assert_eq!(all, ["あ 旧", "い 新"]);
    }
    // It goes by either name.
    let by_survivor = Contact {
        name: old.name.replace(&duplicate.name, &survivor.name),
        ..old.clone()
    };
    let left = departed(&scene, &by_survivor, None).await;
    assert_eq!(left.name, old.name, "its name stays");
    let all = names(&scene, list(&scene, &survivor)).await;
    assert_eq!(all, ["い 新"]);
}

#[tokio::test]
async fn acc_11_every_contact_is_on_exactly_one_page() {
    let (_cluster, scene) = scene("pages").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    for number in 0..7 {
        contact(&scene, &account, &format!("社員{number}"), &[User]).await;
    }
    let mut request = ListContactsRequest {
        page_size: 3,
        ..list(&scene, &account)
    };
    let mut contacts = scene.api.contacts();
    let (mut sizes, mut found) = (Vec::new(), BTreeSet::new());
    loop {
        let page = contacts.list_contacts(request.clone()).await.unwrap();
        let page = page.into_inner();
        assert_eq!(page.total_size, 7);
        sizes.push(page.contacts.len());
        found.extend(page.contacts.into_iter().map(|contact| contact.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!((sizes, found.len()), (vec![3, 3, 1], 7));
    let other_filter = ListContactsRequest {
        roles: vec![User.into()],
        ..request
    };
    let refusal = refused(contacts.list_contacts(other_filter).await);
    assert_eq!(
        refusal.kind(),
        (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH")
    );
}
