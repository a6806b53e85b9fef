//! How long after its acknowledgement a risk is in the forecast, while the server has half of the
//! load that it can take: all services in one process, then each in its own, over NATS.
//!
//! First the most that the server acknowledges with 64 requests in flight, then half of that as an
//! open load. Meanwhile a risk is opened on a customer who has none, and the forecast of that
//! customer's region is asked for, without a consistency token and again at once, until the risk
//! is in it: the time from the arrival of the acknowledgement to the arrival of that answer. The
//! client is a process of its own with one thread; what it adds counts against the server.
//! Run it with `./dev bench visibility`; `KEIZOKU_BENCH_SCALE=0.1` tries it out with 100 samples.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::cell::Cell;
use std::time::{Duration, Instant};

use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::forecast_service_client::ForecastServiceClient;
use keizoku_proto::forecast::{ForecastFilter, GetForecastRequest};
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use keizoku_testkit::NatsServer;
use support::latency::Latencies;
use support::load::{IN_FLIGHT, at_rate, throughput};
use support::scale::scaled;
use support::{Child, Failure, a_customer, region, request_id};
use tonic::Code;
use tonic::transport::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SAMPLES: u64 = 1_000;
/// Time between the starts of two samples.
const EVERY: Duration = Duration::from_millis(20);
/// Customers over whom the load is spread.
const LOADED: u64 = 1_000;
const PEAK: Duration = Duration::from_secs(5);

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    println!("one process");
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let server = Child::keizoku(folder.path())?;
    let whole = Places {
        accounts: server.channel().await?,
        load: server.channel().await?,
        aside: server.channel().await?,
        forecast: server.channel().await?,
        goal: "p99 ≤ 50 ms",
    };
    measure(&whole).await?;
    drop(server);

    println!("one process for each service, over NATS");
    let nats = NatsServer::start();
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let service = |name| Child::service(folder.path(), name, &nats.url());
    let accounts = service("accounts")?;
    let (risk, forecast) = (service("risk")?, service("forecast")?);
    let split = Places {
        accounts: accounts.channel().await?,
        load: risk.channel().await?,
        aside: risk.channel().await?,
        forecast: forecast.channel().await?,
        goal: "p99 ≤ 100 ms",
    };
    measure(&split).await
}

/// Connections to the services.
struct Places {
    accounts: Channel,
    /// To the risk service: by which the load comes, and by which the samples do.
    load: Channel,
    aside: Channel,
    forecast: Channel,
    goal: &'static str,
}

async fn measure(places: &Places) -> Result<(), Failure> {
    let Places { load, goal, .. } = places;
    let samples = scaled(SAMPLES);
    let customers = customers(&places.accounts, LOADED + samples).await?;
    known(&places.load, customers.last().ok_or("no customers")?).await?;
    let (loaded, fresh) = customers.split_at(usize::try_from(LOADED)?);
    // The last one has a risk by now.
    let fresh = &fresh[..fresh.len() - 1];

    let opened = Cell::new(0_u64);
    let request = || {
        let number = opened.replace(opened.get() + 1);
        let place = usize::try_from(number % LOADED).unwrap_or(0);
        let request = open_risk(&loaded[place], "load", number);
        let mut risks = RiskServiceClient::new(load.clone());
        async move { risks.open_risk(request).await.map(drop) }
    };
    let peak = throughput(PEAK, request).await?;
    println!("OpenRisk, {IN_FLIGHT} in flight: {peak:.0}/s");

    let is_over = Cell::new(false);
    let sampling = async {
        let figures = sample(places, fresh).await;
        is_over.set(true);
        figures
    };
    let (pace, figures) = tokio::join!(at_rate(peak / 2.0, &is_over, request), sampling);
    let (pace, (latencies, answers)) = (pace?, figures?);
    println!(
        "load: {:.0}/s of {:.0}/s, at most {:.2?} late",
        pace.sent,
        peak / 2.0,
        pace.behind
    );
    if pace.sent < peak / 2.0 * 0.98 {
        println!("THE LOAD DID NOT KEEP ITS PACE: the figure holds for what was sent");
    }
    println!("acknowledged to visible      {latencies}  (goal {goal})");
    println!("one answer of the forecast   {answers}");
    Ok(())
}

async fn customers(keizoku: &Channel, number: u64) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for from in (0..number).step_by(IN_FLIGHT) {
        let some = from..number.min(from + IN_FLIGHT as u64);
        let created = some.map(|number| a_customer(keizoku.clone(), number));
        names.extend(futures::future::try_join_all(created).await?);
    }
    Ok(names)
}

/// The risk service has heard of every customer when it has heard of the last one.
async fn known(risks: &Channel, last: &str) -> Result<(), Failure> {
    let mut risks = RiskServiceClient::new(risks.clone());
    loop {
        match risks.open_risk(open_risk(last, "known", 0)).await {
            Ok(_) => return Ok(()),
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => return Err(status.into()),
        }
    }
}

/// One risk on each of the customers behind the loaded ones: how long each took to be visible, and
/// how long one answer of the forecast took.
async fn sample(places: &Places, fresh: &[String]) -> Result<(Latencies, Latencies), Failure> {
    let (mut visible, mut answers) = (Latencies::new(), Latencies::new());
    let mut risks = RiskServiceClient::new(places.aside.clone());
    let mut forecast = ForecastServiceClient::new(places.forecast.clone());
    let mut starts = tokio::time::interval(EVERY);
    for (number, customer) in (LOADED..).zip(fresh) {
        starts.tick().await;
        let question = GetForecastRequest {
            as_of: Some(AsOf::default()),
            filter: Some(ForecastFilter {
                region: region(number),
                ..ForecastFilter::default()
            }),
            ..GetForecastRequest::default()
        };
        risks
            .open_risk(open_risk(customer, "sample", number))
            .await?;
        let acknowledged = Instant::now();
        loop {
            let asked = Instant::now();
            let answer = forecast.get_forecast(question.clone()).await?.into_inner();
            answers.record(asked.elapsed());
            if answer.total.is_some_and(|total| total.count == 1) {
                visible.record(acknowledged.elapsed());
                break;
            }
        }
    }
    Ok((visible, answers))
}

fn open_risk(account: &str, kind: &str, number: u64) -> OpenRiskRequest {
    OpenRiskRequest {
        parent: account.to_owned(),
        display_name: "予算削減の話が出ている".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        detail: "先方の部長と面談。次回までに利用状況を確認する。".to_owned(),
        request_id: request_id(kind, number),
        ..OpenRiskRequest::default()
    }
}
