//! Coaching rules: what follows when nobody of an account learned (ONB-9).

use keizoku_proto::accounts::{Account, TouchModel};
use keizoku_proto::healthscore::SignalKind;
use keizoku_proto::onboarding::{
    CoachingCondition, CoachingLack, CoachingRule, CoachingRuleStatus, CoachingTask,
    ListCoachingRulesRequest, LocalizedText, Onboarding, SetCoachingRuleRequest,
    SetCoachingRuleResponse,
};
use keizoku_testkit::{Refusal, Scene, day, logs};
use tonic::Status;

use super::world::World;
use crate::reacted;
use crate::reactions::recorded;

impl World {
    async fn rules(&self) -> (Vec<CoachingRuleStatus>, String) {
        let mut client = self.scene.api.learning();
        let list = ListCoachingRulesRequest::default();
        let listed = client.list_coaching_rules(list).await.unwrap();
        let listed = listed.into_inner();
        (listed.rules, listed.etag)
    }

    async fn set_rule(
        &self,
        rule: CoachingRule,
        etag: &str,
    ) -> Result<SetCoachingRuleResponse, Status> {
        let request = SetCoachingRuleRequest {
            rule: Some(rule),
            etag: etag.to_owned(),
            request_id: self.id(),
        };
        let mut client = self.scene.api.learning();
        Ok(client.set_coaching_rule(request).await?.into_inner())
    }

    /// The rule that comes with Keizoku: nobody attended a seminar within fourteen days.
    async fn seminar_rule(&self) -> CoachingRule {
        self.rule("seminar_after_14_days").await
    }

    async fn rule(&self, key: &str) -> CoachingRule {
        let (rules, _) = self.rules().await;
        let mut rules = rules.into_iter().filter_map(|status| status.rule);
        rules.find(|rule| rule.key == key).unwrap()
    }

    async fn low_touch(&self, name: &str) -> Account {
        let owner = self.csm.name.clone();
        let account = self.scene.account(name, |account| {
            account.owner = owner;
            account.touch_model = TouchModel::Low.into();
        });
        account.await
    }
}

#[tokio::test]
async fn onb_9_coaching_rules_are_listed_changed_and_switched_with_everything_wrong_said() {
    let world = World::new("rules").await;
    let (rules, etag) = world.rules().await;
    assert_eq!(rules.len(), 4);
    assert!(rules.iter().all(|status| status.built_in));
    let nothing = CoachingRule {
        conditions: vec![CoachingCondition::default()],
        ..CoachingRule::default()
    };
    let refused = Refusal::from(&world.set_rule(nothing, "").await.unwrap_err());
    let expected = [
        "rule.conditions[0].lack",
        "rule.days",
        "rule.key",
        "rule.start",
        "rule.task",
    ];
    assert_eq!(refused.fields, expected);
    let unworded = CoachingRule {
        task: Some(CoachingTask::default()),
        message: Some(LocalizedText {
            ja: "一行目\n二行目".to_owned(),
            ..LocalizedText::default()
        }),
        ..world.seminar_rule().await
    };
    let refused = Refusal::from(&world.set_rule(unworded, "").await.unwrap_err());
    let expected = ["rule.message", "rule.task.party", "rule.task.title"];
    assert_eq!(refused.fields, expected);
    let mut rule = world.seminar_rule().await;
    rule.enabled = true;
    let set = world.set_rule(rule.clone(), &etag).await.unwrap();
    let status = set.rule.unwrap();
    assert!(!status.built_in);
    assert_eq!(status.active_since, Some(day(2026, 11, 24)));
    let stale = world.set_rule(
        CoachingRule {
            days: 7,
            ..rule.clone()
        },
        &etag,
    );
    assert_eq!(stale.await.unwrap_err().code(), tonic::Code::Aborted);
    let mut unknown = rule.clone();
    unknown.conditions[0].set_lack(CoachingLack::Content);
    "no_such".clone_into(&mut unknown.conditions[0].subject);
    let unknown = Refusal::from(&world.set_rule(unknown, "").await.unwrap_err());
    assert_eq!(unknown.reason, "NOT_FOUND");
    assert_eq!(world.rules().await.0[2], status, "by key");
}

#[tokio::test]
async fn onb_9_who_attended_no_seminar_gets_a_task_at_midnight_once_and_it_is_done_like_others() {
    let world = World::new("coached").await;
    let mut rule = world.seminar_rule().await;
    rule.enabled = true;
    world.set_rule(rule, "").await.unwrap();
    let (quiet, learning) = (
        world.low_touch("青葉製作所").await,
        world.low_touch("白井商店").await,
    );
    // Fourteen days are over on the 25th.
    let since = |ask: &mut _| starts_on(ask, 11);
    let quiet = world.start(&quiet, since).await;
    let attending = world.start(&learning, since).await;
    let high = world.start(&world.account, since).await;
    // That of these is looked at last, and has a stall to show it: its fourteen days were over before the rule.
    let old = world.low_touch("山川運輸").await;
    let old = world.start(&old, |ask| starts_on(ask, 9)).await;
    let (seminar, _) = world.schedule("08:00", 0).await;
    let said = world.attend(&seminar, |ask| ask.attended = vec![learning.name.clone()]);
    said.await.unwrap();
    assert_eq!(world.get(&quiet).await.coached_tasks, Vec::new());

    world.cluster.set("2026-11-25T00:00[Asia/Tokyo]");
    let coached = |got: &Onboarding| got.coached_tasks.len() == 1;
    let got = world.comes_to(&quiet, coached).await;
    let task = &got.coached_tasks[0];
    assert_eq!(task.key, "coaching.seminar_after_14_days");
    assert_eq!(task.due_date, Some(day(2026, 11, 30)));
    let done = world.done(&got, &task.key).await;
    let task = &done.coached_tasks[0];
    assert_eq!(task.done_date, Some(day(2026, 11, 25)));

    // Everything is looked at again: the others begin to stall, and nobody is coached twice.
    world.cluster.set("2026-12-01T09:00[Asia/Tokyo]");
    for onboarding in [&quiet, &attending, &high, &old] {
        let stalled = |got: &Onboarding| !got.stalls.is_empty();
        world.comes_to(onboarding, stalled).await;
    }
    for (onboarding, count) in [(&quiet, 1), (&attending, 0), (&high, 0), (&old, 0)] {
        let tasks = world.get(onboarding).await.coached_tasks;
        assert_eq!(tasks.len(), count, "{tasks:?}");
    }
    drop(world.scene);
    let folder = world.cluster.stop().await;
    let count = |kind| logs::count(folder.path(), "onboarding", kind);
    assert_eq!(count("coaching_rule_held"), 1);
    assert_eq!(count("coaching_rule_set"), 1);
}

fn starts_on(ask: &mut keizoku_proto::onboarding::StartOnboardingRequest, date: i32) {
    ask.start_date = Some(day(2026, 11, date));
}

#[tokio::test]
async fn onb_9_whoever_has_never_used_a_feature_is_coached_also_after_everything_is_read_anew() {
    let world = World::new("use").await;
    let mut rule = world.rule("unused_after_14_days").await;
    rule.enabled = true;
    world.set_rule(rule, "").await.unwrap();
    let (using, idle) = (
        world.low_touch("青葉製作所").await,
        world.low_touch("白井商店").await,
    );
    for account in [&using, &idle] {
        // Signals are of customers.
        world.scene.subscription(account, 10_000, |_| ()).await;
    }
    let (uses, at) = ((SignalKind::FeatureUse, "申請"), "2026-11-20T03:00:00Z");
    world.tells(&using, uses, 3, at.parse().unwrap()).await;
    world.tells(&idle, uses, 0, at.parse().unwrap()).await;
    let since = |ask: &mut _| starts_on(ask, 11);
    let active = world.start(&using, since).await;
    let quiet = world.start(&idle, since).await;
    recorded(&world.cluster, "healthscore", "feature_first_used", 1).await;
    let said = logs::last(world.cluster.folder(), "healthscore", "feature_first_used");
    reacted::to(&world.cluster, "onboarding", "healthscore", said).await;

    // Nothing is looked at in the process that has yet to read what signals said.
    let forget = |folder: &std::path::Path, _: &mut _| {
        for model in ["onboarding", "healthscore"] {
            std::fs::remove_file(folder.join(format!("{model}.model.sqlite"))).unwrap();
        }
    };
    let cluster = world.cluster.restart_after(forget).await;
    cluster.set("2026-11-25T00:00[Asia/Tokyo]");
    let scene = Scene::new("after", cluster.api("csm").await);
    let world = World {
        cluster,
        scene,
        ..world
    };
    let coached = |got: &Onboarding| got.coached_tasks.len() == 1;
    let got = world.comes_to(&quiet, coached).await;
    assert_eq!(got.coached_tasks[0].key, "coaching.unused_after_14_days");
    world.cluster.set("2026-12-02T09:00[Asia/Tokyo]");
    for onboarding in [&active, &quiet] {
        let stalled = |got: &Onboarding| !got.stalls.is_empty();
        world.comes_to(onboarding, stalled).await;
    }
    assert_eq!(world.get(&active).await.coached_tasks, Vec::new());
    drop(world.scene);
    let folder = world.cluster.stop().await;
    let count = |service, kind| logs::count(folder.path(), service, kind);
    assert_eq!(count("onboarding", "coaching_rule_held"), 1);
    assert_eq!(count("healthscore", "feature_first_used"), 1, "once");
}
