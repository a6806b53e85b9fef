//! A score of now is what a replay says, wherever the model that scores go on from is with the accounts' log
//! (HLT-5): the book may know of what was recorded before a score was left, and the model not yet.

use std::collections::BTreeMap;

use jiff::Zoned;
use keizoku_cli::client::settle;
use keizoku_proto::accounts::Account;
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::healthscore::{
    GetHealthRequest, Health, HealthStep, IngestSignalsRequest, ListHealthHistoryRequest, Signal,
    SignalKind,
};
use keizoku_testkit::{Cluster, Scene, day};

use super::schedule::Step;
use super::steps::{assign, merge};
use super::world::{Logs, Reader, World};
use crate::random::Random;

const BEGINNING: &str = "2026-11-22T09:00[Asia/Tokyo]";
const NOW: &str = "2026-11-25T09:00[Asia/Tokyo]";
/// Orders that are tried, each from its number.
const ORDERS: u64 = 12;
const READERS: [Reader; 3] = [
    Reader::Book,
    Reader::HealthOfHealth,
    Reader::HealthOfAccounts,
];

async fn says(scene: &Scene, account: &Account, use_of_it: i64, key: &str) {
    let kinds = [
        (SignalKind::ActiveUsers, use_of_it),
        (SignalKind::CsmPulse, 5),
    ];
    let at = "2026-11-21T00:00:00Z".parse().unwrap();
    let signals = kinds.map(|(kind, value)| Signal {
        account: account.name.clone(),
        kind: kind.into(),
        value,
        occur_time: Some(keizoku_proto::timestamp(at)),
        source: "app".to_owned(),
        key: format!("{}-{key}", kind.as_str_name()),
        ..Signal::default()
    });
    let batch = IngestSignalsRequest {
        signals: signals.into(),
        consistency_tokens: scene.account_tokens(),
    };
    let mut api = scene.api.health_scores();
    let answers = api.ingest_signals(tokio_stream::iter([batch])).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap();
    let answer = answer.unwrap();
    let mut results = answer.results.iter();
    assert!(
        results.all(|result| result.outcome() == ImportOutcome::Created),
        "{:?}",
        answer.results
    );
    scene.changed_risks(answer.consistency_token);
}

/// Tiers that change at the instant at which signals arrive and beside it, and a merge. Answers the accounts.
async fn record(cluster: &Cluster, scene: &Scene) -> Vec<String> {
    let mut accounts = Vec::new();
    for name in ["緑川印刷", "緑川印刷所", "北斗物流", "みなと食品"] {
        let account = scene.account(name, |fields| fields.tier = "Mid".to_owned());
        let account = account.await;
        scene.subscription(&account, 100_000, |_| {}).await;
        accounts.push(account);
    }
    let [midori, duplicate, hokuto, minato] = &accounts[..] else {
        panic!("there are four");
    };
    for (account, use_of_it) in [(duplicate, 60), (hokuto, 60), (minato, 60)] {
        says(scene, account, use_of_it, "first").await;
    }
    for (now, tier) in [
        ("2026-11-23T09:00[Asia/Tokyo]", "Enterprise"),
        ("2026-11-24T09:00[Asia/Tokyo]", "SMB"),
    ] {
        cluster.set(now);
        let now: Zoned = now.parse().unwrap();
        let today = day(2026, 11, now.day().into());
        says(scene, hokuto, 50, tier).await;
        assign(scene, hokuto, today, |to| to.tier = Some(tier.to_owned())).await;
        assign(scene, minato, today, |to| to.tier = Some(tier.to_owned())).await;
        says(scene, minato, 50, tier).await;
    }
    merge(scene, duplicate, midori).await;
    cluster.set(NOW);
    accounts.into_iter().map(|account| account.name).collect()
}

type Said = BTreeMap<String, (Health, Vec<HealthStep>)>;

async fn ask(api: &keizoku_cli::client::Connection, accounts: &[String]) -> Said {
    let mut said = Said::new();
    for account in accounts {
        let get = GetHealthRequest {
            account: account.clone(),
            ..GetHealthRequest::default()
        };
        let health = api.health_scores().get_health(get).await.unwrap();
        let list = ListHealthHistoryRequest {
            account: account.clone(),
            ..ListHealthHistoryRequest::default()
        };
        let mut client = api.health_scores();
        let listed = client.list_health_history(list).await.unwrap();
        let health = health.into_inner().health.unwrap();
        said.insert(account.clone(), (health, listed.into_inner().steps));
    }
    said
}

#[tokio::test]
async fn hlt_5_rx_9_a_score_of_now_is_what_a_replay_says_while_the_model_is_behind_the_book() {
    let cluster = Cluster::at(BEGINNING).await;
    let scene = Scene::new("behind", cluster.api("csm").await);
    let accounts = record(&cluster, &scene).await;
    settle(&scene.api, &scene.tokens()).await;
    let expected = ask(&scene.api, &accounts).await;
    for (health, steps) in expected.values() {
        let last = steps.last().unwrap();
        assert_eq!((health.score, health.band), (last.score, last.band));
    }
    drop(scene);
    let folder = cluster.stop().await;
    let now: Zoned = NOW.parse().unwrap();
    let logs = Logs::of(folder.path(), now.timestamp());
    for seed in 0..ORDERS {
        try_order(&logs, &accounts, &expected, seed).await;
    }
    logs.close().await;
}

/// Lets the readers go on in some order, the model of the accounts last, and asks at each of its steps.
async fn try_order(logs: &Logs, accounts: &[String], expected: &Said, seed: u64) {
    let mut random = Random::of(seed);
    let world = World::over(logs).await;
    let mut read = READERS.map(|reader| (reader, 0, logs.length(reader)));
    loop {
        let mut going: Vec<_> = read.iter_mut().filter(|(_, to, end)| to < end).collect();
        let is_behind = matches!(going[..], [&mut (Reader::HealthOfAccounts, ..)]);
        if going.is_empty() || is_behind {
            let said = ask(&world.api, accounts).await;
            assert_eq!(&said, expected, "order {seed}: {going:?}");
        }
        if going.is_empty() {
            break;
        }
        let chosen = usize::try_from(random.below(going.len() as u64)).unwrap();
        let (reader, to, end) = &mut *going[chosen];
        *to += 1 + random.below(*end - *to);
        let (reader, to) = (*reader, *to);
        world.step(Step { reader, to }).await;
        for _ in 0..random.below(400) {
            // The keeper may be anywhere.
            tokio::task::yield_now().await;
        }
    }
    world.stop().await;
}
