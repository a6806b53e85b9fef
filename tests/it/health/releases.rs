//! What came out, and how use went before and after, per segment (HLT-9).

use keizoku_proto::accounts::Account;
use keizoku_proto::healthscore::{
    GetReleaseAdoptionRequest, ListReleasesRequest, MeasuredUse, RecordReleaseRequest, Release,
    ReleaseAdoption, ReleaseKind, SegmentAdoption, Signal, SignalKind, VoidReleaseRequest,
};
use keizoku_testkit::{day, logs, refused};
use tonic::Code;

use super::world::{World, instant};

const BEFORE: &str = "2026-09-20T00:00:00Z";
const AFTER: &str = "2026-10-25T00:00:00Z";

fn measured(signal: SignalKind, subject: &str) -> MeasuredUse {
    MeasuredUse {
        signal: signal.into(),
        subject: subject.to_owned(),
    }
}

/// A feature that came out on 1 October.
fn feature(world: &World) -> RecordReleaseRequest {
    RecordReleaseRequest {
        kind: ReleaseKind::Feature.into(),
        display_name: "一括承認".to_owned(),
        date: Some(day(2026, 10, 1)),
        measured: vec![
            measured(SignalKind::FeatureUse, "一括承認"),
            measured(SignalKind::SignIns, ""),
        ],
        request_id: world.scene.ids.fresh(),
        ..RecordReleaseRequest::default()
    }
}

async fn record(world: &World, request: RecordReleaseRequest) -> Release {
    let mut api = world.scene.api.health_scores();
    let answer = api.record_release(request).await.unwrap().into_inner();
    world.scene.changed_risks(answer.consistency_token);
    answer.release.unwrap()
}

async fn adoption(world: &World, release: &Release, at: &str) -> ReleaseAdoption {
    let request = GetReleaseAdoptionRequest {
        name: release.name.clone(),
        time: (!at.is_empty()).then(|| instant(at)),
        consistency_tokens: world.scene.tokens(),
        ..GetReleaseAdoptionRequest::default()
    };
    let mut api = world.scene.api.health_scores();
    let answer = api.get_release_adoption(request).await.unwrap();
    answer.into_inner().adoption.unwrap()
}

/// Another customer of a tier.
async fn customer(world: &World, tier: &str, product: &str) -> Account {
    let of =
        |account: &mut keizoku_proto::accounts::AccountFields| tier.clone_into(&mut account.tier);
    let account = world.scene.account("顧客", of).await;
    let with = |request: &mut keizoku_proto::accounts::StartSubscriptionRequest| {
        product.clone_into(&mut request.product);
    };
    world.scene.subscription(&account, 100_000, with).await;
    account
}

fn used(world: &World, account: &Account, value: i64, at: &str) -> Signal {
    Signal {
        account: account.name.clone(),
        subject: "一括承認".to_owned(),
        ..world.signal(SignalKind::FeatureUse, value, at)
    }
}

fn shares(segment: &SegmentAdoption) -> (i64, i64, i64) {
    let change = &segment.uses[0];
    let count = |rate: &Option<keizoku_proto::common::Rate>| rate.unwrap().numerator;
    (
        segment.accounts,
        count(&change.used_before),
        count(&change.used_after),
    )
}

#[tokio::test]
async fn hlt_9_use_before_and_after_a_release_is_told_per_tier() {
    let world = World::new().await;
    let (second, small) = (
        customer(&world, "Mid", "Core").await,
        customer(&world, "SMB", "Core").await,
    );
    let first = world.account.clone();
    world
        .send_one(vec![
            used(&world, &first, 4, AFTER),
            used(&world, &second, 2, BEFORE),
            used(&world, &second, 6, AFTER),
            used(&world, &small, 9, BEFORE),
            // Not of these days.
            used(&world, &small, 9, "2026-11-10T00:00:00Z"),
        ])
        .await;
    let release = record(&world, feature(&world)).await;
    let found = adoption(&world, &release, "").await;
    assert!(found.complete);
    assert_eq!(found.first_date, Some(day(2026, 9, 1)));
    assert_eq!(found.last_date, Some(day(2026, 10, 30)));
    let [mid, smb] = found.segments.as_slice() else {
        panic!("{:?}", found.segments);
    };
    assert_eq!((mid.tier.as_str(), shares(mid)), ("Mid", (2, 1, 2)));
    assert_eq!((smb.tier.as_str(), shares(smb)), ("SMB", (1, 1, 0)));
    let overall = found.overall.unwrap();
    assert_eq!(shares(&overall), (3, 2, 2));
    let change = &overall.uses[0];
    assert_eq!((change.started, change.stopped), (1, 1));
    assert_eq!(
        (change.compared, change.median_before, change.median_after),
        (1, Some(2), Some(6))
    );
    assert_eq!(
        overall.uses[1].silent_after, 3,
        "nothing was heard of sign-ins"
    );
    let bands = overall.bands_before.unwrap();
    assert_eq!(bands.without_score, 3);
}

#[tokio::test]
async fn hlt_9_only_those_count_whom_a_release_concerns() {
    let world = World::new().await;
    customer(&world, "SMB", "Core").await;
    customer(&world, "Mid", "Option").await;
    let to = |tiers: &[&str], product: &str| RecordReleaseRequest {
        tiers: tiers.iter().map(ToString::to_string).collect(),
        product: product.to_owned(),
        display_name: format!("{tiers:?} {product}"),
        ..feature(&world)
    };
    for (tiers, product, expected) in [
        (&[][..], "", 3),
        (&["Mid"][..], "", 2),
        (&["Mid"][..], "Core", 1),
        (&["Mid", "SMB"][..], "Core", 2),
        (&["Gold"][..], "", 0),
    ] {
        let release = record(&world, to(tiers, product)).await;
        let overall = adoption(&world, &release, "").await.overall.unwrap();
        assert_eq!(overall.accounts, expected, "{tiers:?} {product}");
    }
}

#[tokio::test]
async fn hlt_9_what_is_said_of_a_past_instant_is_what_was_known_then() {
    let world = World::new().await;
    let release = record(&world, feature(&world)).await;
    let then = "2026-11-22T00:30:00Z";
    world.cluster.set("2026-11-22T10:00[Asia/Tokyo]");
    let account = world.account.clone();
    world.send_one(vec![used(&world, &account, 4, AFTER)]).await;
    let share = |found: ReleaseAdoption| shares(&found.overall.unwrap());
    assert_eq!(share(adoption(&world, &release, then).await), (1, 0, 0));
    assert_eq!(share(adoption(&world, &release, "").await), (1, 0, 1));
    // What is recorded of a tier later does not move who was in which segment.
    world.change_tier("SMB", 23).await;
    let found = adoption(&world, &release, "").await;
    assert_eq!(found.segments[0].tier, "Mid");
}

#[tokio::test]
async fn hlt_9_a_release_is_refused_with_everything_that_is_wrong_with_it() {
    let world = World::new().await;
    let heads = logs::heads(world.cluster.folder());
    let wrong = RecordReleaseRequest {
        display_name: " ".to_owned(),
        date: None,
        measured: vec![
            measured(SignalKind::Nps, ""),
            measured(SignalKind::FeatureUse, ""),
            measured(SignalKind::SignIns, "x"),
        ],
        tiers: vec![String::new()],
        request_id: world.scene.ids.fresh(),
        ..RecordReleaseRequest::default()
    };
    let mut api = world.scene.api.health_scores();
    let refusal = refused(api.record_release(wrong).await);
    assert_eq!(refusal.code, Code::InvalidArgument);
    for field in [
        "kind: ",
        "display_name: ",
        "date: ",
        "measured[0].signal: ",
        "measured[1].subject: ",
        "measured[2].subject: ",
        "tiers[0]: ",
    ] {
        assert!(
            refusal.message.contains(field),
            "{field}{}",
            refusal.message
        );
    }
    let tomorrow = RecordReleaseRequest {
        date: Some(day(2026, 11, 23)),
        ..feature(&world)
    };
    let refusal = refused(api.record_release(tomorrow).await);
    assert!(
        refusal.message.contains("is in the future"),
        "{}",
        refusal.message
    );
    assert_eq!(logs::heads(world.cluster.folder()), heads);
    let question = GetReleaseAdoptionRequest {
        name: "releases/0197f0a0-0000-7000-8000-00000000000d".to_owned(),
        ..GetReleaseAdoptionRequest::default()
    };
    let refusal = refused(api.get_release_adoption(question).await);
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (Code::NotFound, "RELEASE_UNKNOWN")
    );
}

#[tokio::test]
async fn hlt_9_a_release_is_recorded_once_and_stays_visible_when_it_is_taken_back() {
    let world = World::new().await;
    let request = feature(&world);
    let release = record(&world, request.clone()).await;
    assert_eq!(record(&world, request).await, release, "the same request");
    let mut api = world.scene.api.health_scores();
    let refusal = refused(api.record_release(feature(&world)).await);
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (Code::AlreadyExists, "RELEASE_EXISTS")
    );
    let request = VoidReleaseRequest {
        name: release.name.clone(),
        reason: "日付違い".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..VoidReleaseRequest::default()
    };
    let voided = api.void_release(request).await.unwrap().into_inner();
    assert_eq!(voided.release.unwrap().void_reason, "日付違い");
    for (with_voided, expected, total) in [(false, 0, 0), (true, 1, 1)] {
        let request = ListReleasesRequest {
            with_voided,
            ..ListReleasesRequest::default()
        };
        let listed = api.list_releases(request).await.unwrap().into_inner();
        assert_eq!(
            (listed.releases.len(), listed.total_size),
            (expected, total)
        );
    }
    record(&world, feature(&world)).await;
}
