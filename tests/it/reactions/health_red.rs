//! A health band becomes red (RX-3), once per cause, whatever is read anew.

use futures::StreamExt as _;
use keizoku_proto::accounts::Account;
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::healthscore::{IngestSignalsRequest, Signal, SignalKind};
use keizoku_proto::risk::{self, DismissSuggestionRequest, Suggestion};
use keizoku_testkit::{Cluster, Scene, logs};

use super::{dealt, forget_model, pending, recorded};

const BEFORE: &str = "2026-11-25T11:59[Asia/Tokyo]";
const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

/// Signals of a day at noon in Tokyo, by which an account does well or badly.
async fn does(scene: &Scene, account: &Account, day: &str, well: bool) {
    let value = |kind: SignalKind| match (kind, well) {
        (SignalKind::SupportTickets, true) => 0,
        (SignalKind::SupportTickets, false) => 10,
        (_, true) => 300,
        (_, false) => 1,
    };
    let kinds = [
        SignalKind::ActiveUsers,
        SignalKind::SignIns,
        SignalKind::SupportTickets,
    ];
    let at = format!("{day}T02:00:00Z").parse().unwrap();
    let signals = kinds.map(|kind| Signal {
        account: account.name.clone(),
        kind: kind.into(),
        value: value(kind),
        occur_time: Some(keizoku_proto::timestamp(at)),
        source: "app".to_owned(),
        key: format!("{}-{day}", kind.as_str_name()),
        ..Signal::default()
    });
    let request = IngestSignalsRequest {
        signals: signals.into(),
        consistency_tokens: scene.account_tokens(),
    };
    let mut api = scene.api.health_scores();
    let answers = api.ingest_signals(tokio_stream::iter([request])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    for result in answer.results {
        assert_eq!(
            result.outcome(),
            ImportOutcome::Created,
            "{}",
            result.message
        );
    }
}

/// Waits until a band changed so many times, and risk has dealt with the last one.
async fn bands(cluster: &Cluster, count: usize) {
    recorded(cluster, "healthscore", "health_band_changed", count).await;
    dealt::<risk::event::Kind>(cluster, "risk", "healthscore", "health_band_changed").await;
}

async fn dismiss(scene: &Scene, suggestion: &Suggestion) {
    let request = DismissSuggestionRequest {
        name: suggestion.name.clone(),
        reason: "システム入替の影響で一時的".to_owned(),
        request_id: scene.ids.fresh(),
    };
    let dismissed = scene.api.risks().dismiss_suggestion(request).await;
    scene.changed_risks(dismissed.unwrap().into_inner().consistency_token);
}

#[tokio::test]
async fn rx_3_risk_9_a_red_band_is_suggested_once_and_again_when_it_had_cleared_and_is_not_quiet() {
    let cluster = Cluster::at(BEFORE).await;
    cluster.set(NOW);
    let scene = Scene::new("red", cluster.api("ops").await);
    let account = scene.account("緑川印刷", |_| ()).await;
    scene.subscription(&account, 1_200_000, |_| ()).await;
    does(&scene, &account, "2026-11-25", false).await;
    let suggestion = pending(&scene, 1).await.remove(0);
    assert_eq!(suggestion.display_name, "ヘルススコアが赤");
    assert_eq!(suggestion.r#type, "low_usage");
    assert!(suggestion.name.starts_with(&account.name), "{suggestion:?}");
    dismiss(&scene, &suggestion).await;

    // Well and bad again, while the cause is quiet; everything is read anew in between.
    cluster.set("2026-11-26T12:00[Asia/Tokyo]");
    does(&scene, &account, "2026-11-26", true).await;
    bands(&cluster, 2).await;
    cluster.set("2026-11-27T12:00[Asia/Tokyo]");
    does(&scene, &account, "2026-11-27", false).await;
    bands(&cluster, 3).await;
    drop(scene);
    let forget = |folder: &std::path::Path, _: &mut _| {
        forget_model(folder, "risk");
        forget_model(folder, "healthscore");
    };
    let cluster = cluster.restart_after(forget).await;
    let scene = Scene::new("after", cluster.api("ops").await);

    // A month later it may be suggested again.
    cluster.set("2026-12-27T12:00[Asia/Tokyo]");
    does(&scene, &account, "2026-12-27", true).await;
    // Silence in between: a month without signals is no score.
    bands(&cluster, 5).await;
    cluster.set("2026-12-28T12:00[Asia/Tokyo]");
    does(&scene, &account, "2026-12-28", false).await;
    pending(&scene, 1).await;
    drop(scene);
    let folder = cluster.stop().await;
    assert_eq!(logs::count(folder.path(), "risk", "risk_suggested"), 2);
    assert_eq!(
        logs::count(folder.path(), "healthscore", "health_band_changed"),
        6
    );
}
