use keizoku_core::{Actor, Day, Given, Origin};
use uuid::Uuid;

use super::*;

fn given() -> Given<Scorecards> {
    Given::nothing(Ctx {
        now: "2026-11-22T00:00:00Z".parse().unwrap(),
        today: "2026-11-22".parse::<Day>().unwrap(),
        actor: Actor::new("user", "ops"),
        origin: Origin::User,
        request_id: Uuid::from_u128(1),
    })
}

/// The shipped scorecard of a tier, with other tiers and another cap.
fn card(tiers: &[&str], cap: i32) -> Arc<Scorecard> {
    let mut declared = State::default().cards["mid"].versions[0].declared.clone();
    declared.tiers = tiers.iter().map(ToString::to_string).collect();
    declared.unfinished_onboarding_cap = cap;
    Arc::new(Scorecard::read(declared).unwrap())
}

fn draft(key: &str, tiers: &[&str], cap: i32) -> Command {
    Command::Draft(key.to_owned(), card(tiers, cap))
}

fn publish(key: &str) -> Command {
    Command::Publish(key.to_owned())
}

fn back(key: &str, version: u32) -> Command {
    Command::RollBack(key.to_owned(), version, "悪化した".to_owned())
}

fn cap(state: &State, tier: &str) -> Option<(String, u32, u8)> {
    let found = state.in_effect(tier, Timestamp::MAX)?;
    Some((found.key, found.version, found.card.cap()))
}

#[test]
fn hlt_2_scorecards_for_every_tier_are_shipped_and_valid() {
    let state = State::default();
    for (tier, key) in [
        ("Enterprise", "enterprise"),
        ("Mid", "mid"),
        ("SMB", "smb"),
        ("", "everyone"),
        ("Gold", "everyone"),
    ] {
        assert_eq!(cap(&state, tier).unwrap().0, key, "{tier}");
    }
    let valid = state
        .cards
        .values()
        .all(|card| card.versions[0].card.is_some());
    assert!(valid);
    for (key, card) in &state.cards {
        let own = card.versions[0].card.as_ref().unwrap();
        assert_eq!(state.require_own_tiers(key, own), Ok(()));
    }
}

#[test]
fn hlt_2_a_draft_computes_nothing_until_it_is_published_and_can_be_rolled_back() {
    let drafted = given().commands([draft("mid", &["Mid"], 50)]);
    assert_eq!(cap(drafted.state(), "Mid"), Some(("mid".to_owned(), 1, 60)));
    let published = drafted.commands([publish("mid")]);
    assert_eq!(
        cap(published.state(), "Mid"),
        Some(("mid".to_owned(), 2, 50))
    );
    let before = published
        .state()
        .in_effect("Mid", "2026-11-21T00:00:00Z".parse().unwrap());
    assert_eq!(
        before.map(|card| card.version),
        Some(1),
        "history is not rewritten"
    );
    let rolled = published.commands([back("mid", 1)]);
    assert_eq!(cap(rolled.state(), "Mid"), Some(("mid".to_owned(), 1, 60)));
    assert_eq!(rolled.state().moments().len(), 2);
    assert_eq!(
        rolled.when(back("mid", 1)),
        Ok(Vec::new()),
        "it is in effect"
    );
}

#[test]
fn hlt_2_two_scorecards_for_one_tier_are_refused_with_all_that_overlaps() {
    let given = given().commands([draft("new", &["Mid", "SMB", "Gold"], 50)]);
    let refused = given.when(publish("new")).unwrap_err();
    assert_eq!(refused.reason(), ErrorReason::ScorecardTiersOverlap);
    for told in ["`mid` is in effect for Mid", "`smb` is in effect for SMB"] {
        assert!(refused.to_string().contains(told), "{refused}");
    }
    assert!(
        given
            .commands([draft("new", &["Gold"], 50)])
            .when(publish("new"))
            .is_ok()
    );
}

#[test]
fn hlt_2_what_is_not_there_is_neither_published_nor_rolled_back() {
    let given = given();
    assert_eq!(
        given.when(publish("none")),
        Err(Error::Unknown("none".to_owned()))
    );
    assert_eq!(
        given.when(publish("mid")),
        Err(Error::WithoutDraft("mid".to_owned()))
    );
    assert_eq!(
        given.when(back("mid", 2)),
        Err(Error::VersionUnknown("mid".to_owned(), 2))
    );
    assert_eq!(
        given.when(back("mid", 0)),
        Err(Error::VersionUnknown("mid".to_owned(), 0))
    );
    let unchanged = given.commands([draft("mid", &["Mid"], 60)]);
    assert_eq!(
        unchanged.when(publish("mid")),
        Err(Error::WithoutDraft("mid".to_owned()))
    );
}
