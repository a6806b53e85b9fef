//! The real process, killed over and over with sixteen writers in flight, against a ledger that the
//! clients keep: what was acknowledged is there, what was refused is not, what is unknown happened
//! whole or not at all and can be sent again.

mod checks;
mod lives;
mod steps;
mod writer;

use std::collections::BTreeMap;

use keizoku_testkit::{Scene, Serve, logs};
use tempfile::TempDir;

use checks::{Died, check_log, dump, forget_read_models};
use lives::{Death, Plan, live};
use writer::Writer;

use crate::random::Random;

/// Deaths with all writers at work.
const KILLS: u32 = 104;
/// Requests in flight.
pub(crate) const WRITERS: usize = 16;
/// Each named point ends the process at least this often.
const AT_EACH_POINT: u32 = 4;

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_in_a_hundred_kills() {
    let data = TempDir::new().unwrap();
    let mut writers = prepare(&data).await;
    let setup = logs::heads(data.path());
    let mut random = Random::of(20_261_122);
    let mut deaths: BTreeMap<Death, u32> = BTreeMap::new();
    let mut kills = 0;
    for round in 0.. {
        if kills == KILLS {
            break;
        }
        let plan = Plan::of(round, &mut random);
        let (survivors, death) = live(&data, plan, writers).await;
        writers = survivors;
        *deaths.entry(death).or_default() += 1;
        // One while it started, or while it was looked at, does not count.
        kills += u32::from(death.is_at_work());
    }
    println!("{deaths:?}");
    let starting = deaths
        .keys()
        .filter(|death| matches!(death, Death::Starting(_)));
    assert!(
        starting.count() > 0,
        "none died while it started: {deaths:?}"
    );
    for point in lives::POINTS {
        // Models also take events in while a round is looked at: a death there is one at the point
        // all the same, though not one of the hundred.
        let of = |death: Death| deaths.get(&death).copied().unwrap_or(0);
        let hits = of(Death::AtWork(Some(point))) + of(Death::LookedAt(point));
        assert!(
            hits >= AT_EACH_POINT,
            "{point} ended it {hits} times: {deaths:?}"
        );
    }

    // The last life: everything is settled and looked at, the old risks too.
    let server = Serve::on(data.path()).start();
    let api = server.api("csm").await;
    for writer in &mut writers {
        let looked: Result<(), Died> = async {
            writer.settle(&api).await?;
            writer.look_at_all(&api).await
        }
        .await;
        looked.unwrap();
    }
    let live = dump(&api).await;
    assert_eq!(server.stop().await.code(), Some(0));

    let acknowledged: usize = writers.iter().map(Writer::acknowledged).sum();
    println!("{kills} kills, {acknowledged} changes acknowledged");
    assert!(acknowledged > 2_000, "{acknowledged}");
    check_log(&data, &setup, &writers, &live).await;

    // Replay equals live.
    forget_read_models(&data);
    let server = Serve::on(data.path()).start();
    let replayed = dump(&server.api("csm").await).await;
    assert_eq!(replayed, live);
}

/// An account with an onboarding per writer, and one risk that all of them quarrel about.
async fn prepare(data: &TempDir) -> Vec<Writer> {
    let server = Serve::on(data.path()).start();
    let scene = Scene::new("crash", server.api("csm").await);
    let account = scene.account("共有", |_| ()).await;
    let shared = scene.risk(&account, "みんなの案件", |_| ()).await;
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let account = scene.account(&format!("会社{number}"), |_| ()).await;
        writers.push(Writer::new(number, &scene, &account, &shared).await);
    }
    // What begins becomes a signal (RX-4): everything that is recorded later was asked for.
    while logs::count(data.path(), "healthscore", "signals_recorded") < WRITERS {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.stop().await.code(), Some(0));
    writers
}
