//! What an honest client notices of clients that attack: how long its answers take beside oversized
//! messages, malformed frames, compressed bombs, floods of headers and rapid resets, against how long they
//! take without.
//!
//! Quiet rounds and attacked ones take turns in one run, and the ratio of each pair is what counts. Of each
//! kind there is one attacker, who comes back at once when it was refused or cut off. They share one
//! thread, which competes with the server and the honest client for the machine: on two cores a
//! part of the ratio is that. Run it with `./dev bench attacks`; `KEIZOKU_BENCH_SECONDS` is the length of
//! a round, and `KEIZOKU_BENCH_ATTACKS=rapid` takes the attacks whose names contain that, alone.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

#[path = "attacks/attackers.rs"]
mod attackers;
#[path = "attacks/wire.rs"]
mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use attackers::{Attackers, Kind, a_bomb};
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use keizoku_proto::risk::{LeadsToChurn, ListRisksRequest, OpenRiskRequest, RiskFilter};
use support::latency::Latencies;
use support::{Child, Failure, Spread, a_customer, request_id};
use tonic::Status;
use tonic::transport::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAIRS: usize = 7;
/// Length of a round, in seconds.
const SECONDS: &str = "KEIZOKU_BENCH_SECONDS";
/// Which attacks to try: those whose names contain this.
const ATTACKS: &str = "KEIZOKU_BENCH_ATTACKS";
/// Time between the starts of two samples; each is one command and one question.
const EVERY: Duration = Duration::from_millis(5);

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let round = Duration::from_secs(match std::env::var(SECONDS) {
        Ok(seconds) => seconds.parse()?,
        Err(_) => 8,
    });
    let wanted = std::env::var(ATTACKS).unwrap_or_default();
    let kinds = Kind::ALL.into_iter();
    let kinds: Vec<Kind> = kinds.filter(|kind| kind.name().contains(&wanted)).collect();
    let bomb = a_bomb()?;
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let server = Child::keizoku(folder.path())?;
    let address: SocketAddr = server.address().parse()?;
    let channel = server.channel().await?;
    let mut honest = Honest {
        busy: a_customer(channel.clone(), 0).await?,
        quiet: a_customer(channel.clone(), 1).await?,
        risks: RiskServiceClient::new(channel),
        opened: 0,
    };
    // What is only done once is done now.
    honest.round(Duration::from_secs(1)).await?;
    let before = server.memory("VmRSS")?;
    let (mut commands, mut questions) = (Vec::new(), Vec::new());
    for pair in 1..=PAIRS {
        let [quiet_commands, quiet_questions] = honest.round(round).await?;
        let attackers = Attackers::start(address, &kinds, &bomb)?;
        let attacked = honest.round(round).await;
        let attacks = attackers.end()?;
        let [attacked_commands, attacked_questions] = attacked?;
        println!("pair {pair}: OpenRisk   quiet     {quiet_commands}");
        println!("        OpenRisk   attacked  {attacked_commands}");
        println!("        ListRisks  quiet     {quiet_questions}");
        println!("        ListRisks  attacked  {attacked_questions}");
        for (kind, attacks) in kinds.iter().zip(attacks) {
            let rate = f64::from(attacks) / round.as_secs_f64();
            println!(
                "        {:<20} {rate:.0}/s, each refused or cut off",
                kind.name()
            );
        }
        commands.push(ratio(&attacked_commands, &quiet_commands));
        questions.push(ratio(&attacked_questions, &quiet_questions));
    }
    let (commands, questions) = (Spread::of(commands), Spread::of(questions));
    println!("OpenRisk   p99 attacked ÷ quiet  {commands}  (goal ≤ 2)");
    println!("ListRisks  p99 attacked ÷ quiet  {questions}  (goal ≤ 2)");
    let grown = server.memory("VmHWM")?.saturating_sub(before);
    println!("memory     {} MB more at most", grown / 1024 / 1024);
    Ok(())
}

fn ratio(attacked: &Latencies, quiet: &Latencies) -> f64 {
    attacked.at(99.0).as_secs_f64() / quiet.at(99.0).as_secs_f64()
}

/// A client that does its work.
struct Honest {
    /// The customer whose risks become more and more, and the one who is asked about.
    busy: String,
    quiet: String,
    risks: RiskServiceClient<Channel>,
    opened: u64,
}

impl Honest {
    /// How long commands and questions took, in that order.
    async fn round(&mut self, round: Duration) -> Result<[Latencies; 2], Status> {
        let (mut commands, mut questions) = (Latencies::new(), Latencies::new());
        let mut starts = tokio::time::interval(EVERY);
        let began = Instant::now();
        while began.elapsed() < round {
            starts.tick().await;
            let asked = Instant::now();
            let request = self.a_risk();
            self.risks.open_risk(request).await?;
            commands.record(asked.elapsed());
            let asked = Instant::now();
            let request = self.a_question();
            self.risks.list_risks(request).await?;
            questions.record(asked.elapsed());
        }
        Ok([commands, questions])
    }

    fn a_risk(&mut self) -> OpenRiskRequest {
        self.opened += 1;
        OpenRiskRequest {
            parent: self.busy.clone(),
            display_name: "予算削減の話が出ている".to_owned(),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            request_id: request_id("open", self.opened),
            ..OpenRiskRequest::default()
        }
    }

    fn a_question(&self) -> ListRisksRequest {
        ListRisksRequest {
            filter: Some(RiskFilter {
                account: self.quiet.clone(),
                ..RiskFilter::default()
            }),
            ..ListRisksRequest::default()
        }
    }
}
