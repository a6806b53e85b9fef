//! Sign-ins as contact at low and tech touch, as far as signals tell of them (ONB-7).

use keizoku_proto::accounts::{Account, TouchModel};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::SignalKind;
use keizoku_proto::onboarding::{Onboarding, OnboardingState};
use keizoku_testkit::{Scene, day, logs};

use super::world::World;

impl World {
    async fn touched(&self, name: &str, touch: TouchModel) -> Account {
        let owner = self.csm.name.clone();
        let account = self.scene.account(name, |account| {
            account.owner = owner;
            account.tier = "SMB".to_owned();
            account.touch_model = touch.into();
        });
        let account = account.await;
        // Signals are of customers.
        self.scene.subscription(&account, 10_000, |_| ()).await;
        account
    }
}

/// So many sign-ins in the last thirty days, as a signal on a day of November tells.
async fn signed_in(world: &World, account: &Account, value: i64, date: i32) {
    let at = format!("2026-11-{date:02}T03:00:00Z");
    let sign_ins = (SignalKind::SignIns, "");
    world
        .tells(account, sign_ins, value, at.parse().unwrap())
        .await;
}

fn last_contact(got: &Onboarding) -> Option<Date> {
    got.progress.as_ref().unwrap().last_contact_date
}

fn is_handed_back(got: &Onboarding) -> bool {
    got.state() == OnboardingState::Returned
}

#[tokio::test]
async fn onb_7_a_sign_in_is_contact_at_low_touch_once_a_count_rises() {
    let world = World::new("signed in").await;
    let low = world.touched("青葉製作所", TouchModel::Low).await;
    let high = world.touched("白井商店", TouchModel::High).await;
    let starts = |ask: &mut keizoku_proto::onboarding::StartOnboardingRequest| {
        ask.start_date = Some(day(2026, 11, 4));
    };
    let by_itself = world.start(&low, starts).await;
    let looked_after = world.start(&high, starts).await;
    for account in [&low, &high] {
        // Of the first count nobody knows since when: within thirty days, which is before it began.
        signed_in(&world, account, 3, 13).await;
        signed_in(&world, account, 5, 20).await;
        signed_in(&world, account, 4, 22).await;
    }
    let heard = |got: &Onboarding| last_contact(got) == Some(day(2026, 11, 20));
    let got = world.comes_to(&by_itself, heard).await;
    assert_eq!(got.progress.unwrap().quiet_working_days, 1);
    assert_eq!(last_contact(&world.get(&looked_after).await), None);

    // Three months after the fourth, and not after the twentieth; also when everything is read anew.
    let forget = |folder: &std::path::Path, _: &mut _| {
        for model in ["onboarding", "healthscore"] {
            std::fs::remove_file(folder.join(format!("{model}.model.sqlite"))).unwrap();
        }
    };
    let cluster = world.cluster.restart_after(forget).await;
    cluster.set("2027-02-04T09:00[Asia/Tokyo]");
    let scene = Scene::new("after", cluster.api("csm").await);
    let world = World {
        cluster,
        scene,
        ..world
    };
    world.comes_to(&looked_after, is_handed_back).await;
    // Both were looked at: it has stalled, for its phase takes too long.
    let got = world
        .comes_to(&by_itself, |got| !got.stalls.is_empty())
        .await;
    assert_eq!(got.state(), OnboardingState::InProgress);
    world.cluster.set("2027-02-20T00:00[Asia/Tokyo]");
    world.comes_to(&by_itself, is_handed_back).await;
    drop(world.scene);
    let folder = world.cluster.stop().await;
    let count = |service, kind| logs::count(folder.path(), service, kind);
    assert_eq!(count("onboarding", "onboarding_returned"), 2);
    let said = count("healthscore", "sign_in_seen");
    assert!((2..=4).contains(&said), "each date once: {said}");
}
