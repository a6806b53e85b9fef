//! Stalls, hand-back, relaunch and dormancy as they come (ONB-7), and what the risk service makes of
//! them (RX-2).

use std::time::Duration;

use keizoku_proto::accounts::{
    AddContactRequest, ContactChannel, ContactDirection, ContactFields, LogContactRequest,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::{
    Destination, Onboarding, OnboardingState, RelaunchOnboardingRequest, StallCause, Standing,
};
use keizoku_proto::risk::{ListSuggestionsRequest, Suggestion, SuggestionState};
use keizoku_testkit::{day, logs};

use super::world::World;

impl World {
    /// Asks until it is so: each answer takes a turn of the server, which does its work in between.
    pub(super) async fn comes_to(
        &self,
        onboarding: &Onboarding,
        is_so: impl Fn(&Onboarding) -> bool,
    ) -> Onboarding {
        let asking = async {
            loop {
                let got = self.get(onboarding).await;
                if is_so(&got) {
                    return got;
                }
            }
        };
        let answer = tokio::time::timeout(Duration::from_mins(1), asking).await;
        answer.expect("it never came to that")
    }

    /// Somebody speaks to the customer on that date.
    async fn speak_on(&self, date: Date) {
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
            direction: ContactDirection::TwoWay.into(),
            channel: ContactChannel::Call.into(),
            contacts: vec![contact.contact.unwrap().name],
            contact_date: Some(date),
            subject: "進捗の確認".to_owned(),
            request_id: self.id(),
            ..LogContactRequest::default()
        };
        client.log_contact(log).await.unwrap();
    }

    async fn relaunch(&self, onboarding: &Onboarding) -> Onboarding {
        let request = RelaunchOnboardingRequest {
            name: onboarding.name.clone(),
            reason: "新しい担当者".to_owned(),
            request_id: self.id(),
            ..RelaunchOnboardingRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let relaunched = client.relaunch_onboarding(request).await.unwrap();
        relaunched.into_inner().onboarding.unwrap()
    }

    async fn suggestions(&self, count: usize) -> Vec<Suggestion> {
        let asking = async {
            loop {
                let request = ListSuggestionsRequest {
                    parent: "accounts/-".to_owned(),
                    state: SuggestionState::Pending.into(),
                    ..ListSuggestionsRequest::default()
                };
                let mut client = self.scene.api.risks();
                let listed = client.list_suggestions(request).await.unwrap();
                let found = listed.into_inner().suggestions;
                if found.len() == count {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(Duration::from_mins(1), asking).await;
        found.expect("there are never so many")
    }
}

#[tokio::test]
async fn onb_7_rx_2_stalls_come_at_midnight_and_the_second_one_is_a_suggestion_once() {
    let world = World::new("stalls").await;
    // The 24th is its tenth working day: in phase and without contact.
    let started = world
        .start(&world.account, |ask| {
            ask.start_date = Some(day(2026, 11, 10));
        })
        .await;
    world.cluster.set("2026-11-24T23:59:59[Asia/Tokyo]");
    let got = world.get(&started).await;
    assert_eq!(got.stalls, Vec::new());
    world.cluster.set("2026-11-25T00:00[Asia/Tokyo]");
    // GEN-8: figures do not wait for the event.
    let at_once = world.get(&started).await.progress.unwrap();
    assert_eq!(at_once.standing(), Standing::Stalled);
    let stalled = world.comes_to(&started, |got| got.stalls.len() == 1).await;
    assert_eq!(stalled.stalls[0].date, Some(day(2026, 11, 25)));
    assert_eq!(stalled.stalls[0].cause(), StallCause::NoContact);
    assert_eq!(stalled.stalls[0].end_date, None);

    world.move_to(&started, "operation", None).await;
    world.speak_on(day(2026, 11, 25)).await;
    let went_on = |got: &Onboarding| got.stalls.iter().all(|stall| stall.end_date.is_some());
    let going = world.comes_to(&started, went_on).await;
    assert_eq!(going.stalls[0].end_date, Some(day(2026, 11, 25)));
    world.suggestions(0).await;

    world.cluster.set("2026-12-09T09:00[Asia/Tokyo]");
    let again = world.comes_to(&started, |got| got.stalls.len() == 2).await;
    assert_eq!(again.stalls[1].date, Some(day(2026, 12, 9)));
    let suggested = world.suggestions(1).await.remove(0);
    assert_eq!(suggested.display_name, "Coreのオンボーディングが進まない");
    assert_eq!(suggested.r#type, "onboarding_unfinished");

    // Everything is read anew, on a later day.
    let World {
        cluster,
        scene,
        account,
        csm,
    } = world;
    drop(scene);
    let forget = |folder: &std::path::Path, _: &mut _| {
        for model in ["onboarding", "risk"] {
            for suffix in ["", "-wal", "-shm"] {
                let file = folder.join(format!("{model}.model.sqlite{suffix}"));
                let _ = std::fs::remove_file(file);
            }
        }
    };
    let cluster = cluster.restart_after(forget).await;
    cluster.set("2026-12-10T09:00[Asia/Tokyo]");
    let scene = keizoku_testkit::Scene::new("again", cluster.api("csm").await);
    let world = World {
        cluster,
        scene,
        account,
        csm,
    };
    // Onboardings are looked at in order of their days: this one comes after.
    let other = world
        .start(&world.account, |ask| {
            ask.product = "Option".to_owned();
            ask.start_date = Some(day(2026, 11, 2));
        })
        .await;
    world.comes_to(&other, |got| got.stalls.len() == 1).await;
    world.suggestions(1).await;
    drop(world.scene);
    let folder = world.cluster.stop().await;
    let count = |log, kind| logs::count(folder.path(), log, kind);
    assert_eq!(count("onboarding", "onboarding_stalled"), 3);
    assert_eq!(count("onboarding", "onboarding_picked_up"), 1);
    assert_eq!(count("risk", "risk_suggested"), 1);
}

#[tokio::test]
async fn onb_7_rx_2_the_unreachable_are_handed_back_and_dormant_after_a_second_failure() {
    let world = World::new("unreachable").await;
    let started = world.start(&world.account, |_| ()).await;
    world.cluster.set("2027-02-02T00:00[Asia/Tokyo]");
    let is = |state: OnboardingState| move |got: &Onboarding| got.state() == state;
    let back = world
        .comes_to(&started, is(OnboardingState::Returned))
        .await;
    let hand_back = back.hand_back.unwrap();
    assert_eq!(hand_back.date, Some(day(2027, 2, 2)));
    assert_eq!(hand_back.destination(), Destination::Sales);
    assert_eq!(back.progress.unwrap().standing(), Standing::Unreachable);
    let refused = world.advance(&started).await.unwrap_err();
    assert!(refused.message().contains("relaunch"), "{refused:?}");

    world.cluster.set("2027-02-10T09:00[Asia/Tokyo]");
    let relaunched = world.relaunch(&started).await;
    assert_eq!(relaunched.state(), OnboardingState::InProgress);
    assert_eq!(relaunched.start_date, Some(day(2026, 11, 2)));
    assert_eq!(relaunched.relaunches[0].reason, "新しい担当者");
    let progress = relaunched.progress.unwrap();
    assert_eq!(progress.quiet_working_days, 0, "it begins anew");

    world.cluster.set("2027-05-10T00:00[Asia/Tokyo]");
    let dormant = world.comes_to(&started, is(OnboardingState::Dormant)).await;
    assert_eq!(dormant.progress.unwrap().standing(), Standing::Dormant);
    let suggested = world.suggestions(1).await.remove(0);
    assert!(suggested.detail.contains("休眠"), "{suggested:?}");
}
