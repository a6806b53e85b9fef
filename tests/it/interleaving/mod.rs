//! RX-9 through whole services: whatever the order in which read models hear of the logs of
//! several services, they answer in the end as the server did that recorded it all.

mod asked;
mod behind;
mod bus;
mod health;
mod history;
mod messages;
mod onboardings;
mod questions;
mod schedule;
mod steps;
mod world;

use futures::{StreamExt as _, stream};
use jiff::Zoned;
use keizoku_cli::client::settle;
use keizoku_core::Position;
use keizoku_proto::risk;
use keizoku_runtime::Token;
use keizoku_testkit::{Cluster, Scene, logs};

use history::Cast;
use questions::{Answers, ask, ask_meanwhile};
use schedule::Schedule;
use world::{Logs, World};

/// Schedules that are tried, each from its number.
const SCHEDULES: u64 = 24;
/// Worlds at a time: most of what they do is to wait for more events before they write.
const AT_ONCE: usize = 8;

#[tokio::test]
async fn rx_9_services_answer_the_same_whatever_the_interleaving_between_sources() {
    let cluster = Cluster::at(history::BEGINNING).await;
    let scene = Scene::new("interleaving", cluster.api("csm").await);
    // Services react to what is recorded after the instant at which they began.
    cluster.set("2026-09-15T10:01[Asia/Tokyo]");
    let cast = Box::pin(history::record(&cluster, &scene)).await;
    // An account of it churns: what follows in other logs is there before anybody is asked.
    let ended = onboardings::ended(&cluster, &scene).await;
    follows(&cluster).await;
    let health = health::settled(&cluster, &scene).await;
    for tokens in [
        scene.tokens(),
        scene.account_tokens(),
        vec![ended],
        vec![health.clone()],
        vec![suggested(&cluster, &scene).await],
    ] {
        settle(&scene.api, &tokens).await;
    }
    let expected = ask(&scene.api, &cast, true).await;
    drop(scene);
    let folder = cluster.stop().await;
    let now: Zoned = history::NOW.parse().unwrap();
    let logs = Logs::of(folder.path(), now.timestamp());
    let tried = stream::iter(0..SCHEDULES).for_each_concurrent(AT_ONCE, |seed| {
        let (logs, cast, expected, health) = (&logs, &cast, &expected, &health);
        async move { try_schedule(logs, cast, expected, health, seed).await }
    });
    tried.await;
    logs.close().await;
}

/// Waits until the risk log has what follows from the end of an account and of its onboarding.
async fn follows(cluster: &Cluster) {
    let folder = cluster.folder();
    for (source, cause) in [
        ("accounts", "account_churned"),
        ("onboarding", "onboarding_ended"),
    ] {
        while logs::last(folder, source, cause)
            .is_none_or(|at| logs::dealt_with::<risk::event::Kind>(folder, "risk", source) < at)
        {
            tokio::task::yield_now().await;
        }
    }
}

/// A token of everything in the risk log.
async fn suggested(cluster: &Cluster, scene: &Scene) -> String {
    let head = logs::heads(cluster.folder())["risk"];
    let request = risk::ListRisksRequest::default();
    let listed = scene.api.risks().list_risks(request).await.unwrap();
    let listed = listed.into_inner();
    let mut watermarks = listed.watermarks.iter();
    let own = watermarks.find(|mark| mark.source == "risk").unwrap();
    Token::of(own.log_id.parse().unwrap(), Position(head)).encode()
}

async fn try_schedule(logs: &Logs, cast: &Cast, expected: &Answers, health: &str, seed: u64) {
    let schedule = Schedule::of(seed, |reader| logs.length(reader));
    let world = World::over(logs).await;
    for (number, step) in schedule.steps.iter().enumerate() {
        if number == schedule.asked_after {
            ask_meanwhile(&world.api, cast).await;
        }
        world.step(*step).await;
    }
    health::worked_off(&world.api, health, || world.hears_of_its_bands()).await;
    let answers = ask(&world.api, cast, false).await;
    for (question, expected) in expected {
        let answer = answers.get(question);
        assert_eq!(
            answer,
            Some(expected),
            "{question} is answered otherwise on schedule {seed}: {schedule:?}"
        );
    }
    world.stop().await;
}
