//! A score among many accounts, and what passing time costs.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use keizoku_core::{Clock as _, SystemClock};
use keizoku_proto::healthscore::health_score_service_client::HealthScoreServiceClient;
use keizoku_proto::healthscore::{
    Band, Contribution, GetHealthRequest, HealthFilter, ListHealthRequest, Standing,
};
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
    let history = SignedDuration::from_hours(24 * 20);
    let mut filler = Filler::over(&data, history, customers * 2)?;
    for number in 0..customers {
        customers::write(&mut filler, number, None)?;
    }
    filler.finish()?;
    let server = Child::keizoku(&data)?;
    customers::until_idle(&server).await?;
    let without = server.memory("VmRSS")?;
    drop(server);
    let mut filler = Filler::over(&data, history, customers)?;
    let a_day_ago = SystemClock.now() - SignedDuration::from_hours(24);
    for number in 0..customers {
        let at = match number % STALE {
            0 => a_day_ago - STALE_AFTER, // stale already
            _ => a_day_ago,
        };
        customers::write_signals(&mut filler, number, at, does(number)?)?;
    }
    filler.finish()?;
    let began = Instant::now();
    let server = Child::keizoku(&data)?;
    let keizoku = server.channel().await?;
    until_all(&keizoku, customers).await?;
    println!(
        "scores of {customers} accounts from nothing: {:.1?}",
        began.elapsed()
    );
    customers::until_idle(&server).await?;
    let with = server.memory("VmRSS")?;
    println!(
        "VmRSS {} MB with accounts alone, {} MB with scores: {} bytes more per account",
        without >> 20,
        with >> 20,
        with.saturating_sub(without) / customers
    );
    questions(&keizoku, customers).await?;
    passing_time(&server, &keizoku, customers).await
}

fn does(number: u64) -> Result<i64, Failure> {
    Ok(i64::try_from(number % 101)?)
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
async fn passing_time(server: &Child, keizoku: &Channel, customers: u64) -> Result<(), Failure> {
    let mut api = HealthScoreServiceClient::new(keizoku.clone());
    let numbers: Vec<u64> = (0..customers).step_by(usize::try_from(STALE)?).collect();
    // Values that are fresh for a little longer: until everything is worked off.
    let lead = Duration::from_secs(10 + numbers.len() as u64 / 500);
    let begins = SystemClock.now() + SignedDuration::try_from(lead)?;
    let mut signals = Vec::new();
    for number in &numbers {
        let offset = SignedDuration::from_micros(i64::try_from(number * 1_009 % 5_000_000)?);
        let at = begins + offset - STALE_AFTER;
        signals.extend(customers::to_send(*number, "fresh", at, does(*number)?));
    }
    let token = customers::send(keizoku, &signals).await?;
    let list = ListHealthRequest {
        consistency_tokens: vec![token],
        ..ListHealthRequest::default()
    };
    while api.list_health(list.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let left = SystemClock.now().duration_until(begins);
    let left = Duration::try_from(left).map_err(|_| "it took too long until values were fresh")?;
    let fresh = count_fresh(&mut api, &numbers).await?;
    tokio::time::sleep(left.saturating_sub(Duration::from_secs(1))).await;
    let watched = async || {
        let before = server.cpu()?;
        tokio::time::sleep(WATCHED).await;
        Ok::<_, Failure>(server.cpu()?.saturating_sub(before))
    };
    let busy = watched().await?;
    let idle = watched().await?;
    let stale = count_fresh(&mut api, &numbers).await?;
    let each = busy.saturating_sub(idle).as_secs_f64() / f64::from(u32::try_from(numbers.len())?);
    println!(
        "time passing, {customers} accounts: {idle:.2?} of a processor in {WATCHED:?} without a \
         change, {busy:.2?} with {}: {:.0} µs for each  (of a sample, {fresh} were fresh before, {stale} after)",
        numbers.len(),
        each * 1e6
    );
    Ok(())
}

/// How many of a few accounts have a fresh value of use.
async fn count_fresh(
    api: &mut HealthScoreServiceClient<Channel>,
    numbers: &[u64],
) -> Result<usize, Failure> {
    let mut count = 0;
    for number in numbers.iter().take(10) {
        let request = GetHealthRequest {
            account: keizoku_runtime::names::account(customers::account(*number)),
            ..GetHealthRequest::default()
        };
        let health = api.get_health(request).await?.into_inner().health;
        let lines = health.unwrap_or_default().contributions;
        let is_fresh = |line: &Contribution| {
            line.measure == "active_users" && line.standing() == Standing::Fresh
        };
        count += usize::from(lines.iter().any(is_fresh));
    }
    Ok(count)
}
