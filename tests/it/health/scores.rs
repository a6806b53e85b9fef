//! Scores: explained, at any instant, and gone when their signals are stale (HLT-2 to HLT-6).

use keizoku_proto::accounts::MergeAccountsRequest;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::{
    Band, CompareHealthRequest, Health, ListHealthHistoryRequest, Signal, SignalKind, Standing,
};
use keizoku_testkit::{Cluster, refused};
use tonic::Code;

use super::world::{World, instant};

/// What 600 days of contract expect of a Mid account is 60 active users and 240 sign-ins.
fn good(world: &World) -> Vec<Signal> {
    let at = "2026-11-21T00:00:00Z";
    vec![
        world.signal(SignalKind::ActiveUsers, 60, at),
        world.signal(SignalKind::SignIns, 120, at),
        world.signal(SignalKind::CsmPulse, 4, at),
        world.signal(SignalKind::Nps, -50, at),
    ]
}

fn sum(health: &Health) -> i32 {
    health.contributions.iter().map(|one| one.points).sum()
}

fn points(health: &Health, measure: &str) -> i32 {
    health
        .contributions
        .iter()
        .find(|one| one.measure == measure)
        .unwrap()
        .points
}

#[tokio::test]
async fn hlt_6_a_score_is_explained_by_contributions_that_add_up_to_it() {
    let world = World::new().await;
    let before = world.health("").await;
    assert_eq!((before.score, before.band()), (None, Band::Unspecified));
    assert_eq!(before.scorecard, "mid");
    world.send_one(good(&world)).await;
    let health = world.health("").await;
    // 25 × 90 + 10 × 50 + 15 × 75 + 10 × 25 of 60.
    assert_eq!(health.score, Some(69));
    assert_eq!(health.band(), Band::Yellow);
    assert_eq!(sum(&health), 69);
    assert_eq!(health.fresh_weight, 60);
    let active = health
        .contributions
        .iter()
        .find(|one| one.measure == "active_users")
        .unwrap();
    assert_eq!(active.points, 38);
    assert_eq!(active.signal.as_ref().unwrap().value, 60);
    assert_eq!(active.age_days, Some(1));
    assert_eq!(active.expected_value_milli, Some(60_000));
    assert_eq!(
        (active.curve_value_milli, active.curve_points_milli),
        (Some(100_000), Some(90_000))
    );
    let onboarding = health
        .contributions
        .iter()
        .find(|one| one.measure == "onboarding")
        .unwrap();
    assert_eq!(
        (onboarding.standing(), onboarding.points),
        (Standing::Missing, 0)
    );
}

#[tokio::test]
async fn hlt_5_a_score_changes_when_a_signal_goes_stale_and_nothing_arrives() {
    let world = World::new().await;
    world.send_one(good(&world)).await;
    let stale = "2026-12-05T00:00:00Z";
    assert_eq!(
        world.health("").await.next_change_time,
        Some(instant(stale))
    );
    world.cluster.set("2026-12-05T08:59:59[Asia/Tokyo]");
    assert_eq!(world.health("").await.score, Some(69));
    world.cluster.set("2026-12-05T09:00[Asia/Tokyo]");
    // Use is zero after two weeks of silence and sign-ins are left out: 25 of fresh weight are too few.
    let silent = world.health("").await;
    assert_eq!(
        (silent.score, silent.band(), silent.fresh_weight),
        (None, Band::Unspecified, 25)
    );
    assert_eq!(
        world.health("2026-12-04T23:59:59Z").await.score,
        Some(69),
        "as it was then"
    );
    let world = World {
        cluster: world.cluster.restart().await,
        ..world
    };
    let world = world.reconnected().await;
    assert_eq!(world.health("").await, silent, "the same after a restart");
}

#[tokio::test]
async fn hlt_3_an_onboarding_past_its_target_caps_the_score_from_midnight_on() {
    let world = World::new().await;
    let mut signals = good(&world);
    signals[3].value = 50;
    signals.push(Signal {
        subject: "Core".to_owned(),
        target_date: Some(Date {
            year: 2026,
            month: 11,
            day: 22,
        }),
        ..world.signal(SignalKind::OnboardingState, 90, "2026-11-21T00:00:00Z")
    });
    world.send_one(signals).await;
    let before = world.health("").await;
    assert!(before.score > Some(70), "{before:?}");
    assert_eq!(
        before.next_change_time,
        Some(instant("2026-11-22T15:00:00Z"))
    );
    world.cluster.set("2026-11-23T00:00[Asia/Tokyo]");
    let after = world.health("").await;
    assert_eq!((after.score, sum(&after)), (Some(60), 60));
    let cap = points(&after, "unfinished_onboarding_cap");
    assert_eq!(cap, 60 - before.score.unwrap());
    let mut api = world.scene.api.health_scores();
    let answer = api.compare_health(CompareHealthRequest {
        account: world.account.name.clone(),
        from_time: Some(instant("2026-11-22T14:59:59Z")),
        consistency_tokens: world.scene.tokens(),
        ..CompareHealthRequest::default()
    });
    let answer = answer.await.unwrap().into_inner();
    let [change] = answer.changes.as_slice() else {
        panic!("{answer:?}")
    };
    assert_eq!(
        (change.measure.as_str(), change.points),
        ("unfinished_onboarding_cap", cap)
    );
}

#[tokio::test]
async fn hlt_6_why_a_score_moved_is_one_call_whose_changes_add_up() {
    let world = World::new().await;
    world.send_one(good(&world)).await;
    world.cluster.set("2026-11-23T09:00[Asia/Tokyo]");
    let worse = vec![
        world.signal(SignalKind::CsmPulse, 1, "2026-11-22T23:00:00Z"),
        world.signal(SignalKind::SupportTickets, 0, "2026-11-22T23:00:00Z"),
    ];
    world.send_one(worse).await;
    let mut api = world.scene.api.health_scores();
    let answer = api.compare_health(CompareHealthRequest {
        account: world.account.name.clone(),
        from_time: Some(instant("2026-11-22T12:00:00Z")),
        consistency_tokens: world.scene.tokens(),
        ..CompareHealthRequest::default()
    });
    let answer = answer.await.unwrap().into_inner();
    let (before, after) = (
        answer.before.unwrap().score.unwrap(),
        answer.after.unwrap().score.unwrap(),
    );
    assert_eq!(before, 69);
    let moved: i32 = answer.changes.iter().map(|change| change.points).sum();
    assert_eq!(moved, after - before);
    assert_eq!(answer.changes[0].measure, "csm_pulse", "the largest first");
    assert_eq!(
        answer.changes[0]
            .after
            .as_ref()
            .unwrap()
            .signal
            .as_ref()
            .unwrap()
            .value,
        1
    );

    let history = api.list_health_history(ListHealthHistoryRequest {
        account: world.account.name.clone(),
        consistency_tokens: world.scene.tokens(),
        ..ListHealthHistoryRequest::default()
    });
    let steps = history.await.unwrap().into_inner().steps;
    let scores: Vec<_> = steps.iter().map(|step| step.score).collect();
    assert_eq!(scores, [Some(before), Some(after)]);
}

#[tokio::test]
async fn acc_8_signals_of_a_merged_account_count_from_the_merge_on_and_not_before() {
    let world = World::new().await;
    let duplicate = world
        .scene
        .account("緑川印刷所", |account| account.tier = "Mid".to_owned())
        .await;
    world.scene.subscription(&duplicate, 1, |_| {}).await;
    let theirs = |signal: Signal| Signal {
        account: duplicate.name.clone(),
        ..signal
    };
    world
        .send_one(good(&world).into_iter().map(theirs).collect())
        .await;
    assert_eq!(world.health("").await.score, None);
    world.cluster.set("2026-11-22T12:00[Asia/Tokyo]");
    let request = MergeAccountsRequest {
        duplicate: duplicate.name.clone(),
        survivor: world.account.name.clone(),
        request_id: world.scene.ids.fresh(),
    };
    let answer = world.scene.api.accounts().merge_accounts(request).await;
    world
        .scene
        .changed_accounts(answer.unwrap().into_inner().consistency_token);
    assert_eq!(world.health("").await.score, Some(69));
    assert_eq!(
        world.health("2026-11-22T02:59:59Z").await.score,
        None,
        "history is not rewritten"
    );
}

#[tokio::test]
async fn hlt_5_nothing_is_told_about_the_future_or_of_nobody() {
    let world = World::new().await;
    let ahead = refused(
        world
            .ask(&world.account.name, Some(instant("2026-11-22T00:00:01Z")))
            .await,
    );
    assert_eq!(ahead.code, Code::InvalidArgument);
    let nobody = "accounts/0197f0a0-0000-7000-8000-00000000ffff";
    assert_eq!(refused(world.ask(nobody, None).await).code, Code::NotFound);
    let early = refused(
        world
            .ask(&world.account.name, Some(instant("2026-11-01T00:00:00Z")))
            .await,
    );
    assert_eq!(early.code, Code::NotFound, "nothing was recorded by then");
}

#[tokio::test]
async fn hlt_5_when_a_past_score_would_have_changed_does_not_depend_on_what_came_later() {
    let world = World::new().await;
    world.send_one(good(&world)).await;
    let then = world.health("2026-11-22T00:00:00Z").await;
    let next = then.next_change_time.map(|time| time.seconds);
    assert!(
        next > Some(instant("2026-11-25T00:00:00Z").seconds),
        "{next:?}"
    );
    world.cluster.set("2026-11-22T10:00[Asia/Tokyo]");
    world.change_tier("SMB", 25).await;
    assert_eq!(
        world.health("").await.next_change_time,
        Some(instant("2026-11-24T15:00:00Z")),
        "it is known ahead"
    );
    assert_eq!(world.health("2026-11-22T00:00:00Z").await, then);
}

#[tokio::test]
async fn rx_9_another_process_that_reads_the_same_logs_answers_the_same() {
    let world = World::new().await;
    world.send_one(good(&world)).await;
    let answered = world.health("").await;
    let rebuilt = world.cluster.restart_after(|folder, _| {
        let model = folder.join("healthscore.model.sqlite");
        std::fs::remove_file(model).unwrap();
    });
    let cluster: Cluster = rebuilt.await;
    let world = World { cluster, ..world }.reconnected().await;
    assert_eq!(world.health("").await, answered);
}
