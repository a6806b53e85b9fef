//! Ten times as many clients as there are places for requests in flight: what is refused, how fast, and
//! what is done all the same.
//!
//! A client that is refused waits as long as it is told to, and tries again. Run it with
//! `./dev bench overload`.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::time::{Duration, Instant};

use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use support::latency::Latencies;
use support::load::throughput;
use support::{Child, a_customer, request_id};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Places, as the configuration has them by default.
const PLACES: usize = 512;
const CLIENTS: usize = 10 * PLACES;
/// So many share a connection, each of which has 512 streams.
const PER_CONNECTION: usize = 512;
const ROUND: Duration = Duration::from_secs(10);

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let server = Child::keizoku(folder.path())?;
    let first = server.channel().await?;
    let account = a_customer(first.clone(), 0).await?;
    let opened = Cell::new(0);
    let open = |channel: Channel| {
        let number = opened.replace(opened.get() + 1);
        let request = OpenRiskRequest {
            parent: account.clone(),
            display_name: "予算削減の話が出ている".to_owned(),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            request_id: request_id("open", number),
            ..OpenRiskRequest::default()
        };
        async move { RiskServiceClient::new(channel).open_risk(request).await }
    };
    let alone = async || throughput(ROUND, || async { open(first.clone()).await.map(drop) }).await;

    let peak = alone().await?;
    println!("64 in flight                 {peak:.0}/s");
    let memory_before = server.memory("VmRSS")?;
    let mut channels = Vec::new();
    for _ in 0..CLIENTS.div_ceil(PER_CONNECTION) {
        channels.push(server.channel().await?);
    }
    let (done, refused) = (Cell::new(0_u32), RefCell::new(Latencies::new()));
    let began = Instant::now();
    let client = async |number: usize| {
        let channel = &channels[number / PER_CONNECTION];
        while began.elapsed() < ROUND {
            let asked = Instant::now();
            match open(channel.clone()).await {
                Ok(_) => done.set(done.get() + 1),
                Err(status) if status.code() == Code::ResourceExhausted => {
                    refused.borrow_mut().record(asked.elapsed());
                    tokio::time::sleep(told_to_wait(&status)).await;
                }
                Err(status) => return Err(status),
            }
        }
        Ok::<_, Status>(())
    };
    futures::future::try_join_all((0..CLIENTS).map(client)).await?;
    let good = f64::from(done.get()) / began.elapsed().as_secs_f64();
    let grown = server.memory("VmHWM")?.saturating_sub(memory_before) / 1024 / 1024;
    println!(
        "{CLIENTS} clients, {PLACES} places     {good:.0}/s done, {:.2} of that  (goal ≥ 0.8)",
        good / peak
    );
    println!(
        "refused                      {}  (goal p99 ≤ 50 ms)",
        refused.borrow()
    );
    println!("memory                       {grown} MB more at most");

    let again = Instant::now();
    open(first.clone()).await?;
    println!(
        "afterwards                   {:.2?} for the next, {:.0}/s",
        again.elapsed(),
        alone().await?
    );
    Ok(())
}

fn told_to_wait(status: &Status) -> Duration {
    let info = status.get_details_retry_info();
    info.and_then(|info| info.retry_delay)
        .unwrap_or(Duration::from_secs(1))
}
