//! Signals: row by row, once each, whatever is sent again or breaks off (HLT-1).

use keizoku_proto::accounts::MergeAccountsRequest;
use keizoku_proto::common::ImportOutcome::{Created, Rejected, Unchanged};
use keizoku_proto::healthscore::{IngestSignalsRequest, Signal, SignalKind};
use keizoku_testkit::logs;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::world::{World, outcomes, reasons};

/// How many events hold signals.
fn recorded(world: &World) -> usize {
    logs::count(world.cluster.folder(), "healthscore", "signals_recorded")
}

#[tokio::test]
async fn hlt_1_bad_rows_are_refused_with_their_reasons_and_the_good_ones_go_in() {
    let world = World::new().await;
    let nps = |at: &str| world.signal(SignalKind::Nps, 40, at);
    let merged = world.scene.account("緑川印刷所", |_| {}).await;
    let request = MergeAccountsRequest {
        duplicate: merged.name.clone(),
        survivor: world.account.name.clone(),
        request_id: world.scene.ids.fresh(),
    };
    let answer = world.scene.api.accounts().merge_accounts(request).await;
    world
        .scene
        .changed_accounts(answer.unwrap().into_inner().consistency_token);
    let of = |account: &str| Signal {
        account: account.to_owned(),
        ..nps("2026-11-20T00:00:00Z")
    };
    let batch = vec![
        nps("2026-11-20T00:00:00Z"),
        nps("2026-11-22T00:00:01Z"),
        nps("2025-03-31T14:59:59Z"),
        of("accounts/0197f0a0-0000-7000-8000-00000000ffff"),
        of(&merged.name),
        Signal {
            value: 101,
            source: String::new(),
            ..nps("2026-11-19T00:00:00Z")
        },
        nps("2025-03-31T15:00:00Z"),
    ];
    let (results, _) = world.send(vec![batch]).await;
    let [results] = results.as_slice() else {
        panic!("{results:?}")
    };
    let refused = [
        "in_the_future",
        "before_contract",
        "account_unknown",
        "account_merged",
        "invalid_fields",
    ];
    assert_eq!(
        reasons(results),
        [&[""], refused.as_slice(), &[""]].concat()
    );
    assert_eq!(outcomes(results)[0], Created);
    assert_eq!(
        outcomes(results)[6],
        Created,
        "the contract's first day, in Tokyo"
    );
    assert!(
        results[4].message.contains(&world.account.name),
        "{}",
        results[4].message
    );
    for field in ["value", "source"] {
        assert!(results[5].message.contains(field), "{}", results[5].message);
    }
    assert_eq!(recorded(&world), 2, "one event for each month");
}

#[tokio::test]
async fn hlt_1_a_hundred_thousand_copies_of_one_signal_are_recorded_once() {
    let world = World::new().await;
    let copy = world.signal(SignalKind::SignIns, 12, "2026-11-20T00:00:00Z");
    let (results, _) = world.send(vec![vec![copy.clone(); 10_000]; 10]).await;
    let outcomes: Vec<_> = results.iter().flat_map(|batch| outcomes(batch)).collect();
    assert_eq!(outcomes.len(), 100_000);
    assert_eq!(outcomes[0], Created);
    assert!(outcomes[1..].iter().all(|outcome| *outcome == Unchanged));
    assert_eq!(recorded(&world), 1);
}

#[tokio::test]
async fn hlt_1_a_key_stands_for_one_signal_for_ever() {
    let world = World::new().await;
    let first = world.signal(SignalKind::SignIns, 12, "2026-11-20T00:00:00Z");
    let other = Signal {
        value: 13,
        ..first.clone()
    };
    world.send(vec![vec![first.clone()]]).await;
    let world = World {
        cluster: world.cluster.restart().await,
        ..world
    };
    let world = world.reconnected().await;
    let elsewhere = Signal {
        source: "helpdesk".to_owned(),
        ..other.clone()
    };
    let (results, _) = world.send(vec![vec![other, first, elsewhere]]).await;
    assert_eq!(outcomes(&results[0]), [Rejected, Unchanged, Created]);
    assert_eq!(reasons(&results[0]), ["key_reused", "", ""]);
}

#[tokio::test]
async fn hlt_1_a_stream_that_breaks_off_is_completed_by_sending_it_again() {
    let world = World::new().await;
    let signal = |day: u32| {
        world.signal(
            SignalKind::SignIns,
            i64::from(day),
            &format!("2026-{day:02}-01T00:00:00Z"),
        )
    };
    let batch = |signals: Vec<Signal>| IngestSignalsRequest {
        signals,
        consistency_tokens: world.scene.account_tokens(),
    };
    let (sender, receiver) = mpsc::channel(1);
    let mut api = world.scene.api.health_scores();
    let answers = api.ingest_signals(ReceiverStream::new(receiver));
    sender
        .send(batch(vec![signal(1), signal(2)]))
        .await
        .unwrap();
    let mut answers = answers.await.unwrap().into_inner();
    let first = answers.message().await.unwrap().unwrap();
    assert_eq!(outcomes(&first.results), [Created, Created]);
    sender
        .send(batch(vec![signal(3), signal(4)]))
        .await
        .unwrap();
    // The connection goes away before the second batch is answered.
    drop((answers, api, sender));
    let again = vec![
        vec![signal(1), signal(2)],
        vec![signal(3), signal(4)],
        vec![signal(5)],
    ];
    let (results, _) = world.send(again).await;
    assert_eq!(outcomes(&results[0]), [Unchanged, Unchanged]);
    assert_eq!(outcomes(&results[2]), [Created]);
    assert_eq!(recorded(&world), 5, "each once");
}

#[tokio::test]
async fn hlt_1_a_batch_that_is_too_large_is_refused_whole() {
    let world = World::new().await;
    let copy = world.signal(SignalKind::SignIns, 12, "2026-11-20T00:00:00Z");
    let batch = IngestSignalsRequest {
        signals: vec![copy; 10_001],
        ..IngestSignalsRequest::default()
    };
    let mut api = world.scene.api.health_scores();
    let answers = api.ingest_signals(tokio_stream::iter([batch])).await;
    let refusal = answers.unwrap().into_inner().message().await.unwrap_err();
    assert!(refusal.message().contains("10001"), "{}", refusal.message());
    assert_eq!(recorded(&world), 0);
}
