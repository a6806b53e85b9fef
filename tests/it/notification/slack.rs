//! Slack on bad days (NTF-4, NTF-5, NTF-8).

use keizoku_notification::secret::Secret;
use keizoku_proto::notification::{Delivery, DeliveryState, RedriveDeliveryRequest};
use keizoku_testkit::peer::SlackAnswer;
use keizoku_testkit::{Refusal, refused};
use tempfile::TempDir;
use tonic::Code;

use super::world::{World, secret};

/// Seconds after noon.
fn at(seconds: i64) -> String {
    format!(
        "2026-11-25T12:{:02}:{:02}[Asia/Tokyo]",
        seconds / 60,
        seconds % 60
    )
}

fn next_attempt(delivery: &Delivery) -> i64 {
    let noon = "2026-11-25T12:00[Asia/Tokyo]"
        .parse::<jiff::Zoned>()
        .unwrap();
    let next = delivery.next_attempt_time.as_ref().unwrap();
    next.seconds - noon.timestamp().as_second()
}

async fn refused_with(name: &str, answer: SlackAnswer) -> (World, Delivery) {
    let world = World::new(name).await;
    world.slack.answer_next_with([answer]);
    world.risk("担当者が退職").await;
    let found = world
        .deliveries(|found| {
            let settled = [
                DeliveryState::Pending,
                DeliveryState::GivenUp,
                DeliveryState::Ambiguous,
            ];
            found.len() == 1 && found[0].attempts == 1 && settled.contains(&found[0].state())
        })
        .await;
    (world, found[0].clone())
}

#[tokio::test]
async fn ntf_5_retry_after_counts_for_the_whole_channel() {
    let answer = SlackAnswer::Http(429, "retry-after: 30", "");
    let (world, delivery) = refused_with("throttled", answer).await;
    assert_eq!(next_attempt(&delivery), 30);
    assert_eq!(delivery.problem, "HTTP 429");
    // Another message to the same channel waits as well, and one to a person does not.
    world.set(&at(2));
    world.risk("同じチャンネル").await;
    world.suggest("別の宛先").await;
    let posted = world.slack.wait_for(2).await;
    assert_eq!(posted[1].channel(), "U0HANAKO");
    world.settled(1, DeliveryState::Delivered).await;
    world.set(&at(29));
    world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(world.slack.got().len(), 2, "nothing early");
    world.set(&at(30));
    world.slack.wait_for(3).await;
    world.settled(2, DeliveryState::Delivered).await;
    world.set(&at(31));
    let posted = world.slack.wait_for(4).await;
    assert!(
        posted[2].text().contains("担当者が退職") && posted[3].text().contains("同じチャンネル")
    );
    let done = world.settled(3, DeliveryState::Delivered).await;
    assert!(done.iter().all(|delivery| delivery.ambiguous_attempts == 0));
}

#[tokio::test]
async fn ntf_5_retry_after_zero_still_keeps_one_message_a_second() {
    let answer = SlackAnswer::Http(429, "retry-after: 0", "");
    let (world, delivery) = refused_with("zero", answer).await;
    assert_eq!(next_attempt(&delivery), 0);
    assert_eq!(world.slack.got().len(), 1);
    world.set(&at(1));
    world.slack.wait_for(2).await;
    world.settled(1, DeliveryState::Delivered).await;
}

/// When a message arrived is known by its answer only: from there the second counts, for one that is answered
/// late and for one that is not answered at all.
#[tokio::test]
async fn ntf_5_the_second_counts_from_the_answer_and_not_from_the_start() {
    let world = World::new("apart").await;
    world.slack.answer_next_with([SlackAnswer::Hang]);
    world.risk("答えのない知らせ").await;
    world.slack.wait_for(1).await;
    world.settled(1, DeliveryState::Attempting).await;
    world.risk("次の知らせ").await;
    world.settled(1, DeliveryState::Pending).await;
    // Its time is over, and it may have arrived as late as this.
    world.set(&at(30));
    world
        .deliveries(|found| found[0].ambiguous_attempts == 1)
        .await;
    is_quiet(&world, 1).await;
    world.set(&at(31));
    let posted = world.slack.wait_for(3).await;
    assert!(posted[2].text().contains("次の知らせ"));
    world.settled(2, DeliveryState::Delivered).await;
}

/// A restart does not forget what was sent, nor when it was answered.
#[tokio::test]
async fn ntf_5_after_a_restart_the_second_is_kept() {
    let world = World::new("restart").await;
    world.risk("再起動の前").await;
    world.settled(1, DeliveryState::Delivered).await;
    let world = world.restarted(|_, _| {}).await;
    world.risk("再起動の後").await;
    world.settled(1, DeliveryState::Pending).await;
    is_quiet(&world, 1).await;
    world.set(&at(1));
    world.slack.wait_for(2).await;
    world.settled(2, DeliveryState::Delivered).await;
}

/// Another channel is told meanwhile, and this one nothing: only so many messages were for it.
async fn is_quiet(world: &World, posted: usize) {
    world.suggest("別の宛先").await;
    let to_hanako = |found: &[Delivery]| {
        let suggested = |found: &&Delivery| found.rule == "rules/suggestion-made";
        let delivered = |found: &&Delivery| found.state() == DeliveryState::Delivered;
        found.iter().filter(suggested).filter(delivered).count() == 1
    };
    world.deliveries(to_hanako).await;
    let got = world.slack.got();
    let to_channel = got.iter().filter(|posted| posted.channel() != "U0HANAKO");
    assert_eq!(to_channel.count(), posted, "nothing early");
}

#[tokio::test]
async fn ntf_5_without_a_usable_retry_after_the_wait_is_our_own() {
    for (name, headers) in [
        ("absent", ""),
        ("nonsense", "retry-after: soon"),
        ("date", "retry-after: -3"),
    ] {
        let (_world, delivery) = refused_with(name, SlackAnswer::Http(429, headers, "")).await;
        assert!(
            (2..=5).contains(&next_attempt(&delivery)),
            "{name}: {delivery:?}"
        );
    }
}

#[tokio::test]
async fn ntf_5_a_server_error_is_tried_again_and_nothing_lost() {
    let (world, delivery) = refused_with("error", SlackAnswer::Http(503, "", "busy")).await;
    assert_eq!(delivery.problem, "HTTP 503");
    world
        .slack
        .answer_next_with([SlackAnswer::Http(500, "", "")]);
    world.set(&at(10));
    world.slack.wait_for(2).await;
    let again = world
        .deliveries(|found| found[0].attempts == 2 && found[0].state() == DeliveryState::Pending)
        .await;
    assert!(
        (15..=20).contains(&next_attempt(&again[0])),
        "it doubles: {again:?}"
    );
    world.set(&at(30));
    world.slack.wait_for(3).await;
    let done = world.settled(1, DeliveryState::Delivered).await;
    assert_eq!((done[0].attempts, done[0].problem.as_str()), (3, ""));
}

#[tokio::test]
async fn ntf_5_permanent_errors_are_dead_letters_that_can_be_redriven() {
    let not_found = SlackAnswer::Http(200, "", "{\"ok\":false,\"error\":\"channel_not_found\"}");
    for (name, answer, problem) in [
        (
            "gone",
            SlackAnswer::Http(410, "", "channel_is_archived"),
            "HTTP 410",
        ),
        (
            "absent",
            SlackAnswer::Http(404, "", "no_service"),
            "HTTP 404",
        ),
        (
            "moved",
            SlackAnswer::Http(302, "location: http://169.254.169.254/", ""),
            "HTTP 302 (redirects are not followed)",
        ),
        ("unknown", not_found, "Slack says channel_not_found"),
    ] {
        let (world, delivery) = refused_with(name, answer).await;
        assert_eq!(delivery.state(), DeliveryState::GivenUp, "{name}");
        assert_eq!(delivery.problem, problem, "{name}");
        world.set(&at(60));
        let request = RedriveDeliveryRequest {
            name: delivery.name.clone(),
            etag: delivery.etag.clone(),
            request_id: world.scene.ids.fresh(),
        };
        let mut api = world.scene.api.notifications();
        let redriven = api
            .redrive_delivery(request.clone())
            .await
            .unwrap()
            .into_inner();
        let again = api.redrive_delivery(request).await.unwrap().into_inner();
        assert_eq!(
            again.consistency_token, redriven.consistency_token,
            "once per request id"
        );
        world.slack.wait_for(2).await;
        let done = world.settled(1, DeliveryState::Delivered).await;
        let request = RedriveDeliveryRequest {
            name: done[0].name.clone(),
            request_id: world.scene.ids.fresh(),
            ..RedriveDeliveryRequest::default()
        };
        let refusal: Refusal = refused(api.redrive_delivery(request).await);
        assert_eq!(
            refusal.kind(),
            (Code::FailedPrecondition, "DELIVERY_NOT_REDRIVABLE")
        );
    }
}

#[tokio::test]
async fn ntf_4_a_request_that_hangs_is_ambiguous_after_its_deadline_and_sent_again_labelled() {
    let world = World::new("hangs").await;
    world.slack.answer_next_with([SlackAnswer::Hang]);
    world.risk("担当者が退職").await;
    world.slack.wait_for(1).await;
    let open = world.settled(1, DeliveryState::Attempting).await;
    assert_eq!(
        open[0].ambiguous_attempts, 0,
        "before the deadline nobody says so"
    );
    world.set(&at(30));
    let doubtful = world
        .deliveries(|found| found[0].ambiguous_attempts == 1)
        .await;
    assert!(
        (30 + 2..=30 + 5).contains(&next_attempt(&doubtful[0])),
        "{doubtful:?}"
    );
    world.set(&at(36));
    let posted = world.slack.wait_for(2).await;
    assert!(posted[1].text().starts_with("再送"), "{}", posted[1].text());
    assert!(!posted[0].text().starts_with("再送"));
    let done = world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(
        done[0].ambiguous_attempts, 1,
        "listed for ever: the first one may have arrived"
    );
    assert_eq!(
        world.slack.got().len(),
        1 + 1,
        "no more copies than the ambiguous ones listed"
    );
}

#[tokio::test]
async fn ntf_4_a_reset_is_ambiguous_whether_or_not_the_request_was_taken() {
    for (name, answer, arrived) in [
        ("unread", SlackAnswer::ResetUnread, 0),
        ("taken", SlackAnswer::ResetTaken, 1),
    ] {
        let (world, delivery) = refused_with(name, answer).await;
        assert_eq!(delivery.ambiguous_attempts, 1, "{name}");
        world.set(&at(6));
        world.slack.wait_for(arrived + 1).await;
        let done = world.settled(1, DeliveryState::Delivered).await;
        assert_eq!(done[0].ambiguous_attempts, 1, "{name}");
    }
}

#[tokio::test]
async fn ntf_4_a_refused_connection_has_failed_and_is_not_ambiguous() {
    let world = World::configured("refused", |config| {
        // Nobody listens on the lowest port.
        config.notification.slack.api_url = "http://127.0.0.1:1/api/".to_owned();
    })
    .await;
    world.risk("担当者が退職").await;
    let found = world
        .deliveries(|found| {
            found.len() == 1 && found[0].attempts == 1 && found[0].state() == DeliveryState::Pending
        })
        .await;
    assert_eq!(found[0].ambiguous_attempts, 0);
    assert!(
        found[0].problem.starts_with("cannot connect"),
        "{}",
        found[0].problem
    );
}

#[tokio::test]
async fn ntf_8_a_bad_channel_delays_no_other() {
    for answer in [
        SlackAnswer::Hang,
        SlackAnswer::ResetUnread,
        SlackAnswer::ResetTaken,
        SlackAnswer::Http(429, "retry-after: 30", ""),
        SlackAnswer::Http(503, "", ""),
        SlackAnswer::Http(404, "", "no_service"),
    ] {
        let name = format!("{answer:?}");
        let world = World::new(&name).await;
        world.slack.answer_next_with([answer]);
        world.risk("担当者が退職").await;
        let began = |found: &[Delivery]| found.len() == 1 && found[0].attempts == 1;
        world.deliveries(began).await;
        let before = match name.as_str() {
            "ResetUnread" => 0,
            _ => world.slack.wait_for(1).await.len(),
        };
        // The clock stands still: what arrives has waited for nothing.
        world.suggest("別の宛先").await;
        let posted = world.slack.wait_for(before + 1).await;
        assert_eq!(posted[before].channel(), "U0HANAKO", "{name}");
        let found = world.settled(1, DeliveryState::Delivered).await;
        assert_ne!(found[0].state(), DeliveryState::Delivered, "{name}");
    }
}

#[tokio::test]
async fn ntf_3_an_address_that_is_not_of_the_open_internet_is_refused() {
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        for is_webhook in [true, false] {
            let folder = TempDir::new().unwrap();
            let world = World::configured(&format!("{host} {is_webhook}"), |config| {
                let notification = &mut config.notification;
                notification.allow_private_addresses = false;
                let api = notification.slack.api_url.replace("127.0.0.1", host);
                if is_webhook {
                    let webhook = secret(folder.path(), "webhook", &api);
                    notification.slack.bot_token = Secret::default();
                    notification
                        .slack
                        .webhooks
                        .insert("default".to_owned(), webhook);
                    notification.smtp.host.clear();
                } else {
                    notification.slack.api_url = api;
                }
            })
            .await;
            world.risk("担当者が退職").await;
            let is_refused =
                |found: &[Delivery]| found.len() == 1 && found[0].problem.contains("open internet");
            let found = world.deliveries(is_refused).await;
            assert_eq!(found[0].ambiguous_attempts, 0, "{host}");
            assert!(world.slack.got().is_empty(), "{host}");
        }
    }
}
