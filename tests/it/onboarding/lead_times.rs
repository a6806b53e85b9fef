//! How long onboardings take (ONB-8).

use keizoku_proto::common::AsOf;
use keizoku_proto::onboarding::{Distribution, GetLeadTimesRequest, GetLeadTimesResponse};
use keizoku_testkit::{Refusal, day};

use super::world::World;

impl World {
    async fn lead_times(
        &self,
        change: impl FnOnce(&mut GetLeadTimesRequest),
    ) -> GetLeadTimesResponse {
        let mut request = GetLeadTimesRequest::default();
        change(&mut request);
        let mut client = self.scene.api.onboardings();
        client.get_lead_times(request).await.unwrap().into_inner()
    }
}

const fn one(days: u32) -> Distribution {
    Distribution {
        count: 1,
        median_days: days,
        p90_days: days,
    }
}

#[tokio::test]
async fn onb_8_lead_times_by_tier_and_version_as_of_any_day() {
    let world = World::new("lead").await;
    let started = world
        .start(&world.account, |ask| ask.won_date = Some(day(2026, 10, 20)))
        .await;
    world.kickoff(&started).await;
    for (phase, date) in [("closing", 10), ("complete", 20)] {
        world
            .move_to(&started, phase, Some(day(2026, 11, date)))
            .await;
    }
    let small = world.scene.account("みなと食品", |account| {
        account.tier = "SMB".to_owned();
    });
    let small = small.await;
    let other = world.start(&small, |_| ()).await;
    let token = world.note(&other, "read_hand_off").await;

    let told = world
        .lead_times(|ask| ask.consistency_tokens = vec![token.clone()])
        .await;
    let all = told.all.unwrap();
    assert_eq!(all.from_won, Some(one(31)));
    assert_eq!(
        all.from_kickoff,
        Some(one(0)),
        "it was held after that: today"
    );
    let tiers: Vec<_> = told
        .groups
        .iter()
        .map(|group| (&*group.tier, group.template_version, group.from_won))
        .collect();
    assert_eq!(tiers, [("Enterprise", 1, Some(one(31))), ("SMB", 1, None)]);
    let phases = &told.groups[0].phases;
    let time = |key: &str| phases.iter().find(|phase| phase.key == key).unwrap().time;
    assert_eq!(
        (time("kickoff"), time("closing")),
        (Some(one(8)), Some(one(10)))
    );
    assert_eq!(time("complete"), None, "nobody has left it");

    let before = world
        .lead_times(|ask| {
            ask.as_of = Some(AsOf {
                on: Some(day(2026, 11, 19)),
                ..AsOf::default()
            });
        })
        .await;
    assert_eq!(before.all.unwrap().from_won, None);
    let later = world
        .lead_times(|ask| ask.from_date = Some(day(2026, 11, 21)))
        .await;
    assert_eq!(later.all.unwrap().from_won, None);
    let option = world
        .lead_times(|ask| ask.product = "Option".to_owned())
        .await;
    assert_eq!(option.groups, Vec::new());

    let wrong = GetLeadTimesRequest {
        owner: "木村".to_owned(),
        ..GetLeadTimesRequest::default()
    };
    let mut client = world.scene.api.onboardings();
    let refused = client.get_lead_times(wrong).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).fields, ["owner"]);
    let backwards = GetLeadTimesRequest {
        from_date: Some(day(2026, 11, 2)),
        until_date: Some(day(2026, 11, 1)),
        ..GetLeadTimesRequest::default()
    };
    let refused = client.get_lead_times(backwards).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).fields, ["until_date"]);
}
