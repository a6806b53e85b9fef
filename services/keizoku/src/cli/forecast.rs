//! `keizoku forecast`: FC-2 to FC-6.

mod accounts;
mod backtest;
mod text;

use clap::ValueEnum;
use keizoku_proto::forecast::{self, GetForecastRequest};

use super::context::Context;
use super::filter::Filter;
use super::output::answer;
use super::pages::Limit;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku forecast
  keizoku forecast --team 'Enterprise East' --basis group
  keizoku forecast --scenario announced
  keizoku forecast --expected                  weighted by how often such risks ended in churn
  keizoku forecast backtest --horizon 3        what it said then, and what was lost
  keizoku forecast --as-of 2026-10-31          what it said at the end of October
  keizoku forecast --accounts 2026-12          the accounts behind December
  keizoku forecast --json | jq '.buckets[] | {key, mrr: .mrr.minorUnits}'";

/// Arguments of `keizoku forecast`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// What to count MRR by
    #[arg(long, value_enum, default_value_t = Basis::Account)]
    basis: Basis,
    /// Which losses; each scenario includes the ones before it
    #[arg(long, value_enum, default_value_t = Scenario::LeadsToChurn)]
    scenario: Scenario,
    /// List the accounts behind the forecast, or behind one bucket (OVERDUE, 2026-12, UNKNOWN)
    #[arg(long, value_name = "BUCKET", num_args = 0..=1, default_missing_value = "")]
    accounts: Option<String>,
    /// Also what to expect: every part weighted by how often parts like it were lost
    #[arg(long, conflicts_with = "accounts")]
    expected: bool,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    as_of: AsOf,
}

/// What else to ask about forecasts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Forecasts as they were given, against what was really lost
    Backtest(backtest::Args),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Basis {
    /// An account's own MRR
    Account,
    /// A group once, whole, while one of its accounts is at risk
    Group,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scenario {
    /// Subscriptions with an announced cancellation
    Announced,
    /// And accounts with an open risk that leads to churn
    LeadsToChurn,
    /// And accounts with an open risk of which it is not known
    UnknownAtPresent,
    /// And accounts without an open risk whose health score is red
    Red,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        if let Some(Command::Backtest(args)) = &self.command {
            return args.run(context).await;
        }
        let request = self.request(context).await?;
        if let Some(bucket) = &self.accounts {
            return accounts::show(context, request, bucket, &self.limit).await;
        }
        let response = call(async || {
            context
                .connection
                .forecasts()
                .get_forecast(request.clone())
                .await
        })
        .await?;
        let title = text::Title {
            scenario: &self.scenario.name(),
            basis: &self.basis.name(),
            filter: &self.filter.describe(),
            now: context.now(),
        };
        answer!(
            context,
            forecast::GetForecastResponse,
            &response,
            text::render(&response, &title, context.style)
        )
    }

    async fn request(&self, context: &Context) -> Result<GetForecastRequest, Failure> {
        let basis = match self.basis {
            Basis::Account => forecast::Basis::Account,
            Basis::Group => forecast::Basis::Group,
        };
        Ok(GetForecastRequest {
            as_of: self.as_of.resolve(context).await?,
            basis: basis.into(),
            scenario: self.scenario.proto().into(),
            filter: Some(self.filter.resolve(context).await?),
            consistency_tokens: context.tokens(),
            expected: self.expected,
        })
    }
}

impl Basis {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

impl Scenario {
    fn proto(self) -> forecast::Scenario {
        match self {
            Self::Announced => forecast::Scenario::Announced,
            Self::LeadsToChurn => forecast::Scenario::LeadsToChurn,
            Self::UnknownAtPresent => forecast::Scenario::UnknownAtPresent,
            Self::Red => forecast::Scenario::Red,
        }
    }

    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}
