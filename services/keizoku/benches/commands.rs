//! Durable commands against a raw echo of the same message: what access, decision, append and fsync
//! cost.
//!
//! Client and server are two processes, 64 requests in flight on one connection. Rounds of both are
//! paired and interleaved, so that a machine whose speed drifts does not decide. Run it with
//! `./dev bench commands`.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, NextAction, OpenRiskRequest, ScheduleNextActionRequest};
use keizoku_proto::{date, google};
use support::echo::EchoClient;
use support::load::{IN_FLIGHT, throughput};
use support::{Child, Spread, a_customer, request_id};
use tonic::transport::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAIRS: usize = 7;
const ROUND: Duration = Duration::from_secs(3);
/// Open risks whose next action is moved to and fro.
const RISKS: u64 = 4_096;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    if support::echo::is_server() {
        return support::echo::serve();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let server = Child::keizoku(folder.path())?;
    let echo = Child::echo()?;
    let (keizoku, echo) = (
        server.channel().await?,
        EchoClient::new(echo.channel().await?),
    );
    let account = a_customer(keizoku.clone(), 0).await?;
    let names = open_risks(&keizoku, &account).await?;

    let opened = AtomicU64::new(0);
    let scheduled = AtomicU64::new(0);
    let (mut open_ratios, mut moved_ratios) = (Vec::new(), Vec::new());
    let (mut open_rates, mut echo_rates, mut moved_rates) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let raw = throughput(ROUND, || {
            let (mut echo, number) = (echo.clone(), opened.load(Ordering::Relaxed));
            let request = open_risk(&account, number);
            async move { echo.echo(request).await.map(drop) }
        })
        .await?;
        let durable = throughput(ROUND, || {
            let mut risks = RiskServiceClient::new(keizoku.clone());
            let request = open_risk(&account, opened.fetch_add(1, Ordering::Relaxed));
            async move { risks.open_risk(request).await.map(drop) }
        })
        .await?;
        let moved = throughput(ROUND, || {
            let mut risks = RiskServiceClient::new(keizoku.clone());
            let number = scheduled.fetch_add(1, Ordering::Relaxed);
            let request = schedule(&names, number);
            async move { risks.schedule_next_action(request).await.map(drop) }
        })
        .await?;
        println!(
            "pair {pair}: echo {raw:.0}/s, OpenRisk {durable:.0}/s, ScheduleNextAction {moved:.0}/s"
        );
        open_ratios.push(durable / raw);
        moved_ratios.push(moved / raw);
        open_rates.push(durable);
        moved_rates.push(moved);
        echo_rates.push(raw);
    }
    println!(
        "echo                         {}",
        Spread::of(echo_rates).per_second()
    );
    println!(
        "OpenRisk                     {}",
        Spread::of(open_rates).per_second()
    );
    println!(
        "ScheduleNextAction           {}",
        Spread::of(moved_rates).per_second()
    );
    println!(
        "OpenRisk / echo              {}  (goal ≥ 0.5)",
        Spread::of(open_ratios)
    );
    println!(
        "ScheduleNextAction / echo    {}  (goal ≥ 0.5)",
        Spread::of(moved_ratios)
    );
    Ok(())
}

async fn open_risks(keizoku: &Channel, account: &str) -> Result<Arc<Vec<String>>, Failure> {
    let mut names = Vec::new();
    let mut numbers = (0..RISKS).map(|number| number + (1 << 40)).peekable();
    while numbers.peek().is_some() {
        let some: Vec<u64> = numbers.by_ref().take(IN_FLIGHT).collect();
        let opened = some.into_iter().map(|number| {
            let mut risks = RiskServiceClient::new(keizoku.clone());
            let request = open_risk(account, number);
            async move { risks.open_risk(request).await }
        });
        for answer in futures::future::try_join_all(opened).await? {
            names.extend(answer.into_inner().risk.map(|risk| risk.name));
        }
    }
    Ok(Arc::new(names))
}

fn open_risk(account: &str, number: u64) -> OpenRiskRequest {
    OpenRiskRequest {
        parent: account.to_owned(),
        display_name: "予算削減の話が出ている".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        detail: "先方の部長と面談。次回までに利用状況を確認する。".to_owned(),
        next_action: Some(action(number)),
        request_id: request_id("open", number),
        ..OpenRiskRequest::default()
    }
}

fn schedule(names: &[String], number: u64) -> ScheduleNextActionRequest {
    let place = usize::try_from(number).unwrap_or(0) % names.len();
    ScheduleNextActionRequest {
        name: names[place].clone(),
        next_action: Some(action(number / RISKS)),
        request_id: request_id("schedule", number),
        ..ScheduleNextActionRequest::default()
    }
}

fn action(number: u64) -> NextAction {
    let day = keizoku_core::Day::MIN.plus_days(21_000 + i32::try_from(number % 1_000).unwrap_or(0));
    let due_date: Option<google::r#type::Date> = Some(date(day));
    NextAction {
        due_date,
        text: "電話で状況を確認".to_owned(),
    }
}
