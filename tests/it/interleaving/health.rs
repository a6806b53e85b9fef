//! Health in the history: signals of accounts whose tiers, contracts and identities come from the accounts log,
//! and what the onboarding log tells of the same accounts.

use std::time::Duration;

use futures::StreamExt as _;
use keizoku_cli::client::Connection;
use keizoku_core::Position;
use keizoku_proto::accounts::Account;
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::healthscore::{
    IngestSignalsRequest, ListHealthRequest, MeasuredUse, OverrideHealthRequest,
    RecordReleaseRequest, ReleaseKind, Signal, SignalKind,
};
use keizoku_runtime::Token;
use keizoku_testkit::{Cluster, Scene, day, logs};

use crate::reacted;

/// What a customer does and says who does well, and one who does badly.
const WELL: [(SignalKind, i64); 5] = [
    (SignalKind::CsmPulse, 5),
    (SignalKind::Nps, 80),
    (SignalKind::ExpectationGap, 0),
    (SignalKind::ContentAttendance, 5),
    (SignalKind::SignIns, 5_000),
];
const BADLY: [(SignalKind, i64); 5] = [
    (SignalKind::CsmPulse, 1),
    (SignalKind::Nps, -90),
    (SignalKind::ExpectationGap, 3),
    (SignalKind::SupportTickets, 20),
    (SignalKind::SignIns, 0),
];
const OF_EVERYBODY: [(SignalKind, i64); 3] = [
    (SignalKind::ActiveUsers, 12),
    (SignalKind::SeminarAttendance, 0),
    (SignalKind::FeatureUse, 7),
];

async fn says(scene: &Scene, account: &Account, values: &[(SignalKind, i64)], at: &str) {
    let signals = values.iter().chain(&OF_EVERYBODY).map(|(kind, value)| {
        let is_use = *kind == SignalKind::FeatureUse;
        Signal {
            account: account.name.clone(),
            kind: (*kind).into(),
            subject: if is_use { "申請" } else { "" }.to_owned(),
            value: *value,
            occur_time: Some(keizoku_proto::timestamp(at.parse().unwrap())),
            source: "app".to_owned(),
            key: format!("{}-{at}", kind.as_str_name()),
            ..Signal::default()
        }
    });
    let batch = IngestSignalsRequest {
        signals: signals.collect(),
        consistency_tokens: scene.account_tokens(),
    };
    let mut api = scene.api.health_scores();
    let answers = api.ingest_signals(tokio_stream::iter([batch])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    let mut results = answer.results.iter();
    assert!(
        results.all(|result| result.outcome() == ImportOutcome::Created),
        "{:?}",
        answer.results
    );
}

/// One does well, the others badly or in between.
pub(super) async fn begin(scene: &Scene, accounts: &[Account; 6]) {
    let [aoba, sales, hokuto, minato, duplicate, kodama] = accounts;
    let at = "2026-09-14T00:00:00Z";
    for account in [aoba, duplicate] {
        says(scene, account, &WELL, at).await;
    }
    for account in [sales, kodama] {
        says(scene, account, &BADLY, at).await;
    }
    says(scene, hokuto, &WELL[..2], at).await;
    says(scene, minato, &[], at).await;
}

/// They change, one tells late of what was before, and something comes out.
pub(super) async fn october(scene: &Scene, accounts: &[Account; 6]) -> String {
    let [aoba, sales, hokuto, minato, ..] = accounts;
    let at = "2026-10-19T00:00:00Z";
    says(scene, aoba, &BADLY, at).await;
    says(scene, sales, &WELL, at).await;
    says(scene, hokuto, &BADLY[..3], "2026-09-20T00:00:00Z").await;
    says(scene, minato, &WELL[..4], at).await;
    let release = RecordReleaseRequest {
        kind: ReleaseKind::Feature.into(),
        display_name: "申請".to_owned(),
        date: Some(day(2026, 10, 1)),
        measured: vec![MeasuredUse {
            signal: SignalKind::FeatureUse.into(),
            subject: "申請".to_owned(),
        }],
        request_id: scene.ids.fresh(),
        ..RecordReleaseRequest::default()
    };
    let recorded = scene.api.health_scores().record_release(release).await;
    recorded.unwrap().into_inner().release.unwrap().name
}

/// What is said of an account before it is merged.
pub(super) async fn november(scene: &Scene, accounts: &[Account; 6], new: &Account) {
    let [.., duplicate, kodama] = accounts;
    let at = "2026-11-09T00:00:00Z";
    says(scene, duplicate, &BADLY, at).await;
    says(scene, new, &BADLY, at).await;
    says(scene, kodama, &WELL[..3], at).await;
}

/// Somebody sets a score, and the last signals come.
pub(super) async fn finish(scene: &Scene, accounts: &[Account; 6]) {
    let [aoba, _, hokuto, ..] = accounts;
    let at = "2026-11-20T00:00:00Z";
    says(scene, hokuto, &BADLY, at).await;
    let set = OverrideHealthRequest {
        account: aoba.name.clone(),
        score: 50,
        reason: "後任が決まった".to_owned(),
        expire_time: Some(keizoku_proto::timestamp(
            "2027-01-01T00:00:00Z".parse().unwrap(),
        )),
        request_id: scene.ids.fresh(),
        ..OverrideHealthRequest::default()
    };
    scene
        .api
        .health_scores()
        .override_health(set)
        .await
        .unwrap();
}

/// A token of everything in the healthscore log, once nothing follows from any log any more.
pub(super) async fn settled(cluster: &Cluster, scene: &Scene) -> String {
    let folder = cluster.folder();
    reacted::to_onboardings(cluster).await;
    let mut head = logs::heads(folder)["healthscore"];
    let token = loop {
        let token = token_at(scene, head).await;
        worked_off(&scene.api, &token, || ()).await;
        let after = logs::heads(folder)["healthscore"];
        if after == head {
            break token;
        }
        head = after;
    };
    let told = logs::last(folder, "healthscore", "health_band_changed");
    reacted::to(cluster, "risk", "healthscore", told).await;
    token
}

async fn token_at(scene: &Scene, head: u64) -> String {
    let request = ListHealthRequest::default();
    let mut client = scene.api.health_scores();
    let listed = client.list_health(request).await.unwrap().into_inner();
    let mut watermarks = listed.watermarks.iter();
    let own = watermarks
        .find(|mark| mark.source == "healthscore")
        .unwrap();
    Token::of(own.log_id.parse().unwrap(), Position(head)).encode()
}

/// Waits until scores are what everything up to a token makes of them, here and now; `meanwhile` comes before
/// each look.
pub(super) async fn worked_off(api: &Connection, token: &str, meanwhile: impl Fn()) {
    let request = ListHealthRequest {
        page_size: 1,
        consistency_tokens: vec![token.to_owned()],
        ..ListHealthRequest::default()
    };
    // It waits for some seconds only.
    loop {
        meanwhile();
        let mut client = api.health_scores();
        let listed = client.list_health(request.clone());
        match tokio::time::timeout(LOOK, listed).await {
            Ok(Ok(_)) => return,
            Ok(Err(status)) => assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}"),
            Err(_) => {}
        }
    }
}

/// How long one look at scores waits for them.
const LOOK: Duration = Duration::from_secs(1);
