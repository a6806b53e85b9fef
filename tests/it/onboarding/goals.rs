//! What the customer declares, and what becomes of it (ONB-4).

use keizoku_proto::onboarding::{
    Declaration, DeclareGoalRequest, Goal, Onboarding, ReviewGoalRequest,
};
use keizoku_testkit::{Refusal, day};
use tonic::Status;

use super::world::World;

fn wants(feature: &str) -> Declaration {
    Declaration {
        feature: feature.to_owned(),
        due_date: Some(day(2026, 12, 31)),
        looks_like: "紙の申請がなくなる".to_owned(),
    }
}

impl World {
    async fn declare(
        &self,
        onboarding: &Onboarding,
        declaration: Declaration,
    ) -> Result<Vec<Goal>, Status> {
        let request = DeclareGoalRequest {
            name: onboarding.name.clone(),
            declaration: Some(declaration),
            request_id: self.id(),
            ..DeclareGoalRequest::default()
        };
        let answer = self.scene.api.onboardings().declare_goal(request).await?;
        Ok(answer.into_inner().onboarding.unwrap().goals)
    }

    async fn review(
        &self,
        onboarding: &Onboarding,
        change: impl FnOnce(&mut ReviewGoalRequest),
    ) -> Result<Vec<Goal>, Status> {
        let mut request = ReviewGoalRequest {
            name: onboarding.name.clone(),
            request_id: self.id(),
            ..ReviewGoalRequest::default()
        };
        change(&mut request);
        let answer = self.scene.api.onboardings().review_goal(request).await?;
        Ok(answer.into_inner().onboarding.unwrap().goals)
    }
}

#[tokio::test]
async fn onb_4_a_declared_goal_is_reviewed_and_leads_on() {
    let world = World::new("goals").await;
    let started = world.start(&world.account, |_| ()).await;
    let refused = world.declare(&started, Declaration::default()).await;
    let refused = Refusal::from(&refused.unwrap_err());
    assert_eq!(
        refused.fields,
        ["declaration.due_date", "declaration.feature"]
    );
    let goals = world.declare(&started, wants("申請")).await.unwrap();
    let first = goals[0].goal_id.clone();
    assert_eq!(goals[0].declaration, Some(wants("申請")));

    let nothing = world.review(&started, |_| ()).await.unwrap_err();
    assert_eq!(Refusal::from(&nothing).fields, ["goal_id", "met", "use"]);
    let unmet = world.review(&started, |ask| {
        ask.goal_id.clone_from(&first);
        ask.met = Some(false);
        "総務のみ".clone_into(&mut ask.r#use);
    });
    let unmet = Refusal::from(&unmet.await.unwrap_err());
    assert_eq!(unmet.fields, ["next_action", "next_action_date"]);
    let met = |ask: &mut ReviewGoalRequest| {
        ask.goal_id.clone_from(&first);
        ask.met = Some(true);
        "8割が申請に使う".clone_into(&mut ask.r#use);
    };
    let without = world.review(&started, met).await.unwrap_err();
    assert_eq!(
        Refusal::from(&without).fields,
        ["next_goal.due_date", "next_goal.feature"]
    );

    let goals = world
        .review(&started, |ask| {
            met(ask);
            ask.next_goal = Some(wants("経費"));
        })
        .await
        .unwrap();
    let review = goals[0].review.clone().unwrap();
    assert!(review.met && review.date == Some(day(2026, 11, 24)));
    assert_eq!(goals[1].follows_goal_id, first);
    let second = goals[1].goal_id.clone();
    let goals = world
        .review(&started, |ask| {
            ask.goal_id.clone_from(&second);
            ask.met = Some(false);
            "経理のみ".clone_into(&mut ask.r#use);
            "部長に見せる".clone_into(&mut ask.next_action);
            ask.next_action_date = Some(day(2026, 12, 4));
        })
        .await
        .unwrap();
    assert_eq!(goals[1].review.clone().unwrap().next_action, "部長に見せる");
    let again = world.review(&started, |ask| {
        met(ask);
        ask.next_goal = Some(wants("経費"));
    });
    let again = Refusal::from(&again.await.unwrap_err());
    assert_eq!(again.reason, "GOAL_NOT_OPEN");
    assert_eq!(world.get(&started).await.goals, goals);
}
