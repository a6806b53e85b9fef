//! Who was in contact with the customer.

use std::collections::BTreeSet;

use keizoku_proto::accounts::{
    Account, ContactChannel, ContactDirection, ContactLogEntry, ContactLogFilter, ContactRole,
    ListContactLogRequest, LogContactRequest, VoidContactLogEntryRequest,
};
use keizoku_proto::common::Origin;
use keizoku_testkit::{Scene, day, logs, refused};
use tonic::Code;

use super::{NOBODY, called, contact, log, merge, scene};
use ContactRole::{DecisionMaker, User};

fn list(scene: &Scene, account: &Account, filter: ContactLogFilter) -> ListContactLogRequest {
    ListContactLogRequest {
        parent: account.name.clone(),
        filter: Some(filter),
        consistency_tokens: scene.account_tokens(),
        ..ListContactLogRequest::default()
    }
}

async fn subjects(scene: &Scene, account: &Account, filter: ContactLogFilter) -> Vec<String> {
    let request = list(scene, account, filter);
    let answer = scene.api.contacts().list_contact_log(request).await;
    let entries = answer.unwrap().into_inner().entries.into_iter();
    entries.map(|entry| entry.subject).collect()
}

fn void(scene: &Scene, entry: &ContactLogEntry) -> VoidContactLogEntryRequest {
    VoidContactLogEntryRequest {
        name: entry.name.clone(),
        reason: "別の会社の面談".to_owned(),
        etag: entry.etag.clone(),
        request_id: scene.ids.fresh(),
    }
}

#[tokio::test]
async fn acc_11_the_contact_log_is_listed_latest_first() {
    let (_cluster, scene) = scene("latest").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let other = scene.account("みなと食品", |_| ()).await;
    let decides = contact(&scene, &account, "山田 花子", &[DecisionMaker]).await;
    let uses = contact(&scene, &account, "佐藤 太郎", &[User]).await;
    let elsewhere = contact(&scene, &other, "田中 次郎", &[User]).await;
    log(&scene, called(&scene, &decides, "更新の相談")).await;
    let meeting = LogContactRequest {
        channel: ContactChannel::Meeting.into(),
        contacts: vec![uses.name.clone(), decides.name.clone(), uses.name.clone()],
        contact_date: Some(day(2026, 10, 5)),
        ..called(&scene, &decides, "定例会")
    };
    let meeting = log(&scene, meeting).await;
    assert_eq!(meeting.contacts, [uses.name.clone(), decides.name.clone()]);
    let mail = LogContactRequest {
        direction: ContactDirection::OneWay.into(),
        channel: ContactChannel::Email.into(),
        contact_date: Some(day(2026, 11, 10)),
        ..called(&scene, &uses, "セミナーの案内")
    };
    log(&scene, mail).await;
    let again = LogContactRequest {
        contact_date: Some(day(2026, 10, 5)),
        ..called(&scene, &uses, "定例会のあと")
    };
    log(&scene, again).await;
    log(&scene, called(&scene, &elsewhere, "他社")).await;

    let all = ContactLogFilter::default;
    let list = async |filter| subjects(&scene, &account, filter).await;
    assert_eq!(
        list(all()).await,
        ["更新の相談", "セミナーの案内", "定例会のあと", "定例会"]
    );
    let two_way = ContactLogFilter {
        two_way_only: true,
        ..all()
    };
    assert_eq!(
        list(two_way).await,
        ["更新の相談", "定例会のあと", "定例会"]
    );
    let period = ContactLogFilter {
        since: Some(day(2026, 10, 5)),
        until: Some(day(2026, 11, 10)),
        ..all()
    };
    assert_eq!(
        list(period).await,
        ["セミナーの案内", "定例会のあと", "定例会"]
    );
    let with = ContactLogFilter {
        contact: decides.name.clone(),
        until: Some(day(2026, 11, 21)),
        ..all()
    };
    assert_eq!(list(with).await, ["定例会"]);
}

/// Who, how and when (GEN-6), also after a start, when nothing is remembered.
#[tokio::test]
async fn acc_11_gen_6_an_entry_says_who_recorded_it_and_who_voided_it() {
    let (cluster, scene) = scene("who").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let person = contact(&scene, &account, "山田 花子", &[User]).await;
    let request = LogContactRequest {
        text: "来期も継続の意向。".to_owned(),
        ..called(&scene, &person, "更新の相談")
    };
    let mut contacts = scene.api.contacts();
    let first = contacts.log_contact(request.clone()).await.unwrap();
    let first = first.into_inner();
    let entry = first.entry.clone().unwrap();
    assert_eq!(
        (entry.actor.as_str(), entry.origin()),
        ("user:csm", Origin::User)
    );
    assert_eq!(entry.contact_date, Some(day(2026, 11, 22)), "today");
    assert_eq!(entry.create_time.unwrap().seconds, 1_795_305_600);
    assert_eq!(entry.text, "来期も継続の意向。");
    let again = contacts.log_contact(request.clone()).await.unwrap();
    assert_eq!(again.into_inner(), first);

    let boss = Scene::new("boss", cluster.api("boss").await);
    let request = void(&boss, &entry);
    let voided = boss
        .api
        .contacts()
        .void_contact_log_entry(request.clone())
        .await;
    let voided = voided.unwrap().into_inner();
    scene.changed_accounts(voided.consistency_token.clone());
    let shown = voided.entry.clone().unwrap();
    assert_eq!(
        (shown.actor.as_str(), shown.void_actor.as_str()),
        ("user:csm", "user:boss")
    );
    assert_eq!(shown.void_reason, "別の会社の面談");
    assert!(shown.void_time.is_some());
    assert_eq!(shown.subject, "更新の相談", "it stays readable");
    let again = boss.api.contacts().void_contact_log_entry(request).await;
    assert_eq!(again.unwrap().into_inner(), voided);
    let once_more = VoidContactLogEntryRequest {
        etag: String::new(),
        ..void(&boss, &entry)
    };
    let refusal = refused(contacts.void_contact_log_entry(once_more).await);
    let expected = (Code::FailedPrecondition, "CONTACT_LOG_ENTRY_VOID");
    assert_eq!(refusal.kind(), expected);

    assert!(
        subjects(&scene, &account, ContactLogFilter::default())
            .await
            .is_empty()
    );
    let with_voided = ContactLogFilter {
        include_voided: true,
        ..ContactLogFilter::default()
    };
    let request = list(&scene, &account, with_voided);
    drop((contacts, scene, boss));
    let cluster = cluster.restart().await;
    let api = cluster.api("csm").await;
    let listed = api.contacts().list_contact_log(request).await.unwrap();
    assert_eq!(listed.into_inner().entries, [shown]);
}

#[tokio::test]
async fn acc_11_contact_that_cannot_have_been_is_refused() {
    let (cluster, scene) = scene("refused").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let other = scene.account("みなと食品", |_| ()).await;
    let person = contact(&scene, &account, "山田 花子", &[User]).await;
    let stranger = contact(&scene, &other, "田中 次郎", &[User]).await;
    let heads = logs::heads(cluster.folder());
    let mut contacts = scene.api.contacts();
    let nobody = format!("{}/contacts/{NOBODY}", account.name);
    let with = LogContactRequest {
        contacts: vec![person.name.clone(), stranger.name.clone(), nobody],
        ..called(&scene, &person, "更新の相談")
    };
    let refusal = refused(contacts.log_contact(with).await);
    assert_eq!(
        refusal.kind(),
        (Code::FailedPrecondition, "CONTACT_UNKNOWN")
    );
    let stranger = stranger.name.rsplit('/').next().unwrap();
    assert_eq!(refusal.metadata["contacts"], format!("{stranger},{NOBODY}"));
    let tomorrow = LogContactRequest {
        contact_date: Some(day(2026, 11, 23)),
        ..called(&scene, &person, "更新の相談")
    };
    let refusal = refused(contacts.log_contact(tomorrow).await);
    assert_eq!(
        refusal.kind(),
        (Code::FailedPrecondition, "CONTACT_DATE_IMPOSSIBLE")
    );
    let nowhere = LogContactRequest {
        parent: format!("accounts/{NOBODY}"),
        ..called(&scene, &person, "更新の相談")
    };
    let refusal = refused(contacts.log_contact(nowhere).await);
    assert_eq!(refusal.kind(), (Code::NotFound, "NOT_FOUND"));
    let unknown = VoidContactLogEntryRequest {
        name: format!("{}/contactLog/{NOBODY}", account.name),
        reason: "誤り".to_owned(),
        request_id: scene.ids.fresh(),
        ..VoidContactLogEntryRequest::default()
    };
    let refusal = refused(contacts.void_contact_log_entry(unknown).await);
    assert_eq!(refusal.kind(), (Code::NotFound, "NOT_FOUND"));
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn acc_11_every_violation_of_an_entry_is_told_at_once() {
    let (cluster, scene) = scene("violations").await;
    let heads = logs::heads(cluster.folder());
    let mut contacts = scene.api.contacts();
    let wrong = LogContactRequest {
        parent: "A1".to_owned(),
        entry_id: "1".to_owned(),
        direction: 9,
        contact_date: Some(day(2026, 2, 30)),
        text: "長".repeat(131_073),
        ..LogContactRequest::default()
    };
    let refusal = refused(contacts.log_contact(wrong).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "INVALID_FIELDS"));
    let fields = [
        "channel",
        "contact_date",
        "contacts",
        "direction",
        "entry_id",
        "parent",
        "request_id",
        "subject",
        "text",
    ];
    assert_eq!(refusal.fields, fields);
    let void = VoidContactLogEntryRequest::default();
    let refusal = refused(contacts.void_contact_log_entry(void).await);
    assert_eq!(refusal.fields, ["name", "reason", "request_id"]);
    let list = ListContactLogRequest {
        filter: Some(ContactLogFilter {
            since: Some(day(2026, 11, 2)),
            until: Some(day(2026, 11, 1)),
            contact: "山田 花子".to_owned(),
            ..ContactLogFilter::default()
        }),
        ..ListContactLogRequest::default()
    };
    let refusal = refused(contacts.list_contact_log(list).await);
    assert_eq!(refusal.fields, ["filter.contact", "filter.until", "parent"]);
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn acc_8_acc_11_a_merged_account_s_log_is_listed_with_the_survivor() {
    let (_cluster, scene) = scene("merged").await;
    let duplicate = scene.account("あおば製作所(旧)", |_| ()).await;
    let survivor = scene.account("あおば製作所", |_| ()).await;
    let old = contact(&scene, &duplicate, "山田 花子", &[User]).await;
    let new = contact(&scene, &survivor, "佐藤 太郎", &[User]).await;
    log(&scene, called(&scene, &old, "合併の前")).await;
    merge(&scene, &duplicate, &survivor).await;
    // From now on they are one: an entry may name contacts of both, by either name.
    let both = LogContactRequest {
        contacts: vec![
            old.name.replace(&duplicate.name, &survivor.name),
            new.name.clone(),
        ],
        ..called(&scene, &new, "合併のあと")
    };
    let entry = log(&scene, both).await;
    assert_eq!(entry.contacts, [old.name.clone(), new.name]);
    for account in [&duplicate, &survivor] {
        let all = subjects(&scene, account, ContactLogFilter::default()).await;
        assert_eq!(all, ["合併のあと", "合併の前"]);
    }
    let with_old = ContactLogFilter {
        contact: old.name.replace(&duplicate.name, "accounts/-"),
        ..ContactLogFilter::default()
    };
    assert_eq!(subjects(&scene, &survivor, with_old).await.len(), 2);
}

#[tokio::test]
async fn acc_11_every_entry_is_on_exactly_one_page() {
    let (_cluster, scene) = scene("pages").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let person = contact(&scene, &account, "山田 花子", &[User]).await;
    for number in 0..7 {
        log(&scene, called(&scene, &person, &format!("電話{number}"))).await;
    }
    let mut request = ListContactLogRequest {
        page_size: 3,
        ..list(&scene, &account, ContactLogFilter::default())
    };
    let mut contacts = scene.api.contacts();
    let (mut sizes, mut found) = (Vec::new(), BTreeSet::new());
    loop {
        let page = contacts.list_contact_log(request.clone()).await.unwrap();
        let page = page.into_inner();
        assert_eq!(page.total_size, 7);
        sizes.push(page.entries.len());
        found.extend(page.entries.into_iter().map(|entry| entry.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!((sizes, found.len()), (vec![3, 3, 1], 7));
    let other_filter = ListContactLogRequest {
        filter: Some(ContactLogFilter {
            two_way_only: true,
            ..ContactLogFilter::default()
        }),
        ..request
    };
    let refusal = refused(contacts.list_contact_log(other_filter).await);
    assert_eq!(
        refusal.kind(),
        (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH")
    );
}
