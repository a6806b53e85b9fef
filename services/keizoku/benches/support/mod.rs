//! What the benchmarks of the whole binary share.

pub(crate) mod echo;
pub(crate) mod fill;
pub(crate) mod latency;
pub(crate) mod load;
pub(crate) mod scale;

use std::error::Error;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use keizoku_proto::accounts::accounts_service_client::AccountsServiceClient;
use keizoku_proto::accounts::{
    AccountFields, CreateAccountRequest, StartSubscriptionRequest, SubscriptionTerms,
};
use keizoku_proto::common::Money;
use tonic::transport::Channel;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// A server of its own process, killed with this value.
pub(crate) struct Child {
    process: std::process::Child,
    address: String,
    /// Held, so that the server can go on writing to it.
    _output: Option<BufReader<ChildStdout>>,
}

impl Child {
    /// The real binary on an empty data directory.
    pub(crate) fn keizoku(data: &Path) -> Result<Self, Failure> {
        Self::configured(data, &[], &[])
    }

    /// One service of it, beside others on the same directory.
    pub(crate) fn service(data: &Path, name: &str, nats: &str) -> Result<Self, Failure> {
        Self::configured(data, &[name, "--nats", nats], &[])
    }

    /// The real binary with more arguments, and variables in its environment.
    pub(crate) fn configured(
        data: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Result<Self, Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keizoku"));
        command
            .arg("serve")
            .args(arguments)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(environment.iter().map(|(key, value)| (key, value)));
        Self::start(command)
    }

    /// The real binary, without waiting until it is ready: when it is, the receiver is told.
    pub(crate) fn launch(data: &Path) -> Result<(Self, Receiver<Instant>), Failure> {
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut process = Command::new(env!("CARGO_BIN_EXE_keizoku"))
            .args(["serve", "--listen", &address, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("no standard output")?;
        let (ready, is_ready) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if line.contains("http://") {
                    // Nobody may be waiting for it any more.
                    let _ = ready.send(Instant::now());
                }
            }
        });
        let child = Self {
            process,
            address,
            _output: None,
        };
        Ok((child, is_ready))
    }

    /// This benchmark again, as a bare gRPC server.
    pub(crate) fn echo() -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(echo::ROLE, "server");
        Self::start(command)
    }

    /// Where it listens: `IP:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Bytes of memory that the kernel counts under a name such as `VmRSS` or `VmHWM`.
    pub(crate) fn memory(&self, name: &str) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().nth(1));
        Ok(kilobytes.ok_or("the kernel does not say")?.parse::<u64>()? * 1024)
    }

    /// Processor time that it has used so far, on all cores together.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name comes second, in parentheses, and may hold anything.
        let (_, rest) = stat.rsplit_once(')').ok_or("the kernel does not say")?;
        // User and system time are the 14th and 15th values, in hundredths of a second.
        let ticks = rest.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(str::parse::<u64>).sum::<Result<_, _>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    fn start(mut command: Command) -> Result<Self, Failure> {
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("no standard output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line)? > 0 {
            if let Some((_, rest)) = line.split_once("http://") {
                let address = rest
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                return Ok(Self {
                    process,
                    address,
                    _output: Some(output),
                });
            }
            line.clear();
        }
        Err("the server ended before it said where it is".into())
    }

    /// One connection to it.
    pub(crate) async fn channel(&self) -> Result<Channel, Failure> {
        Ok(Channel::from_shared(format!("http://{}", self.address))?
            .tcp_nodelay(true)
            .connect()
            .await?)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A process that has ended already is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The region of the n-th customer, who is alone in it.
pub(crate) fn region(number: u64) -> String {
    format!("region {number}")
}

/// The n-th customer, with one subscription that renews every year: its resource name.
pub(crate) async fn a_customer(keizoku: Channel, number: u64) -> Result<String, Failure> {
    let mut accounts = AccountsServiceClient::new(keizoku);
    let account = AccountFields {
        display_name: "あおば製作所".to_owned(),
        region: region(number),
        ..AccountFields::default()
    };
    let request = CreateAccountRequest {
        account: Some(account),
        request_id: request_id("account", number),
        ..CreateAccountRequest::default()
    };
    let created = accounts.create_account(request).await?.into_inner();
    let name = created
        .account
        .map(|account| account.name)
        .unwrap_or_default();
    let subscription = StartSubscriptionRequest {
        parent: name.clone(),
        product: "Core".to_owned(),
        start_date: Some(keizoku_proto::date(
            keizoku_core::Day::MIN.plus_days(20_000),
        )),
        mrr: Some(Money {
            minor_units: 300_000,
            currency_code: String::new(),
        }),
        terms: Some(SubscriptionTerms {
            next_renewal_date: Some(keizoku_proto::date(
                keizoku_core::Day::MIN.plus_days(20_365),
            )),
            term_months: 12,
            auto_renew: true,
            ..SubscriptionTerms::default()
        }),
        request_id: request_id("subscription", number),
        ..StartSubscriptionRequest::default()
    };
    accounts.start_subscription(subscription).await?;
    Ok(name)
}

/// The request id of the n-th request of a kind.
pub(crate) fn request_id(kind: &str, number: u64) -> String {
    keizoku_core::derive_id(kind, &[&number.to_be_bytes()]).to_string()
}

/// On the disk that is built on: a file system in memory would flatter.
pub(crate) fn target_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Minimum, median and maximum of several rounds.
pub(crate) struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self { sorted: figures }
    }

    fn ends(&self) -> (f64, f64, f64) {
        let at = |place: usize| self.sorted.get(place).copied().unwrap_or(f64::NAN);
        let last = self.sorted.len().saturating_sub(1);
        (at(0), at(self.sorted.len() / 2), at(last))
    }

    pub(crate) fn per_second(&self) -> String {
        let (least, median, most) = self.ends();
        format!("{median:.0}/s ({least:.0} … {most:.0})")
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, median, most) = self.ends();
        write!(out, "{median:.3} ({least:.3} … {most:.3})")
    }
}
