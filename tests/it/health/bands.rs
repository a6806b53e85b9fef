//! Scores in the read model: lists, and bands that change when a signal arrives, goes stale, or something
//! else becomes another (HLT-5).

use keizoku_core::{Position, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::Account;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{Band, HealthBandChanged, HealthSummary, SignalKind};
use keizoku_testkit::logs;

use super::lists::list;
use super::world::{World, instant};

/// The customer in the list.
async fn listed(world: &World) -> HealthSummary {
    let accounts = list(world, |_| ()).await.accounts;
    let [account] = accounts.as_slice() else {
        panic!("{accounts:?}")
    };
    account.clone()
}

/// What was recorded of bands.
async fn told(folder: &std::path::Path) -> Vec<HealthBandChanged> {
    let changed = |event: Recorded| match Kind::from_bytes(&event.data).unwrap() {
        Kind::HealthBandChanged(changed) => Some(changed),
        _ => None,
    };
    let events = logs::events(folder, "healthscore").await;
    events.into_iter().filter_map(changed).collect()
}

fn shown(changes: &[HealthBandChanged]) -> Vec<(Band, Band, Option<i32>, String)> {
    let at = |change: &HealthBandChanged| {
        let at = keizoku_proto::instant(change.change_time.as_ref().unwrap());
        at.unwrap().to_string()
    };
    changes
        .iter()
        .map(|change| (change.from(), change.to(), change.score, at(change)))
        .collect()
}

#[tokio::test]
async fn hlt_5_a_band_changes_at_the_instant_at_which_its_signal_goes_stale_and_is_told_once() {
    let world = World::new().await;
    let signals = vec![
        world.signal(SignalKind::ActiveUsers, 60, "2026-11-21T00:00:00Z"),
        world.signal(SignalKind::CsmPulse, 1, "2026-11-21T00:00:00Z"),
        world.signal(SignalKind::Nps, 0, "2026-11-21T00:00:00Z"),
    ];
    world.send_one(signals).await;
    // (25 × 90 + 15 × 0 + 10 × 50) ÷ 50.
    let green = listed(&world).await;
    assert_eq!((green.score, green.band()), (Some(55), Band::Yellow));
    assert_eq!(green.account_display_name, "緑川印刷");
    assert_eq!(
        green.next_change_time,
        Some(instant("2026-12-05T00:00:00Z"))
    );
    world.cluster.set("2026-12-05T08:59:59[Asia/Tokyo]");
    assert_eq!(listed(&world).await.band(), Band::Yellow);
    // Active users count nothing once they are stale, and too little is fresh.
    world.cluster.set("2026-12-05T09:00[Asia/Tokyo]");
    let stale = listed(&world).await;
    assert_eq!((stale.score, stale.band()), (None, Band::Unspecified));
    assert_eq!(stale.band_since, Some(instant("2026-12-05T00:00:00Z")));
    let again = world.signal(SignalKind::ActiveUsers, 1, "2026-12-04T00:00:00Z");
    world.cluster.set("2026-12-05T09:30[Asia/Tokyo]");
    world.send_one(vec![again]).await;
    assert_eq!(listed(&world).await.band(), Band::Red);

    // Everything is read anew, twice, and later.
    let forget = |folder: &std::path::Path, _: &mut _| {
        let model = folder.join("healthscore.model.sqlite");
        std::fs::remove_file(model).unwrap();
    };
    let cluster = world.cluster.restart_after(forget).await;
    cluster.set("2026-12-05T10:00[Asia/Tokyo]");
    let world = World { cluster, ..world }.reconnected().await;
    assert_eq!(listed_once_kept(&world).await.band(), Band::Red);
    drop(world.scene);
    let folder = world.cluster.stop().await;
    let changes = told(folder.path()).await;
    assert_eq!(
        shown(&changes),
        [
            (
                Band::Unspecified,
                Band::Yellow,
                Some(55),
                "2026-11-22T00:00:00Z".to_owned()
            ),
            (
                Band::Yellow,
                Band::Unspecified,
                None,
                "2026-12-05T00:00:00Z".to_owned()
            ),
            (
                Band::Unspecified,
                Band::Red,
                Some(11),
                "2026-12-05T00:30:00Z".to_owned()
            ),
        ]
    );
}

/// The same after a restart, which a token from before it does not cover: the scores are there once they
/// cover what the log has.
async fn listed_once_kept(world: &World) -> HealthSummary {
    let log = logs::heads(world.cluster.folder())["healthscore"];
    let heads = world.health("").await;
    assert!(!heads.account.is_empty());
    let listed = list(world, |_| ()).await;
    let own = listed
        .watermarks
        .iter()
        .find(|one| one.source == "healthscore")
        .unwrap();
    let token = format!("{}-{:x}", own.log_id.replace('-', ""), Position(log).0);
    let listed = list(world, |request| request.consistency_tokens = vec![token]).await;
    listed.accounts[0].clone()
}

#[tokio::test]
async fn hlt_5_bands_have_hysteresis_whatever_the_pieces_in_which_they_were_followed() {
    let world = World::new().await;
    let at = "2026-11-21T00:00:00Z";
    world
        .send_one(vec![world.signal(SignalKind::ActiveUsers, 60, at)])
        .await;
    // 80, 45, 70, 72, 80, 62: it takes 73 to rise over the border at 70.
    let (mut bands, mut hour) = (Vec::new(), 10);
    for (pulse, nps) in [(3, 50), (1, -100), (3, 0), (2, 50), (3, 50), (2, 0)] {
        world
            .cluster
            .set(&format!("2026-11-22T{hour}:00[Asia/Tokyo]"));
        hour += 1;
        let now = format!("2026-11-22T{:02}:00:00Z", hour - 10);
        let signals = vec![
            world.signal(SignalKind::CsmPulse, pulse, &now),
            world.signal(SignalKind::Nps, nps, &now),
        ];
        world.send_one(signals).await;
        let summary = listed(&world).await;
        let health = world.health("").await;
        assert_eq!(
            (health.score, health.band()),
            (summary.score, summary.band())
        );
        bands.push((summary.score.unwrap(), summary.band()));
    }
    let history = world.history().await;
    let steps: Vec<_> = history
        .iter()
        .map(|step| (step.score.unwrap(), step.band()))
        .collect();
    assert_eq!(bands, steps, "the lists said what history says");
    for trembling in [(70, Band::Yellow), (72, Band::Yellow)] {
        assert!(bands.contains(&trembling), "{bands:?}");
    }
}

#[tokio::test]
async fn hlt_5_a_change_of_tier_counts_at_its_instant_in_lists_bands_and_history() {
    let world = World::new().await;
    let at = "2026-11-21T00:00:00Z";
    let signals = vec![
        world.signal(SignalKind::ActiveUsers, 60, at),
        world.signal(SignalKind::CsmPulse, 5, at),
    ];
    world.send_one(signals).await;
    assert_eq!(listed(&world).await.band(), Band::Green);
    // 60 of 300 users who are expected of an Enterprise account: 16 points instead of 90.
    world.change_tier("Enterprise", 25).await;
    assert_eq!(listed(&world).await.band(), Band::Green);
    let midnight = instant("2026-11-24T15:00:00Z");
    assert_eq!(listed(&world).await.next_change_time, Some(midnight));
    world.cluster.set("2026-11-25T00:00[Asia/Tokyo]");
    let summary = listed(&world).await;
    assert_eq!((summary.score, summary.band()), (Some(48), Band::Yellow));
    assert_eq!(
        (summary.scorecard.as_str(), summary.tier.as_str()),
        ("enterprise", "Enterprise")
    );
    assert_eq!(summary.band_since, Some(midnight));
    let step = world.history().await.pop().unwrap();
    assert_eq!((step.time, step.band()), (Some(midnight), Band::Yellow));

    // Back at once: a change that is recorded now holds from now on.
    world.cluster.set("2026-11-25T10:00[Asia/Tokyo]");
    world.change_tier("Mid", 25).await;
    let summary = listed(&world).await;
    assert_eq!(summary.band(), Band::Green);
    assert_eq!(summary.band_since, Some(instant("2026-11-25T01:00:00Z")));
}

#[tokio::test]
async fn hlt_5_another_time_zone_counts_from_when_it_is_recorded() {
    let world = World::new().await;
    let mut onboarding = world.signal(SignalKind::OnboardingState, 50, "2026-11-21T00:00:00Z");
    onboarding.subject = "Core".to_owned();
    onboarding.target_date = Some(keizoku_testkit::day(2026, 11, 22));
    let users = world.signal(SignalKind::ActiveUsers, 60, "2026-11-21T00:00:00Z");
    world.send_one(vec![onboarding, users]).await;
    let midnight_in_tokyo = instant("2026-11-22T15:00:00Z");
    assert_eq!(
        listed(&world).await.next_change_time,
        Some(midnight_in_tokyo)
    );
    let uncapped = listed(&world).await.score.unwrap();
    world.move_to("Europe/London").await;
    let midnight_in_london = instant("2026-11-23T00:00:00Z");
    assert_eq!(
        listed(&world).await.next_change_time,
        Some(midnight_in_london)
    );
    world.cluster.set("2026-11-23T08:59:59[Asia/Tokyo]");
    assert_eq!(listed(&world).await.score, Some(uncapped));
    world.cluster.set("2026-11-23T09:00[Asia/Tokyo]");
    assert_eq!(listed(&world).await.score, Some(60), "the cap of HLT-3");
}

/// Another account of the same customer, with signals of its own.
async fn a_duplicate(world: &World) -> Account {
    let duplicate = world
        .scene
        .account("緑川印刷所", |account| account.tier = "Mid".to_owned())
        .await;
    world.scene.subscription(&duplicate, 1, |_| {}).await;
    let at = "2026-11-21T00:00:00Z";
    let mut signals = vec![
        world.signal(SignalKind::ActiveUsers, 60, at),
        world.signal(SignalKind::CsmPulse, 5, at),
    ];
    for signal in &mut signals {
        signal.account.clone_from(&duplicate.name);
    }
    world.send_one(signals).await;
    duplicate
}

#[tokio::test]
async fn hlt_5_acc_8_a_merged_account_leaves_the_list_and_its_signals_count_for_the_other() {
    let world = World::new().await;
    let duplicate = a_duplicate(&world).await;
    assert_eq!(listed(&world).await.account, duplicate.name);
    world.cluster.set("2026-11-22T12:00[Asia/Tokyo]");
    world.merge(&duplicate).await;
    let summary = listed(&world).await;
    assert_eq!(
        (summary.account, summary.score),
        (world.account.name.clone(), Some(94))
    );
    assert_eq!(summary.band_since, Some(instant("2026-11-22T03:00:00Z")));
}

#[tokio::test]
async fn hlt_5_acc_8_what_was_said_of_a_merged_account_is_said_of_that_instant_ever_after() {
    let world = World::new().await;
    let duplicate = a_duplicate(&world).await;
    let health = async |at| {
        let answer = world.ask(&duplicate.name, at).await;
        answer.unwrap().into_inner().health.unwrap()
    };
    world.cluster.set("2026-11-22T11:00[Asia/Tokyo]");
    let live = health(None).await;
    assert_eq!((live.score, live.band()), (Some(94), Band::Green));
    world.cluster.set("2026-11-22T12:00[Asia/Tokyo]");
    world.merge(&duplicate).await;
    assert_eq!(listed(&world).await.account, world.account.name);
    assert_eq!(health(live.time).await, live);
}
