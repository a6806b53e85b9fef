//! From `kill -9` to serving with a million events in the logs.
//!
//! Before each kill the server is busy for a second, so that the logs have something to recover.
//! Then the binary is started again and asked for the forecast until an answer includes everything
//! that was recorded before the kill. Run it with `./dev bench restart`; `KEIZOKU_BENCH_SCALE=0.01`
//! tries it out with 10,000 events.

#[path = "../../forecast/benches/population/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod population;
#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::cell::Cell;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use keizoku_proto::StoredEvent as _;
use keizoku_proto::forecast::GetForecastRequest;
use keizoku_proto::forecast::forecast_service_client::ForecastServiceClient;
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use population::{Event, Population};
use support::fill::{Filler, Service};
use support::load::throughput;
use support::scale::scaled;
use support::{Child, Failure, Spread, request_id};
use tonic::Code;
use tonic::transport::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Some 4.16 events each: a million in all.
const ACCOUNTS: u64 = 240_000;
const ROUNDS: usize = 7;
const BUSY: Duration = Duration::from_secs(1);
/// Between two questions while the server starts.
const PAUSE: Duration = Duration::from_millis(2);

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let data = folder.path().join("data");
    let population = Population {
        accounts: scaled(ACCOUNTS).max(100),
    };
    let mut recorded = write(&data, &population)?;
    let (mut server, first) = start(&data, recorded).await?;
    println!("{recorded} events; the first start, which builds the read models: {first}");

    let opened = Cell::new(0);
    let mut starts: Vec<Start> = Vec::new();
    for round in 0..ROUNDS {
        recorded = busy(&server, &population, &opened).await?;
        drop(server);
        let (again, took) = start(&data, recorded).await?;
        server = again;
        println!("round {round}: {took}");
        starts.push(took);
    }
    let spread = |of: fn(&Start) -> Duration| {
        let seconds = starts.iter().map(|start| of(start).as_secs_f64());
        Spread::of(seconds.collect())
    };
    println!("{recorded} events at the end; seconds from the start of the binary");
    println!(
        "listens                      {}",
        spread(|start| start.listens)
    );
    println!(
        "speaks gRPC                  {}",
        spread(|start| start.speaks)
    );
    println!(
        "the forecast has everything  {}  (goal ≤ 2)",
        spread(|start| start.answers)
    );
    println!(
        "says that it is ready        {}",
        spread(|start| start.ready)
    );
    println!("processor time until then    {}", spread(|start| start.cpu));
    Ok(())
}

/// Writes both logs: how many events there are. Every risk stays open.
fn write(data: &Path, population: &Population) -> Result<u64, Failure> {
    let mut filler = Filler::new(data, population.accounts * 42 / 10)?;
    let mut written = Ok(());
    population.for_each_batch(|batch| {
        for event in batch {
            let pushed = match event {
                Event::Accounts(kind, recorded) => {
                    filler.push(Service::Accounts, kind.type_name(), recorded)
                }
                Event::Risk(RiskKind::RiskClosed(_), _) => Ok(()),
                Event::Risk(kind, recorded) => {
                    filler.push(Service::Risk, kind.type_name(), recorded)
                }
            };
            if written.is_ok() {
                written = pushed;
            }
        }
    });
    written?;
    filler.finish()
}

/// What a start took, each from the start of the process.
struct Start {
    listens: Duration,
    speaks: Duration,
    answers: Duration,
    ready: Duration,
    /// Processor time until it was ready, which other work on the machine changes least.
    cpu: Duration,
}

impl std::fmt::Display for Start {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            listens,
            speaks,
            answers,
            ready,
            cpu,
        } = self;
        write!(
            out,
            "listens {listens:.2?}, speaks {speaks:.2?}, forecast {answers:.2?}, ready {ready:.2?}, \
             processor time {cpu:.2?}"
        )
    }
}

/// Starts the binary and waits until it answers with everything, and until it says that it is ready.
async fn start(data: &Path, recorded: u64) -> Result<(Child, Start), Failure> {
    let began = Instant::now();
    let (server, is_ready): (Child, Receiver<Instant>) = Child::launch(data)?;
    let channel = loop {
        match server.channel().await {
            Ok(channel) => break channel,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    };
    let listens = began.elapsed();
    let mut speaks = None;
    let mut forecast = ForecastServiceClient::new(channel);
    loop {
        let answer = forecast.get_forecast(GetForecastRequest::default()).await;
        speaks.get_or_insert_with(|| began.elapsed());
        match answer {
            Ok(answer) => {
                let watermarks = answer.into_inner().watermarks;
                if watermarks.iter().map(|source| source.position).sum::<u64>() >= recorded {
                    break;
                }
            }
            Err(status) if status.code() == Code::Unavailable => {}
            Err(status) => return Err(status.into()),
        }
        tokio::time::sleep(PAUSE).await;
    }
    let answers = began.elapsed();
    let ready = is_ready.recv()?.duration_since(began);
    let start = Start {
        listens,
        speaks: speaks.unwrap_or(answers),
        answers,
        ready,
        cpu: server.cpu()?,
    };
    Ok((server, start))
}

/// Opens risks for a second: how many events there are now.
async fn busy(server: &Child, population: &Population, opened: &Cell<u64>) -> Result<u64, Failure> {
    let keizoku: Channel = server.channel().await?;
    let tokens = Cell::new(Vec::new());
    throughput(BUSY, || {
        let number = opened.replace(opened.get() + 1);
        let account = population::account(number % population.accounts);
        let request = OpenRiskRequest {
            parent: format!("accounts/{account}"),
            display_name: "予算削減の話が出ている".to_owned(),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            request_id: request_id("open", number),
            ..OpenRiskRequest::default()
        };
        let mut risks = RiskServiceClient::new(keizoku.clone());
        let tokens = &tokens;
        async move {
            let token = risks
                .open_risk(request)
                .await?
                .into_inner()
                .consistency_token;
            let mut kept = tokens.take();
            // Answers may come out of order, but not by more than are under way.
            if kept.len() >= support::load::IN_FLIGHT {
                kept.remove(0);
            }
            kept.push(token);
            tokens.set(kept);
            Ok(())
        }
    })
    .await?;
    let request = GetForecastRequest {
        consistency_tokens: tokens.take(),
        ..GetForecastRequest::default()
    };
    let answer = ForecastServiceClient::new(keizoku)
        .get_forecast(request)
        .await?;
    let watermarks = answer.into_inner().watermarks;
    Ok(watermarks.iter().map(|source| source.position).sum())
}
