//! The weekly digest (NTF-1, FC-13, NTF-8).

use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::{RecordContractFactRequest, SubscriptionTerms};
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{DeliveryState, Trigger};
use keizoku_testkit::{day, logs};

use super::world::World;

const MONDAY: &str = "2026-12-07T09:00[Asia/Tokyo]";

fn digests(world: &World) -> Vec<(String, String)> {
    let posted = world.slack.got().into_iter();
    posted
        .filter(|posted| posted.text().contains("今週の対応"))
        .map(|posted| (posted.channel().to_owned(), posted.body.to_string()))
        .collect()
}

/// An overdue next action (due on December 1st) and a renewal on December 10th.
async fn world(name: &str) -> World {
    let world = World::new(name).await;
    world.risk("担当者が退職").await;
    world.heard().await;
    world.settled(1, DeliveryState::Delivered).await;
    world
}

#[tokio::test]
async fn ntf_1_the_digest_tells_owner_and_team_on_monday_at_nine() {
    let world = world("monday").await;
    world.set("2026-12-07T08:59:59[Asia/Tokyo]");
    // On the Monday before, nothing was overdue yet, and the renewal was ahead.
    world.settled(3, DeliveryState::Delivered).await;
    let early = digests(&world).len();
    world.set(MONDAY);
    let found = world
        .deliveries(|found| {
            let digests = found
                .iter()
                .filter(|found| found.trigger() == Trigger::WeeklyDigest);
            digests.clone().count() == early + 2
                && digests
                    .clone()
                    .all(|found| found.state() == DeliveryState::Delivered)
        })
        .await;
    let all = digests(&world);
    let mut channels: Vec<&str> = all[early..]
        .iter()
        .map(|(channel, _)| channel.as_str())
        .collect();
    channels.sort_unstable();
    assert_eq!(channels, ["#cs-east", "U0HANAKO"]);
    for (_, body) in &all[early..] {
        for words in [
            "期限超過1件、期日1件",
            "2026/12/01(火) 6日経過 緑川印刷「担当者が退職」 — 後任に電話",
            "⚠️ 2026/12/10(木) あと3日 更新 緑川印刷(Core) MRR ¥1,200,000",
        ] {
            assert!(body.contains(words), "{words}: {body}");
        }
    }
    let teams = all
        .iter()
        .filter(|(_, body)| body.contains("Enterprise East 今週の対応"));
    assert_eq!(teams.count(), early / 2 + 1, "the team's names the team");
    assert!(
        found
            .iter()
            .all(|found| found.account.is_empty() || found.trigger() != Trigger::WeeklyDigest)
    );
}

#[tokio::test]
async fn ntf_8_after_weeks_away_only_the_newest_digest_goes_out() {
    let world = world("away").await;
    // Three Mondays have passed when the process is there again.
    let world = world.away_until("2026-12-16T12:00[Asia/Tokyo]").await;
    let found = world
        .deliveries(|found| {
            found
                .iter()
                .filter(|found| found.state() == DeliveryState::Delivered)
                .count()
                >= 3
        })
        .await;
    let of_digests = found
        .iter()
        .filter(|found| found.trigger() == Trigger::WeeklyDigest);
    assert_eq!(of_digests.count(), 2, "one each for owner and team");
    let world = world.restarted(|_, _| {}).await;
    world.set("2026-12-16T12:01[Asia/Tokyo]");
    world.suggest("起動後の提案").await;
    world.slack.wait_for(4).await;
    assert_eq!(digests(&world).len(), 2, "a restart sends none again");
    assert_eq!(skipped(world).await, 2, "the others are recorded");
}

/// From Saturday to Tuesday noon.
#[tokio::test]
async fn ntf_8_after_three_days_away_one_digest_goes_out() {
    let world = world("three days").await;
    world.set("2026-12-05T12:00[Asia/Tokyo]");
    world.settled(3, DeliveryState::Delivered).await;
    let before = digests(&world).len();
    let world = world.away_until("2026-12-08T12:00[Asia/Tokyo]").await;
    world.settled(5, DeliveryState::Delivered).await;
    assert_eq!(
        digests(&world).len(),
        before + 2,
        "one each for owner and team"
    );
    assert_eq!(skipped(world).await, 0);
}

/// Digests that were recorded as skipped.
async fn skipped(world: World) -> usize {
    let folder = world.cluster.stop().await;
    let events = logs::events(folder.path(), "notification").await;
    let kinds = events.iter().map(|event| Kind::from_bytes(&event.data));
    let skipped = kinds.filter(|kind| matches!(kind, Ok(Kind::DigestSkipped(_))));
    skipped.count()
}

#[tokio::test]
async fn ntf_1_whoever_has_nothing_to_do_gets_no_digest() {
    let world = World::new("quiet").await;
    // The renewal moves out of sight.
    let renewed = RecordContractFactRequest {
        name: world.subscription.clone(),
        kind: keizoku_proto::accounts::FactKind::TermsChanged.into(),
        terms: Some(SubscriptionTerms {
            next_renewal_date: Some(day(2027, 12, 10)),
            ..SubscriptionTerms::default()
        }),
        request_id: world.scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let mut accounts = world.scene.api.accounts();
    let renewed = accounts.record_contract_fact(renewed).await.unwrap();
    let token = renewed.into_inner().consistency_token;
    world.scene.changed_accounts(token);
    // Else Monday may come before that is heard of.
    world.heard().await;
    world.set("2026-12-07T09:01[Asia/Tokyo]");
    world.suggest("ほかの知らせ").await;
    world.slack.wait_for(1).await;
    let found = world.settled(1, DeliveryState::Delivered).await;
    assert!(
        found
            .iter()
            .all(|found| found.trigger() != Trigger::WeeklyDigest),
        "{found:?}"
    );
}
