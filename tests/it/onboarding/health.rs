//! What an onboarding tells the health score (RX-4).

use std::time::Duration;

use keizoku_proto::healthscore::{
    GetHealthRequest, GetRoiReportRequest, Health, IngestSignalsRequest, RecordedSignal, Signal,
    SignalKind,
};
use keizoku_testkit::{Scene, day, logs, refused};
use tonic::Code;

use super::world::World;

async fn health(world: &World) -> Health {
    let request = GetHealthRequest {
        account: world.account.name.clone(),
        ..GetHealthRequest::default()
    };
    let answer = world.scene.api.health_scores().get_health(request).await;
    answer.unwrap().into_inner().health.unwrap()
}

/// The signal of a measure, once it has this value.
async fn signal(world: &World, measure: &str, value: i64) -> RecordedSignal {
    let mut last = None;
    let asking = async {
        loop {
            let health = health(world).await;
            let found = health
                .contributions
                .into_iter()
                .find(|one| one.measure == measure);
            last = found.and_then(|one| one.signal);
            if let Some(signal) = last.clone().filter(|signal| signal.value == value) {
                return signal;
            }
        }
    };
    let asked = tokio::time::timeout(Duration::from_mins(1), asking).await;
    asked.unwrap_or_else(|_| panic!("{measure} never came to {value}: {last:?}"))
}

#[tokio::test]
async fn rx_4_how_far_an_onboarding_is_and_its_expectation_gap_become_signals_each_once() {
    let world = World::new("health").await;
    world.cluster.set("2026-11-24T09:01[Asia/Tokyo]");
    let onboarding = world.start(&world.account, |_| ()).await;
    let begun = signal(&world, "onboarding", 0).await;
    assert_eq!(
        (begun.subject.as_str(), begun.source.as_str()),
        ("Core", "onboarding")
    );
    let days: u32 = onboarding
        .phases
        .iter()
        .map(|phase| phase.expected_working_days)
        .sum();
    let start = "2026-11-02".parse().unwrap();
    let target = keizoku_core::WorkingDays::default().after(start, days);
    assert_eq!(begun.target_date, Some(target.into()));
    world.kickoff(&onboarding).await;
    let gap = signal(&world, "expectation_gap", 2).await;
    assert_eq!(gap.source, "onboarding");
    // The third of six phases.
    let third = onboarding.phases[2].key.clone();
    world
        .move_to(&onboarding, &third, Some(day(2026, 11, 24)))
        .await;
    let moved = signal(&world, "onboarding", 33).await;
    assert_eq!(moved.target_date, begun.target_date, "the target stays");

    // Everything is read anew.
    let scored = health(&world).await;
    let forget = |folder: &std::path::Path, _: &mut _| {
        std::fs::remove_file(folder.join("healthscore.model.sqlite")).unwrap();
    };
    let cluster = world.cluster.restart_after(forget).await;
    let scene = Scene::new("after", cluster.api("csm").await);
    let world = World {
        cluster,
        scene,
        ..world
    };
    world.cluster.set("2026-11-24T09:02[Asia/Tokyo]");
    let second = onboarding.phases[1].key.clone();
    world
        .move_to(&onboarding, &second, Some(day(2026, 11, 24)))
        .await;
    signal(&world, "onboarding", 16).await;
    assert_eq!(scored.account, world.account.name);
    drop(world.scene);
    let folder = world.cluster.stop().await;
    let recorded = logs::count(folder.path(), "healthscore", "signals_recorded");
    assert_eq!(recorded, 4, "begun, gap, moved twice");
}

#[tokio::test]
async fn hlt_10_a_customer_gets_a_report_of_its_goals_and_its_use_without_any_score() {
    let world = World::new("report").await;
    world.cluster.set("2026-11-24T09:01[Asia/Tokyo]");
    world
        .scene
        .subscription(&world.account, 1_200_000, |_| ())
        .await;
    let onboarding = world.start(&world.account, |_| ()).await;
    world.kickoff(&onboarding).await;
    signal(&world, "expectation_gap", 2).await;
    let signal = |kind: SignalKind, value: i64, at: &str| Signal {
        account: world.account.name.clone(),
        kind: kind.into(),
        value,
        occur_time: Some(keizoku_proto::timestamp(at.parse().unwrap())),
        source: "app".to_owned(),
        key: at.to_owned(),
        ..Signal::default()
    };
    let batch = IngestSignalsRequest {
        signals: vec![
            signal(SignalKind::ActiveUsers, 4_711, "2026-10-05T00:00:00Z"),
            signal(SignalKind::CsmPulse, 2, "2026-10-06T00:00:00Z"),
        ],
        consistency_tokens: world.scene.account_tokens(),
    };
    let mut api = world.scene.api.health_scores();
    let answers = api
        .ingest_signals(tokio_stream::iter([batch]))
        .await
        .unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let request = GetRoiReportRequest {
        account: world.account.name.clone(),
        consistency_tokens: vec![answer.consistency_token],
        ..GetRoiReportRequest::default()
    };
    let report = api
        .get_roi_report(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (report.account_display_name.as_str(), report.year),
        ("緑川印刷", 2026)
    );
    for said in [
        "緑川印刷",
        "申請の紙をなくす",
        "2026年11月2日 – 進行中",
        "4711",
    ] {
        assert!(report.html.contains(said), "{said}: {}", report.html);
    }
    assert!(
        !report.html.contains("CSM"),
        "what is for colleagues stays with them"
    );
    let wrong = GetRoiReportRequest {
        year: 2027,
        locale: "fr".to_owned(),
        ..request
    };
    let refusal = refused(api.get_roi_report(wrong).await);
    assert_eq!(refusal.code, Code::InvalidArgument);
    for field in ["year", "locale"] {
        assert!(refusal.message.contains(field), "{}", refusal.message);
    }
}
