//! From Sales to the customer's success: hand-off, kickoff, expectation gap (ONB-1).

use keizoku_proto::accounts::{AddContactRequest, ContactFields};
use keizoku_proto::onboarding::{
    HandOff, HandOffAnswer, HandOffQuestion, PublishTemplateRequest, RateExpectationGapRequest,
    RecordHandOffRequest, RecordKickoffRequest, Temperature,
};
use keizoku_testkit::{day, refused};

use super::world::World;

#[tokio::test]
async fn onb_1_the_kickoff_waits_for_the_form_that_the_tier_asks_for() {
    let world = World::new("form").await;
    let add = AddContactRequest {
        parent: world.account.name.clone(),
        contact: Some(ContactFields {
            display_name: "山田 花子".to_owned(),
            ..ContactFields::default()
        }),
        request_id: world.id(),
        ..AddContactRequest::default()
    };
    let contact = world.scene.api.contacts().add_contact(add).await.unwrap();
    let contact = contact.into_inner().contact.unwrap();
    let started = world.start(&world.account, |_| ()).await;
    let asked: Vec<&str> = started.questions.iter().map(|q| q.key.as_str()).collect();
    let keys = [
        "industry",
        "employee_emails",
        "sign_in_without_email",
        "sign_off",
    ];
    assert_eq!(asked, keys, "all of them for Enterprise");
    let small = world
        .scene
        .account("角田商店", |a| a.tier = "SMB".to_owned());
    let small = world.start(&small.await, |_| ()).await;
    assert_eq!(small.questions.len(), 2);

    let mut client = world.scene.api.onboardings();
    let mut kickoff = RecordKickoffRequest {
        name: started.name.clone(),
        confirmed_wants: "申請の紙をなくす".to_owned(),
        gap: Some(1),
        request_id: world.id(),
        ..RecordKickoffRequest::default()
    };
    let early = refused(client.record_kickoff(kickoff.clone()).await);
    assert_eq!(early.reason, "HAND_OFF_INCOMPLETE");
    let missing = "why_bought,expectations,temperature,stakeholders";
    assert!(early.metadata["missing"].starts_with(missing), "{early:?}");

    let form = HandOff {
        why_bought: "紙の申請が多い".to_owned(),
        expectations: "年度内に全社へ".to_owned(),
        temperature: Temperature::Hot.into(),
        stakeholders: vec![contact.name.clone()],
        answers: keys
            .map(|question| HandOffAnswer {
                question: question.to_owned(),
                answer: "はい".to_owned(),
            })
            .into(),
    };
    let mut record = RecordHandOffRequest {
        name: started.name.clone(),
        hand_off: Some(form.clone()),
        request_id: world.id(),
        ..RecordHandOffRequest::default()
    };
    record.hand_off.as_mut().unwrap().answers.pop();
    let recorded = client.record_hand_off(record.clone()).await.unwrap();
    let recorded = recorded.into_inner().onboarding.unwrap();
    assert_eq!(recorded.hand_off_missing, ["sign_off"]);
    record.hand_off = Some(form.clone());
    record.request_id = world.id();
    let recorded = client.record_hand_off(record).await.unwrap();
    let recorded = recorded.into_inner().onboarding.unwrap();
    assert_eq!(recorded.hand_off, Some(form));
    assert!(recorded.hand_off_missing.is_empty());

    // What was refused is decided anew: refusals are not remembered.
    kickoff.date = Some(day(2026, 11, 20));
    kickoff.request_id = world.id();
    let kicked_off = client.record_kickoff(kickoff).await.unwrap();
    let kicked_off = kicked_off.into_inner().onboarding.unwrap();
    let task = &kicked_off.phases[0].tasks[1];
    assert_eq!(task.done_date, Some(day(2026, 11, 20)));
    assert!(world.advance(&started).await.is_ok());
}

#[tokio::test]
async fn onb_1_an_overridden_form_and_both_gaps_stay_visible() {
    let world = World::new("gaps").await;
    let started = world.start(&world.account, |_| ()).await;
    world.kickoff(&started).await;
    let mut client = world.scene.api.onboardings();
    let mut rate = RateExpectationGapRequest {
        name: started.name.clone(),
        gap: Some(4),
        request_id: world.id(),
        ..RateExpectationGapRequest::default()
    };
    let wrong = refused(client.rate_expectation_gap(rate.clone()).await);
    assert_eq!(wrong.fields, ["gap"]);
    rate.gap = None;
    let unstated = refused(client.rate_expectation_gap(rate.clone()).await);
    assert_eq!(unstated.fields, ["gap"], "0 is a rating, nothing is none");
    rate.gap = Some(0);
    client.rate_expectation_gap(rate).await.unwrap();

    let shown = world.get(&started).await;
    let kickoff = shown.kickoff.unwrap();
    assert_eq!(kickoff.override_reason, "先方の希望日");
    assert_eq!(kickoff.gap.unwrap().rating, 2);
    assert_eq!(shown.closing_gap.unwrap().rating, 0);
    let review = &shown.phases[4].tasks[0];
    assert_eq!(review.done_date, Some(day(2026, 11, 24)));
}

#[tokio::test]
async fn onb_1_questions_that_cannot_be_asked_are_refused() {
    let world = World::new("questions").await;
    let shipped = keizoku_onboarding::template_file::shipped().unwrap();
    let mut twice = shipped.questions;
    twice.push(twice[0].clone());
    twice.push(HandOffQuestion::default());
    let request = PublishTemplateRequest {
        phases: shipped.phases,
        questions: twice,
        request_id: world.id(),
        ..PublishTemplateRequest::default()
    };
    let mut client = world.scene.api.onboardings();
    let refusal = refused(client.publish_template(request).await);
    let expected = ["questions[4].key", "questions[5].key", "questions[5].title"];
    assert_eq!(refusal.fields, expected);
}
