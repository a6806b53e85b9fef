//! What the customer declares beside what signals know of use (ONB-4), and in its report (HLT-10).

use keizoku_proto::healthscore::{
    CompareGoalsRequest, CompareGoalsResponse, GetRoiReportRequest, GoalOutcome, GoalUse,
    RecordedSignal, SignalKind,
};
use keizoku_proto::onboarding::{
    Declaration, DeclareGoalRequest, Goal, Onboarding, ReviewGoalRequest,
};
use keizoku_testkit::{day, refused};
use tonic::Code;

use super::world::World;

/// What the answers have to include.
#[derive(Default)]
struct Tokens(Vec<String>);

async fn declare(world: &World, tokens: &mut Tokens, to: &Onboarding, feature: &str) -> Goal {
    let request = DeclareGoalRequest {
        name: to.name.clone(),
        declaration: Some(Declaration {
            feature: feature.to_owned(),
            due_date: Some(day(2026, 11, 30)),
            looks_like: "紙の申請がなくなる".to_owned(),
        }),
        request_id: world.id(),
        ..DeclareGoalRequest::default()
    };
    let answer = world.scene.api.onboardings().declare_goal(request).await;
    let answer = answer.unwrap().into_inner();
    tokens.0.push(answer.consistency_token);
    answer.onboarding.unwrap().goals.pop().unwrap()
}

async fn uses(world: &World, tokens: &mut Tokens, feature: &str, value: i64, at: &str) {
    let (uses, at) = ((SignalKind::FeatureUse, feature), at.parse().unwrap());
    tokens
        .0
        .push(world.tells(&world.account, uses, value, at).await);
}

async fn compare(world: &World, tokens: &Tokens, at: &str) -> CompareGoalsResponse {
    let request = CompareGoalsRequest {
        account: world.account.name.clone(),
        time: (!at.is_empty()).then(|| keizoku_proto::timestamp(at.parse().unwrap())),
        consistency_tokens: tokens.0.clone(),
    };
    let answer = world.scene.api.health_scores().compare_goals(request).await;
    answer.unwrap().into_inner()
}

fn values(goal: &GoalUse) -> [Option<i64>; 3] {
    let value = |signal: &Option<RecordedSignal>| signal.as_ref().map(|signal| signal.value);
    [&goal.use_when_declared, &goal.use_when_due, &goal.r#use].map(value)
}

async fn review(world: &World, tokens: &mut Tokens, of: &Onboarding, goal: &Goal) {
    let request = ReviewGoalRequest {
        name: of.name.clone(),
        goal_id: goal.goal_id.clone(),
        met: Some(true),
        r#use: "8割が申請に使う".to_owned(),
        next_goal: Some(Declaration {
            feature: "経費".to_owned(),
            due_date: Some(day(2027, 3, 31)),
            ..Declaration::default()
        }),
        request_id: world.id(),
        ..ReviewGoalRequest::default()
    };
    let answer = world.scene.api.onboardings().review_goal(request).await;
    tokens
        .0
        .push(answer.unwrap().into_inner().consistency_token);
}

#[tokio::test]
async fn onb_4_a_declared_goal_is_compared_with_the_use_that_signals_know() {
    let world = World::new("goal-use").await;
    let tokens = &mut Tokens::default();
    world.scene.subscription(&world.account, 1, |_| ()).await;
    let onboarding = world.start(&world.account, |_| ()).await;
    uses(&world, tokens, "申請", 10, "2026-11-20T00:00:00Z").await;
    uses(&world, tokens, "経費", 99, "2026-11-21T00:00:00Z").await;
    world.cluster.set("2026-11-24T10:00[Asia/Tokyo]");
    let goal = declare(&world, tokens, &onboarding, "申請").await;
    let found = compare(&world, tokens, "").await;
    assert_eq!(found.known_features, ["申請", "経費"]);
    let [found] = found.goals.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (&found.onboarding, &found.goal_id),
        (&onboarding.name, &goal.goal_id)
    );
    assert_eq!(
        (found.feature.as_str(), found.due_date),
        ("申請", Some(day(2026, 11, 30)))
    );
    assert_eq!(values(found), [Some(10), None, Some(10)]);
    assert!(!found.overdue);

    world.cluster.set("2026-12-02T09:00[Asia/Tokyo]");
    uses(&world, tokens, "申請", 50, "2026-11-29T00:00:00Z").await;
    // The due date is local: it has ended by then.
    uses(&world, tokens, "申請", 60, "2026-11-30T15:00:00Z").await;
    let found = &compare(&world, tokens, "").await.goals[0];
    assert_eq!(
        (values(found), found.overdue),
        ([Some(10), Some(50), Some(60)], true)
    );
    assert_eq!(found.outcome(), GoalOutcome::Unspecified);
    let then = &compare(&world, tokens, "2026-11-25T00:00:00Z").await.goals[0];
    assert_eq!(
        (values(then), then.overdue),
        ([Some(10), None, Some(10)], false)
    );
    let before = compare(&world, tokens, "2026-11-24T00:30:00Z").await;
    assert_eq!(before.goals, [], "it was not declared yet");

    review(&world, tokens, &onboarding, &goal).await;
    let found = compare(&world, tokens, "").await.goals;
    assert_eq!(found[0].outcome(), GoalOutcome::Met);
    assert_eq!(
        (found[0].review_date, found[0].overdue),
        (Some(day(2026, 12, 2)), false)
    );
    assert_eq!(
        values(&found[1]),
        [Some(99), None, Some(99)],
        "the next goal"
    );
    let then = compare(&world, tokens, "2026-12-01T23:59:59Z").await.goals;
    assert_eq!(
        (then.len(), then[0].outcome()),
        (1, GoalOutcome::Unspecified)
    );

    let unknown = CompareGoalsRequest {
        account: "accounts/0197f0a0-0000-7000-8000-00000000000d".to_owned(),
        ..CompareGoalsRequest::default()
    };
    let refusal = refused(world.scene.api.health_scores().compare_goals(unknown).await);
    assert_eq!(refusal.code, Code::NotFound);
}

#[tokio::test]
async fn hlt_10_a_report_tells_what_the_customer_declared_and_what_came_of_it() {
    let world = World::new("declared").await;
    let tokens = &mut Tokens::default();
    world.scene.subscription(&world.account, 1, |_| ()).await;
    let onboarding = world.start(&world.account, |_| ()).await;
    uses(&world, tokens, "申請", 1_234, "2026-11-20T00:00:00Z").await;
    world.cluster.set("2026-11-24T10:00[Asia/Tokyo]");
    let goal = declare(&world, tokens, &onboarding, "申請").await;
    world.cluster.set("2026-12-02T09:00[Asia/Tokyo]");
    uses(&world, tokens, "申請", 5_678, "2026-11-29T00:00:00Z").await;
    review(&world, tokens, &onboarding, &goal).await;
    let report = async |year, locale: &str| {
        let request = GetRoiReportRequest {
            account: world.account.name.clone(),
            year,
            locale: locale.to_owned(),
            consistency_tokens: tokens.0.clone(),
        };
        let mut api = world.scene.api.health_scores();
        let answer = api.get_roi_report(request).await;
        answer.unwrap().into_inner().html
    };
    let ja = report(2026, "ja").await;
    for said in [
        "宣言した活用",
        "紙の申請がなくなる",
        "2026年11月30日",
        "1234 → 5678",
        "<strong>達成</strong> 2026年12月2日",
        "8割が申請に使う",
        "経費",
        "進行中",
    ] {
        assert!(ja.contains(said), "{said}: {ja}");
    }
    let en = report(2026, "en").await;
    assert!(en.contains("<strong>met</strong> 2026-12-02"), "{en}");
    let earlier = report(2025, "ja").await;
    assert!(!earlier.contains("宣言した活用"), "{earlier}");
}
