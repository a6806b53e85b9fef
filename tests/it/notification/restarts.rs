//! Restarts, rebuilds and restored backups send nothing a second time (NTF-4, NTF-8).

use std::fs;
use std::path::Path;

use keizoku_cli::server::log_path;
use keizoku_core::SystemEntropy;
use keizoku_log::sqlite::restore;
use keizoku_proto::notification::{
    DeliveryState, DisableRuleRequest, EnableRuleRequest, ListRulesRequest, SuppressionReason,
};
use keizoku_testkit::logs;
use keizoku_testkit::peer::SlackAnswer;

use super::world::{World, deliveries};

fn delete_models(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains(".model.sqlite") {
            fs::remove_file(path).unwrap();
        }
    }
}

/// A log as a restoration leaves it: the same events under another id.
fn restore_in_place(log: &Path) {
    let copy = log.with_extension("copy");
    restore(log, &copy, &SystemEntropy, |_| {}).unwrap();
    for suffix in ["-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{suffix}", log.display())));
    }
    fs::rename(&copy, log).unwrap();
}

/// Tells about one more risk, and so shows that everything before has been looked at.
async fn one_more(world: &World, before: usize) {
    world.set("2026-11-25T13:00[Asia/Tokyo]");
    world.risk("後から登録したリスク").await;
    let posted = world.slack.wait_for(before + 1).await;
    assert!(
        posted[before].text().contains("後から登録したリスク"),
        "{}",
        posted[before].text()
    );
    world.set("2026-11-25T13:01[Asia/Tokyo]");
    deliveries(&world.scene, |found| {
        found
            .iter()
            .all(|found| found.state() == DeliveryState::Delivered)
    })
    .await;
    assert_eq!(
        world.slack.got().len(),
        before + 1,
        "nothing was sent again"
    );
}

#[tokio::test]
async fn ntf_8_a_restart_sends_nothing_again() {
    let world = World::new("restart").await;
    world.risk("担当者が退職").await;
    world.settled(1, DeliveryState::Delivered).await;
    let world = world.restarted(|_, _| {}).await;
    one_more(&world, 1).await;
}

#[tokio::test]
async fn ntf_8_a_rebuild_sends_nothing_again_though_the_rules_tell_others_now() {
    let world = World::new("rebuild").await;
    world.risk("担当者が退職").await;
    world.settled(1, DeliveryState::Delivered).await;
    // Read again, the same fact would go elsewhere: it was routed once, and for ever.
    let world = world
        .restarted(|folder, config| {
            delete_models(folder);
            config.notification.slack.default_channel = "#elsewhere".to_owned();
        })
        .await;
    one_more(&world, 1).await;
}

#[tokio::test]
async fn ntf_2_what_happened_while_a_rule_was_off_is_not_told_when_it_is_on_again() {
    let world = World::new("off").await;
    let mut api = world.scene.api.notifications();
    let disable = DisableRuleRequest {
        name: "rules/risk-opened".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..DisableRuleRequest::default()
    };
    let rule = api
        .disable_rule(disable)
        .await
        .unwrap()
        .into_inner()
        .rule
        .unwrap();
    assert!(!rule.enabled);
    world.set("2026-11-25T12:10[Asia/Tokyo]");
    world.risk("知らされないリスク").await;
    world.set("2026-11-25T12:20[Asia/Tokyo]");
    let enable = EnableRuleRequest {
        name: rule.name,
        etag: rule.etag,
        request_id: world.scene.ids.fresh(),
    };
    api.enable_rule(enable).await.unwrap();
    let world = world.restarted(|folder, _| delete_models(folder)).await;
    one_more(&world, 0).await;
}

#[tokio::test]
async fn ntf_8_a_restored_backup_sends_nothing_that_was_recorded_before() {
    let world = World::new("restored").await;
    world.risk("送信済みのリスク").await;
    world.settled(1, DeliveryState::Delivered).await;
    world
        .slack
        .answer_next_with([SlackAnswer::Http(503, "", "")]);
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    world.risk("再試行を待つリスク").await;
    world.slack.wait_for(2).await;
    world.settled(1, DeliveryState::Pending).await;
    // As after a restoration: every log goes on under another id.
    let world = world
        .restarted(|folder, _| {
            for service in logs::SERVICES {
                restore_in_place(&log_path(folder, service));
            }
        })
        .await;
    world.set("2026-11-25T12:30[Asia/Tokyo]");
    let found = world.settled(1, DeliveryState::Suppressed).await;
    assert_eq!(
        found[1].suppression_reason(),
        SuppressionReason::StartedOver
    );
    assert_eq!(world.slack.got().len(), 2);
    world.set("2026-11-25T13:00[Asia/Tokyo]");
    world.risk("後から登録したリスク").await;
    let posted = world.slack.wait_for(3).await;
    assert!(posted[2].text().contains("後から登録したリスク"));
    assert!(world.slack.got().len() == 3);
}

/// A deployment that notifies for the first time has a past.
#[tokio::test]
async fn ntf_8_the_first_start_tells_nothing_of_the_past() {
    let world = World::configured("upgrade", |config| {
        config.notification = keizoku_notification::config::Config::default();
    })
    .await;
    let api = world.slack.url("/api/");
    world.risk("過去のリスク").await;
    world.set("2026-11-25T12:10[Asia/Tokyo]");
    let world = world
        .restarted(|folder, config| {
            // As if the service had not been there before.
            for name in ["notification.log.sqlite", "notification.model.sqlite"] {
                for suffix in ["", "-wal", "-shm", ".lock"] {
                    drop(fs::remove_file(folder.join(format!("{name}{suffix}"))));
                }
            }
            config.notification.allow_private_addresses = true;
            config.notification.slack.api_url = api;
            config.notification.slack.bot_token = super::world::secret(folder, "token", "xoxb");
        })
        .await;
    let rules = world
        .scene
        .api
        .notifications()
        .list_rules(ListRulesRequest::default())
        .await;
    let rules = rules.unwrap().into_inner().rules;
    assert_eq!(rules.len(), 13);
    assert!(
        rules
            .iter()
            .all(|rule| rule.enabled && rule.active_since.is_some())
    );
    one_more(&world, 0).await;
}
