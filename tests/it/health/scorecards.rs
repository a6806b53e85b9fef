//! Scorecards and overrides: versioned, refused with everything that is wrong (HLT-2, HLT-7).

use keizoku_proto::healthscore::{
    Band, ClearHealthOverrideRequest, DraftScorecardRequest, ListScorecardsRequest,
    OverrideHealthRequest, PublishScorecardRequest, RollBackScorecardRequest, Scorecard,
    SignalKind,
};
use keizoku_testkit::{logs, refused};
use tonic::Code;

use super::world::{World, instant};

async fn shipped(world: &World, key: &str) -> Scorecard {
    let request = ListScorecardsRequest {};
    let answer = world
        .scene
        .api
        .health_scores()
        .list_scorecards(request)
        .await;
    let cards = answer.unwrap().into_inner().scorecards;
    let card = cards.into_iter().find(|card| card.key == key).unwrap();
    card.versions.into_iter().next().unwrap().scorecard.unwrap()
}

fn draft(world: &World, key: &str, scorecard: Scorecard) -> DraftScorecardRequest {
    DraftScorecardRequest {
        key: key.to_owned(),
        scorecard: Some(scorecard),
        request_id: world.scene.ids.fresh(),
        ..DraftScorecardRequest::default()
    }
}

fn publish(world: &World, key: &str) -> PublishScorecardRequest {
    PublishScorecardRequest {
        key: key.to_owned(),
        request_id: world.scene.ids.fresh(),
        ..PublishScorecardRequest::default()
    }
}

#[tokio::test]
async fn hlt_2_a_scorecard_is_refused_with_everything_that_is_wrong_with_it() {
    let world = World::new().await;
    let mut card = shipped(&world, "mid").await;
    card.measures[0].weight += 1;
    card.measures[1].curve[1].value = card.measures[1].curve[0].value;
    card.measures[2].stale_after_days = 0;
    let heads = logs::heads(world.cluster.folder());
    let request = draft(&world, "Mid!", card);
    let refusal = refused(
        world
            .scene
            .api
            .health_scores()
            .draft_scorecard(request)
            .await,
    );
    assert_eq!(refusal.code, Code::InvalidArgument);
    for told in [
        "key: ",
        "scorecard.measures.weight: sum to 101; make them sum to 100",
        "scorecard.measures[1].curve[1]: ",
        "scorecard.measures[2].stale_after_days: ",
    ] {
        assert!(
            refusal.message.contains(told),
            "{told}: {}",
            refusal.message
        );
    }
    let mut overlapping = shipped(&world, "mid").await;
    overlapping.tiers.push("SMB".to_owned());
    let request = draft(&world, "mid", overlapping);
    assert_eq!(logs::heads(world.cluster.folder()), heads);
    world
        .scene
        .api
        .health_scores()
        .draft_scorecard(request)
        .await
        .unwrap();
    let refusal = refused(
        world
            .scene
            .api
            .health_scores()
            .publish_scorecard(publish(&world, "mid"))
            .await,
    );
    assert_eq!(refusal.reason, "SCORECARD_TIERS_OVERLAP");
    assert!(
        refusal.message.contains("`smb` is in effect for SMB"),
        "{}",
        refusal.message
    );
}

#[tokio::test]
async fn hlt_2_a_published_version_counts_from_then_on_and_can_be_rolled_back() {
    let world = World::new().await;
    let at = "2026-11-21T00:00:00Z";
    let signals = vec![
        world.signal(SignalKind::ActiveUsers, 60, at),
        world.signal(SignalKind::CsmPulse, 1, at),
    ];
    world.send_one(signals).await;
    // 25 × 90 + 15 × 0 of 40.
    assert_eq!(world.health("").await.score, Some(56));
    let mut card = shipped(&world, "mid").await;
    for measure in &mut card.measures {
        match measure.key.as_str() {
            "active_users" => measure.weight = 30,
            "csm_pulse" => measure.weight = 10,
            _ => {}
        }
    }
    let mut api = world.scene.api.health_scores();
    world.cluster.set("2026-11-22T10:00[Asia/Tokyo]");
    api.draft_scorecard(draft(&world, "mid", card))
        .await
        .unwrap();
    assert_eq!(
        world.health("").await.score,
        Some(56),
        "a draft computes nothing"
    );
    world.cluster.set("2026-11-22T11:00[Asia/Tokyo]");
    let request = publish(&world, "mid");
    let first = api
        .publish_scorecard(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = api.publish_scorecard(request).await.unwrap().into_inner();
    assert_eq!(first, again);
    let health = world.health("").await;
    assert_eq!((health.score, health.scorecard_version), (Some(68), 2));
    assert_eq!(world.health("2026-11-22T01:59:59Z").await.score, Some(56));
    world.cluster.set("2026-11-22T12:00[Asia/Tokyo]");
    let back = RollBackScorecardRequest {
        key: "mid".to_owned(),
        version: 1,
        reason: "解約を見逃した".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..RollBackScorecardRequest::default()
    };
    let answer = api
        .roll_back_scorecard(back)
        .await
        .unwrap()
        .into_inner()
        .scorecard
        .unwrap();
    assert_eq!((answer.version_in_effect, answer.versions.len()), (1, 2));
    let health = world.health("").await;
    assert_eq!((health.score, health.scorecard_version), (Some(56), 1));
    assert_eq!(
        world.health("2026-11-22T02:30:00Z").await.score,
        Some(68),
        "as it was then"
    );
}

#[tokio::test]
async fn hlt_7_an_override_stands_beside_the_computed_score_until_it_expires() {
    let world = World::new().await;
    let at = "2026-11-21T00:00:00Z";
    let signals = vec![
        world.signal(SignalKind::ActiveUsers, 60, at),
        world.signal(SignalKind::CsmPulse, 5, at),
    ];
    world.send_one(signals).await;
    let request = OverrideHealthRequest {
        account: world.account.name.clone(),
        score: 20,
        reason: "後任が決まらない".to_owned(),
        expire_time: Some(instant("2026-11-25T00:00:00Z")),
        request_id: world.scene.ids.fresh(),
        ..OverrideHealthRequest::default()
    };
    let past = OverrideHealthRequest {
        expire_time: Some(instant("2026-11-22T00:00:00Z")),
        request_id: world.scene.ids.fresh(),
        ..request.clone()
    };
    let mut api = world.scene.api.health_scores();
    assert_eq!(
        refused(api.override_health(past).await).code,
        Code::InvalidArgument
    );
    let set = api
        .override_health(request.clone())
        .await
        .unwrap()
        .into_inner();
    let health = world.health("").await;
    let shown = health.r#override.clone().unwrap();
    assert_eq!(
        (shown.score, shown.reason.as_str()),
        (20, "後任が決まらない")
    );
    assert_eq!(
        (health.score, health.band()),
        (Some(94), Band::Green),
        "the computed score stays visible"
    );
    assert_eq!(health.etag, set.etag);
    world.cluster.set("2026-11-25T09:00[Asia/Tokyo]");
    assert_eq!(world.health("").await.r#override, None, "it ends by itself");
    let repeated = api.override_health(request).await.unwrap().into_inner();
    assert_eq!(
        repeated, set,
        "the same request is answered as it was, for ever"
    );
    world.cluster.set("2026-11-25T09:01[Asia/Tokyo]");
    assert!(
        world
            .health("2026-11-24T00:00:00Z")
            .await
            .r#override
            .is_some()
    );
    let clear = ClearHealthOverrideRequest {
        account: world.account.name.clone(),
        etag: "r0".to_owned(),
        request_id: world.scene.ids.fresh(),
    };
    assert_eq!(
        refused(api.clear_health_override(clear).await).code,
        Code::Aborted
    );
}
