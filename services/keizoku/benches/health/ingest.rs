//! Signals in, durable, beside the same events appended to a bare log; and when they are visible.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream::{self, TryStreamExt as _};
use jiff::SignedDuration;
use keizoku_core::{Clock as _, NewEvent, Revision, SystemClock, SystemEntropy, derive_id};
use keizoku_healthscore::domain::{chunk_stream, month_of};
use keizoku_log::EventLog as _;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::health_score_service_client::HealthScoreServiceClient;
use keizoku_proto::healthscore::{GetHealthRequest, ListHealthRequest, Signal, SignalsRecorded};
use tonic::transport::Channel;

use crate::customers::{self, BATCH, KINDS};
use crate::support::fill::Filler;
use crate::support::latency::Latencies;
use crate::support::scale::scaled;
use crate::support::{self, Child, Failure, Spread};

const CUSTOMERS: u64 = 100_000;
const PAIRS: u64 = 7;
/// Batches of a round.
const BATCHES: usize = 20;
/// Appends in flight: those of the server.
const IN_FLIGHT: usize = 256;
const SAMPLES: u64 = 1_000;
const EVERY: Duration = Duration::from_millis(10);

pub(crate) async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let data = folder.path().join("data");
    let customers = scaled(CUSTOMERS).max(200);
    let mut filler = Filler::over(&data, SignedDuration::from_hours(24), customers * 2)?;
    for number in 0..customers {
        customers::write(&mut filler, number, None)?;
    }
    filler.finish()?;
    let server = Child::keizoku(&data)?;
    let keizoku = server.channel().await?;
    let (mut rates, mut raws, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let raw = raw(pair, customers).await?;
        let sent = sent(&keizoku, pair, customers).await?;
        println!("pair {pair}: bare log {raw:.0}/s, IngestSignals {sent:.0}/s");
        ratios.push(sent / raw);
        raws.push(raw);
        rates.push(sent);
    }
    println!(
        "signals into a bare log      {}",
        Spread::of(raws).per_second()
    );
    println!(
        "IngestSignals                {}  (goal ≥ 50,000/s)",
        Spread::of(rates).per_second()
    );
    println!("IngestSignals / bare log     {}", Spread::of(ratios));
    kept(&keizoku).await?;
    visible(&keizoku, customers).await
}

/// So many signals as a round has, in the order of customers.
fn batches(customers: u64) -> u64 {
    let full = BATCHES * BATCH / KINDS.len();
    (full as u64).min(customers)
}

/// Signals a second over the API, each on disk when it is answered.
async fn sent(keizoku: &Channel, round: u64, customers: u64) -> Result<f64, Failure> {
    let at = SystemClock.now() - SignedDuration::from_secs(60);
    let all: Vec<Signal> = (0..batches(customers))
        .flat_map(|number| customers::to_send(number, &format!("round-{round}"), at, 80))
        .collect();
    let began = Instant::now();
    customers::send(keizoku, &all).await?;
    Ok(f64::from(u32::try_from(all.len())?) / began.elapsed().as_secs_f64())
}

/// The same events into a log that nobody reads.
async fn raw(round: u64, customers: u64) -> Result<f64, Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let path = folder.path().join("raw.log.sqlite");
    let options = SqliteOptions::new(path, Arc::new(SystemClock), Arc::new(SystemEntropy));
    let log = SqliteLog::open(options)?;
    let at = SystemClock.now();
    let appends: Vec<_> = (0..batches(customers))
        .map(|number| {
            let (account, month) = (customers::account(number), month_of(at));
            let kind = Kind::SignalsRecorded(SignalsRecorded {
                account_id: account.to_string(),
                month,
                signals: customers::signals(&format!("round-{round}"), at, 80),
            });
            let event = NewEvent {
                id: derive_id("raw", &[&number.to_be_bytes()]),
                kind: kind.type_name(),
                data: kind.to_bytes(),
                metadata: vec![0; 100],
            };
            (chunk_stream(account, month), event)
        })
        .collect();
    let count = appends.len() * KINDS.len();
    let began = Instant::now();
    stream::iter(appends)
        .map(|(stream, event)| {
            let log = &log;
            async move { log.append(&stream, Revision::NONE, vec![event]).await }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_for_each(async |_| Ok(()))
        .await?;
    let rate = f64::from(u32::try_from(count)?) / began.elapsed().as_secs_f64();
    log.close().await;
    Ok(rate)
}

/// How long it takes until all of it is in the scores, once nothing more arrives.
async fn kept(keizoku: &Channel) -> Result<(), Failure> {
    let began = Instant::now();
    let mut api = HealthScoreServiceClient::new(keizoku.clone());
    let (mut found, mut same) = (-1, 0);
    while same < 20 {
        let answer = api.list_health(ListHealthRequest::default()).await?;
        let total = answer.into_inner().total_size;
        same = if total == found { same + 1 } else { 0 };
        found = total;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!(
        "scores of {found} accounts worked off {:.1?} after the last acknowledgement",
        began.elapsed().saturating_sub(Duration::from_secs(2))
    );
    Ok(())
}

/// From the acknowledgement of a signal to the answers that have it, asked again at once without tokens.
async fn visible(keizoku: &Channel, customers: u64) -> Result<(), Failure> {
    let (mut in_score, mut in_list) = (Latencies::new(), Latencies::new());
    let mut api = HealthScoreServiceClient::new(keizoku.clone());
    let mut starts = tokio::time::interval(EVERY);
    for number in 0..scaled(SAMPLES) {
        starts.tick().await;
        let at = SystemClock.now() - SignedDuration::from_secs(1);
        let key = format!("sample-{number}");
        let signals = customers::to_send(number % customers, &key, at, 20);
        let token = customers::send(keizoku, &signals).await?;
        let acknowledged = Instant::now();
        let account = customers::account(number % customers);
        let request = GetHealthRequest {
            account: keizoku_runtime::names::account(account),
            ..GetHealthRequest::default()
        };
        loop {
            let health = api.get_health(request.clone()).await?.into_inner().health;
            let found = health.unwrap_or_default().contributions.into_iter();
            let keys = found.filter_map(|one| one.signal).map(|signal| signal.key);
            if keys.into_iter().any(|found| found.starts_with(&key)) {
                in_score.record(acknowledged.elapsed());
                break;
            }
        }
        let list = ListHealthRequest {
            page_size: 1,
            consistency_tokens: vec![token],
            ..ListHealthRequest::default()
        };
        api.list_health(list).await?;
        in_list.record(acknowledged.elapsed());
    }
    println!("acknowledged to the score    {in_score}  (goal p99 ≤ 100 ms)");
    println!("acknowledged to the list     {in_list}  (goal p99 ≤ 100 ms)");
    Ok(())
}
