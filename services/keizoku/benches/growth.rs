//! What a longer log costs: 10⁴, 10⁵ and 10⁶ events about the same accounts and open risks.
//!
//! Each length has a server of its own, and the three take turns in every round. Appends are
//! measured as a client sees them, through the RPC of the real binary: it looks up streams, appends
//! to the same trees, and waits for the disk. The slope is that of the logarithm of the median
//! latency over the logarithm of the length, fitted in every round.
//! Run it with `./dev bench growth`; `KEIZOKU_BENCH_SCALE=0.1` tries it out with a tenth.

mod longer;
#[path = "../../forecast/benches/population/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod population;
#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::cell::{Cell, RefCell};
use std::time::Instant;

use keizoku_proto::forecast::forecast_service_client::ForecastServiceClient;
use keizoku_proto::forecast::{ForecastFilter, GetForecastRequest};
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use population::Dice;
use support::latency::Latencies;
use support::load::IN_FLIGHT;
use support::scale::scaled;
use support::{Child, Failure, Spread, request_id};
use tonic::transport::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LENGTHS: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Some 4.2 events each: the shortest log is hardly more than them.
const ACCOUNTS: u64 = 2_000;
const ROUNDS: usize = 25;
/// Requests of each kind in a round; few, so that the shortest log stays short.
const ALONE: u64 = 50;
const TOGETHER: u64 = 256;
const QUESTIONS: u64 = 100;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

/// A server whose logs were written beforehand.
struct Grown {
    keizoku: Channel,
    accounts: u64,
    events: Cell<u64>,
    _server: Child,
}

async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let accounts = scaled(ACCOUNTS);
    let mut started = Vec::new();
    for length in LENGTHS {
        let data = folder.path().join(length.to_string());
        let events = longer::write(&data, accounts, scaled(length))?;
        started.push((Child::keizoku(&data)?, events));
    }
    // Only now: a connection that nobody looks after while the next server starts is closed.
    let mut servers = Vec::new();
    for (server, events) in started {
        servers.push(Grown {
            keizoku: server.channel().await?,
            accounts,
            events: Cell::new(events),
            _server: server,
        });
    }
    let mut kinds = [
        Kind::new("OpenRisk, one at a time"),
        Kind::new("OpenRisk, 64 in flight"),
        Kind::new("forecast"),
    ];
    // The first round warms up.
    for round in 0..=ROUNDS {
        let mut points = [Vec::new(), Vec::new(), Vec::new()];
        // Another one comes first in each round: what the one before left behind takes turns too.
        for turn in 0..servers.len() {
            let place = (round + turn) % servers.len();
            let server = &servers[place];
            let alone = server.open(ALONE, 1).await?;
            let together = server.open(TOGETHER, IN_FLIGHT).await?;
            let asked = server.ask(round as u64).await?;
            #[expect(
                clippy::cast_precision_loss,
                reason = "a length of which the logarithm is taken"
            )]
            let length = server.events.get() as f64;
            for (kind, latencies) in [alone, together, asked].into_iter().enumerate() {
                let median = latencies.at(50.0).as_secs_f64();
                points[kind].push((length.log10(), median.log10()));
                if round > 0 {
                    kinds[kind].medians[place].push(median * 1e6);
                }
            }
        }
        for (kind, points) in kinds.iter_mut().zip(&points) {
            if round > 0 {
                kind.slopes.push(slope(points));
            }
        }
    }
    for server in &servers {
        println!("{} events at the end", server.events.get());
    }
    for kind in kinds {
        kind.print();
    }
    Ok(())
}

/// What was measured of one kind of request.
struct Kind {
    name: &'static str,
    /// Microseconds, by length and round.
    medians: [Vec<f64>; LENGTHS.len()],
    slopes: Vec<f64>,
}

impl Kind {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            medians: Default::default(),
            slopes: Vec::new(),
        }
    }

    fn print(self) {
        println!("{}", self.name);
        for (length, medians) in LENGTHS.into_iter().zip(self.medians) {
            println!(
                "   {:>9} events: p50 {} µs",
                scaled(length),
                Spread::of(medians)
            );
        }
        println!("   slope {}  (goal ≤ 0.05)", Spread::of(self.slopes));
    }
}

/// Slope of the line that fits best.
fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are three")]
    let number = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / number;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let both: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let square: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    both / square
}

impl Grown {
    /// Opens so many risks, so many of them under way at once.
    async fn open(&self, number: u64, in_flight: usize) -> Result<Latencies, Failure> {
        let latencies = RefCell::new(Latencies::new());
        let left = Cell::new(number);
        let worker = async || {
            while left.get() > 0 {
                left.set(left.get() - 1);
                let opened = self.events.replace(self.events.get() + 1);
                let request = OpenRiskRequest {
                    parent: format!("accounts/{}", population::account(opened % self.accounts)),
                    display_name: "予算削減の話が出ている".to_owned(),
                    leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
                    request_id: request_id("open", opened),
                    ..OpenRiskRequest::default()
                };
                let mut risks = RiskServiceClient::new(self.keizoku.clone());
                let began = Instant::now();
                risks.open_risk(request).await?;
                latencies.borrow_mut().record(began.elapsed());
            }
            Ok::<_, tonic::Status>(())
        };
        futures::future::try_join_all((0..in_flight).map(|_| worker())).await?;
        Ok(latencies.into_inner())
    }

    /// Asks for the forecast of one user after the other.
    async fn ask(&self, round: u64) -> Result<Latencies, Failure> {
        let mut dice = Dice::new(round);
        let mut latencies = Latencies::new();
        let mut client = ForecastServiceClient::new(self.keizoku.clone());
        for _ in 0..QUESTIONS {
            let user = population::user(dice.below(population::USERS));
            let request = GetForecastRequest {
                filter: Some(ForecastFilter {
                    owner: format!("users/{user}"),
                    ..ForecastFilter::default()
                }),
                ..GetForecastRequest::default()
            };
            let began = Instant::now();
            client.get_forecast(request).await?;
            latencies.record(began.elapsed());
        }
        Ok(latencies)
    }
}
