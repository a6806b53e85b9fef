//! Rules of people's own, with filters and words, tried out before they go live (NTF-2).

use keizoku_proto::StoredEvent as _;
use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::try_rule_request::Tried;
use keizoku_proto::notification::{
    Audience, CreateRuleRequest, Delivery, DeliveryState, EnableRuleRequest, GetRuleRequest,
    ListRuleFieldsRequest, ListRulesRequest, RetireRuleRequest, Rule, RuleTemplate, Schedule,
    Trial, TrialOutcome, Trigger, TryRuleRequest, TryRuleResponse, UpdateRuleRequest,
};
use keizoku_testkit::{logs, refused};
use tonic::Code;

use super::world::World;
use crate::reactions::recorded;

/// A rule about filed risks that tells the organisation's channel `#all`.
fn rule(filter: &str) -> Rule {
    Rule {
        trigger: Trigger::RiskOpened.into(),
        enabled: true,
        audience: vec![Audience {
            to: Some(To::SlackChannel("#all".to_owned())),
        }],
        resend_ambiguous: true,
        filter: filter.to_owned(),
        ..Rule::default()
    }
}

async fn create(world: &World, key: &str, rule: Rule) -> Rule {
    let request = CreateRuleRequest {
        rule: Some(rule),
        rule_id: key.to_owned(),
        request_id: world.scene.ids.fresh(),
    };
    let mut api = world.scene.api.notifications();
    let again = request.clone();
    let created = api.create_rule(request).await.unwrap().into_inner();
    let repeated = api.create_rule(again).await.unwrap().into_inner();
    assert_eq!(created.rule, repeated.rule, "once per request id");
    created.rule.unwrap()
}

async fn tried(world: &World, tried: Tried) -> TryRuleResponse {
    let request = TryRuleRequest {
        tried: Some(tried),
        consistency_tokens: world.scene.tokens(),
        ..TryRuleRequest::default()
    };
    let mut api = world.scene.api.notifications();
    api.try_rule(request).await.unwrap().into_inner()
}

fn title(trial: &Trial) -> &str {
    &trial.message.as_ref().unwrap().title
}

fn of<'a>(found: &'a [Delivery], rule: &'a str) -> Vec<&'a Delivery> {
    found.iter().filter(|found| found.rule == rule).collect()
}

#[tokio::test]
async fn ntf_2_a_rule_of_one_s_own_tells_what_its_filter_lets_through() {
    let world = World::new("own rule").await;
    world.risk("前からある").await;
    world.settled(1, DeliveryState::Delivered).await;
    let mut wanted = rule("account.mrr >= 1000000 && risk.name.contains('大')");
    wanted.template = Some(RuleTemplate {
        title: "大口: {{account.name}} {{account.mrr}}".to_owned(),
        note: "{{owner.team_name}}に確認".to_owned(),
    });
    let made = create(&world, "big-customers", wanted).await;
    assert_eq!(made.name, "rules/big-customers");
    assert!(!made.built_in && made.enabled && made.active_since.is_some());
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    world.risk("小さな話").await;
    world.set("2026-11-25T12:02[Asia/Tokyo]");
    world.risk("大きな話").await;
    let found = world
        .deliveries(|found| {
            let sent = of(found, "rules/big-customers");
            sent.len() == 1 && sent[0].state() == DeliveryState::Delivered
        })
        .await;
    let message = of(&found, "rules/big-customers")[0]
        .message
        .clone()
        .unwrap();
    assert_eq!(message.title, "大口: 緑川印刷 ¥1,200,000");
    assert_eq!(message.footer, "Enterprise Eastに確認");
    let posted = world.slack.got();
    let told: Vec<_> = posted
        .iter()
        .filter(|one| one.channel() == "#all")
        .collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].text().contains("大口: 緑川印刷 ¥1,200,000"));
}

/// What a filter said no to is decided for ever: a model that is read anew sends nothing.
#[tokio::test]
async fn ntf_2_ntf_8_what_was_filtered_out_stays_so_after_a_rebuild() {
    let world = World::new("rebuilt").await;
    create(&world, "small-customers", rule("account.mrr < 1000000")).await;
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    world.risk("担当者が退職").await;
    world.settled(1, DeliveryState::Delivered).await;
    // By both rules that are about it: the message of one may arrive before the other has been looked at.
    recorded(&world.cluster, "notification", "fact_routed", 2).await;
    let down = keizoku_proto::accounts::RecordContractFactRequest {
        name: world.subscription.clone(),
        kind: keizoku_proto::accounts::FactKind::Downsized.into(),
        effective_date: Some(keizoku_testkit::day(2026, 11, 1)),
        mrr: Some(keizoku_proto::common::Money {
            minor_units: 500_000,
            currency_code: "JPY".to_owned(),
        }),
        request_id: world.scene.ids.fresh(),
        ..keizoku_proto::accounts::RecordContractFactRequest::default()
    };
    let mut accounts = world.scene.api.accounts();
    accounts.record_contract_fact(down).await.unwrap();
    let world = world
        .restarted(|folder, _| {
            std::fs::remove_file(folder.join("notification.model.sqlite")).unwrap();
        })
        .await;
    world.set("2026-11-25T12:05[Asia/Tokyo]");
    world.risk("次のリスク").await;
    // The second one passes: the customer is small by now. The first one does not, any more.
    let found = world
        .deliveries(|found| of(found, "rules/small-customers").len() == 1 && found.len() >= 3)
        .await;
    let told = of(&found, "rules/small-customers");
    assert!(
        told[0]
            .message
            .as_ref()
            .unwrap()
            .title
            .contains("次のリスク")
    );
    let folder = world.cluster.stop().await;
    let events = logs::events(folder.path(), "notification").await;
    let kinds = events.iter().map(|event| Kind::from_bytes(&event.data));
    let filtered = kinds.filter(|kind| matches!(kind, Ok(Kind::FactRouted(e)) if e.filtered_out));
    assert_eq!(filtered.count(), 1, "and it is recorded");
}

#[tokio::test]
async fn ntf_2_a_filter_that_fails_on_a_fact_is_told_all_the_same_and_says_so() {
    let world = World::new("failing").await;
    create(
        &world,
        "odd-rule",
        rule("100 / (account.mrr - account.mrr) > 1"),
    )
    .await;
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    world.risk("担当者が退職").await;
    let found = world.settled(2, DeliveryState::Delivered).await;
    let told = of(&found, "rules/odd-rule");
    let footer = &told[0].message.as_ref().unwrap().footer;
    assert!(
        footer.contains("odd-rule") && footer.contains("評価できなかった"),
        "{footer}"
    );
    assert!(footer.to_lowercase().contains("zero"), "{footer}");
    let trials = tried(&world, Tried::Name("rules/odd-rule".to_owned()))
        .await
        .trials;
    assert_eq!(trials[0].outcome(), TrialOutcome::FilterFailed);
    assert!(trials[0].problem.to_lowercase().contains("zero"));
}

#[tokio::test]
async fn ntf_2_a_rule_is_tried_out_against_the_past_and_nothing_is_sent() {
    let world = World::new("tried").await;
    for (minute, name) in [(1, "大きな話"), (2, "小さな話"), (3, "大きな問題")] {
        world.set(&format!("2026-11-25T12:0{minute}[Asia/Tokyo]"));
        world.risk(name).await;
        world.settled(minute, DeliveryState::Delivered).await;
    }
    let heads = logs::heads(world.cluster.folder());
    let mut draft = rule("risk.name.startsWith('大きな')");
    draft.template = Some(RuleTemplate {
        title: "{{risk.name}}: {{account.name}}".to_owned(),
        ..RuleTemplate::default()
    });
    world.set("2026-11-25T12:10[Asia/Tokyo]");
    let answer = tried(&world, Tried::Rule(draft.clone())).await;
    let outcomes: Vec<_> = answer.trials.iter().map(Trial::outcome).collect();
    assert_eq!(
        outcomes,
        [
            TrialOutcome::Tells,
            TrialOutcome::FilteredOut,
            TrialOutcome::Tells
        ],
        "newest first"
    );
    assert_eq!(title(&answer.trials[0]), "大きな問題: 緑川印刷");
    assert_eq!(answer.trials[0].account, world.account.name);
    assert_eq!(answer.trials[0].recipients.len(), 1);
    assert!(answer.trials[1].recipients.is_empty() && !answer.truncated);

    let request = TryRuleRequest {
        tried: Some(Tried::Rule(draft)),
        start_time: Some(keizoku_proto::timestamp(at("12:02"))),
        end_time: Some(keizoku_proto::timestamp(at("12:10"))),
        limit: 1,
        ..TryRuleRequest::default()
    };
    let mut api = world.scene.api.notifications();
    let page = api.try_rule(request).await.unwrap().into_inner();
    assert_eq!(page.trials.len(), 1);
    assert!(page.truncated, "there is an older one in that time");
    assert_eq!(
        logs::heads(world.cluster.folder()),
        heads,
        "nothing is recorded"
    );
    assert_eq!(world.slack.got_number(), 3, "nothing is sent");
}

fn at(time: &str) -> jiff::Timestamp {
    let text = format!("2026-11-25T{time}[Asia/Tokyo]");
    text.parse::<jiff::Zoned>().unwrap().timestamp()
}

/// Figures of a trial are those that were known when the fact was recorded.
#[tokio::test]
async fn ntf_2_a_trial_judges_by_what_was_known_then() {
    let world = World::new("then").await;
    world.risk("担当者が退職").await;
    world.settled(1, DeliveryState::Delivered).await;
    world.set("2026-11-25T12:05[Asia/Tokyo]");
    world
        .scene
        .subscription(&world.account, 9_000_000, |_| {})
        .await;
    world.heard().await;
    world.set("2026-11-25T12:06[Asia/Tokyo]");
    world.risk("値上げ後").await;
    world.settled(2, DeliveryState::Delivered).await;
    world.set("2026-11-25T12:07[Asia/Tokyo]");
    let answer = tried(&world, Tried::Rule(rule("account.mrr > 5000000"))).await;
    let outcomes: Vec<_> = answer.trials.iter().map(Trial::outcome).collect();
    assert_eq!(outcomes, [TrialOutcome::Tells, TrialOutcome::FilteredOut]);
}

#[tokio::test]
async fn ntf_2_a_digest_of_one_s_own_has_a_filter_and_is_tried_out_as_of_now() {
    let world = World::new("own digest").await;
    let own = |filter: &str| Rule {
        trigger: Trigger::WeeklyDigest.into(),
        schedule: Some(Schedule {
            weekday: 4,
            hour: 10,
            minute: 0,
        }),
        filter: filter.to_owned(),
        ..rule("")
    };
    let quiet = tried(&world, Tried::Rule(own("digest.overdue > 0"))).await;
    assert_eq!(quiet.trials[0].outcome(), TrialOutcome::FilteredOut);
    create(&world, "overdue-only", own("digest.overdue > 0")).await;
    create(&world, "deadlines", own("digest.deadlines == 1")).await;
    // Else Thursday may come before the renewal is heard of.
    world.heard().await;
    // A Thursday.
    world.set("2026-11-26T10:00[Asia/Tokyo]");
    let found = world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(found[0].rule, "rules/deadlines");
    assert_eq!(world.slack.got()[0].channel(), "#all");
}

#[tokio::test]
async fn ntf_2_every_violation_of_a_new_rule_is_named_at_once() {
    let world = World::new("new violations").await;
    let mut api = world.scene.api.notifications();
    let request = CreateRuleRequest {
        rule: Some(Rule {
            trigger: Trigger::Churned.into(),
            audience: vec![Audience {
                to: Some(To::Webhook(
                    "https://hooks.slack.com/services/T/B/x".to_owned(),
                )),
            }],
            schedule: Some(Schedule::default()),
            locale: "fr".to_owned(),
            filter: "risk.name == 'x'".to_owned(),
            template: Some(RuleTemplate {
                title: "{{account.nothing}}".to_owned(),
                note: "{{".to_owned(),
            }),
            ..Rule::default()
        }),
        rule_id: "Big Customers".to_owned(),
        request_id: "x".to_owned(),
    };
    let refusal = refused(api.create_rule(request).await);
    assert_eq!(refusal.kind(), (Code::InvalidArgument, "INVALID_FIELDS"));
    assert_eq!(
        refusal.fields,
        [
            "request_id",
            "rule.audience[0].webhook",
            "rule.filter",
            "rule.locale",
            "rule.schedule",
            "rule.template.note",
            "rule.template.title",
            "rule_id",
        ]
    );
    let nothing = refused(api.try_rule(TryRuleRequest::default()).await);
    assert_eq!(nothing.fields, ["tried"]);
}

/// What a filter can be wrong in: each has its clear answer, at creation, change and trial alike.
#[tokio::test]
async fn ntf_2_a_bad_filter_is_refused_wherever_it_is_written() {
    let world = World::new("bad filters").await;
    let mut api = world.scene.api.notifications();
    let ten = "[1,2,3,4,5,6,7,8,9,10]";
    let endless = format!("{ten}.all(a, {ten}.all(b, {ten}.all(c, a + b + c > 0)))");
    for (filter, words) in [
        ("account.mrr >", "does not compile: line 1"),
        ("account.arr > 1", "there are: account.id, account.name"),
        (endless.as_str(), "may take too long"),
    ] {
        let create = CreateRuleRequest {
            rule: Some(rule(filter)),
            rule_id: "bad-filter".to_owned(),
            request_id: world.scene.ids.fresh(),
        };
        let refusal = refused(api.create_rule(create).await);
        assert_eq!(refusal.fields, ["rule.filter"], "{filter}");
        assert!(refusal.message.contains(words), "{filter}: {refusal:?}");
        let change = UpdateRuleRequest {
            rule: Some(Rule {
                name: "rules/risk-opened".to_owned(),
                filter: filter.to_owned(),
                ..Rule::default()
            }),
            update_mask: vec!["filter".to_owned()],
            request_id: world.scene.ids.fresh(),
            ..UpdateRuleRequest::default()
        };
        assert_eq!(
            refused(api.update_rule(change).await).fields,
            ["rule.filter"]
        );
        let trial = TryRuleRequest {
            tried: Some(Tried::Rule(rule(filter))),
            ..TryRuleRequest::default()
        };
        assert_eq!(refused(api.try_rule(trial).await).fields, ["rule.filter"]);
    }
    let unknown = GetRuleRequest {
        name: "rules/bad-filter".to_owned(),
    };
    let refusal = refused(api.get_rule(unknown).await);
    assert_eq!(
        refusal.kind(),
        (Code::NotFound, "NOT_FOUND"),
        "nothing half-done"
    );
}

#[tokio::test]
async fn ntf_2_a_retired_rule_is_silent_and_its_key_is_taken_for_ever() {
    let world = World::new("retired").await;
    create(&world, "short-lived", rule("")).await;
    let mut api = world.scene.api.notifications();
    let retire = |name: &str| RetireRuleRequest {
        name: format!("rules/{name}"),
        request_id: world.scene.ids.fresh(),
        ..RetireRuleRequest::default()
    };
    let built_in = refused(api.retire_rule(retire("churned")).await);
    assert_eq!(built_in.kind(), (Code::FailedPrecondition, "RULE_BUILT_IN"));
    let unknown = refused(api.retire_rule(retire("nothing")).await);
    assert_eq!(unknown.kind(), (Code::NotFound, "NOT_FOUND"));
    let retired = api.retire_rule(retire("short-lived")).await.unwrap();
    assert!(retired.into_inner().rule.unwrap().retired);
    for (key, kind) in [
        ("short-lived", (Code::AlreadyExists, "ALREADY_EXISTS")),
        ("churned", (Code::AlreadyExists, "ALREADY_EXISTS")),
    ] {
        let request = CreateRuleRequest {
            rule: Some(rule("")),
            rule_id: key.to_owned(),
            request_id: world.scene.ids.fresh(),
        };
        assert_eq!(refused(api.create_rule(request).await).kind(), kind);
    }
    let enable = EnableRuleRequest {
        name: "rules/short-lived".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..EnableRuleRequest::default()
    };
    let refusal = refused(api.enable_rule(enable).await);
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "RULE_RETIRED"));
    world.set("2026-11-25T12:01[Asia/Tokyo]");
    world.risk("担当者が退職").await;
    let found = world.settled(1, DeliveryState::Delivered).await;
    assert_eq!(found[0].rule, "rules/risk-opened");
    let listed = async |include_retired| {
        let request = ListRulesRequest {
            include_retired,
            ..ListRulesRequest::default()
        };
        let mut api = world.scene.api.notifications();
        api.list_rules(request).await.unwrap().into_inner().rules
    };
    let is_it = |rule: &&Rule| rule.name == "rules/short-lived";
    assert_eq!(listed(false).await.iter().filter(is_it).count(), 0);
    assert_eq!(listed(true).await.iter().filter(is_it).count(), 1);
}

#[tokio::test]
async fn ntf_2_the_fields_of_every_trigger_are_told() {
    let world = World::new("fields").await;
    let mut api = world.scene.api.notifications();
    let all = api.list_rule_fields(ListRuleFieldsRequest::default()).await;
    let all = all.unwrap().into_inner().triggers;
    assert!(all.iter().all(|one| !one.fields.is_empty()));
    let churned = ListRuleFieldsRequest {
        trigger: Trigger::Churned.into(),
    };
    let churned = api.list_rule_fields(churned).await.unwrap().into_inner();
    let names = churned.triggers[0]
        .fields
        .iter()
        .map(|field| field.name.as_str());
    assert!(names.collect::<Vec<_>>().contains(&"contract.mrr_lost"));
    let test = ListRuleFieldsRequest {
        trigger: Trigger::Test.into(),
    };
    let refusal = refused(api.list_rule_fields(test).await);
    assert_eq!(refusal.fields, ["trigger"]);
}
