//! Not at night, not on days off, not one by one, and not for ever: sending hours, groups and
//! escalation (NTF-6).

use keizoku_proto::accounts::{UpdateUserRequest, User};
use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::{
    Audience, CreateRuleRequest, Delivery, DeliveryState, Rule, Schedule, SendingHours, Trigger,
    TryRuleRequest, UpdateRuleRequest, try_rule_request,
};
use keizoku_proto::risk::{NextAction, Risk, ScheduleNextActionRequest};
use keizoku_testkit::{day, refused};

use super::world::World;

const OFFICE: SendingHours = SendingHours {
    start_hour: 9,
    start_minute: 0,
    end_hour: 18,
    end_minute: 0,
    working_days_only: true,
};

async fn change(world: &World, rule: Rule, mask: &[&str]) {
    let request = UpdateRuleRequest {
        rule: Some(Rule {
            name: "rules/risk-opened".to_owned(),
            ..rule
        }),
        update_mask: mask.iter().map(|&path| path.to_owned()).collect(),
        request_id: world.scene.ids.fresh(),
        ..UpdateRuleRequest::default()
    };
    let mut api = world.scene.api.notifications();
    api.update_rule(request).await.unwrap();
}

fn to(to: To) -> Vec<Audience> {
    vec![Audience { to: Some(to) }]
}

fn of<'a>(found: &'a [Delivery], rule: &str) -> Vec<&'a Delivery> {
    found.iter().filter(|one| one.rule == rule).collect()
}

/// The risks' deliveries, once so many of them have arrived.
async fn delivered(world: &World, rule: &str, count: usize) -> Vec<Delivery> {
    let arrived = |found: &[Delivery]| {
        let of_rule = of(found, rule);
        let arrived = of_rule
            .iter()
            .filter(|one| one.state() == DeliveryState::Delivered);
        arrived.count() == count
    };
    world.deliveries(arrived).await
}

#[tokio::test]
async fn ntf_6_at_night_and_on_days_off_a_message_waits_for_the_recipient_s_morning() {
    let world = World::new("office hours").await;
    let berlin = UpdateUserRequest {
        user: Some(User {
            name: world.hanako.name.clone(),
            time_zone: "Europe/Berlin".to_owned(),
            ..User::default()
        }),
        update_mask: vec!["time_zone".to_owned()],
        request_id: world.scene.ids.fresh(),
        ..UpdateUserRequest::default()
    };
    let mut directory = world.scene.api.directory();
    let updated = directory.update_user(berlin.clone()).await.unwrap();
    let updated = updated.into_inner();
    world.scene.changed_accounts(updated.consistency_token);
    let updated = updated.user.unwrap();
    assert_eq!(updated.time_zone, "Europe/Berlin");
    let mut nowhere = berlin;
    nowhere.user.as_mut().unwrap().time_zone = "Europe/Nowhere".to_owned();
    nowhere.request_id = world.scene.ids.fresh();
    let refusal = refused(directory.update_user(nowhere).await);
    assert_eq!(refusal.fields, ["user.time_zone"]);

    let mut audience = to(To::Owner(true));
    audience.extend(to(To::OwnerTeam(true)));
    let rule = Rule {
        sending_hours: Some(OFFICE),
        audience,
        ..Rule::default()
    };
    change(&world, rule, &["sending_hours", "audience"]).await;
    // Else the risk may be told before anybody has heard that she is in Berlin.
    world.heard().await;
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    world.risk("担当者が退職").await;
    // At noon the team in Tokyo is told; in Berlin it is four in the morning.
    delivered(&world, "rules/risk-opened", 1).await;
    assert_eq!(world.slack.got()[0].channel(), "#cs-east");
    world.set("2026-11-25T16:59:59[Asia/Tokyo]");
    let found = world.settled(1, DeliveryState::Pending).await;
    let waits = found
        .iter()
        .find(|one| one.state() == DeliveryState::Pending);
    let next = waits.unwrap().next_attempt_time.unwrap().seconds;
    assert_eq!(next, instant("2026-11-25T09:00[Europe/Berlin]"));
    assert_eq!(world.slack.got_number(), 1);
    world.set("2026-11-25T17:00[Asia/Tokyo]");
    delivered(&world, "rules/risk-opened", 2).await;
    assert_eq!(world.slack.got()[1].channel(), "U0HANAKO");
    // On a Friday evening, both wait for Monday, each for its own.
    world.set("2026-11-28T03:00[Asia/Tokyo]");
    world.risk("金曜の夜").await;
    let waiting = world.settled(2, DeliveryState::Pending).await;
    let mut times: Vec<i64> = waiting
        .iter()
        .filter_map(|one| one.next_attempt_time.as_ref())
        .map(|time| time.seconds)
        .collect();
    times.sort_unstable();
    let mondays = [
        "2026-11-30T09:00[Asia/Tokyo]",
        "2026-11-30T09:00[Europe/Berlin]",
    ];
    assert_eq!(times, mondays.map(instant));
}

fn instant(text: &str) -> i64 {
    let zoned: jiff::Zoned = text.parse().unwrap();
    zoned.timestamp().as_second()
}

#[tokio::test]
async fn ntf_6_a_burst_is_one_message_that_loses_none() {
    let world = World::new("burst").await;
    let rule = Rule {
        group_minutes: 10,
        ..Rule::default()
    };
    change(&world, rule, &["group_minutes"]).await;
    for (minute, name) in [(1, "一つ目"), (3, "二つ目"), (9, "三つ目")] {
        world.set(&format!("2026-11-25T12:0{minute}[Asia/Tokyo]"));
        world.risk(name).await;
    }
    world
        .deliveries(|found| found.first().is_some_and(|one| one.fact_count == 3))
        .await;
    assert_eq!(world.slack.got_number(), 0, "they wait for each other");
    world.set("2026-11-25T12:10[Asia/Tokyo]");
    let found = delivered(&world, "rules/risk-opened", 1).await;
    assert_eq!(found.len(), 1);
    let message = found[0].message.as_ref().unwrap();
    assert!(message.title.ends_with("ほか2件"), "{}", message.title);
    let posted = world.slack.wait_for(1).await;
    let body = posted[0].body.to_string();
    for name in ["一つ目", "二つ目", "三つ目", "山田花子"] {
        assert!(body.contains(name), "{name}: {body}");
    }
    // What comes later is the next message; alone, it looks as ever.
    world.set("2026-11-25T12:11[Asia/Tokyo]");
    world.risk("四つ目").await;
    world.settled(1, DeliveryState::Pending).await;
    world.set("2026-11-25T12:20[Asia/Tokyo]");
    delivered(&world, "rules/risk-opened", 2).await;
    assert!(
        world.slack.got()[1]
            .text()
            .contains("リスク登録: 緑川印刷「四つ目」")
    );
    // Read anew, everything is known: nothing is told again.
    let world = world
        .restarted(|folder, _| {
            std::fs::remove_file(folder.join("notification.model.sqlite")).unwrap();
        })
        .await;
    world.set("2026-11-25T12:31[Asia/Tokyo]");
    world.suggest("再構築のあと").await;
    delivered(&world, "rules/suggestion-made", 1).await;
    let found = delivered(&world, "rules/risk-opened", 2).await;
    assert_eq!(of(&found, "rules/risk-opened").len(), 2);
    assert_eq!(world.slack.got_number(), 3);
}

fn escalation(days: u32) -> Rule {
    Rule {
        trigger: Trigger::NextActionOverdue.into(),
        enabled: true,
        audience: to(To::SlackChannel("#leads".to_owned())),
        schedule: Some(Schedule {
            weekday: 0,
            hour: 9,
            minute: 0,
        }),
        overdue_days: days,
        resend_ambiguous: true,
        ..Rule::default()
    }
}

async fn put_off(world: &World, risk: &Risk, to: (i32, i32, i32)) {
    let request = ScheduleNextActionRequest {
        name: risk.name.clone(),
        next_action: Some(NextAction {
            due_date: Some(day(to.0, to.1, to.2)),
            text: "もう一度電話".to_owned(),
        }),
        request_id: world.scene.ids.fresh(),
        ..ScheduleNextActionRequest::default()
    };
    let mut risks = world.scene.api.risks();
    let scheduled = risks.schedule_next_action(request).await.unwrap();
    let token = scheduled.into_inner().consistency_token;
    world.scene.changed_risks(token);
    // Else the day may come on which the risk is still known as it was.
    world.heard().await;
}

#[tokio::test]
async fn ntf_6_a_next_action_that_stays_overdue_is_escalated_once_for_each_date() {
    let world = World::new("escalation").await;
    let request = CreateRuleRequest {
        rule: Some(escalation(3)),
        rule_id: "escalation".to_owned(),
        request_id: world.scene.ids.fresh(),
    };
    let mut api = world.scene.api.notifications();
    api.create_rule(request).await.unwrap();
    // Due on December 1st, a Tuesday.
    let risk = world.risk("担当者が退職").await;
    delivered(&world, "rules/risk-opened", 1).await;
    let rule = "rules/escalation";
    for early in [
        "2026-12-03T09:00[Asia/Tokyo]",
        "2026-12-04T08:59[Asia/Tokyo]",
    ] {
        world.set(early);
        assert!(of(&delivered(&world, rule, 0).await, rule).is_empty());
    }
    let draft = TryRuleRequest {
        tried: Some(try_rule_request::Tried::Rule(escalation(2))),
        ..TryRuleRequest::default()
    };
    let trials = api.try_rule(draft).await.unwrap().into_inner().trials;
    assert_eq!(trials.len(), 1);
    assert_eq!(trials[0].subject, risk.name);
    world.set("2026-12-04T09:00[Asia/Tokyo]");
    let found = delivered(&world, rule, 1).await;
    let told = of(&found, rule)[0];
    assert_eq!(told.subject, risk.name);
    assert_eq!(told.account, world.account.name);
    let title = &told.message.as_ref().unwrap().title;
    assert_eq!(title, "次のアクションが3日超過: 緑川印刷「担当者が退職」");
    let leads = |world: &World| {
        let posted = world.slack.got().into_iter();
        posted.filter(|one| one.channel() == "#leads").count()
    };
    assert_eq!(leads(&world), 1);
    // It stays overdue, and was told; then it is put off, and overdue again.
    world.set("2026-12-08T09:00[Asia/Tokyo]");
    put_off(&world, &risk, (2026, 12, 8)).await;
    world.set("2026-12-10T09:01[Asia/Tokyo]");
    assert_eq!(of(&delivered(&world, rule, 1).await, rule).len(), 1);
    world.set("2026-12-11T09:00[Asia/Tokyo]");
    delivered(&world, rule, 2).await;
    let world = world.restarted(|_, _| {}).await;
    world.set("2026-12-11T10:00[Asia/Tokyo]");
    // A digest that the clock left behind is sent again, and its channel then waits for a second.
    let is_sent = |one: &Delivery| one.state() == DeliveryState::Delivered;
    world.deliveries(|found| found.iter().all(is_sent)).await;
    world.set("2026-12-11T10:01[Asia/Tokyo]");
    world.suggest("再起動のあと").await;
    delivered(&world, "rules/suggestion-made", 1).await;
    assert_eq!(of(&delivered(&world, rule, 2).await, rule).len(), 2);
}

#[tokio::test]
async fn ntf_6_hours_groups_and_days_that_cannot_be_are_refused() {
    let world = World::new("bad hours").await;
    let mut api = world.scene.api.notifications();
    let bad = |rule: Rule| CreateRuleRequest {
        rule: Some(rule),
        rule_id: "bad-rule".to_owned(),
        request_id: world.scene.ids.fresh(),
    };
    let over_midnight = SendingHours {
        start_hour: 22,
        end_hour: 6,
        end_minute: 61,
        ..SendingHours::default()
    };
    let rule = Rule {
        trigger: Trigger::RiskOpened.into(),
        audience: to(To::Owner(true)),
        sending_hours: Some(over_midnight),
        group_minutes: 1441,
        overdue_days: 3,
        ..Rule::default()
    };
    let refusal = refused(api.create_rule(bad(rule)).await);
    assert_eq!(
        refusal.fields,
        [
            "rule.group_minutes",
            "rule.overdue_days",
            "rule.sending_hours",
            "rule.sending_hours.end_minute",
        ]
    );
    let never = refused(api.create_rule(bad(escalation(0))).await);
    assert_eq!(never.fields, ["rule.overdue_days"]);
    let digest = Rule {
        trigger: Trigger::WeeklyDigest.into(),
        group_minutes: 5,
        overdue_days: 0,
        ..escalation(0)
    };
    let grouped = refused(api.create_rule(bad(digest)).await);
    assert_eq!(grouped.fields, ["rule.group_minutes"]);
}
