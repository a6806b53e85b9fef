//! Ten times as many clients as there are places for requests in flight: what is refused, how fast, and
//! what is done all the same.
//!
//! A client that is refused waits as long as it is told to, and tries again. All of them share one
//! thread here, so that what they see includes how long they wait for each other; a witness with a
//! thread and a connection of its own, which asks for one thing at a time, does not. Run it with
//! `./dev bench overload`, longer with `KEIZOKU_BENCH_SECONDS=600`.

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
/// How long the load stays, in seconds.
const SECONDS: &str = "KEIZOKU_BENCH_SECONDS";
/// How long what is compared with it is measured.
const ALONE: Duration = Duration::from_secs(10);
/// How long the clients' beginning is told apart.
const FIRST: Duration = Duration::from_secs(1);
/// Longest time after which everything is as before.
const RECOVERED: Duration = Duration::from_secs(5);

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let round = Duration::from_secs(match std::env::var(SECONDS) {
        Ok(seconds) => seconds.parse()?,
        Err(_) => 10,
    });
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let server = Child::keizoku(folder.path())?;
    let first = server.channel().await?;
    let account = a_customer(first.clone(), 0).await?;
    let opened = Cell::new(0);
    let open = |channel: Channel| {
        let request = a_risk(&account, opened.replace(opened.get() + 1));
        async move { RiskServiceClient::new(channel).open_risk(request).await }
    };
    let alone =
        async |long| throughput(long, || async { open(first.clone()).await.map(drop) }).await;

    let memory_at_first = server.memory("VmRSS")?;
    let peak = alone(ALONE).await?;
    println!("64 in flight                 {peak:.0}/s");
    let memory_before = server.memory("VmRSS")?;
    let of_a_risk = memory_before.saturating_sub(memory_at_first) / opened.get();
    let mut channels = Vec::new();
    for _ in 0..CLIENTS.div_ceil(PER_CONNECTION) {
        channels.push(server.channel().await?);
    }
    let witness = Witness::start(server.address(), account.clone(), round)?;
    let done = Cell::new(0_u32);
    let (at_first, refused) = (
        RefCell::new(Latencies::new()),
        RefCell::new(Latencies::new()),
    );
    let began = Instant::now();
    let client = async |number: usize| {
        let channel = &channels[number / PER_CONNECTION];
        while began.elapsed() < round {
            let asked = Instant::now();
            match open(channel.clone()).await {
                Ok(_) => done.set(done.get() + 1),
                Err(status) if status.code() == Code::ResourceExhausted => {
                    // All begin at the same instant, which thousands of clients do not.
                    let is_first = asked.duration_since(began) < FIRST;
                    let seen = if is_first { &at_first } else { &refused };
                    seen.borrow_mut().record(asked.elapsed());
                    tokio::time::sleep(told_to_wait(&status)).await;
                }
                Err(status) => return Err(status),
            }
        }
        Ok::<_, Status>(())
    };
    futures::future::try_join_all((0..CLIENTS).map(client)).await?;
    let good = f64::from(done.get()) / began.elapsed().as_secs_f64();
    let grown = server.memory("VmHWM")?.saturating_sub(memory_before);
    println!(
        "{CLIENTS} clients, {PLACES} places     {good:.0}/s done in {} s, {:.2} of that  (goal ≥ 0.8)",
        round.as_secs(),
        good / peak
    );
    println!("refused in the first second  {}", at_first.borrow());
    println!(
        "refused after it             {}  (goal p99 ≤ 50 ms)",
        refused.borrow()
    );
    let (taken, refused) = witness.end()?;
    println!("refused, as a witness sees   {refused}  (goal p99 ≤ 50 ms)");
    println!("done, as a witness sees      {taken}");
    println!(
        "memory                       {} MB more at most, {} bytes for each risk ({of_a_risk} with 64 in flight)",
        grown / 1024 / 1024,
        grown / u64::from(done.get().max(1))
    );

    let again = Instant::now();
    open(first.clone()).await?;
    println!(
        "afterwards                   {:.2?} for the next; {:.2} of the peak in the next {} s",
        again.elapsed(),
        alone(RECOVERED).await? / peak,
        RECOVERED.as_secs()
    );
    Ok(())
}

fn a_risk(account: &str, number: u64) -> OpenRiskRequest {
    OpenRiskRequest {
        parent: account.to_owned(),
        display_name: "予算削減の話が出ている".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        request_id: request_id("open", number),
        ..OpenRiskRequest::default()
    }
}

/// How long answers and refusals took, in that order.
type Seen = (Latencies, Latencies);

/// One more client, beside the others.
struct Witness(std::thread::JoinHandle<Result<Seen, Failure>>);

impl Witness {
    /// Its numbers of risks: far from those of the others.
    const NUMBERS: u64 = 1 << 40;
    /// Between an answer and its next question.
    const PAUSE: Duration = Duration::from_millis(5);

    fn start(address: &str, account: String, round: Duration) -> Result<Self, Failure> {
        let endpoint = Channel::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
        let watch = async move {
            let mut risks = RiskServiceClient::new(endpoint.connect().await?);
            let (mut taken, mut refused) = (Latencies::new(), Latencies::new());
            let began = Instant::now();
            for number in Self::NUMBERS.. {
                if began.elapsed() >= round {
                    break;
                }
                let asked = Instant::now();
                match risks.open_risk(a_risk(&account, number)).await {
                    Ok(_) => taken.record(asked.elapsed()),
                    Err(status) if status.code() == Code::ResourceExhausted => {
                        refused.record(asked.elapsed());
                    }
                    Err(status) => return Err(status.into()),
                }
                tokio::time::sleep(Self::PAUSE).await;
            }
            Ok((taken, refused))
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self(std::thread::spawn(move || runtime.block_on(watch))))
    }

    fn end(self) -> Result<Seen, Failure> {
        let ended = self.0.join();
        ended.map_err(|_| "the witness panicked")?
    }
}

fn told_to_wait(status: &Status) -> Duration {
    let info = status.get_details_retry_info();
    info.and_then(|info| info.retry_delay)
        .unwrap_or(Duration::from_secs(1))
}
