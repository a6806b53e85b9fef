//! From the start to the completion (ONB-2, ONB-5, ONB-6).

use keizoku_proto::accounts::MergeAccountsRequest;
use keizoku_proto::common::AsOf;
use keizoku_proto::onboarding::{
    AssignOnboardingRequest, CompleteOnboardingRequest, Evidence, GetOnboardingRequest,
    HoldOnboardingRequest, OnboardingFilter, OnboardingState, PhaseMove, ReopenTaskRequest,
    ResumeOnboardingRequest, StartOnboardingRequest,
};
use keizoku_testkit::{Refusal, day};
use tonic::Code;

use super::world::World;

#[tokio::test]
async fn onb_6_it_goes_forward_when_the_exit_criteria_are_met() {
    let world = World::new("forward").await;
    let started = world.start(&world.account, |_| ()).await;
    assert_eq!(started.state(), OnboardingState::InProgress);
    assert_eq!(started.account_display_name, "緑川印刷");
    assert_eq!(started.tier, "Enterprise");
    assert_eq!(started.owner, world.csm.name, "the account's owner");
    let kickoff = &started.phases[0];
    assert_eq!(kickoff.enter_date, Some(day(2026, 11, 2)));
    // Seven working days: the third, Culture Day, and two weekends are none.
    assert_eq!(kickoff.tasks[1].due_date, Some(day(2026, 11, 12)));
    assert_eq!(started.phases[1].tasks[0].due_date, None);

    let refused = Refusal::from(&world.advance(&started).await.unwrap_err());
    assert_eq!(refused.code, Code::FailedPrecondition);
    assert_eq!(refused.reason, "EXIT_CRITERIA_UNMET");
    assert!(refused.message.contains("hold_kickoff"), "{refused:?}");
    let done = world.kickoff(&started).await;
    assert!(done.unmet_criteria.is_empty());
    let second = world.advance(&started).await.unwrap();
    assert_eq!(second.phase, "operation");
    assert_eq!(second.phases[0].leave_date, Some(day(2026, 11, 24)));
    assert_eq!(second.phases[0].days, 22);
    assert_eq!(second.steps[0].r#move(), PhaseMove::Forward);
    let done = world.done(&started, "decide_operation").await;
    assert_eq!(done.phases[1].tasks[1].done_date, Some(day(2026, 11, 24)));
    assert_eq!(world.advance(&started).await.unwrap().phase, "preparation");
}

#[tokio::test]
async fn onb_6_skipping_and_going_back_are_seen_with_their_reasons() {
    let world = World::new("moves").await;
    let started = world.start(&world.account, |_| ()).await;
    world.cluster.set("2026-11-24T09:01[Asia/Tokyo]");
    let skipped = world
        .move_to(&started, "rollout", Some(day(2026, 11, 10)))
        .await;
    assert_eq!(skipped.phase, "rollout");
    let back = world.move_to(&started, "operation", None).await;
    let seen: Vec<_> = back
        .steps
        .iter()
        .map(|step| (step.r#move(), step.reason.as_str()))
        .collect();
    let why = "アドレスは収集済み";
    assert_eq!(seen, [(PhaseMove::Skipped, why), (PhaseMove::Back, why)]);

    // As of an earlier date the same facts stand, with fewer days; as of an earlier instant, fewer.
    world.cluster.set("2026-11-30T09:00[Asia/Tokyo]");
    let mut client = world.scene.api.onboardings();
    let mut ask = GetOnboardingRequest {
        name: started.name.clone(),
        as_of: Some(AsOf {
            known_at: None,
            on: Some(day(2026, 11, 26)),
        }),
        ..GetOnboardingRequest::default()
    };
    let then = client.get_onboarding(ask.clone()).await.unwrap();
    let then = then.into_inner().onboarding.unwrap();
    assert_eq!(then.phases[1].days, 2);
    ask.as_of = Some(AsOf {
        known_at: started.update_time,
        on: None,
    });
    let then = client.get_onboarding(ask).await.unwrap();
    let then = then.into_inner().onboarding.unwrap();
    assert_eq!((then.phase.as_str(), then.steps.len()), ("kickoff", 0));
}

#[tokio::test]
async fn onb_5_completion_needs_all_three_evidences_and_hands_over() {
    let world = World::new("evidence").await;
    let team = world.scene.team("Onboarding").await;
    let specialist = world.scene.user("佐藤", &team).await;
    let started = world
        .start(&world.account, |ask| ask.specialist = specialist.name)
        .await;
    assert!(!started.specialist.is_empty());
    world.move_to(&started, "complete", None).await;
    let mut client = world.scene.api.onboardings();
    let mut request = CompleteOnboardingRequest {
        name: started.name.clone(),
        evidence: Some(Evidence {
            issue_set: "申請の紙をなくす".to_owned(),
            ..Evidence::default()
        }),
        request_id: world.id(),
        ..CompleteOnboardingRequest::default()
    };
    let refused = client.complete_onboarding(request.clone()).await;
    let refused = Refusal::from(&refused.unwrap_err());
    assert_eq!(
        refused.fields,
        ["evidence.effect_felt", "evidence.product_used"]
    );

    let evidence = request.evidence.as_mut().unwrap();
    evidence.product_used = "8割がログイン".to_owned();
    evidence.effect_felt = "申請が半日で終わる".to_owned();
    let completed = client.complete_onboarding(request.clone()).await.unwrap();
    let completed = completed.into_inner();
    let (done, token) = (completed.onboarding.unwrap(), completed.consistency_token);
    assert_eq!(done.state(), OnboardingState::Completed);
    assert_eq!(done.completion.clone().unwrap().evidence, request.evidence);
    assert_eq!(
        (done.owner.as_str(), ""),
        (&*world.csm.name, &*done.specialist)
    );
    let again = client.complete_onboarding(request).await.unwrap();
    assert_eq!(again.into_inner().onboarding, Some(done));

    let refused = Refusal::from(&world.advance(&started).await.unwrap_err());
    assert_eq!(refused.reason, "ONBOARDING_CLOSED");
    assert!(
        world
            .list(&token, OnboardingFilter::default())
            .await
            .is_empty()
    );
    let completed = OnboardingFilter {
        state: OnboardingState::Completed.into(),
        ..OnboardingFilter::default()
    };
    assert_eq!(world.list(&token, completed).await, ["Core"]);
}

#[tokio::test]
async fn onb_7_a_hold_pauses_it_until_its_last_day() {
    let world = World::new("hold").await;
    let started = world.start(&world.account, |_| ()).await;
    world.kickoff(&started).await;
    let mut client = world.scene.api.onboardings();
    let hold = HoldOnboardingRequest {
        name: started.name.clone(),
        until_date: Some(day(2026, 11, 30)),
        reason: "決算".to_owned(),
        request_id: world.id(),
        ..HoldOnboardingRequest::default()
    };
    let paused = client.hold_onboarding(hold).await.unwrap().into_inner();
    let (paused, token) = (paused.onboarding.unwrap(), paused.consistency_token);
    assert_eq!(paused.state(), OnboardingState::OnHold);
    let on_hold = OnboardingFilter {
        state: OnboardingState::OnHold.into(),
        ..OnboardingFilter::default()
    };
    assert_eq!(world.list(&token, on_hold.clone()).await, ["Core"]);
    let refused = Refusal::from(&world.advance(&started).await.unwrap_err());
    assert_eq!(refused.reason, "ONBOARDING_ON_HOLD");

    // Nothing but midnight passes.
    world.cluster.set("2026-12-01T00:00[Asia/Tokyo]");
    assert!(world.list(&token, on_hold).await.is_empty());
    assert_eq!(
        world.get(&started).await.state(),
        OnboardingState::InProgress
    );
    let resume = ResumeOnboardingRequest {
        name: started.name.clone(),
        request_id: world.id(),
        ..ResumeOnboardingRequest::default()
    };
    let refused = client.resume_onboarding(resume).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "ONBOARDING_NOT_ON_HOLD");
    assert!(world.advance(&started).await.is_ok());
}

#[tokio::test]
async fn an_account_has_one_onboarding_for_each_product() {
    let world = World::new("one").await;
    let mut client = world.scene.api.onboardings();
    let request = StartOnboardingRequest {
        parent: world.account.name.clone(),
        product: "Core".to_owned(),
        request_id: world.id(),
        consistency_tokens: world.scene.account_tokens(),
        ..StartOnboardingRequest::default()
    };
    let first = client.start_onboarding(request.clone()).await.unwrap();
    let again = client.start_onboarding(request.clone()).await.unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    let another = StartOnboardingRequest {
        request_id: world.id(),
        ..request.clone()
    };
    let refused = client.start_onboarding(another).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).code, Code::AlreadyExists);

    let wrong = StartOnboardingRequest {
        parent: "accounts/A1".to_owned(),
        owner: "nobody".to_owned(),
        request_id: String::new(),
        product: String::new(),
        ..request.clone()
    };
    let refused = client.start_onboarding(wrong).await.unwrap_err();
    let refused = Refusal::from(&refused);
    assert_eq!(refused.fields, ["owner", "parent", "product", "request_id"]);
    let nobody = "users/0197f0a0-0000-7000-8000-0000000000ff";
    let unknown = StartOnboardingRequest {
        product: "Option".to_owned(),
        owner: nobody.to_owned(),
        request_id: world.id(),
        ..request
    };
    let refused = client.start_onboarding(unknown).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "OWNER_UNKNOWN");
}

#[tokio::test]
async fn onboardings_are_listed_by_owner_phase_and_account_aliases_included() {
    let world = World::new("lists").await;
    let team = world.scene.team("SMB").await;
    let other = world.scene.user("佐藤", &team).await;
    let copy = world.scene.account("緑川印刷(株)", |_| ()).await;
    let first = world.start(&world.account, |_| ()).await;
    let second = world
        .start(&copy, |ask| {
            ask.product = "Option".to_owned();
            ask.start_date = Some(day(2026, 11, 20));
        })
        .await;
    world
        .move_to(&first, "operation", Some(day(2026, 11, 9)))
        .await;
    let mut client = world.scene.api.onboardings();
    let assign = AssignOnboardingRequest {
        name: second.name.clone(),
        owner: other.name.clone(),
        etag: second.etag.clone(),
        request_id: world.id(),
        ..AssignOnboardingRequest::default()
    };
    let assigned = client.assign_onboarding(assign).await.unwrap().into_inner();
    let token = assigned.consistency_token;
    let stale = ReopenTaskRequest {
        name: second.name.clone(),
        task: "hold_kickoff".to_owned(),
        reason: "欠席".to_owned(),
        etag: second.etag,
        request_id: world.id(),
    };
    let refused = client.reopen_task(stale).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "STALE_ETAG");

    let by = async |change: &dyn Fn(&mut OnboardingFilter)| {
        let mut filter = OnboardingFilter::default();
        change(&mut filter);
        world.list(&token, filter).await
    };
    assert_eq!(by(&|_| ()).await, ["Core", "Option"]);
    assert_eq!(by(&|f| f.owner.clone_from(&team.name)).await, ["Option"]);
    assert_eq!(by(&|f| f.owner.clone_from(&world.csm.name)).await, ["Core"]);
    assert_eq!(
        by(&|f| "operation".clone_into(&mut f.phase)).await,
        ["Core"]
    );
    assert_eq!(by(&|f| f.account.clone_from(&copy.name)).await, ["Option"]);

    let merge = MergeAccountsRequest {
        survivor: world.account.name.clone(),
        duplicate: copy.name.clone(),
        request_id: world.id(),
    };
    let merged = world.scene.api.accounts().merge_accounts(merge).await;
    let ask = keizoku_proto::onboarding::ListOnboardingsRequest {
        filter: Some(OnboardingFilter {
            account: world.account.name.clone(),
            ..OnboardingFilter::default()
        }),
        consistency_tokens: vec![merged.unwrap().into_inner().consistency_token],
        ..keizoku_proto::onboarding::ListOnboardingsRequest::default()
    };
    let list = client.list_onboardings(ask).await.unwrap().into_inner();
    assert_eq!(list.total_size, 2);
    let of_survivor = list
        .onboardings
        .iter()
        .all(|one| one.name.starts_with(&world.account.name));
    assert!(of_survivor, "{list:?}");
}
