//! What the benchmarks of the whole binary share.

pub(crate) mod echo;

use std::error::Error;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use keizoku_proto::accounts::accounts_service_client::AccountsServiceClient;
use keizoku_proto::accounts::{AccountFields, CreateAccountRequest, StartSubscriptionRequest};
use keizoku_proto::common::Money;
use tonic::transport::Channel;

type Failure = Box<dyn Error + Send + Sync>;

/// A server of its own process, ended with this value.
pub(crate) struct Child {
    process: std::process::Child,
    address: String,
    /// Held, so that the server can go on writing to it.
    _output: BufReader<ChildStdout>,
}

impl Child {
    /// The real binary on an empty data directory.
    pub(crate) fn keizoku(data: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keizoku"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data);
        Self::start(command)
    }

    /// This benchmark again, as a bare gRPC server.
    pub(crate) fn echo() -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(echo::ROLE, "server");
        Self::start(command)
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
                    _output: output,
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

/// A customer with one subscription: its resource name.
pub(crate) async fn a_customer(keizoku: Channel) -> Result<String, Failure> {
    let mut accounts = AccountsServiceClient::new(keizoku);
    let account = AccountFields {
        display_name: "あおば製作所".to_owned(),
        ..AccountFields::default()
    };
    let request = CreateAccountRequest {
        account: Some(account),
        request_id: request_id("account", 0),
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
        request_id: request_id("subscription", 0),
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
