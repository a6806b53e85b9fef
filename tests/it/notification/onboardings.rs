//! Messages about onboardings (NTF-1), from what causes them: a won deal, silence, and the end.

use std::time::Duration;

use keizoku_cli::server::config::Config;
use keizoku_proto::accounts::RecordDealRequest;
use keizoku_proto::notification::{Delivery, DeliveryState, Trigger};
use keizoku_proto::onboarding::{
    CoachingCondition, CoachingLack, CoachingRule, CoachingStart, CoachingTask,
    CompleteOnboardingRequest, CompleteTaskRequest, Evidence, ListOnboardingsRequest,
    LocalizedText, MoveOnboardingRequest, Onboarding, RelaunchOnboardingRequest,
    SetCoachingRuleRequest, StartOnboardingRequest, TaskParty,
};
use keizoku_testkit::day;

use super::world::{World, user};

impl World {
    /// The deliveries of a trigger, once there are so many and all of them were delivered: in the minute
    /// `later`, because Slack takes one a second. It goes on by a second for each message that was
    /// answered, and never while one is on its way.
    async fn told(&self, trigger: Trigger, count: usize, later: &str) -> Vec<Delivery> {
        let of_trigger = |delivery: &&Delivery| delivery.trigger() == trigger;
        let all = |found: &[Delivery]| found.iter().filter(of_trigger).count() == count;
        self.deliveries(all).await;
        let is_delivered = |delivery: &&Delivery| delivery.state() == DeliveryState::Delivered;
        let delivered = |delivery: &&Delivery| of_trigger(delivery) && is_delivered(delivery);
        let all = |found: &[Delivery]| {
            let answered = found.iter().filter(is_delivered).count();
            self.set(&format!("{later}:{:02}[Asia/Tokyo]", answered.min(59)));
            found.iter().filter(delivered).count() == count
        };
        let found = self.deliveries(all).await;
        found
            .into_iter()
            .filter(|found| of_trigger(&found))
            .collect()
    }

    /// Texts of what Slack got about something.
    fn posted_about(&self, words: &str) -> Vec<(String, String)> {
        let got = self.slack.got();
        let about = got.iter().filter(|posted| posted.text().contains(words));
        let body = about.map(|posted| (posted.channel().to_owned(), posted.body.to_string()));
        body.collect()
    }

    /// The onboarding, once it is listed: a message may be sooner than the list.
    async fn onboarding(&self) -> Onboarding {
        let mut client = self.scene.api.onboardings();
        loop {
            let request = ListOnboardingsRequest::default();
            let listed = client.list_onboardings(request).await.unwrap();
            if let Some(found) = listed.into_inner().onboardings.pop() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn ntf_1_onboardings_are_told_to_whom_they_concern_each_once() {
    // The clock is ahead of what happens here: a message that is under way is not in doubt for that.
    let patient = |config: &mut Config| config.notification.timeout_seconds = 600;
    let world = World::configured("onboardings", patient).await;
    let team = keizoku_proto::accounts::Team {
        name: world.hanako.team.clone(),
        ..keizoku_proto::accounts::Team::default()
    };
    let sales = user(
        &world.scene,
        "佐藤次郎",
        "U0SATO",
        "sato@example.com",
        &team,
    )
    .await;
    let won = RecordDealRequest {
        parent: world.account.name.clone(),
        display_name: "新規導入".to_owned(),
        product: "Core".to_owned(),
        close_date: Some(day(2026, 11, 24)),
        salesperson: sales.name.clone(),
        won: true,
        request_id: world.scene.ids.fresh(),
        ..RecordDealRequest::default()
    };
    world.scene.api.accounts().record_deal(won).await.unwrap();
    let told = world
        .told(Trigger::HandOffRequested, 1, "2026-11-25T12:01")
        .await;
    assert_eq!(told[0].account, world.account.name);
    let posted = world.posted_about("引き継ぎのお願い: 緑川印刷(Core)");
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].0, "U0SATO", "the salesperson");
    for words in ["2026/11/24(火)", "佐藤次郎", "山田花子"] {
        assert!(posted[0].1.contains(words), "{words}: {}", posted[0].1);
    }
    let onboarding = world.onboarding().await;
    assert_eq!(told[0].subject, onboarding.name);

    // Ten working days later.
    world.set("2026-12-09T12:00[Asia/Tokyo]");
    world
        .told(Trigger::OnboardingStalled, 1, "2026-12-09T12:01")
        .await;
    let posted = world.posted_about("オンボーディングの停滞");
    assert_eq!(posted[0].0, "U0HANAKO", "who has the onboarding");
    assert!(posted[0].1.contains("2026/12/09(水)"), "{}", posted[0].1);

    world.set("2027-02-25T12:00[Asia/Tokyo]");
    let told = world
        .told(Trigger::OnboardingReturned, 2, "2027-02-25T12:01")
        .await;
    assert_eq!(told[0].subject, onboarding.name);
    let posted = world.posted_about("オンボーディングの差し戻し");
    let mut channels: Vec<&str> = posted.iter().map(|(channel, _)| channel.as_str()).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["#cs-east", "U0HANAKO"]);

    world.set("2027-02-26T12:00[Asia/Tokyo]");
    complete(&world, &onboarding.name).await;
    world
        .told(Trigger::OnboardingCompleted, 1, "2027-02-26T12:01")
        .await;
    let posted = world.posted_about("🎉 オンボーディング完了: 緑川印刷(Core)");
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].0, "#cs-east");
    assert!(
        posted[0].1.contains("申請が半日で終わる"),
        "{}",
        posted[0].1
    );
    let counted = counts(&world).await;
    assert_eq!(counted, [1, 1, 2, 1], "each once");
}

/// A rule that holds a week after the onboarding began, if nobody completed a content.
fn rule(key: &str) -> CoachingRule {
    CoachingRule {
        key: key.to_owned(),
        start: CoachingStart::Onboarding.into(),
        days: 7,
        conditions: vec![CoachingCondition {
            lack: CoachingLack::Content.into(),
            ..CoachingCondition::default()
        }],
        enabled: true,
        ..CoachingRule::default()
    }
}

#[tokio::test]
async fn onb_9_ntf_1_a_coaching_rule_with_a_message_tells_who_looks_after_the_onboarding() {
    let world = World::configured("coached", |_| ()).await;
    let words = |ja: &str| {
        Some(LocalizedText {
            ja: ja.to_owned(),
            ..LocalizedText::default()
        })
    };
    let tells = CoachingRule {
        message: words("つまずきを聞いてください"),
        ..rule("tells")
    };
    let gives = CoachingRule {
        task: Some(CoachingTask {
            title: words("教材を案内する"),
            party: TaskParty::Csm.into(),
            due_working_days: 3,
        }),
        ..rule("gives")
    };
    for rule in [tells, gives] {
        let request = SetCoachingRuleRequest {
            rule: Some(rule),
            request_id: world.scene.ids.fresh(),
            ..SetCoachingRuleRequest::default()
        };
        let mut client = world.scene.api.learning();
        client.set_coaching_rule(request).await.unwrap();
    }
    let start = StartOnboardingRequest {
        parent: world.account.name.clone(),
        product: "Core".to_owned(),
        start_date: Some(day(2026, 11, 25)),
        request_id: world.scene.ids.fresh(),
        consistency_tokens: world.scene.account_tokens(),
        ..StartOnboardingRequest::default()
    };
    let mut client = world.scene.api.onboardings();
    let started = client.start_onboarding(start).await.unwrap().into_inner();
    let onboarding = started.onboarding.unwrap();

    world.set("2026-12-02T12:00[Asia/Tokyo]");
    let told = world
        .told(Trigger::OnboardingCoached, 1, "2026-12-02T12:01")
        .await;
    assert_eq!(told[0].subject, onboarding.name);
    let posted = world.posted_about("オンボーディングの声かけ: 緑川印刷(Core)");
    assert_eq!(posted.len(), 1, "the other rule gives a task");
    assert_eq!(posted[0].0, "U0HANAKO", "who has the onboarding");
    for words in ["つまずきを聞いてください", "2026/12/02(水)"] {
        assert!(posted[0].1.contains(words), "{words}: {}", posted[0].1);
    }
}

/// How many deliveries each trigger has.
async fn counts(world: &World) -> [usize; 4] {
    let found = world.deliveries(|_| true).await;
    [
        Trigger::HandOffRequested,
        Trigger::OnboardingStalled,
        Trigger::OnboardingReturned,
        Trigger::OnboardingCompleted,
    ]
    .map(|trigger| {
        let of_trigger = found.iter().filter(|found| found.trigger() == trigger);
        of_trigger.count()
    })
}

/// Relaunches it, skips to its last phase, and completes it.
async fn complete(world: &World, name: &str) {
    let mut client = world.scene.api.onboardings();
    let relaunch = RelaunchOnboardingRequest {
        name: name.to_owned(),
        reason: "新しい担当者".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..RelaunchOnboardingRequest::default()
    };
    client.relaunch_onboarding(relaunch).await.unwrap();
    let skip = MoveOnboardingRequest {
        name: name.to_owned(),
        phase: "complete".to_owned(),
        reason: "別の製品で済んでいる".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..MoveOnboardingRequest::default()
    };
    client.move_onboarding(skip).await.unwrap();
    let hand_over = CompleteTaskRequest {
        name: name.to_owned(),
        task: "hand_over".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..CompleteTaskRequest::default()
    };
    client.complete_task(hand_over).await.unwrap();
    let complete = CompleteOnboardingRequest {
        name: name.to_owned(),
        evidence: Some(Evidence {
            issue_set: "申請の紙をなくす".to_owned(),
            product_used: "8割がログイン".to_owned(),
            effect_felt: "申請が半日で終わる".to_owned(),
        }),
        request_id: world.scene.ids.fresh(),
        ..CompleteOnboardingRequest::default()
    };
    client.complete_onboarding(complete).await.unwrap();
}
