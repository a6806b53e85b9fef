//! The churn forecast of a million accounts and 200,000 risks through the RPC of the real binary:
//! every call another question, a write between two calls. Beside it the same questions in SQLite,
//! and what an account weighs.
//!
//! The logs are written beforehand. SQLite holds only what is true today, everything in its cache,
//! and is asked in this process, without a server around it: every difference is in its favour.
//! Run it with `./dev bench forecast`; `KEIZOKU_BENCH_SCALE=0.01` tries it out with 10,000 accounts.

#[path = "../../forecast/benches/population/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod population;
mod same_question;
#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;
mod weight;

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{Clock as _, Day, SystemClock};
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::forecast_service_client::ForecastServiceClient;
use keizoku_proto::forecast::{
    GetBacktestRequest, GetForecastRequest, GetForecastResponse, Scenario,
};
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, NextAction, OpenRiskRequest, ScheduleNextActionRequest};
use keizoku_proto::{StoredEvent as _, date, timestamp};
use population::{Dice, Event, Population};
use same_question::now::Now;
use same_question::tables::{Bucket, Tables};
use same_question::{KINDS, Question};
use support::fill::{Filler, Service};
use support::latency::Latencies;
use support::scale::scaled;
use support::{Child, Failure, Spread, request_id};
use tonic::transport::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNTS: u64 = 1_000_000;
const QUESTIONS: usize = 1_050;
/// So many questions per question that SQLite is asked too; no multiple of [`KINDS`].
const PER_PAIR: usize = 10;
const PAST: u32 = 30;
/// Months of a back-test.
const BACKTESTED: u32 = 24;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let empty = Child::keizoku(&folder.path().join("empty"))?.memory("VmRSS")?;
    let data = folder.path().join("data");
    let population = Population {
        accounts: scaled(ACCOUNTS).max(100),
    };
    let tables = write(&data, &population)?;

    let began = Instant::now();
    let server = Child::keizoku(&data)?;
    println!("first start, read models included: {:.1?}", began.elapsed());
    let loaded = server.memory("VmRSS")?;
    println!(
        "server: VmRSS {} MB with nothing, {} MB with {} accounts: {} bytes per account, all of history included",
        empty >> 20,
        loaded >> 20,
        population.accounts,
        loaded.saturating_sub(empty) / population.accounts,
    );
    let mut bench = Bench {
        keizoku: server.channel().await?,
        population,
        dice: Dice::new(11),
        written: 0,
        last: String::new(),
    };
    bench.ask_about_now(&tables).await?;
    bench.ask_about_dates_past().await?;
    bench.ask_as_of_past_instants().await?;
    bench.ask_for_backtests().await?;
    drop(server);
    weight::weigh(&data).await
}

/// Writes both logs; the answer holds in tables what is true after them. Every risk stays open: a
/// closed one would cost a question nothing.
fn write(data: &Path, population: &Population) -> Result<Tables, Failure> {
    let mut filler = Filler::new(data, population.accounts * 42 / 10)?;
    let mut now = Now::new();
    let mut written = Ok(());
    population.for_each_batch(|batch| {
        for event in batch {
            let pushed = match event {
                Event::Accounts(kind, recorded) => {
                    now.take_accounts(kind, population::today());
                    filler.push(Service::Accounts, kind.type_name(), recorded)
                }
                Event::Risk(RiskKind::RiskClosed(_), _) => Ok(()),
                Event::Risk(kind, recorded) => {
                    now.take_risk(kind);
                    filler.push(Service::Risk, kind.type_name(), recorded)
                }
            };
            if written.is_ok() {
                written = pushed;
            }
        }
    });
    written?;
    filler.finish()?;
    Ok(Tables::of(&now)?)
}

struct Bench {
    keizoku: Channel,
    population: Population,
    dice: Dice,
    written: u64,
    /// The risk that was opened last.
    last: String,
}

impl Bench {
    async fn ask(&self, request: GetForecastRequest) -> Result<GetForecastResponse, Failure> {
        let mut client = ForecastServiceClient::new(self.keizoku.clone());
        Ok(client.get_forecast(request).await?.into_inner())
    }

    async fn timed(&self, request: GetForecastRequest) -> Result<Duration, Failure> {
        let began = Instant::now();
        self.ask(request).await?;
        Ok(began.elapsed())
    }

    /// The server's date today.
    async fn today(&self) -> Result<Day, Failure> {
        let answer = self.ask(GetForecastRequest::default()).await?;
        let on = keizoku_proto::optional_day(answer.on.as_ref())?;
        Ok(on.ok_or("no date in the answer")?)
    }

    async fn ask_about_now(&mut self, tables: &Tables) -> Result<(), Failure> {
        let today = self.today().await?;
        self.compare(tables, today).await?;
        let (mut all, mut after_write) = (Latencies::new(), Latencies::new());
        let (mut of_today, mut ahead) = (Latencies::new(), Latencies::new());
        let mut kinds: Vec<(&str, Latencies)> = Vec::new();
        let (mut in_sql, mut ratios) = (Latencies::new(), Vec::new());
        for number in 0..QUESTIONS {
            let token = self.write().await?;
            let question = Question::turn(number, &mut self.dice, today);
            let took = self.timed(question.request()).await?;
            all.record(took);
            let kind = number % KINDS;
            if kinds.len() <= kind {
                kinds.push((question.only.name(), Latencies::new()));
            }
            kinds[kind].1.record(took);
            if question.on.is_some() {
                &mut ahead
            } else {
                &mut of_today
            }
            .record(took);
            if number % PER_PAIR == 0 {
                let began = Instant::now();
                tables.ask(&question)?;
                in_sql.record(began.elapsed());
                ratios.push(began.elapsed().as_secs_f64() / took.as_secs_f64());
                // And once more, with what was written just now in it for certain.
                let token = self.write().await.map(|_| token)?;
                let mut request = question.request();
                request.consistency_tokens.push(token);
                after_write.record(self.timed(request).await?);
            }
        }
        println!("forecast                     {all}  (goal p50 ≤ 5 ms, p99 ≤ 15 ms)");
        for (name, latencies) in &kinds {
            println!("   {name:<25} {latencies}");
        }
        println!("   today                     {of_today}");
        println!("   on a date ahead           {ahead}");
        println!("   with the write's token    {after_write}");
        println!("SQLite                       {in_sql}");
        println!("SQLite / Keizoku             {}", Spread::of(ratios));
        Ok(())
    }

    /// That both were asked the same, as far as tables without history can tell.
    async fn compare(&mut self, tables: &Tables, today: Day) -> Result<(), Failure> {
        for number in 0..KINDS {
            let question = Question::turn(number, &mut self.dice, today);
            let total = self.ask(question.request()).await?.total;
            let total = total.unwrap_or_default();
            let mrr = total.mrr.map_or(0, |mrr| mrr.minor_units);
            let buckets = tables.ask(&question)?;
            let sum = |of: fn(&Bucket) -> i64| buckets.iter().map(of).sum::<i64>();
            println!(
                "   {:<25} at risk {} with MRR {mrr}; SQLite {} with {}",
                question.only.name(),
                total.count,
                sum(|bucket| bucket.1),
                sum(|bucket| bucket.2),
            );
        }
        Ok(())
    }

    /// As it was on a date that has passed, as known now.
    async fn ask_about_dates_past(&mut self) -> Result<(), Failure> {
        let today = self.today().await?;
        let mut latencies = Latencies::new();
        for number in 0..10 * KINDS {
            self.write().await?;
            let mut question = Question::turn(number, &mut self.dice, today);
            let ago = 1 + i32::try_from(self.dice.below(365)).unwrap_or(0);
            question.on = Some(today.plus_days(-ago));
            latencies.record(self.timed(question.request()).await?);
        }
        println!("on a date of the past year   {latencies}  (stated)");
        Ok(())
    }

    /// As it was known at an instant: another one at each call.
    async fn ask_as_of_past_instants(&mut self) -> Result<(), Failure> {
        let now = SystemClock.now();
        let today = self.today().await?;
        let mut latencies = Latencies::new();
        for number in 0..PAST {
            self.write().await?;
            let known_at = past(now, 1 + 20 * i64::from(number));
            let turn = usize::try_from(number)?;
            let mut request = Question::turn(turn, &mut self.dice, today).request();
            request.as_of = Some(AsOf {
                known_at: Some(timestamp(known_at)),
                on: None,
            });
            latencies.record(self.timed(request).await?);
        }
        println!("as of a past instant         {latencies}  (goal ≤ 1 s)");
        Ok(())
    }

    /// Forecasts of two years against what was lost (FC-7), another question each time.
    async fn ask_for_backtests(&mut self) -> Result<(), Failure> {
        let mut client = ForecastServiceClient::new(self.keizoku.clone());
        let lines = [
            ("a scenario", Scenario::UnknownAtPresent, false),
            ("the expected line", Scenario::Unspecified, true),
        ];
        for (name, scenario, expected) in lines {
            let mut latencies = Latencies::new();
            let (mut months, mut forecast) = (0, 0);
            for horizon in [1, 2, 3] {
                self.write().await?;
                let request = GetBacktestRequest {
                    months: BACKTESTED,
                    horizon,
                    scenario: scenario.into(),
                    expected,
                    ..GetBacktestRequest::default()
                };
                let began = Instant::now();
                let answer = client.get_backtest(request).await?.into_inner();
                latencies.record(began.elapsed());
                months = answer.months.len();
                let total = answer.total.unwrap_or_default().forecast_mrr;
                forecast = total.map_or(0, |money| money.minor_units);
            }
            println!(
                "back-test of {name}, {months} months, {} accounts: {latencies}  \
                 (goal ≤ 5 s for 100,000); forecast {forecast}",
                self.population.accounts
            );
        }
        Ok(())
    }

    /// A write between two questions: a risk opened, or the last one's next action moved.
    async fn write(&mut self) -> Result<String, Failure> {
        self.written += 1;
        let number = self.written;
        let mut risks = RiskServiceClient::new(self.keizoku.clone());
        let next_action = Some(NextAction {
            due_date: Some(date(population::today().plus_days(9))),
            text: format!("電話で状況を確認 {number}"),
        });
        if number.is_multiple_of(2) {
            let request = ScheduleNextActionRequest {
                name: self.last.clone(),
                next_action,
                request_id: request_id("schedule", number),
                ..ScheduleNextActionRequest::default()
            };
            let answer = risks.schedule_next_action(request).await?;
            return Ok(answer.into_inner().consistency_token);
        }
        let account = self.dice.below(self.population.accounts);
        let request = OpenRiskRequest {
            parent: format!("accounts/{}", population::account(account)),
            display_name: "予算削減の話が出ている".to_owned(),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            next_action,
            request_id: request_id("open", number),
            ..OpenRiskRequest::default()
        };
        let answer = risks.open_risk(request).await?.into_inner();
        self.last = answer.risk.map(|risk| risk.name).unwrap_or_default();
        Ok(answer.consistency_token)
    }
}

fn past(now: Timestamp, days: i64) -> Timestamp {
    now - SignedDuration::from_hours(24 * days)
}
