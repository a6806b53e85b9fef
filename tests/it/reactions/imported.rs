//! Imported history neither notifies nor reacts (ACC-7, RX-8); a date that lies ahead comes.

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{
    AccountFields, ContactProfile, ContactRole, FactKind, ImportRecordsRequest, ImportedContact,
    ImportedSubscription,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::google::r#type::Date;
use keizoku_testkit::{Cluster, Scene, logs};
use tokio_stream::StreamExt as _;

use super::{contact, departs, on, pending, risk, shown, wait_for};

const BEFORE: &str = "2026-11-25T11:59[Asia/Tokyo]";
const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

async fn import(scene: &Scene, record: Record) {
    let row = ImportRecordsRequest {
        row: 1,
        record: Some(record),
    };
    let mut accounts = scene.api.accounts();
    let answers = accounts.import_records(tokio_stream::iter([row])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    assert_eq!(answer.outcome(), ImportOutcome::Created, "{answer:?}");
    scene.changed_accounts(answer.consistency_token);
}

fn subscription(account: &str, end: Date) -> Record {
    Record::Subscription(ImportedSubscription {
        external_id: format!("{account}-s"),
        account_external_id: account.to_owned(),
        product: "Core".to_owned(),
        start_date: Some(on(1, 1)),
        mrr: 1_000,
        end_date: Some(end),
        ..ImportedSubscription::default()
    })
}

#[tokio::test]
async fn rx_8_acc_7_what_is_imported_causes_nothing_but_dates_that_come_later() {
    let cluster = Cluster::at(BEFORE).await;
    cluster.set(NOW);
    let scene = Scene::new("imported", cluster.api("ops").await);
    let known_as = |id: &str| {
        let ids = vec![id.to_owned()];
        move |fields: &mut AccountFields| fields.external_ids = ids
    };
    let gone = scene.account("あおば製作所", known_as("crm:1")).await;
    let going = scene.account("みなと食品", known_as("crm:2")).await;
    let of_gone = scene.risk(&gone, "解約済み", |_| ()).await;
    let of_going = scene.risk(&going, "予算削減", |_| ()).await;
    import(&scene, subscription("crm:1", on(11, 24))).await;
    import(&scene, subscription("crm:2", on(12, 1))).await;
    let left = ImportedContact {
        external_id: "crm:c1".to_owned(),
        account_external_id: "crm:2".to_owned(),
        profile: Some(ContactProfile {
            display_name: "あ 決裁".to_owned(),
            roles: vec![ContactRole::DecisionMaker.into()],
            ..ContactProfile::default()
        }),
        departed: Some(true),
    };
    import(&scene, Record::Contact(left)).await;

    cluster.set("2026-12-01T00:00[Asia/Tokyo]");
    let ask = async || risk(&scene, &of_going).await;
    wait_for(ask, |risk| risk.closure_request.is_some()).await;
    // Facts are dealt with in order, and so are dates: what was imported before has been, too.
    let by_hand = contact(&scene, &going, "い 管理", ContactRole::Administrator).await;
    departs(&scene, &by_hand, on(12, 1)).await;
    let found = pending(&scene, 1).await;
    assert_eq!(found[0].display_name, "管理者の離任");
    assert_eq!(risk(&scene, &of_gone).await.closure_request, None);
    let gone = shown(&scene, &gone).await;
    // Its history says when it ended; nothing was recorded because of it.
    assert_eq!(gone.churn_date, Some(on(11, 24)));
    let facts = &gone.subscriptions[0].facts;
    assert_eq!(facts.len(), 2, "{facts:?}");
    assert!(facts.iter().any(|fact| fact.kind() == FactKind::Churned));
    drop(scene);
    let folder = cluster.stop().await;
    let churns = logs::count(folder.path(), "accounts", "account_churned");
    assert_eq!(churns, 1);
}
