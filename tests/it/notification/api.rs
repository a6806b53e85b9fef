//! Rules, filters and test messages over the API (NTF-2, NTF-4).

use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::recipient::To as Target;
use keizoku_proto::notification::{
    Audience, Channel, ChannelChoice, DeliveryState, EnableRuleRequest, GetDeliveryRequest,
    ListDeliveriesRequest, ListRulesRequest, Recipient, Rule, Schedule, SendTestMessageRequest,
    UpdateRuleRequest,
};
use keizoku_testkit::refused;
use tonic::Code;

use super::world::World;

fn update(world: &World, rule: Rule, mask: &[&str]) -> UpdateRuleRequest {
    UpdateRuleRequest {
        rule: Some(rule),
        update_mask: mask.iter().map(|&path| path.to_owned()).collect(),
        request_id: world.scene.ids.fresh(),
        ..UpdateRuleRequest::default()
    }
}

fn rule(name: &str) -> Rule {
    Rule {
        name: format!("rules/{name}"),
        ..Rule::default()
    }
}

fn to(to: To) -> Audience {
    Audience { to: Some(to) }
}

#[tokio::test]
async fn ntf_2_every_violation_of_a_rule_is_named_at_once() {
    let world = World::new("violations").await;
    let mut wrong = rule("weekly-digest");
    wrong.audience = vec![
        Audience::default(),
        to(To::Team("somebody".to_owned())),
        to(To::Email("nobody".to_owned())),
        to(To::SlackChannel("two words".to_owned())),
    ];
    wrong.locale = "fr".to_owned();
    wrong.schedule = Some(Schedule {
        weekday: 8,
        hour: 24,
        minute: 60,
    });
    let mask = ["audience", "channel", "locale", "schedule", "name"];
    let request = update(&world, wrong, &mask);
    let refusal = refused(world.scene.api.notifications().update_rule(request).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "INVALID_FIELDS"));
    assert_eq!(
        refusal.fields,
        [
            "rule.audience[0]",
            "rule.audience[1].team",
            "rule.audience[2].email",
            "rule.audience[3].slack_channel",
            "rule.channel",
            "rule.locale",
            "rule.schedule.hour",
            "rule.schedule.minute",
            "rule.schedule.weekday",
            "update_mask",
        ]
    );
}

#[tokio::test]
async fn ntf_2_a_changed_rule_tells_others_in_another_language() {
    let world = World::new("changed").await;
    let mut api = world.scene.api.notifications();
    let mut wanted = rule("risk-opened");
    wanted.audience = vec![
        to(To::Role("csm".to_owned())),
        to(To::Webhook("default".to_owned())),
    ];
    wanted.channel = ChannelChoice::Both.into();
    wanted.locale = "en".to_owned();
    let request = update(&world, wanted, &["audience", "channel", "locale"]);
    let changed = api
        .update_rule(request)
        .await
        .unwrap()
        .into_inner()
        .rule
        .unwrap();
    assert!(
        changed.enabled && changed.resend_ambiguous,
        "what is not named stays"
    );
    let stale = EnableRuleRequest {
        name: changed.name.clone(),
        etag: "r1".to_owned(),
        request_id: world.scene.ids.fresh(),
    };
    let refusal = refused(api.enable_rule(stale).await);
    assert_eq!(refusal.kind(), (Code::Aborted, "STALE_ETAG"));
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    world.risk("担当者が退職").await;
    let posted = world.slack.wait_for(2).await;
    let mut paths: Vec<&str> = posted.iter().map(|posted| posted.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/api/chat.postMessage", "/services/T0/B0/secret"]);
    assert!(
        posted
            .iter()
            .all(|posted| posted.text().contains("Risk filed: 緑川印刷"))
    );
    let mails = world.smtp.wait_for(1).await;
    assert_eq!(mails[0].to, "hanako@example.com");
    world.settled(3, DeliveryState::Delivered).await;
}

#[tokio::test]
async fn ntf_4_deliveries_are_filtered_and_paged() {
    let world = World::new("pages").await;
    for number in 0..3 {
        world.set(&format!("2026-11-25T12:00:{:02}[Asia/Tokyo]", number * 10));
        world.risk(&format!("リスク{number}")).await;
        // The channel rests after the answer, so that the clock stands still until it is there.
        world.settled(number + 1, DeliveryState::Delivered).await;
    }
    let mut api = world.scene.api.notifications();
    let request = ListDeliveriesRequest {
        state: DeliveryState::Delivered.into(),
        rule: "rules/risk-opened".to_owned(),
        account: world.account.name.clone(),
        page_size: 2,
        ..ListDeliveriesRequest::default()
    };
    // The filter is the read model's, which is a moment behind what became of a message.
    let first = loop {
        let answer = api.list_deliveries(request.clone()).await;
        let answer = answer.unwrap().into_inner();
        if answer.total_size == 3 {
            break answer;
        }
    };
    assert_eq!(first.deliveries.len(), 2);
    let title = |number: usize| first.deliveries[number].message.clone().unwrap().title;
    assert!(title(0).contains("リスク2"), "newest first");
    let next = ListDeliveriesRequest {
        page_token: first.next_page_token.clone(),
        ..request.clone()
    };
    let second = api.list_deliveries(next).await.unwrap().into_inner();
    assert_eq!(
        (second.deliveries.len(), second.next_page_token.as_str()),
        (1, "")
    );
    let foreign = ListDeliveriesRequest {
        page_token: first.next_page_token.clone(),
        rule: "rules/churned".to_owned(),
        ..request.clone()
    };
    let refusal = refused(api.list_deliveries(foreign).await);
    assert_eq!(
        refusal.kind(),
        (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH")
    );
    let none = ListDeliveriesRequest {
        ambiguous: true,
        ..ListDeliveriesRequest::default()
    };
    assert_eq!(
        api.list_deliveries(none)
            .await
            .unwrap()
            .into_inner()
            .total_size,
        0
    );
    let unknown = GetDeliveryRequest {
        name: "deliveries/00000000-0000-0000-0000-000000000000".to_owned(),
    };
    assert_eq!(
        refused(api.get_delivery(unknown).await).code,
        Code::NotFound
    );
}

#[tokio::test]
async fn ntf_3_a_test_message_is_sent_like_any_other() {
    let world = World::new("test").await;
    let mut api = world.scene.api.notifications();
    let recipient = |channel: Channel, to| {
        Some(Recipient {
            channel: channel.into(),
            to: Some(to),
        })
    };
    let request = SendTestMessageRequest {
        recipient: recipient(Channel::Email, Target::User(world.hanako.name.clone())),
        locale: "en".to_owned(),
        request_id: world.scene.ids.fresh(),
    };
    let planned = api
        .send_test_message(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = api.send_test_message(request).await.unwrap().into_inner();
    let name = |answer: Option<keizoku_proto::notification::Delivery>| answer.unwrap().name;
    assert_eq!(
        name(planned.delivery),
        name(again.delivery),
        "once per request id"
    );
    let mails = world.smtp.wait_for(1).await;
    assert!(mails[0].text.contains("This is a test from Keizoku"));
    world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(world.smtp.got().len(), 1);
    let unknown = SendTestMessageRequest {
        recipient: recipient(Channel::Slack, Target::Webhook("nowhere".to_owned())),
        request_id: world.scene.ids.fresh(),
        ..SendTestMessageRequest::default()
    };
    let refusal = refused(api.send_test_message(unknown).await);
    assert_eq!(
        refusal.kind(),
        (Code::FailedPrecondition, "CHANNEL_NOT_CONFIGURED")
    );
    let rules = api
        .list_rules(ListRulesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        rules.channels().collect::<Vec<_>>(),
        [Channel::Slack, Channel::Email]
    );
}
