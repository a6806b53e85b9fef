//! Messages: how long after an acknowledgement Slack has taken what is told of it, alone and beside
//! channels that are in trouble; how fast a channel goes that takes one message a second; and what ten
//! processes need that have nothing to do.
//!
//! Slack is a peer on loopback that takes everything at once. Before each sample the two things that
//! the way to it is made of are measured on the same machine at the same time: an fsync, and one POST
//! over a new connection. The client and the peer share one thread of a process of their own; what they
//! add counts against the server. Run it with `./dev bench notification`; `KEIZOKU_BENCH_SCALE=0.1`
//! tries it out.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use keizoku_proto::accounts::accounts_service_client::AccountsServiceClient;
use keizoku_proto::accounts::directory_service_client::DirectoryServiceClient;
use keizoku_proto::accounts::{AccountFields, CreateAccountRequest, DefineTeamRequest, Team};
use keizoku_proto::notification::notification_service_client::NotificationServiceClient;
use keizoku_proto::notification::recipient::To;
use keizoku_proto::notification::{Channel as Kind, Recipient, SendTestMessageRequest};
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use keizoku_testkit::NatsServer;
use keizoku_testkit::peer::{SlackAnswer, SlackPeer};
use support::latency::Latencies;
use support::scale::scaled;
use support::{Child, Failure, a_customer, request_id};
use tonic::transport::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SAMPLES: u64 = 500;
/// Time between the starts of two samples.
const EVERY: Duration = Duration::from_millis(25);
/// Teams with a channel each: so many samples lie between two messages to one channel, which takes one
/// a second.
const TEAMS: u64 = 100;
/// Messages to one channel.
const LIMITED: u64 = 45;
/// Channels in trouble, of each kind.
const IN_TROUBLE: usize = 5;
/// Customers that the idle processes know.
const CUSTOMERS: u64 = 1_000;
const IDLE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        sending().await?;
        idle().await
    })
}

/// What tells a process where Slack is.
fn told_by(slack: &SlackPeer) -> Vec<(&'static str, String)> {
    let key = |name: &'static str, value: &str| (name, value.to_owned());
    vec![
        key("KEIZOKU__NOTIFICATION__ALLOW_PRIVATE_ADDRESSES", "true"),
        key("KEIZOKU__NOTIFICATION__SLACK__BOT_TOKEN", "env:BENCH_SLACK"),
        key("KEIZOKU__NOTIFICATION__SLACK__API_URL", &slack.url("/api/")),
        key("BENCH_SLACK", "xoxb-bench"),
    ]
}

async fn sending() -> Result<(), Failure> {
    keizoku_runtime::crypto::install();
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let slack = SlackPeer::start().await;
    let server = Child::configured(folder.path(), &[], &told_by(&slack))?;
    let keizoku = server.channel().await?;
    let mut bench = Bench {
        accounts: accounts(&keizoku).await?,
        keizoku,
        file: File::create(folder.path().join("fsync"))?,
        client: reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()?,
        slack,
        opened: 0,
        tested: 0,
    };
    let alone = bench.sample().await?;
    let (fsync, post) = (alone.fsync.at(99.0), alone.post.at(99.0));
    let goal = 5 * (fsync + post);
    println!("one fsync                    {}", alone.fsync);
    println!("one POST                     {}", alone.post);
    println!("acknowledged to Slack's 2xx  {}", alone.told);
    let ratio = alone.told.at(99.0).as_secs_f64() / (fsync + post).as_secs_f64();
    println!("   p99 ÷ (fsync p99 + POST p99) = {ratio:.2}  (goal ≤ 5, which is {goal:.2?})");
    bench.trouble().await?;
    let beside = bench.sample().await?;
    println!("the same beside {} channels in trouble", 3 * IN_TROUBLE);
    println!("                             {}", beside.told);
    let later = beside.told.at(99.0).saturating_sub(alone.told.at(99.0));
    println!("   p99 later by {later:.2?}  (goal ≤ 100 ms)");
    bench.limited().await
}

/// Accounts of teams with a channel each.
async fn accounts(keizoku: &Channel) -> Result<Vec<String>, Failure> {
    let mut directory = DirectoryServiceClient::new(keizoku.clone());
    let mut accounts = AccountsServiceClient::new(keizoku.clone());
    let mut names = Vec::new();
    for number in 0..TEAMS {
        let team = Team {
            display_name: format!("Team {number}"),
            slack_channel: format!("#team-{number}"),
            ..Team::default()
        };
        let request = DefineTeamRequest {
            team: Some(team),
            request_id: request_id("team", number),
        };
        let team = directory.define_team(request).await?.into_inner().team;
        let account = AccountFields {
            display_name: "あおば製作所".to_owned(),
            pool: team.unwrap_or_default().name,
            ..AccountFields::default()
        };
        let request = CreateAccountRequest {
            account: Some(account),
            request_id: request_id("account", number),
            ..CreateAccountRequest::default()
        };
        let created = accounts.create_account(request).await?.into_inner();
        names.push(created.account.unwrap_or_default().name);
    }
    Ok(names)
}

struct Bench {
    keizoku: Channel,
    accounts: Vec<String>,
    slack: SlackPeer,
    client: reqwest::Client,
    file: File,
    opened: u64,
    tested: u64,
}

struct Figures {
    fsync: Latencies,
    post: Latencies,
    told: Latencies,
}

impl Bench {
    /// One message after the other, each to another channel.
    async fn sample(&mut self) -> Result<Figures, Failure> {
        let mut figures = Figures {
            fsync: Latencies::new(),
            post: Latencies::new(),
            told: Latencies::new(),
        };
        let mut risks = RiskServiceClient::new(self.keizoku.clone());
        let mut starts = tokio::time::interval(EVERY);
        for _ in 0..scaled(SAMPLES) {
            starts.tick().await;
            figures.fsync.record(self.fsync()?);
            figures.post.record(self.post().await?);
            let before = self.slack.got_number();
            let place = usize::try_from(self.opened % TEAMS)?;
            let request = OpenRiskRequest {
                parent: self.accounts[place].clone(),
                display_name: "予算削減の話が出ている".to_owned(),
                leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
                request_id: request_id("open", self.opened),
                ..OpenRiskRequest::default()
            };
            self.opened += 1;
            risks.open_risk(request).await?;
            let acknowledged = Instant::now();
            // The peer has answered by the time that this goes on: it is the same thread.
            self.slack.arrived(before + 1).await;
            figures.told.record(acknowledged.elapsed());
        }
        Ok(figures)
    }

    fn fsync(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        self.file.write_all(&[1; 4096])?;
        self.file.sync_data()?;
        Ok(began.elapsed())
    }

    async fn post(&self) -> Result<Duration, Failure> {
        let body = format!("{{\"text\":\"{}\"}}", "x".repeat(1_500));
        let began = Instant::now();
        let request = self.client.post(self.slack.url("/baseline")).body(body);
        request.send().await?.error_for_status()?;
        Ok(began.elapsed())
    }

    /// Channels that hang, are throttled or fail, for longer than a round takes.
    async fn trouble(&mut self) -> Result<(), Failure> {
        for (kind, answer) in [
            ("hangs", SlackAnswer::Hang),
            ("full", SlackAnswer::Http(429, "retry-after: 60", "")),
            ("broken", SlackAnswer::Http(503, "", "")),
        ] {
            for number in 0..IN_TROUBLE {
                self.slack.answer_next_with([answer.clone()]);
                let before = self.slack.got_number();
                self.test_message(&format!("#{kind}-{number}")).await?;
                self.slack.arrived(before + 1).await;
            }
        }
        Ok(())
    }

    /// Many messages at once to a channel that takes one a second.
    async fn limited(&mut self) -> Result<(), Failure> {
        let number = scaled(LIMITED).max(3);
        for _ in 0..number {
            self.test_message("#limited").await?;
        }
        let arrivals = loop {
            self.slack.arrived(self.slack.got_number() + 1).await;
            let got = self.slack.got().into_iter();
            let limited = got.filter(|posted| posted.channel() == "#limited");
            let arrivals: Vec<Instant> = limited.map(|posted| posted.at).collect();
            if arrivals.len() as u64 == number {
                break arrivals;
            }
        };
        let gaps = arrivals.windows(2).map(|two| two[1] - two[0]);
        let whole: Duration = gaps.clone().sum();
        #[expect(clippy::cast_precision_loss, reason = "some dozens")]
        let rate = (number - 1) as f64 / whole.as_secs_f64();
        let early = gaps.clone().filter(|gap| *gap < Duration::from_secs(1));
        let early = early.count();
        let least = gaps.min().unwrap_or_default();
        println!("limited channel              {rate:.3} messages/s  (goal ≥ 0.95)");
        println!(
            "   {early} of {number} came less than a second after the one before, the closest after {least:.2?}  (goal: none)"
        );
        Ok(())
    }

    async fn test_message(&mut self, channel: &str) -> Result<(), Failure> {
        let recipient = Recipient {
            channel: Kind::Slack.into(),
            to: Some(To::SlackChannel(channel.to_owned())),
        };
        let request = SendTestMessageRequest {
            recipient: Some(recipient),
            request_id: request_id("test", self.tested),
            ..SendTestMessageRequest::default()
        };
        self.tested += 1;
        let mut notifications = NotificationServiceClient::new(self.keizoku.clone());
        notifications.send_test_message(request).await?;
        Ok(())
    }
}

/// Three services that record, and seven that read, each in a process and a directory of its own.
async fn idle() -> Result<(), Failure> {
    let (nats, slack) = (NatsServer::start(), SlackPeer::start().await);
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let start = |data: &Path, name: &'static str| {
        let arguments = [name, "--nats", &nats.url()];
        Child::configured(data, &arguments, &told_by(&slack)).map(|child| (name, child))
    };
    let mut processes = Vec::new();
    for name in ["accounts", "risk", "notification"] {
        processes.push(start(folder.path(), name)?);
    }
    for number in 0..7 {
        let own = folder.path().join(format!("reader-{number}"));
        processes.push(start(&own, "forecast")?);
    }
    let accounts = processes[0].1.channel().await?;
    for number in 0..scaled(CUSTOMERS) {
        a_customer(accounts.clone(), number).await?;
    }
    // What was recorded last is read everywhere long before this is over.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut before = Vec::new();
    for (_, process) in &processes {
        before.push(process.cpu()?);
    }
    tokio::time::sleep(IDLE).await;
    println!("{} processes over NATS, idle for {IDLE:?}", processes.len());
    for ((name, process), before) in processes.iter().zip(before) {
        let used = process.cpu()?.saturating_sub(before);
        let share = used.as_secs_f64() / IDLE.as_secs_f64();
        let memory = process.memory("VmRSS")? / 1_000_000;
        // The rest are pages of the binary, which processes share.
        let own = process.memory("RssAnon")? / 1_000_000;
        println!(
            "   {name:<14} {:.2} % of a core, {memory} MB, {own} of them its own  (goal ≤ 1 %, ≤ 40 MB)",
            share * 100.0
        );
    }
    Ok(())
}
