//! Lists of scores: filtered, sorted, page by page (HLT-5).

use keizoku_proto::accounts::{Team, User};
use keizoku_proto::healthscore::{
    Band, HealthFilter, ListHealthRequest, ListHealthResponse, SignalKind,
};
use keizoku_testkit::refused;
use tonic::Code;

use super::world::World;

/// What the list says, with everything that the test changed.
pub(super) async fn list(
    world: &World,
    change: impl FnOnce(&mut ListHealthRequest),
) -> ListHealthResponse {
    let mut request = ListHealthRequest {
        consistency_tokens: world.scene.tokens(),
        ..ListHealthRequest::default()
    };
    change(&mut request);
    let listed = world.scene.api.health_scores().list_health(request).await;
    listed.unwrap().into_inner()
}

fn names(answer: &ListHealthResponse) -> Vec<String> {
    let names = answer
        .accounts
        .iter()
        .map(|one| one.account_display_name.clone());
    names.collect()
}

async fn filtered(world: &World, filter: HealthFilter) -> Vec<String> {
    let answer = list(world, |request| request.filter = Some(filter)).await;
    names(&answer)
}

fn red() -> HealthFilter {
    HealthFilter {
        bands: vec![Band::Red.into()],
        ..HealthFilter::default()
    }
}

/// Four customers, the second of whom somebody looks after.
async fn four(world: &World) -> (Team, User) {
    let team = world.scene.team("東日本").await;
    let user = world.scene.user("佐藤", &team).await;
    let mut signals = Vec::new();
    let customers = [("Mid", 0), ("Mid", 30), ("SMB", 10), ("Mid", 60)];
    for (number, (tier, users)) in customers.into_iter().enumerate() {
        let named = |account: &mut keizoku_proto::accounts::AccountFields| {
            account.tier = tier.to_owned();
            if number == 1 {
                account.owner.clone_from(&user.name);
            }
        };
        let account = world.scene.account(&format!("顧客{number}"), named).await;
        world.scene.subscription(&account, 1, |_| {}).await;
        for (kind, value) in [
            (SignalKind::ActiveUsers, users),
            (SignalKind::SignIns, users),
            (SignalKind::SupportTickets, 3),
        ] {
            let mut signal = world.signal(kind, value, "2026-11-21T00:00:00Z");
            signal.account.clone_from(&account.name);
            signals.push(signal);
        }
    }
    world.send_one(signals).await;
    (team, user)
}

#[tokio::test]
async fn hlt_5_lists_are_filtered_by_band_tier_team_and_owner_the_lowest_score_first() {
    let world = World::new().await;
    let (team, user) = four(&world).await;
    let all = list(&world, |_| ()).await;
    assert_eq!(all.total_size, 4);
    let scores: Vec<_> = all.accounts.iter().map(|one| one.score).collect();
    assert!(scores.is_sorted(), "{scores:?}");
    assert_eq!(filtered(&world, red()).await[0], "顧客0");
    let smb = HealthFilter {
        tier: "SMB".to_owned(),
        ..HealthFilter::default()
    };
    assert_eq!(filtered(&world, smb).await, ["顧客2"]);
    let of_team = HealthFilter {
        team: team.name.clone(),
        ..HealthFilter::default()
    };
    assert_eq!(filtered(&world, of_team).await, ["顧客1"]);
    let of_owner = HealthFilter {
        owner: user.name.clone(),
        ..HealthFilter::default()
    };
    assert_eq!(filtered(&world, of_owner.clone()).await, ["顧客1"]);
    let neither = HealthFilter {
        tier: "SMB".to_owned(),
        ..of_owner
    };
    assert!(
        filtered(&world, neither).await.is_empty(),
        "filters combine"
    );
}

#[tokio::test]
async fn hlt_5_a_list_goes_on_page_by_page_and_only_with_its_own_tokens() {
    let world = World::new().await;
    four(&world).await;
    for filter in [HealthFilter::default(), tier("Mid")] {
        let all = list(&world, |request| request.filter = Some(filter.clone())).await;
        let (mut token, mut paged) = (String::new(), Vec::new());
        loop {
            let page = list(&world, |request| {
                request.filter = Some(filter.clone());
                request.order_by = "score desc".to_owned();
                request.page_size = 1;
                request.page_token.clone_from(&token);
            })
            .await;
            assert_eq!(page.total_size, all.total_size);
            paged.extend(names(&page));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
            let foreign = ListHealthRequest {
                filter: Some(red()),
                order_by: "score desc".to_owned(),
                page_token: token.clone(),
                ..ListHealthRequest::default()
            };
            let refusal = refused(world.scene.api.health_scores().list_health(foreign).await);
            assert_eq!(refusal.reason, "PAGE_TOKEN_MISMATCH");
        }
        let mut forwards = names(&all);
        forwards.reverse();
        assert_eq!(paged, forwards);
    }
}

fn tier(tier: &str) -> HealthFilter {
    HealthFilter {
        tier: tier.to_owned(),
        ..HealthFilter::default()
    }
}

#[tokio::test]
async fn hlt_5_a_list_is_refused_with_everything_that_is_wrong_with_the_question() {
    let world = World::new().await;
    let wrong = ListHealthRequest {
        order_by: "mood".to_owned(),
        filter: Some(HealthFilter {
            team: "x".to_owned(),
            bands: vec![9],
            ..HealthFilter::default()
        }),
        ..ListHealthRequest::default()
    };
    let refusal = refused(world.scene.api.health_scores().list_health(wrong).await);
    assert_eq!(refusal.code, Code::InvalidArgument);
    for field in ["order_by", "filter.team", "filter.bands"] {
        assert!(refusal.message.contains(field), "{}", refusal.message);
    }
}
