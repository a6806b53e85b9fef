//! A score among many accounts, and what passing time costs.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{Clock as _, SystemClock};
use keizoku_proto::healthscore::health_score_service_client::HealthScoreServiceClient;
use keizoku_proto::healthscore::{Band, GetHealthRequest, HealthFilter, ListHealthRequest};
use tonic::transport::Channel;

use crate::customers;
use crate::support::fill::Filler;
use crate::support::latency::Latencies;
use crate::support::scale::scaled;
use crate::support::{self, Child, Failure};

const CUSTOMERS: u64 = 1_000_000;
const QUESTIONS: u64 = 5_000;
/// Of the customers, one of so many goes stale while the clock is watched.
const STALE: u64 = 100;
const WATCHED: Duration = Duration::from_secs(10);
/// Use is stale after so many days.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(24 * 14);

pub(crate) async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let data = folder.path().join("data");
    let customers = scaled(CUSTOMERS).max(1_000);
    let mut filler = Filler::over(&data, SignedDuration::from_hours(24 * 20), customers * 3)?;
    for number in 0..customers {
        customers::write(&mut filler, number, None)?;
    }
    // Some go stale soon: far enough away that the models are built by then.
    let builds = Duration::from_secs(30 + customers / 5_000);
    let begins = SystemClock.now() + SignedDuration::try_from(builds)?;
    let goes_stale = begins - STALE_AFTER;
    let a_while_ago = SystemClock.now() - SignedDuration::from_hours(24);
    for number in 0..customers {
        let micros = i64::try_from(number % 5_000_000)? % 5_000_000;
        let at = match number % STALE {
            0 => goes_stale + SignedDuration::from_micros(micros),
            _ => a_while_ago,
        };
        customers::write_signals(&mut filler, number, at, i64::try_from(number % 101)?)?;
    }
    filler.finish()?;
    let began = Instant::now();
    let server = Child::keizoku(&data)?;
    let keizoku = server.channel().await?;
    until_all(&keizoku, customers).await?;
    println!(
        "scores of {customers} accounts from nothing: {:.1?}; VmRSS {} MB",
        began.elapsed(),
        server.memory("VmRSS")? >> 20
    );
    questions(&keizoku, customers).await?;
    passing_time(&server, &keizoku, customers, begins).await
}

async fn until_all(keizoku: &Channel, customers: u64) -> Result<(), Failure> {
    let mut api = HealthScoreServiceClient::new(keizoku.clone());
    loop {
        let list = api.list_health(ListHealthRequest::default()).await;
        let total = list.map_or(0, |list| list.into_inner().total_size);
        if total == i64::try_from(customers)? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn questions(keizoku: &Channel, customers: u64) -> Result<(), Failure> {
    let mut api = HealthScoreServiceClient::new(keizoku.clone());
    let (mut scores, mut lists) = (Latencies::new(), Latencies::new());
    let mut place = 1;
    for number in 0..scaled(QUESTIONS).max(100) {
        // Anywhere, so that no cache helps.
        place = (place * 6_364_136_223_846_793_005_u64.wrapping_add(number)) % customers.max(1);
        let request = GetHealthRequest {
            account: keizoku_runtime::names::account(customers::account(place)),
            ..GetHealthRequest::default()
        };
        let began = Instant::now();
        let answer = api.get_health(request).await?.into_inner();
        scores.record(began.elapsed());
        if answer
            .health
            .is_none_or(|health| health.contributions.is_empty())
        {
            return Err("a score without an explanation".into());
        }
        if number % 50 == 0 {
            let began = Instant::now();
            api.list_health(reds()).await?;
            lists.record(began.elapsed());
        }
    }
    println!("score with explanation       {scores}  (goal p99 ≤ 5 ms)");
    println!("list of the red, 50 of them  {lists}");
    Ok(())
}

fn reds() -> ListHealthRequest {
    ListHealthRequest {
        filter: Some(HealthFilter {
            bands: vec![Band::Red.into()],
            ..HealthFilter::default()
        }),
        ..ListHealthRequest::default()
    }
}

/// Processor time while scores go stale, and while none does.
async fn passing_time(
    server: &Child,
    keizoku: &Channel,
    customers: u64,
    begins: Timestamp,
) -> Result<(), Failure> {
    let left = SystemClock.now().duration_until(begins);
    let Ok(left) = Duration::try_from(left) else {
        println!("THE MODELS TOOK TOO LONG: what passing time costs was not measured");
        return Ok(());
    };
    tokio::time::sleep(left).await;
    let watched = async || {
        let before = server.cpu()?;
        tokio::time::sleep(WATCHED).await;
        Ok::<_, Failure>(server.cpu()?.saturating_sub(before))
    };
    let busy = watched().await?;
    let idle = watched().await?;
    let changed = customers / STALE;
    let count = f64::from(u32::try_from(changed.max(1))?);
    let each = busy.saturating_sub(idle).as_secs_f64() / count;
    println!(
        "time passing, {customers} accounts: {idle:.2?} of a processor in {WATCHED:?} without a \
         change, {busy:.2?} with {changed}: {:.0} µs for each",
        each * 1e6
    );
    drop(keizoku.clone());
    Ok(())
}
