//! A mail server on bad days (NTF-3, NTF-4, NTF-5).

use keizoku_cli::server::config::Config;
use keizoku_notification::config::Security;
use keizoku_notification::secret::Secret;
use keizoku_proto::notification::recipient::To;
use keizoku_proto::notification::{
    Channel, Delivery, DeliveryState, Recipient, SendTestMessageRequest,
};
use keizoku_testkit::peer::{SmtpAnswer, SmtpPeer};
use tempfile::TempDir;

use super::world::World;

fn by_email_only(config: &mut Config) {
    config.notification.slack.bot_token = Secret::default();
    config.notification.slack.webhooks.clear();
}

fn has_failed_once(found: &[Delivery]) -> bool {
    found.len() == 1 && found[0].attempts == 1 && found[0].state() == DeliveryState::Pending
}

async fn answered(name: &str, answer: SmtpAnswer) -> (World, Delivery) {
    let world = World::configured(name, by_email_only).await;
    world.smtp.answer_next_with([answer]);
    world.risk("担当者が退職").await;
    let found = world
        .deliveries(|found| {
            let settled = [DeliveryState::Pending, DeliveryState::GivenUp];
            found.len() == 1 && found[0].attempts == 1 && settled.contains(&found[0].state())
        })
        .await;
    (world, found[0].clone())
}

#[tokio::test]
async fn ntf_5_a_recipient_that_is_refused_for_now_is_tried_again() {
    let answer = SmtpAnswer::RefuseRecipient("450 4.2.1 try later");
    let (world, delivery) = answered("later", answer).await;
    assert_eq!(delivery.state(), DeliveryState::Pending);
    assert_eq!(delivery.ambiguous_attempts, 0);
    assert!(delivery.problem.contains("450"), "{}", delivery.problem);
    world.set("2026-11-25T12:00:06[Asia/Tokyo]");
    world.smtp.wait_for(1).await;
    world.settled(1, DeliveryState::Delivered).await;
}

#[tokio::test]
async fn ntf_5_a_recipient_that_does_not_exist_is_a_dead_letter() {
    for (name, answer) in [
        (
            "recipient",
            SmtpAnswer::RefuseRecipient("550 5.1.1 no such user"),
        ),
        ("message", SmtpAnswer::RefuseMessage("554 5.7.1 no")),
    ] {
        let (world, delivery) = answered(name, answer).await;
        assert_eq!(delivery.state(), DeliveryState::GivenUp, "{name}");
        assert!(delivery.problem.contains("55"), "{}", delivery.problem);
        assert!(world.smtp.got().is_empty());
    }
}

#[tokio::test]
async fn ntf_4_a_connection_that_ends_before_the_message_has_failed() {
    let (world, delivery) = answered("early", SmtpAnswer::EndBeforeData).await;
    assert_eq!(delivery.ambiguous_attempts, 0);
    world.set("2026-11-25T12:00:06[Asia/Tokyo]");
    let mails = world.smtp.wait_for(1).await;
    assert!(!mails[0].header("subject").contains("再送"));
}

#[tokio::test]
async fn ntf_4_a_connection_that_ends_after_the_final_dot_is_ambiguous() {
    let (world, delivery) = answered("dot", SmtpAnswer::EndAfterDot).await;
    assert_eq!(delivery.ambiguous_attempts, 1);
    world.set("2026-11-25T12:00:06[Asia/Tokyo]");
    let mails = world.smtp.wait_for(2).await;
    world.settled(1, DeliveryState::Delivered).await;
    // One of both is shown: they are one message to a mail program.
    assert_eq!(mails[0].header("message-id"), mails[1].header("message-id"));
    assert_ne!(
        mails[0].header("subject"),
        mails[1].header("subject"),
        "labelled"
    );
}

#[tokio::test]
async fn ntf_3_nothing_is_sent_to_a_server_that_offers_no_tls() {
    let world = World::configured("no-tls", |config| {
        by_email_only(config);
        config.notification.smtp.security = Security::StartTls;
    })
    .await;
    world.risk("担当者が退職").await;
    let found = world.deliveries(has_failed_once).await;
    assert!(
        found[0].problem.contains("offers no STARTTLS"),
        "{}",
        found[0].problem
    );
    assert!(world.smtp.got().is_empty());
}

#[tokio::test]
async fn ntf_3_email_goes_over_tls_to_a_server_that_is_trusted() {
    let (starttls, tls) = (SmtpPeer::with_starttls().await, SmtpPeer::with_tls().await);
    let folder = TempDir::new().unwrap();
    for (security, server) in [(Security::StartTls, &starttls), (Security::Tls, &tls)] {
        let certificate = folder.path().join(format!("{security:?}.pem"));
        server.write_certificate(&certificate);
        for is_trusted in [true, false] {
            let name = format!("{security:?} {is_trusted}");
            let world = World::configured(&name, |config| {
                by_email_only(config);
                config.notification.smtp.security = security;
                config.notification.smtp.host = "localhost".to_owned();
                config.notification.smtp.port = server.port();
                if is_trusted {
                    config.notification.smtp.ca_file.clone_from(&certificate);
                }
            })
            .await;
            world.risk("担当者が退職").await;
            if is_trusted {
                let mails = server.wait_for(1).await;
                assert!(mails[0].encrypted, "{name}");
                world.settled(1, DeliveryState::Delivered).await;
            } else {
                let found = world.deliveries(has_failed_once).await;
                assert_eq!(found[0].ambiguous_attempts, 0, "{name}");
                assert_eq!(server.got().len(), 1, "{name}");
            }
        }
    }
}

/// A server that speaks no TLS where it is expected from the first byte.
#[tokio::test]
async fn ntf_3_nothing_goes_out_where_no_tls_is_spoken() {
    let world = World::configured("plain", |config| {
        by_email_only(config);
        config.notification.smtp.security = Security::Tls;
    })
    .await;
    world.risk("担当者が退職").await;
    let found = world.deliveries(has_failed_once).await;
    assert_eq!(found[0].ambiguous_attempts, 0);
    assert!(world.smtp.got().is_empty());
}

#[tokio::test]
async fn ntf_8_a_mail_server_that_says_nothing_delays_no_other_channel() {
    let silent = SmtpPeer::silent().await;
    let world = World::configured("silent", |config| {
        config.notification.smtp.port = silent.port();
    })
    .await;
    let recipient = Recipient {
        channel: Channel::Email.into(),
        to: Some(To::User(world.hanako.name.clone())),
    };
    let request = SendTestMessageRequest {
        recipient: Some(recipient),
        request_id: world.scene.ids.fresh(),
        ..SendTestMessageRequest::default()
    };
    let mut api = world.scene.api.notifications();
    api.send_test_message(request).await.unwrap();
    world.settled(1, DeliveryState::Attempting).await;
    // The clock stands still: what arrives has waited for nothing.
    world.risk("担当者が退職").await;
    world.slack.wait_for(1).await;
    world.settled(1, DeliveryState::Delivered).await;
}
