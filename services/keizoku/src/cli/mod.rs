//! Everyday commands: one file per family, each with its arguments, its call and its output.

mod card;
mod chart;
mod context;
mod filter;
mod format;
mod lookup;
mod output;
mod pages;
mod table;
mod time;

pub mod account;
pub mod deadlines;
pub mod deal;
pub mod demo;
pub mod enablement;
pub mod forecast;
pub mod health;
pub mod import;
pub mod initiative;
pub mod metrics;
pub mod notification;
pub mod onboarding;
pub mod organisation;
pub mod quality;
pub mod report;
pub mod risk;
pub mod targets;
pub mod team;
pub mod user;

use std::path::PathBuf;

use clap::Subcommand;
use uuid::Uuid;

use crate::client::{Caller, Endpoints, Trust};
use crate::error::Failure;
use context::Context;

pub use output::print;

/// Options that every command takes. Those whose names commands use for arguments of their own have ids that no
/// command uses: the parser takes two arguments with one id for the same.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Connection and output")]
pub struct Globals {
    /// Where Keizoku is.
    #[arg(
        id = "any_endpoint",
        long = "endpoint",
        global = true,
        value_name = "URL",
        env = "KEIZOKU_ENDPOINT",
        default_value = "http://127.0.0.1:7420"
    )]
    endpoint: String,
    /// Where the accounts service is, when it runs on its own.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "KEIZOKU_ACCOUNTS_ENDPOINT",
        hide_short_help = true
    )]
    accounts_endpoint: Option<String>,
    /// Where the risk service is, when it runs on its own.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "KEIZOKU_RISK_ENDPOINT",
        hide_short_help = true
    )]
    risk_endpoint: Option<String>,
    /// Where the forecast service is, when it runs on its own.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "KEIZOKU_FORECAST_ENDPOINT",
        hide_short_help = true
    )]
    forecast_endpoint: Option<String>,
    /// Where the notification service is, when it runs on its own.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "KEIZOKU_NOTIFICATION_ENDPOINT",
        hide_short_help = true
    )]
    notification_endpoint: Option<String>,
    /// Where the onboarding service is, when it runs on its own.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "KEIZOKU_ONBOARDING_ENDPOINT",
        hide_short_help = true
    )]
    onboarding_endpoint: Option<String>,
    /// Where the healthscore service is, when it runs on its own.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "KEIZOKU_HEALTHSCORE_ENDPOINT",
        hide_short_help = true
    )]
    healthscore_endpoint: Option<String>,
    /// Bearer token; better in the environment than on the command line.
    #[arg(long, global = true, env = "KEIZOKU_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// File with the bearer token.
    #[arg(long, global = true, value_name = "FILE", env = "KEIZOKU_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Authorities that may vouch for an https endpoint [default: those of this machine].
    #[arg(
        long,
        global = true,
        value_name = "FILE.pem",
        env = "KEIZOKU_CA",
        hide_short_help = true
    )]
    ca: Option<PathBuf>,
    /// Certificate by which the server recognises this client.
    #[arg(
        long,
        global = true,
        value_name = "FILE.pem",
        env = "KEIZOKU_CERT",
        requires = "client_key",
        hide_short_help = true
    )]
    cert: Option<PathBuf>,
    /// Private key of that certificate.
    #[arg(
        id = "client_key",
        long = "key",
        global = true,
        value_name = "FILE.pem",
        env = "KEIZOKU_KEY",
        requires = "cert",
        hide_short_help = true
    )]
    key: Option<PathBuf>,
    /// Who acts, where a server on loopback asks for no token.
    #[arg(
        id = "caller",
        long = "as",
        global = true,
        value_name = "NAME",
        env = "KEIZOKU_USER",
        hide_short_help = true
    )]
    user: Option<String>,
    /// Print the answer as canonical protobuf JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Plain ASCII, also on a terminal.
    #[arg(long, global = true, hide_short_help = true)]
    ascii: bool,
    /// Idempotency key of a change: the same one again takes effect once [default: a fresh one].
    #[arg(long, global = true, value_name = "UUID", hide_short_help = true)]
    request_id: Option<Uuid>,
    /// Wait until the change with this token is part of the answer (`consistencyToken` in --json).
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    after: Vec<String>,
}

/// The commands that talk to a server.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Churn forecast by renewal month
    Forecast(Box<forecast::Args>),
    /// Revenue metrics of a month and of the trailing twelve
    Metrics(metrics::Args),
    /// Targets for retention and expansion, and where each stands
    Targets(targets::Args),
    /// Initiatives: for whom, and what they have changed
    #[command(subcommand)]
    Initiative(initiative::Command),
    /// Renewals and notice deadlines ahead, accounts at risk first
    Deadlines(deadlines::Args),
    /// Risks opened, closed and overdue: the last seven days
    Report(report::Args),
    /// What is wrong with records, since when, and who should mend it
    Quality(quality::Args),
    /// Churn risks: file, follow, close, search
    #[command(subcommand)]
    Risk(risk::Command),
    /// Health scores, why they moved, and the signals behind them
    #[command(subcommand)]
    Health(health::Command),
    /// Accounts, their owners and their contracts
    #[command(subcommand)]
    Account(account::Command),
    /// Teams
    #[command(subcommand)]
    Team(team::Command),
    /// People
    #[command(subcommand)]
    User(user::Command),
    /// The organisation's settings
    #[command(subcommand, visible_aliases = ["organization", "org"])]
    Organisation(organisation::Command),
    /// Deals
    #[command(subcommand)]
    Deal(deal::Command),
    /// Onboardings: phases, tasks, templates
    #[command(subcommand)]
    Onboarding(onboarding::Command),
    /// Programmes for new members of the team: phases, tasks, templates
    #[command(subcommand)]
    Enablement(enablement::Command),
    /// Messages by Slack and email: rules, deliveries, dead letters
    #[command(subcommand)]
    Notification(notification::Command),
    /// Bring data over from another system
    #[command(subcommand)]
    Import(import::Command),
    /// Write a believable company, to look around in or to measure with
    Demo(demo::Args),
}

impl Globals {
    fn endpoints(&self) -> Endpoints {
        Endpoints {
            all: self.endpoint.clone(),
            accounts: self.accounts_endpoint.clone(),
            risk: self.risk_endpoint.clone(),
            forecast: self.forecast_endpoint.clone(),
            notification: self.notification_endpoint.clone(),
            onboarding: self.onboarding_endpoint.clone(),
            healthscore: self.healthscore_endpoint.clone(),
            trust: Trust {
                authorities: self.ca.clone(),
                identity: self.cert.clone().zip(self.key.clone()),
            },
        }
    }

    /// Who is calling.
    fn caller(&self) -> Result<Caller, Failure> {
        let from_file = self.token_file.as_ref().filter(|_| self.token.is_none());
        let from_file = from_file.map(|file| {
            std::fs::read_to_string(file).map_err(|error| {
                Failure::Usage(format!("{} cannot be read: {error}", file.display()))
            })
        });
        let from_file = from_file.transpose()?;
        let token = self.token.as_deref().or(from_file.as_deref());
        Caller::new(token.map(str::trim), self.user.as_deref())
    }
}

/// Runs a command; the answer is the exit status of the process.
///
/// # Errors
/// When the server cannot be reached or refuses, or the arguments make no sense.
pub async fn run(command: Command, globals: Globals) -> Result<u8, Failure> {
    let command = match command {
        Command::Import(command) => return command.run(&globals).await,
        command => command,
    };
    let context = Context::open(globals).await?;
    match command {
        Command::Forecast(args) => args.run(&context).await,
        Command::Metrics(args) => args.run(&context).await,
        Command::Targets(args) => args.run(&context).await,
        Command::Initiative(command) => command.run(&context).await,
        Command::Deadlines(args) => args.run(&context).await,
        Command::Quality(args) => args.run(&context).await,
        Command::Report(args) => args.run(&context).await,
        Command::Risk(command) => command.run(&context).await,
        Command::Health(command) => return command.run(&context).await,
        Command::Account(command) => command.run(&context).await,
        Command::Team(command) => command.run(&context).await,
        Command::User(command) => command.run(&context).await,
        Command::Organisation(command) => command.run(&context).await,
        Command::Deal(command) => command.run(&context).await,
        Command::Notification(command) => command.run(&context).await,
        Command::Onboarding(command) => command.run(&context).await,
        Command::Enablement(command) => command.run(&context).await,
        Command::Demo(args) => args.run(&context).await,
        Command::Import(_) => Ok(()),
    }
    .map(|()| 0)
}
