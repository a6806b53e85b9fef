//! A decision-maker or administrator left (RX-6).

use ContactRole::{Administrator, DecisionMaker, User};
use keizoku_proto::accounts::ContactRole;
use keizoku_proto::risk::{DismissSuggestionRequest, Suggestion, SuggestionState};
use keizoku_testkit::{Cluster, Scene, logs};

use super::{contact, departs, forget_model, on, pending, returns, suggestions};

const BEFORE: &str = "2026-11-25T11:59[Asia/Tokyo]";
const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

async fn scene(name: &str) -> (Cluster, Scene) {
    let cluster = Cluster::at(BEFORE).await;
    cluster.set(NOW);
    let scene = Scene::new(name, cluster.api("csm").await);
    (cluster, scene)
}

async fn dismiss(scene: &Scene, suggestion: &Suggestion) {
    let request = DismissSuggestionRequest {
        name: suggestion.name.clone(),
        reason: "後任と面談済み".to_owned(),
        request_id: scene.ids.fresh(),
    };
    let dismissed = scene.api.risks().dismiss_suggestion(request).await;
    scene.changed_risks(dismissed.unwrap().into_inner().consistency_token);
}

#[tokio::test]
async fn rx_6_whoever_decides_or_administers_and_leaves_is_suggested_once() {
    let (cluster, scene) = scene("leavers").await;
    let account = scene.account("緑川印刷", |_| ()).await;
    let user = contact(&scene, &account, "う 利用", User).await;
    let decides = contact(&scene, &account, "あ 決裁", DecisionMaker).await;
    let administers = contact(&scene, &account, "い 管理", Administrator).await;
    departs(&scene, &user, on(11, 30)).await;
    departs(&scene, &decides, on(11, 30)).await;
    // Another date for the same person is no other cause.
    departs(&scene, &decides, on(12, 15)).await;
    departs(&scene, &administers, on(11, 20)).await;
    let found = pending(&scene, 2).await;
    let names: Vec<_> = found.iter().map(|one| one.display_name.as_str()).collect();
    assert!(names.contains(&"意思決定者の離任"), "{names:?}");
    assert!(names.contains(&"管理者の離任"), "{names:?}");
    for suggestion in &found {
        assert!(suggestion.name.starts_with(&account.name), "{suggestion:?}");
        assert_eq!(suggestion.r#type, "champion_left");
        let says_who = suggestion.detail.contains("決裁") || suggestion.detail.contains("い 管理");
        assert!(!says_who, "names are in the streams of contacts only");
    }
    let folder = cluster.stop().await;
    assert_eq!(logs::count(folder.path(), "risk", "risk_suggested"), 2);
}

#[tokio::test]
async fn rx_6_risk_9_a_cause_clears_when_the_person_is_back_and_can_come_again() {
    let (cluster, scene) = scene("back").await;
    let account = scene.account("緑川印刷", |_| ()).await;
    let decides = contact(&scene, &account, "あ 決裁", DecisionMaker).await;
    departs(&scene, &decides, on(11, 30)).await;
    dismiss(&scene, &pending(&scene, 1).await[0]).await;
    returns(&scene, &decides).await;
    cluster.set("2026-12-26T12:00[Asia/Tokyo]");
    departs(&scene, &decides, on(12, 31)).await;
    let again = pending(&scene, 1).await;
    assert!(again[0].detail.contains("2026-12-31"), "{again:?}");
}

/// What was decided on what was known then is not decided again on what is known later.
#[tokio::test]
async fn rx_8_a_replay_a_rebuild_and_a_restart_cause_nothing() {
    let (cluster, scene) = scene("replay").await;
    let account = scene.account("緑川印刷", |_| ()).await;
    let decides = contact(&scene, &account, "あ 決裁", DecisionMaker).await;
    departs(&scene, &decides, on(11, 30)).await;
    let suggestion = pending(&scene, 1).await.remove(0);
    // Nothing follows from this one: the first still waits.
    departs(&scene, &decides, on(12, 15)).await;
    let other = contact(&scene, &account, "え 後任", DecisionMaker).await;
    departs(&scene, &other, on(12, 20)).await;
    pending(&scene, 2).await;
    dismiss(&scene, &suggestion).await;
    returns(&scene, &decides).await;
    let third = contact(&scene, &account, "お 後々任", DecisionMaker).await;
    departs(&scene, &third, on(12, 21)).await;
    pending(&scene, 2).await;

    // Its cause has cleared, and thirty days are over: today it would be suggested again.
    cluster.set("2027-01-15T12:00[Asia/Tokyo]");
    drop(scene);
    let forget = |folder: &std::path::Path, _: &mut _| forget_model(folder, "risk");
    let cluster = cluster.restart_after(forget).await;
    let scene = Scene::new("replayed", cluster.api("csm").await);
    // Facts are dealt with in order: once this one is, all that came before are.
    let last = contact(&scene, &account, "か 管理", Administrator).await;
    departs(&scene, &last, on(12, 31)).await;
    pending(&scene, 3).await;
    let dismissed = suggestions(&scene, SuggestionState::Dismissed).await;
    assert_eq!(dismissed.len(), 1, "{dismissed:?}");
    drop(scene);
    let folder = cluster.stop().await;
    assert_eq!(logs::count(folder.path(), "risk", "risk_suggested"), 4);
}
