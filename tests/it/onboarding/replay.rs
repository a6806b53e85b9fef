//! What is said of a past instant is what was said then, whatever came since and however models were read
//! anew: scores, bands, and where onboardings stand (HLT-5, ONB-7, GEN-5).

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _, Zoned};
use keizoku_core::Position;
use keizoku_proto::accounts::AssignAccountRequest;
use keizoku_proto::common::AsOf;
use keizoku_proto::healthscore::{
    DraftScorecardRequest, GetHealthRequest, Health, HealthSummary, ListHealthRequest,
    ListScorecardsRequest, PublishScorecardRequest, SignalKind,
};
use keizoku_proto::onboarding::{
    CompleteTaskRequest, GetOnboardingRequest, HoldOnboardingRequest, MoveOnboardingRequest,
    Onboarding, ResumeOnboardingRequest,
};
use keizoku_runtime::Token;
use keizoku_testkit::{Scene, logs};

use super::world::{NOW, World};
use crate::random::Random;
use crate::reacted;

const STEPS: u64 = 30;
/// What signals tell, and the values they take.
const KINDS: [(SignalKind, i64, u64); 6] = [
    (SignalKind::SignIns, 0, 800),
    (SignalKind::ActiveUsers, 0, 400),
    (SignalKind::Nps, -100, 201),
    (SignalKind::CsmPulse, 1, 5),
    (SignalKind::SupportTickets, 0, 12),
    (SignalKind::ExpectationGap, 0, 4),
];

/// What these answers do not follow from: sign-ins are no contact where somebody looks after the customer.
const FOLLOWS: [&str; 6] = [
    "feature_first_used",
    "health_band_changed",
    "reactions_advanced",
    "sign_in_seen",
    "signals_fell_silent",
    "silence_ended",
];

/// What was said at an instant.
struct Said {
    at: Timestamp,
    health: Health,
    onboarding: Onboarding,
    /// How far each log was, before it was said.
    heads: BTreeMap<&'static str, u64>,
}

impl World {
    async fn tokens(&self, heads: &BTreeMap<&'static str, u64>) -> Vec<String> {
        let listed = self.summaries(&[]).await;
        let marks = listed.1.into_iter();
        let token = |(source, log_id): (String, String)| {
            let head = Position(heads[source.as_str()]);
            Token::of(log_id.parse().unwrap(), head).encode()
        };
        marks.map(token).collect()
    }

    /// Scores now, and the sources of the list with the ids of their logs.
    async fn summaries(&self, tokens: &[String]) -> (Vec<HealthSummary>, Vec<(String, String)>) {
        let request = ListHealthRequest {
            consistency_tokens: tokens.to_vec(),
            ..ListHealthRequest::default()
        };
        let answer = self.scene.api.health_scores().list_health(request).await;
        let answer = answer.unwrap().into_inner();
        let marks = answer.watermarks.into_iter();
        let marks = marks.map(|mark| (mark.source, mark.log_id)).collect();
        (answer.accounts, marks)
    }

    async fn health_at(&self, at: Option<Timestamp>, tokens: Vec<String>) -> Health {
        let request = GetHealthRequest {
            account: self.account.name.clone(),
            time: at.map(keizoku_proto::timestamp),
            consistency_tokens: tokens,
        };
        let answer = self.scene.api.health_scores().get_health(request).await;
        answer.unwrap().into_inner().health.unwrap()
    }

    async fn onboarding_at(&self, name: &str, at: Option<Timestamp>) -> Onboarding {
        let request = GetOnboardingRequest {
            name: name.to_owned(),
            as_of: at.map(|at| AsOf {
                known_at: Some(keizoku_proto::timestamp(at)),
                on: None,
            }),
            ..GetOnboardingRequest::default()
        };
        let answer = self.scene.api.onboardings().get_onboarding(request).await;
        answer.unwrap().into_inner().onboarding.unwrap()
    }

    async fn say(&self, now: &Zoned, name: &str) -> Said {
        reacted::to_onboardings(&self.cluster).await;
        let heads = logs::heads(self.cluster.folder());
        let tokens = self.tokens(&heads).await;
        Said {
            at: now.timestamp(),
            health: self.health_at(None, tokens).await,
            onboarding: self.onboarding_at(name, None).await,
            heads,
        }
    }

    /// Something that happens; what is refused happens not.
    async fn happens(&self, random: &mut Random, now: &Zoned, onboarding: &Onboarding) {
        let name = onboarding.name.clone();
        let request_id = self.id();
        let phases = &onboarding.phases;
        let mut below = |end: usize| usize::try_from(random.below(end as u64)).unwrap();
        let mut onboardings = self.scene.api.onboardings();
        match below(12) {
            0 => {
                let request = AssignAccountRequest {
                    name: self.account.name.clone(),
                    tier: Some(["Enterprise", "Mid", "SMB"][below(3)].to_owned()),
                    effective_date: Some(
                        keizoku_core::Day::of(now.timestamp(), now.time_zone()).into(),
                    ),
                    request_id,
                    ..AssignAccountRequest::default()
                };
                let answer = self.scene.api.accounts().assign_account(request).await;
                let token = answer.unwrap().into_inner().consistency_token;
                self.scene.changed_accounts(token);
            }
            1 | 2 => {
                let request = MoveOnboardingRequest {
                    name,
                    phase: phases[below(phases.len())].key.clone(),
                    reason: "方針が変わった".to_owned(),
                    request_id,
                    ..MoveOnboardingRequest::default()
                };
                drop(onboardings.move_onboarding(request).await);
            }
            3 => {
                let phase = &phases[below(phases.len())];
                let request = CompleteTaskRequest {
                    name,
                    task: phase.tasks[below(phase.tasks.len())].key.clone(),
                    request_id,
                    ..CompleteTaskRequest::default()
                };
                drop(onboardings.complete_task(request).await);
            }
            4 => {
                let until = now.date().checked_add(40.days()).unwrap();
                let request = HoldOnboardingRequest {
                    name,
                    until_date: Some(keizoku_core::Day::try_from(until).unwrap().into()),
                    reason: "決算".to_owned(),
                    request_id,
                    ..HoldOnboardingRequest::default()
                };
                drop(onboardings.hold_onboarding(request).await);
            }
            5 => {
                let request = ResumeOnboardingRequest {
                    name,
                    request_id,
                    ..ResumeOnboardingRequest::default()
                };
                drop(onboardings.resume_onboarding(request).await);
            }
            6 => {
                let cap = i32::try_from(below(101)).unwrap();
                self.publish_scorecard(cap).await;
            }
            _ => {
                let (kind, least, range) = KINDS[below(KINDS.len())];
                let value = least + i64::try_from(below(usize::try_from(range).unwrap())).unwrap();
                let days = i64::try_from(below(20)).unwrap();
                let at = now.checked_sub(days.days()).unwrap().timestamp();
                self.tells(&self.account, (kind, ""), value, at).await;
            }
        }
    }

    /// Other caps for everybody of a tier, from now on.
    async fn publish_scorecard(&self, cap: i32) {
        let mut api = self.scene.api.health_scores();
        let cards = api.list_scorecards(ListScorecardsRequest {}).await;
        let cards = cards.unwrap().into_inner().scorecards;
        let mid = cards.into_iter().find(|card| card.key == "mid").unwrap();
        let mut card = mid
            .versions
            .into_iter()
            .next_back()
            .unwrap()
            .scorecard
            .unwrap();
        card.unfinished_onboarding_cap = cap;
        let draft = DraftScorecardRequest {
            key: mid.key.clone(),
            scorecard: Some(card),
            request_id: self.id(),
            ..DraftScorecardRequest::default()
        };
        api.draft_scorecard(draft).await.unwrap();
        let publish = PublishScorecardRequest {
            key: mid.key,
            request_id: self.id(),
            ..PublishScorecardRequest::default()
        };
        drop(api.publish_scorecard(publish).await);
    }
}

/// Whether everything that had been recorded by an instant, and that answers follow from, had been recorded when
/// it was said: what a reaction records at the same instant may come later.
fn is_whole(world: &World, said: &Said) -> bool {
    ["accounts", "onboarding", "healthscore"]
        .iter()
        .all(|service| {
            let mut is_whole = true;
            logs::for_each(world.cluster.folder(), service, |event| {
                let is_known = event.position.0 <= said.heads[service];
                let follows = FOLLOWS.contains(&&*event.kind);
                is_whole &= is_known || follows || event.recorded_at > said.at;
            });
            is_whole
        })
}

async fn replay(seed: u64) {
    let world = World::new("replay").await;
    let mut random = Random::of(seed);
    // Services react to what is recorded after the instant at which they began.
    let mut now: Zoned = NOW.parse().unwrap();
    now = now.checked_add(1.minutes()).unwrap();
    world.cluster.set(&now.to_string());
    world.scene.subscription(&world.account, 1, |_| ()).await;
    let onboarding = world.start(&world.account, |_| ()).await;
    let mut said = Vec::new();
    for _ in 0..STEPS {
        for _ in 0..=random.below(3) {
            world.happens(&mut random, &now, &onboarding).await;
        }
        // Nothing else happens at the instant of a question, and values go stale in between.
        now = now.checked_add(1.minutes()).unwrap();
        world.cluster.set(&now.to_string());
        said.push(world.say(&now, &onboarding.name).await);
        let days = i64::try_from(random.below(13)).unwrap();
        now = now.checked_add(days.days().minutes(1)).unwrap();
        world.cluster.set(&now.to_string());
    }
    said.retain(|said| is_whole(&world, said));
    assert!(said.len() > 25, "{} of {STEPS} can be compared", said.len());
    let bands = said
        .iter()
        .map(|said| said.health.band)
        .collect::<std::collections::BTreeSet<_>>();
    assert!(bands.len() > 1, "nothing happens to bands: {bands:?}");
    for one in &said {
        check(&world, one, "live").await;
    }
    let heads = logs::heads(world.cluster.folder());
    let (listed, _) = world.summaries(&world.tokens(&heads).await).await;

    let World {
        cluster,
        scene,
        account,
        csm,
    } = world;
    drop(scene);
    let forget = |folder: &std::path::Path, _: &mut _| {
        for model in ["healthscore", "onboarding"] {
            std::fs::remove_file(folder.join(format!("{model}.model.sqlite"))).unwrap();
        }
    };
    let cluster = cluster.restart_after(forget).await;
    let scene = Scene::new("after", cluster.api("csm").await);
    let world = World {
        cluster,
        scene,
        account,
        csm,
    };
    for one in &said {
        check(&world, one, "read anew").await;
    }
    let heads = logs::heads(world.cluster.folder());
    let (again, _) = world.summaries(&world.tokens(&heads).await).await;
    assert_eq!(again, listed, "seed {seed}");
}

async fn check(world: &World, said: &Said, how: &str) {
    let health = world.health_at(Some(said.at), Vec::new()).await;
    assert_eq!(health, said.health, "{how}, {}", said.at);
    let onboarding = world
        .onboarding_at(&said.onboarding.name, Some(said.at))
        .await;
    assert_eq!(onboarding, said.onboarding, "{how}, {}", said.at);
}

#[tokio::test]
async fn hlt_5_onb_7_replay_equals_live_at_any_instant_for_scores_bands_and_pipeline() {
    for seed in 0..3 {
        replay(seed).await;
    }
}
