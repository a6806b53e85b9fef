//! Who is stuck, and in which order they are listed (ONB-7, ONB-8).

use keizoku_proto::accounts::{
    AddContactRequest, ContactChannel, ContactDirection, ContactFields, LogContactRequest,
    VoidContactLogEntryRequest,
};
use keizoku_proto::onboarding::{Onboarding, OnboardingFilter, Standing};
use keizoku_testkit::day;

use super::world::World;

impl World {
    /// Somebody spoke to the customer on that day of November; the entry's name.
    async fn speak(&self, date: i32, direction: ContactDirection) -> String {
        let mut client = self.scene.api.contacts();
        let add = AddContactRequest {
            parent: self.account.name.clone(),
            contact: Some(ContactFields {
                display_name: "山田 花子".to_owned(),
                ..ContactFields::default()
            }),
            request_id: self.id(),
            ..AddContactRequest::default()
        };
        let contact = client.add_contact(add).await.unwrap().into_inner();
        let log = LogContactRequest {
            parent: self.account.name.clone(),
            direction: direction.into(),
            channel: ContactChannel::Call.into(),
            contacts: vec![contact.contact.unwrap().name],
            contact_date: Some(day(2026, 11, date)),
            subject: "進捗の確認".to_owned(),
            request_id: self.id(),
            ..LogContactRequest::default()
        };
        let logged = client.log_contact(log).await.unwrap().into_inner();
        self.scene.changed_accounts(logged.consistency_token);
        logged.entry.unwrap().name
    }

    async fn standing(&self, onboarding: &Onboarding) -> (Standing, u32) {
        let token = &self.scene.account_tokens()[0];
        self.list(token, OnboardingFilter::default()).await;
        let progress = self.get(onboarding).await.progress.unwrap();
        (progress.standing(), progress.quiet_working_days)
    }
}

#[tokio::test]
async fn onb_7_two_way_contact_and_midnight_decide_who_is_stalled() {
    let world = World::new("stalled").await;
    let started = world
        .start(&world.account, |ask| {
            ask.start_date = Some(day(2026, 11, 9));
        })
        .await;
    // Ten working days since the ninth: the 23rd is a holiday, so that the 24th is the tenth.
    assert_eq!(world.standing(&started).await, (Standing::Stalled, 10));
    world.speak(20, ContactDirection::OneWay).await;
    assert_eq!(world.standing(&started).await.1, 10, "no answer came");
    let entry = world.speak(20, ContactDirection::TwoWay).await;
    assert_eq!(world.standing(&started).await, (Standing::Late, 1));
    world.cluster.set("2026-11-25T00:00[Asia/Tokyo]");
    assert_eq!(world.standing(&started).await, (Standing::Stalled, 2));
    let progress = world.get(&started).await.progress.unwrap();
    assert_eq!(progress.phase_working_days, 11, "the phase takes too long");

    let void = VoidContactLogEntryRequest {
        name: entry,
        reason: "別の会社".to_owned(),
        request_id: world.id(),
        ..VoidContactLogEntryRequest::default()
    };
    let mut client = world.scene.api.contacts();
    let voided = client.void_contact_log_entry(void).await.unwrap();
    world
        .scene
        .changed_accounts(voided.into_inner().consistency_token);
    assert_eq!(world.standing(&started).await.1, 11);
}

#[tokio::test]
async fn onb_8_the_stalled_come_first_then_the_late_and_the_unreachable_last() {
    let world = World::new("order").await;
    let start = async |product: &str, date| {
        let started = world.start(&world.account, |ask| {
            product.clone_into(&mut ask.product);
            ask.start_date = Some(date);
        });
        started.await
    };
    start("unreachable", day(2026, 8, 24)).await;
    start("late", day(2026, 11, 12)).await;
    start("new", day(2026, 11, 24)).await;
    let stalled = start("stalled", day(2026, 11, 5)).await;
    let token = world.note(&stalled, "read_hand_off").await;
    let list = async |standing: Standing| {
        let filter = OnboardingFilter {
            standing: standing.into(),
            ..OnboardingFilter::default()
        };
        world.list(&token, filter).await
    };
    let everybody = list(Standing::Unspecified).await;
    assert_eq!(everybody, ["stalled", "late", "new", "unreachable"]);
    assert_eq!(list(Standing::Late).await, ["late"]);
}
