//! A churn date arrives (RX-7), and open risks ask for closure (RX-5).

use keizoku_proto::accounts::{
    Account, FactKind, RecordContractFactRequest, SubscriptionTerms, VoidContractFactRequest,
};
use keizoku_proto::common::{Money, Origin};
use keizoku_proto::risk::{self, CloseRiskRequest, Completion, ListRiskHistoryRequest};
use keizoku_testkit::{Cluster, Scene, logs, yen};

use super::{announce, asking, dealt, ends, forget_model, on, recorded, risk, shown, wait_for};

const BEFORE: &str = "2026-11-25T11:59[Asia/Tokyo]";
const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

async fn scene(name: &str) -> (Cluster, Scene) {
    let cluster = Cluster::at(BEFORE).await;
    cluster.set(NOW);
    let scene = Scene::new(name, cluster.api("ops").await);
    (cluster, scene)
}

fn facts_of(account: &Account, kind: FactKind) -> usize {
    let facts = account.subscriptions.iter().flat_map(|one| &one.facts);
    facts.filter(|fact| fact.kind() == kind).count()
}

/// The account, once so many churns of its subscriptions are recorded.
async fn churned(scene: &Scene, account: &Account, count: usize) -> Account {
    let ask = async || shown(scene, account).await;
    wait_for(ask, |account| facts_of(account, FactKind::Churned) == count).await
}

#[tokio::test]
async fn rx_7_rx_5_a_churn_date_arrives_and_open_risks_ask_for_closure_once() {
    let (cluster, scene) = scene("arrives").await;
    let account = scene.account("緑川印刷", |_| ()).await;
    let subscription = scene.subscription(&account, 1_200_000, |_| ()).await;
    announce(&scene, &subscription, on(12, 1)).await;
    let open = scene.risk(&account, "予算削減", |_| ()).await;
    let closed = scene.risk(&account, "担当者が退職", |_| ()).await;
    close(&scene, &closed.name).await;

    // A second before midnight nothing has happened.
    cluster.set("2026-11-30T23:59:59[Asia/Tokyo]");
    let account = shown(&scene, &account).await;
    assert!(account.active);
    assert_eq!(facts_of(&account, FactKind::Churned), 0);

    cluster.set("2026-12-01T00:00[Asia/Tokyo]");
    // GEN-8: figures do not wait for the event.
    let at_once = shown(&scene, &account).await;
    assert!(!at_once.active);
    assert_eq!(at_once.mrr, Some(yen(0)));
    assert_eq!(at_once.churn_date, Some(on(12, 1)));
    let account = churned(&scene, &account, 1).await;
    let facts = &account.subscriptions[0].facts;
    let fact = facts.iter().find(|fact| fact.kind() == FactKind::Churned);
    let fact = fact.unwrap();
    assert_eq!(fact.effective_date, Some(on(12, 1)));
    assert_eq!((&*fact.reason_code, &*fact.reason), ("budget", "予算削減"));
    assert_eq!(fact.origin(), Origin::Schedule);
    assert_eq!(fact.actor, "service:accounts");
    assert_eq!(account.mrr, at_once.mrr);
    assert_eq!(account.churn_date, at_once.churn_date);

    let asked = asking(&scene, &open).await;
    let request = asked.closure_request.unwrap();
    assert_eq!(request.completion(), Completion::Failed);
    assert_eq!(request.churn_date, Some(on(12, 1)));
    assert!(asked.closure.is_none(), "a person closes it");
    let history = ListRiskHistoryRequest {
        name: open.name.clone(),
        ..ListRiskHistoryRequest::default()
    };
    let history = scene.api.risks().list_risk_history(history).await.unwrap();
    let change = history.into_inner().changes.remove(0);
    assert_eq!(change.action, "risk_closure_requested");
    assert_eq!(change.new_value, "FAILED 2026-12-01");
    assert_eq!(change.origin(), Origin::Reaction);

    // Everything is read anew, and again after midnight.
    drop(scene);
    let forget = |folder: &std::path::Path, _: &mut _| {
        forget_model(folder, "accounts");
        forget_model(folder, "risk");
    };
    let cluster = cluster.restart_after(forget).await;
    cluster.set("2026-12-02T00:00[Asia/Tokyo]");
    let scene = Scene::new("again", cluster.api("ops").await);
    // Dates are dealt with in order: once this one is, all that came before are.
    let other = scene.account("みなと食品", |_| ()).await;
    let subscription = scene.subscription(&other, 10_000, |_| ()).await;
    announce(&scene, &subscription, on(12, 2)).await;
    churned(&scene, &other, 1).await;
    recorded(&cluster, "accounts", "account_churned", 2).await;
    dealt::<risk::event::Kind>(&cluster, "risk", "accounts", "account_churned").await;
    close(&scene, &open.name).await;
    assert_eq!(risk(&scene, &open).await.closure_request, None);
    drop(scene);
    let folder = cluster.stop().await;
    let accounts = logs::count(folder.path(), "accounts", "subscription_churned");
    assert_eq!(accounts, 2);
    let events = logs::events(folder.path(), "accounts").await;
    let id = account
        .name
        .trim_start_matches("accounts/")
        .replace('-', "");
    let of_account = events
        .iter()
        .filter(|event| event.stream == format!("churn-{id}"));
    assert_eq!(of_account.count(), 1);
    let asked = logs::count(folder.path(), "risk", "risk_closure_requested");
    assert_eq!(asked, 1);
}

async fn close(scene: &Scene, name: &str) {
    let request = CloseRiskRequest {
        name: name.to_owned(),
        completion: Completion::Failed.into(),
        completion_date: Some(on(11, 25)),
        result: "予算削減により解約".to_owned(),
        request_id: scene.ids.fresh(),
        ..CloseRiskRequest::default()
    };
    scene.api.risks().close_risk(request).await.unwrap();
}

#[tokio::test]
async fn rx_7_an_account_churns_with_its_last_contract() {
    let (cluster, scene) = scene("last").await;
    let account = scene.account("緑川印刷", |_| ()).await;
    let first = scene.subscription(&account, 100_000, |_| ()).await;
    let last = scene
        .subscription(&account, 200_000, |request| {
            "Plus".clone_into(&mut request.product);
        })
        .await;
    let open = scene.risk(&account, "予算削減", |_| ()).await;
    announce(&scene, &first, on(12, 1)).await;
    // Recorded as churn before its date: there is nothing left to record for it but the account's.
    ends(&scene, &last, FactKind::Churned, on(12, 10)).await;
    cluster.set("2026-12-01T00:00[Asia/Tokyo]");
    let account = churned(&scene, &account, 2).await;
    assert!(account.active);
    assert_eq!(account.churn_date, None);
    assert_eq!(risk(&scene, &open).await.closure_request, None);
    // The process is away when the date comes.
    let cluster = cluster.restart_after(|_, _| {}).await;
    cluster.set("2026-12-13T09:00[Asia/Tokyo]");
    let scene = Scene::new("back", cluster.api("ops").await);
    let asked = asking(&scene, &open).await;
    assert_eq!(asked.closure_request.unwrap().churn_date, Some(on(12, 10)));
    // It came back: nothing is asked any more.
    reactivate(&scene, &last.name).await;
    let account = shown(&scene, &account).await;
    assert_eq!((account.active, account.churn_date), (true, None));
    let ask = async || risk(&scene, &open).await;
    wait_for(ask, |risk| risk.closure_request.is_none()).await;
    drop(scene);
    let folder = cluster.stop().await;
    let churns = logs::count(folder.path(), "accounts", "account_churned");
    assert_eq!(churns, 1);
}

async fn reactivate(scene: &Scene, subscription: &str) {
    let mrr: Option<Money> = Some(yen(150_000));
    let request = RecordContractFactRequest {
        name: subscription.to_owned(),
        kind: FactKind::Reactivated.into(),
        effective_date: Some(on(12, 13)),
        mrr,
        terms: Some(SubscriptionTerms::default()),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let recorded = scene.api.accounts().record_contract_fact(request).await;
    scene.changed_accounts(recorded.unwrap().into_inner().consistency_token);
}

#[tokio::test]
async fn rx_7_an_end_that_is_taken_back_before_its_date_never_comes() {
    let (cluster, scene) = scene("taken back").await;
    let account = scene.account("緑川印刷", |_| ()).await;
    let subscription = scene.subscription(&account, 100_000, |_| ()).await;
    announce(&scene, &subscription, on(12, 1)).await;
    let account = shown(&scene, &account).await;
    let facts = &account.subscriptions[0].facts;
    let end = facts
        .iter()
        .find(|fact| fact.kind() == FactKind::CancellationAnnounced);
    let void = VoidContractFactRequest {
        name: end.unwrap().name.clone(),
        reason: "解約撤回".to_owned(),
        request_id: scene.ids.fresh(),
        ..VoidContractFactRequest::default()
    };
    let voided = scene.api.accounts().void_contract_fact(void).await.unwrap();
    scene.changed_accounts(voided.into_inner().consistency_token);
    announce(&scene, &subscription, on(12, 20)).await;
    let other = scene.account("みなと食品", |_| ()).await;
    let ends_too = scene.subscription(&other, 10_000, |_| ()).await;
    announce(&scene, &ends_too, on(12, 2)).await;
    cluster.set("2026-12-02T00:00[Asia/Tokyo]");
    churned(&scene, &other, 1).await;
    let account = shown(&scene, &account).await;
    assert!(account.active);
    assert_eq!(facts_of(&account, FactKind::Churned), 0);
    cluster.set("2026-12-20T00:00[Asia/Tokyo]");
    churned(&scene, &account, 1).await;
}
