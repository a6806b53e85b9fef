//! Every trigger that the services can cause (NTF-1), and what must cause none (NTF-8).

use keizoku_proto::accounts::{
    AddContactRequest, ContactFields, ContactRole, FactKind, MarkContactDepartedRequest,
    RecordContractFactRequest, Subscription,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::{IngestSignalsRequest, Signal, SignalKind};
use keizoku_proto::notification::{Channel, DeliveryState, Trigger};
use keizoku_proto::risk::{Completion, ImportRisksRequest, LeadsToChurn, RiskDescription};
use keizoku_testkit::day;
use keizoku_testkit::peer::Posted;

use super::world::{World, deliveries};
use crate::reactions::recorded;

#[tokio::test]
async fn ntf_1_a_risk_that_is_opened_is_told_to_the_team() {
    let world = World::new("opened").await;
    let risk = world.risk("担当者が退職").await;
    let posted = world.slack.wait_for(1).await;
    assert_eq!(posted[0].path, "/api/chat.postMessage");
    assert_eq!(posted[0].authorization, "Bearer xoxb-secret");
    assert_eq!(posted[0].channel(), "#cs-east");
    let text = posted[0].text();
    for words in [
        "緑川印刷「担当者が退職」",
        "¥1,200,000",
        "2026/12/10(木) あと15日",
        "山田花子",
        "後任に電話 — 2026/12/01(火) あと6日",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let link = format!("https://keizoku.example.com/{}", risk.name);
    assert!(posted[0].body["blocks"].to_string().contains(&link));
    let deliveries = world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(deliveries[0].trigger(), Trigger::RiskOpened);
    assert_eq!(deliveries[0].subject, risk.name);
    assert_eq!(deliveries[0].account, world.account.name);
    assert_eq!(deliveries[0].rule, "rules/risk-opened");
    assert_eq!(world.slack.got().len(), 1);
}

#[tokio::test]
async fn ntf_1_a_closed_risk_and_real_changes_of_the_flag_are_told() {
    let world = World::new("closed").await;
    let risk = world.risk("担当者が退職").await;
    world
        .assess(&risk, LeadsToChurn::UnknownAtPresent, "後任が決まった")
        .await;
    world
        .assess(&risk, LeadsToChurn::UnknownAtPresent, "やはり不明")
        .await;
    world
        .assess(&risk, LeadsToChurn::LeadsToChurn, "後任と話せない")
        .await;
    world
        .close(&risk, Completion::Completed, "後任と合意した")
        .await;
    // One message a second and channel.
    for second in 0..4 {
        world.slack.wait_for(second + 1).await;
        world.settled(second + 1, DeliveryState::Delivered).await;
        world.set(&format!("2026-11-25T12:00:0{}[Asia/Tokyo]", second + 1));
    }
    let texts: Vec<String> = world
        .slack
        .got()
        .iter()
        .map(|posted| posted.text().to_owned())
        .collect();
    assert!(texts[1].contains("現時点では不明") && texts[1].contains("後任が決まった"));
    assert!(texts[2].contains("解約につながる見込みに変わりました"));
    assert!(texts[3].contains("🎉 解約を防ぎました"), "{}", texts[3]);
    assert!(texts[3].contains("後任と合意した"));
    let found = deliveries(&world.scene, |found| found.len() >= 4).await;
    assert_eq!(
        found.len(),
        4,
        "another reason for the same expectation is no change"
    );
}

#[tokio::test]
async fn ntf_1_a_suggestion_is_told_to_the_owner_directly() {
    let world = World::new("suggested").await;
    world.suggest("決裁者が退職").await;
    let posted = world.slack.wait_for(1).await;
    assert_eq!(posted[0].channel(), "U0HANAKO");
    assert!(
        posted[0]
            .text()
            .contains("リスクの提案: 緑川印刷「決裁者が退職」")
    );
}

#[tokio::test]
async fn ntf_1_rx_6_a_reaction_s_suggestion_is_told_to_the_owner_once() {
    let world = World::new("reaction").await;
    let add = AddContactRequest {
        parent: world.account.name.clone(),
        contact: Some(ContactFields {
            display_name: "佐藤 一郎".to_owned(),
            roles: vec![ContactRole::DecisionMaker.into()],
            ..ContactFields::default()
        }),
        request_id: world.scene.ids.fresh(),
        ..AddContactRequest::default()
    };
    let contacts = || world.scene.api.contacts();
    let added = contacts().add_contact(add).await.unwrap().into_inner();
    let departs = MarkContactDepartedRequest {
        name: added.contact.unwrap().name,
        departure_date: Some(day(2026, 11, 30)),
        request_id: world.scene.ids.fresh(),
        ..MarkContactDepartedRequest::default()
    };
    contacts().mark_contact_departed(departs).await.unwrap();
    let deliveries = world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(deliveries[0].trigger(), Trigger::SuggestionMade);
    let posted = world.slack.got();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].channel(), "U0HANAKO");
    let body = posted[0].body.to_string();
    for words in ["緑川印刷「意思決定者の離任」", "2026-11-30"] {
        assert!(body.contains(words), "{words}: {body}");
    }
}

#[tokio::test]
async fn ntf_1_an_announced_cancellation_and_a_churn_are_told_to_owner_and_team() {
    let world = World::new("ending").await;
    let subscription = world
        .scene
        .subscription(&world.account, 300_000, |request| {
            request.product = "Option".to_owned();
        })
        .await;
    end(
        &world,
        &subscription,
        FactKind::CancellationAnnounced,
        day(2026, 12, 31),
    )
    .await;
    let posted = world.slack.wait_for(2).await;
    let mut channels: Vec<&str> = posted.iter().map(Posted::channel).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["#cs-east", "U0HANAKO"]);
    let body = posted[0].body.to_string();
    for words in [
        "解約の申し出: 緑川印刷(Option)",
        "¥300,000",
        "予算の削減",
        "2026/12/31(木)",
    ] {
        assert!(body.contains(words), "{words}: {body}");
    }
    world.settled(2, DeliveryState::Delivered).await;
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    end(&world, &subscription, FactKind::Churned, day(2026, 11, 25)).await;
    let posted = world.slack.wait_for(4).await;
    assert!(
        posted[3].text().contains("解約: 緑川印刷(Option)"),
        "{}",
        posted[3].text()
    );
    assert!(
        posted[3].body.to_string().contains("¥300,000"),
        "what it paid until then"
    );
}

#[tokio::test]
async fn ntf_3_whoever_has_no_slack_gets_an_email() {
    let world = World::configured("email", |config| {
        config.notification.slack.bot_token = keizoku_notification::secret::Secret::default();
        config.notification.slack.webhooks.clear();
    })
    .await;
    world.risk("担当者が退職").await;
    let mails = world.smtp.wait_for(1).await;
    assert_eq!(mails[0].to, "hanako@example.com", "a team's members");
    let deliveries = world.settled(1, DeliveryState::Delivered).await;
    let recipient = deliveries[0].recipient.clone().unwrap();
    assert_eq!(recipient.channel(), Channel::Email);
    let id = deliveries[0].name.rsplit('/').next().unwrap();
    assert_eq!(mails[0].header("message-id"), format!("<{id}@example.com>"));
    assert_eq!(mails[0].header("auto-submitted"), "auto-generated");
    assert!(
        mails[0]
            .header("date")
            .starts_with("Wed, 25 Nov 2026 03:00:00"),
        "{}",
        mails[0].header("date")
    );
    for part in ["text/plain", "text/html", "multipart/alternative"] {
        assert!(mails[0].text.contains(part), "{part}");
    }
}

/// A deployment with only the default webhook: everything goes there.
#[tokio::test]
async fn ntf_3_a_webhook_alone_takes_everything() {
    let world = World::configured("webhook", |config| {
        config.notification.slack.bot_token = keizoku_notification::secret::Secret::default();
        config.notification.smtp.host.clear();
    })
    .await;
    world.risk("担当者が退職").await;
    let posted = world.slack.wait_for(1).await;
    assert_eq!(posted[0].path, "/services/T0/B0/secret");
    assert_eq!(posted[0].authorization, "");
    let deliveries = world.settled(1, DeliveryState::Delivered).await;
    assert!(
        !format!("{deliveries:?}").contains("/services/"),
        "a secret is never shown"
    );
}

#[tokio::test]
async fn ntf_8_without_a_channel_nothing_is_planned_and_nothing_told_later() {
    let world = World::configured("silent", |config| {
        config.notification = keizoku_notification::config::Config::default();
    })
    .await;
    world.risk("誰にも届かない").await;
    let slack = world.slack.url("/api/");
    let world = world
        .restarted(|folder, config| {
            config.notification.allow_private_addresses = true;
            config.notification.slack.api_url = slack;
            let token = super::world::secret(folder, "token", "xoxb");
            config.notification.slack.bot_token = token;
        })
        .await;
    world.set("2026-11-25T12:05[Asia/Tokyo]");
    world.risk("届く").await;
    let posted = world.slack.wait_for(1).await;
    assert!(posted[0].text().contains("届く") && !posted[0].text().contains("届かない"));
    let found = deliveries(&world.scene, |found| !found.is_empty()).await;
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn ntf_8_an_import_notifies_nobody() {
    let world = World::new("imported").await;
    let row = ImportRisksRequest {
        external_id: "R-1".to_owned(),
        account: world.account.name.clone(),
        description: Some(RiskDescription {
            display_name: "移行されたリスク".to_owned(),
            ..RiskDescription::default()
        }),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        open_date: Some(day(2026, 11, 1)),
        consistency_tokens: world.scene.tokens(),
        ..ImportRisksRequest::default()
    };
    let rows = tokio_stream::once(row);
    let answers = world.scene.api.risks().import_risks(rows).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    assert_eq!(answer.message, "");
    // What is told of what came after shows that the import was looked at before.
    world.risk("人が登録したリスク").await;
    let posted = world.slack.wait_for(1).await;
    assert!(posted[0].text().contains("人が登録したリスク"));
    let found = world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(found.len(), 1);
}

async fn end(world: &World, subscription: &Subscription, kind: FactKind, date: Date) {
    let request = RecordContractFactRequest {
        name: subscription.name.clone(),
        kind: kind.into(),
        effective_date: Some(date),
        reason_code: "price".to_owned(),
        reason: "予算の削減".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let mut accounts = world.scene.api.accounts();
    accounts.record_contract_fact(request).await.unwrap();
}

#[tokio::test]
async fn ntf_1_a_health_band_that_changed_is_told_to_the_owner_and_the_first_one_is_not() {
    let world = World::new("health").await;
    let signals = |day: &str, value: i64, tickets: i64| {
        let at = format!("{day}T02:00:00Z").parse().unwrap();
        let kinds = [
            (SignalKind::ActiveUsers, value),
            (SignalKind::SignIns, value),
            (SignalKind::SupportTickets, tickets),
        ];
        let signals = kinds.map(|(kind, value)| Signal {
            account: world.account.name.clone(),
            kind: kind.into(),
            value,
            occur_time: Some(keizoku_proto::timestamp(at)),
            source: "app".to_owned(),
            key: format!("{}-{day}", kind.as_str_name()),
            ..Signal::default()
        });
        IngestSignalsRequest {
            signals: signals.into(),
            consistency_tokens: world.scene.account_tokens(),
        }
    };
    let days = [("2026-11-25", 300, 0), ("2026-11-26", 1, 10)];
    for (number, (day, value, tickets)) in (1..).zip(days) {
        world.set(&format!("{day}T12:00[Asia/Tokyo]"));
        let batch = tokio_stream::iter([signals(day, value, tickets)]);
        let mut api = world.scene.api.health_scores();
        let answers = api.ingest_signals(batch).await.unwrap();
        let answered = answers.into_inner().message().await.unwrap();
        assert_eq!(answered.unwrap().results.len(), 3);
        // Whoever was never spoken of is spoken of as of now: the first band is recorded before the next day.
        recorded(&world.cluster, "healthscore", "health_band_changed", number).await;
    }
    // The other one is the suggestion that follows (RX-3).
    let deliveries = deliveries(&world.scene, |found| found.len() >= 2).await;
    let told = deliveries
        .iter()
        .find(|one| one.trigger() == Trigger::HealthBandChanged)
        .unwrap();
    assert_eq!(told.rule, "rules/health-band-changed");
    assert_eq!(told.subject, world.account.name);
    // Both go to her, a second apart, in one order or the other.
    world.settled(1, DeliveryState::Delivered).await;
    world.set("2026-11-26T12:00:01[Asia/Tokyo]");
    world.settled(2, DeliveryState::Delivered).await;
    let posted = world.slack.got();
    assert_eq!(posted[0].channel(), "U0HANAKO");
    let text = posted.iter().map(|posted| posted.body.to_string());
    let text: String = text.collect();
    assert!(
        text.contains("ヘルススコアが悪化(緑→赤): 緑川印刷"),
        "{text}"
    );
    assert_eq!(deliveries.len(), 2, "{deliveries:?}");
}
