//! What is answered while NATS is away, against what was answered just before: commands, the risk
//! service's own questions, and the forecast of what is known. Then how long it takes, once NATS is
//! there again, until the forecast has what was done meanwhile.
//!
//! Each service is a process of its own. Rounds with NATS and without it take turns, so that a busy
//! machine disturbs both. Run it with `./dev bench away`.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::time::{Duration, Instant};

use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::GetForecastRequest;
use keizoku_proto::forecast::forecast_service_client::ForecastServiceClient;
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, ListRisksRequest, OpenRiskRequest, RiskFilter};
use keizoku_testkit::NatsServer;
use support::latency::Latencies;
use support::{Child, Failure, a_customer, request_id};
use tonic::transport::Channel;
use tonic::{Code, Status};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAIRS: usize = 5;
const ROUND: Duration = Duration::from_secs(8);
/// Time between the starts of two samples; each is one of each kind.
const EVERY: Duration = Duration::from_millis(5);
const KINDS: [&str; 3] = ["OpenRisk", "ListRisks", "GetForecast"];

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let mut nats = NatsServer::start();
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let url = nats.url();
    let service = |name| Child::service(folder.path(), name, &url);
    let accounts = service("accounts")?;
    let (risk, forecast) = (service("risk")?, service("forecast")?);
    let mut services = Services {
        busy: a_customer(accounts.channel().await?, 0).await?,
        quiet: a_customer(accounts.channel().await?, 1).await?,
        risks: RiskServiceClient::new(risk.channel().await?),
        forecast: ForecastServiceClient::new(forecast.channel().await?),
        opened: 0,
        token: String::new(),
    };
    services.know_the_customers().await?;
    services.catch_up().await?;

    let (mut with, mut without) = (
        KINDS.map(|_| Latencies::new()),
        KINDS.map(|_| Latencies::new()),
    );
    for pair in 1..=PAIRS {
        services.round(&mut with).await?;
        services.catch_up().await?;
        nats.end();
        let before = services.opened;
        services.round(&mut without).await?;
        nats.begin();
        let began = Instant::now();
        services.catch_up().await?;
        println!(
            "pair {pair}: {} risks caught up with in {:.2?}  (goal ≤ 60 s)",
            services.opened - before,
            began.elapsed()
        );
    }
    for (kind, (with, without)) in KINDS.iter().zip(with.iter().zip(&without)) {
        println!("{kind:<12} with NATS   {with}");
        println!("{:<12} without it  {without}", "");
        println!(
            "{:<12} p99 without ÷ with: {:.2}  (goal ≤ 1.2)",
            "",
            without.at(99.0).as_secs_f64() / with.at(99.0).as_secs_f64()
        );
    }
    Ok(())
}

/// Clients of the services, and what was done over them.
struct Services {
    /// The customer whose risks become more and more, and the one who is asked about.
    busy: String,
    quiet: String,
    risks: RiskServiceClient<Channel>,
    forecast: ForecastServiceClient<Channel>,
    opened: u64,
    /// Of the last risk.
    token: String,
}

impl Services {
    /// Adds how long each kind took, in the order of [`KINDS`].
    async fn round(&mut self, seen: &mut [Latencies; 3]) -> Result<(), Status> {
        let mut starts = tokio::time::interval(EVERY);
        let began = Instant::now();
        while began.elapsed() < ROUND {
            starts.tick().await;
            let [commands, questions, forecasts] = &mut *seen;
            let asked = Instant::now();
            self.open_risk(self.busy.clone()).await?;
            commands.record(asked.elapsed());
            let asked = Instant::now();
            let request = ListRisksRequest {
                filter: Some(RiskFilter {
                    account: self.quiet.clone(),
                    ..RiskFilter::default()
                }),
                ..ListRisksRequest::default()
            };
            self.risks.list_risks(request).await?;
            questions.record(asked.elapsed());
            let asked = Instant::now();
            self.ask_the_forecast(Vec::new()).await?;
            forecasts.record(asked.elapsed());
        }
        Ok(())
    }

    async fn open_risk(&mut self, parent: String) -> Result<(), Status> {
        let request = OpenRiskRequest {
            parent,
            display_name: "予算削減の話が出ている".to_owned(),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            request_id: request_id("open", self.opened),
            ..OpenRiskRequest::default()
        };
        let opened = self.risks.open_risk(request).await?.into_inner();
        self.token = opened.consistency_token;
        self.opened += 1;
        Ok(())
    }

    async fn ask_the_forecast(&mut self, consistency_tokens: Vec<String>) -> Result<(), Status> {
        let question = GetForecastRequest {
            as_of: Some(AsOf::default()),
            consistency_tokens,
            ..GetForecastRequest::default()
        };
        self.forecast.get_forecast(question).await.map(drop)
    }

    /// The risk service hears of the customers a moment after they were created.
    async fn know_the_customers(&mut self) -> Result<(), Status> {
        loop {
            match self.open_risk(self.quiet.clone()).await {
                Err(status) if status.code() == Code::NotFound => {}
                opened => return opened,
            }
        }
    }

    /// Waits until the last risk is in the forecast.
    async fn catch_up(&mut self) -> Result<(), Status> {
        loop {
            match self.ask_the_forecast(vec![self.token.clone()]).await {
                Err(status) if status.code() == Code::Unavailable => {}
                answered => return answered,
            }
        }
    }
}
