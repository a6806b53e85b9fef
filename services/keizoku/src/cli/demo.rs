//! `keizoku demo`: a believable company.

use keizoku_core::Day;

use super::context::Context;
use super::output::print;
use crate::demo::{self, Options};
use crate::error::Failure;
use crate::import::Progress;

/// Arguments of `keizoku demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku demo                                     200 customers, two years
  keizoku demo --accounts 1000 --seed 7            another company, larger
  keizoku demo --accounts 1000 --seed 7 --until 2026-11-22

The same --accounts, --seed, --months and --until write the same company: a run that broke off goes on,
and one that was finished changes nothing. --until is today unless it is given, so name it to repeat a run on
another day.

Contracts are recorded as people record them: imported ones would hide the revenue metrics for a year. So
where Slack or email is configured, people are told of cancellations and churn; use a server without. Risks
are imported, and tell nobody.")]
pub struct Args {
    /// How many customers
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    accounts: u32,
    /// Which company of that size
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many months of history
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(6..=60))]
    months: u32,
    /// The last day that is told of (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    until: Option<Day>,
    /// Write it beside the accounts that are there
    #[arg(long)]
    add: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let today = context.today().await?;
        let until = self.until.unwrap_or(today);
        if until > today {
            return Err(Failure::Usage(format!(
                "--until {until} lies in the future: history ends with today, {today}"
            )));
        }
        let options = Options {
            accounts: usize::try_from(self.accounts).unwrap_or(usize::MAX),
            seed: self.seed,
            months: self.months,
            until,
            today,
            add: self.add,
            progress: Progress::fitting(),
        };
        let report = demo::run(&context.connection, &options).await?;
        if context.style.json {
            print(&report.to_json())
        } else {
            print(&report.to_text())
        }
    }
}
