//! Contents and seminars, and who learned from them (ONB-9).

use keizoku_proto::accounts::TouchModel;
use keizoku_proto::onboarding::{
    Attendance, CancelSeminarRequest, CompleteContentRequest, Content, ContentItem, ContentKind,
    GetContentRequest, LearningEntry, ListContentsRequest, ListLearningRequest,
    ListSeminarsRequest, LocalizedText, OnboardingFilter, PublishContentRequest,
    RecordAttendanceRequest, RegisterForSeminarRequest, ScheduleSeminarRequest, Seminar,
    SeminarPlan, Standing, StartOnboardingRequest, WithdrawFromSeminarRequest,
};
use keizoku_testkit::{Refusal, day, refused};
use tonic::Status;

use super::world::World;

fn title(ja: &str) -> LocalizedText {
    LocalizedText {
        ja: ja.to_owned(),
        ..LocalizedText::default()
    }
}

fn lesson(key: &str, feature: &str) -> ContentItem {
    ContentItem {
        key: key.to_owned(),
        kind: ContentKind::Lesson.into(),
        title: Some(title("最初の申請")),
        feature: feature.to_owned(),
        ..ContentItem::default()
    }
}

impl World {
    async fn publish_content(&self, item: ContentItem) -> Result<(Content, String), Status> {
        let request = PublishContentRequest {
            item: Some(item),
            request_id: self.id(),
            ..PublishContentRequest::default()
        };
        let answer = self.scene.api.learning().publish_content(request).await?;
        let answer = answer.into_inner();
        Ok((answer.content.unwrap(), answer.consistency_token))
    }

    /// Schedules a seminar about 申請 at a time of 24 November; its name, and the token of the change.
    pub(super) async fn schedule(&self, time: &str, capacity: u32) -> (String, String) {
        let at = format!("2026-11-24T{time}:00+09:00").parse().unwrap();
        let request = ScheduleSeminarRequest {
            plan: Some(SeminarPlan {
                title: Some(title("はじめての申請")),
                feature: "申請".to_owned(),
                start_time: Some(keizoku_proto::timestamp(at)),
                capacity,
                ..SeminarPlan::default()
            }),
            request_id: self.id(),
        };
        let mut client = self.scene.api.learning();
        let answer = client.schedule_seminar(request).await.unwrap().into_inner();
        (answer.seminar.unwrap().name, answer.consistency_token)
    }

    async fn register(&self, seminar: &str, participant: &str) -> Result<Seminar, Status> {
        let request = RegisterForSeminarRequest {
            name: seminar.to_owned(),
            participant: participant.to_owned(),
            request_id: self.id(),
            consistency_tokens: self.scene.account_tokens(),
            ..RegisterForSeminarRequest::default()
        };
        let mut client = self.scene.api.learning();
        let answer = client.register_for_seminar(request).await?;
        Ok(answer.into_inner().seminar.unwrap())
    }

    /// Records attendance; the seminar, and the token of the change.
    pub(super) async fn attend(
        &self,
        seminar: &str,
        change: impl FnOnce(&mut RecordAttendanceRequest),
    ) -> Result<(Seminar, String), Status> {
        let mut request = RecordAttendanceRequest {
            name: seminar.to_owned(),
            request_id: self.id(),
            consistency_tokens: self.scene.account_tokens(),
            ..RecordAttendanceRequest::default()
        };
        change(&mut request);
        let answer = self.scene.api.learning().record_attendance(request).await?;
        let answer = answer.into_inner();
        Ok((answer.seminar.unwrap(), answer.consistency_token))
    }

    async fn learned(&self, token: &str) -> Vec<LearningEntry> {
        let request = ListLearningRequest {
            parent: self.account.name.clone(),
            consistency_tokens: vec![token.to_owned()],
            ..ListLearningRequest::default()
        };
        let mut client = self.scene.api.learning();
        let answer = client.list_learning(request).await.unwrap();
        answer.into_inner().entries
    }
}

#[tokio::test]
async fn onb_9_contents_have_versions_are_found_by_feature_and_are_completed_once() {
    let world = World::new("contents").await;
    let nothing = world.publish_content(ContentItem::default()).await;
    let nothing = Refusal::from(&nothing.unwrap_err());
    assert_eq!(nothing.fields, ["item.key", "item.kind", "item.title"]);
    let (first, _) = world
        .publish_content(lesson("first", "申請"))
        .await
        .unwrap();
    world
        .publish_content(lesson("second", "経費"))
        .await
        .unwrap();
    let mut renamed = lesson("first", "申請");
    renamed.title = Some(title("はじめての申請"));
    let (second, token) = world.publish_content(renamed).await.unwrap();
    assert_eq!((second.name.as_str(), second.version), (&*first.name, 2));
    let mut client = world.scene.api.learning();
    let get = GetContentRequest {
        name: first.name.clone(),
        version: 1,
        ..GetContentRequest::default()
    };
    let old = client.get_content(get).await.unwrap().into_inner();
    assert_eq!(old.content.unwrap().item, first.item);
    let list = ListContentsRequest {
        feature: "申請".to_owned(),
        consistency_tokens: vec![token],
        ..ListContentsRequest::default()
    };
    let listed = client.list_contents(list).await.unwrap().into_inner();
    assert_eq!(listed.contents, [second]);

    let mut complete = CompleteContentRequest {
        name: first.name.clone(),
        participant: world.account.name.clone(),
        request_id: world.id(),
        consistency_tokens: world.scene.account_tokens(),
        ..CompleteContentRequest::default()
    };
    let completed = client
        .complete_content(complete.clone())
        .await
        .unwrap()
        .into_inner();
    let entry = completed.entry.unwrap();
    assert_eq!(entry.date, Some(day(2026, 11, 24)));
    assert_eq!(
        entry.title,
        Some(title("はじめての申請")),
        "the version that was newest"
    );
    complete.request_id = world.id();
    complete.date = Some(day(2026, 11, 20));
    let again = client
        .complete_content(complete.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.entry, Some(entry.clone()), "the first time counts");
    assert_eq!(world.learned(&completed.consistency_token).await, [entry]);
    complete.participant = "accounts/00000000-0000-4000-8000-000000000000".to_owned();
    complete.request_id = world.id();
    let unknown = refused(client.complete_content(complete).await);
    assert_eq!(unknown.reason, "NOT_FOUND");
}

#[tokio::test]
async fn onb_9_a_seminar_takes_registrations_and_records_who_attended() {
    let world = World::new("seminars").await;
    let account = world.account.name.clone();
    let (seminar, _) = world.schedule("10:00", 1).await;
    let registered = world.register(&seminar, &account).await.unwrap();
    assert_eq!(registered.registered_count, 1);
    let other = world.scene.account("青葉製作所", |_| ()).await;
    let full = world.register(&seminar, &other.name).await.unwrap_err();
    assert_eq!(Refusal::from(&full).reason, "SEMINAR_FULL");
    let early = world.attend(&seminar, |ask| ask.attended = vec![account.clone()]);
    let early = Refusal::from(&early.await.unwrap_err());
    assert_eq!(early.reason, "SEMINAR_NOT_BEGUN");
    let nobody = world.attend(&seminar, |_| ()).await.unwrap_err();
    assert_eq!(Refusal::from(&nobody).fields, ["attended"]);

    world.cluster.set("2026-11-24T11:00[Asia/Tokyo]");
    let both = |ask: &mut RecordAttendanceRequest| {
        ask.attended = vec![account.clone()];
        // Who was not registered can be told of as well.
        ask.absent = vec![other.name.clone()];
    };
    let (held, token) = world.attend(&seminar, both).await.unwrap();
    let attendances = held
        .participants
        .iter()
        .map(|one| (&*one.participant, one.attendance()));
    let mut attendances: Vec<_> = attendances.collect();
    attendances.sort_by_key(|(_, attendance)| *attendance as i32);
    let expected = [
        (&*account, Attendance::Attended),
        (&*other.name, Attendance::Absent),
    ];
    assert_eq!(attendances, expected);
    let learned = world.learned(&token).await;
    assert_eq!(learned.len(), 1);
    assert_eq!(
        (&*learned[0].source, &*learned[0].feature),
        (&*seminar, "申請")
    );
    assert_eq!(learned[0].date, Some(day(2026, 11, 24)));
    let mut client = world.scene.api.learning();
    let cancel = |request_id, name: &str| CancelSeminarRequest {
        name: name.to_owned(),
        reason: "講師の病気".to_owned(),
        request_id,
        ..CancelSeminarRequest::default()
    };
    let held = refused(client.cancel_seminar(cancel(world.id(), &seminar)).await);
    assert_eq!(held.reason, "SEMINAR_HELD");
    let wrong = world.attend(&seminar, |ask| ask.absent = vec![account.clone()]);
    let (_, token) = wrong.await.unwrap();
    let learned = world.learned(&token).await;
    assert!(learned.is_empty(), "it was recorded in error: {learned:?}");

    let withdraw = WithdrawFromSeminarRequest {
        name: seminar.clone(),
        participant: account.clone(),
        request_id: world.id(),
        ..WithdrawFromSeminarRequest::default()
    };
    client.withdraw_from_seminar(withdraw).await.unwrap();
    world.register(&seminar, &other.name).await.unwrap();
    let (cancelled, _) = world.schedule("15:00", 0).await;
    let answer = client.cancel_seminar(cancel(world.id(), &cancelled)).await;
    let token = answer.unwrap().into_inner().consistency_token;
    let late = world.register(&cancelled, &account).await.unwrap_err();
    assert_eq!(Refusal::from(&late).reason, "SEMINAR_CANCELLED");
    let list = ListSeminarsRequest {
        from_date: Some(day(2026, 11, 24)),
        consistency_tokens: vec![token],
        ..ListSeminarsRequest::default()
    };
    let listed = client.list_seminars(list).await.unwrap().into_inner();
    let names: Vec<_> = listed.seminars.iter().map(|one| one.name.clone()).collect();
    assert_eq!(names, [seminar], "cancelled ones are not listed");
}

#[tokio::test]
async fn onb_7_at_low_touch_a_seminar_counts_as_contact_and_at_high_touch_it_does_not() {
    let world = World::new("attended").await;
    let low = world
        .scene
        .account("青葉製作所", |account| {
            account.tier = "Enterprise".to_owned();
            account.owner = world.csm.name.clone();
            account.touch_model = TouchModel::Low.into();
        })
        .await;
    // Ten working days lie between the ninth and today.
    let since = |ask: &mut StartOnboardingRequest| ask.start_date = Some(day(2026, 11, 9));
    let (high, low_touch) = (
        world.start(&world.account, since).await,
        world.start(&low, since).await,
    );
    let (seminar, _) = world.schedule("08:00", 0).await;
    let said = world.attend(&seminar, |ask| {
        ask.attended = vec![world.account.name.clone(), low.name.clone()];
    });
    let (_, token) = said.await.unwrap();
    world.list(&token, OnboardingFilter::default()).await;
    let progress = async |onboarding| {
        let progress = world.get(onboarding).await.progress.unwrap();
        (progress.standing(), progress.last_contact_date)
    };
    assert_eq!(progress(&high).await, (Standing::Stalled, None));
    let today = Some(day(2026, 11, 24));
    assert_eq!(progress(&low_touch).await, (Standing::Late, today));
}
