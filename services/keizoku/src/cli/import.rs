//! `keizoku import`: ACC-7.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use keizoku_core::Day;

use super::Globals;
use super::output::print;
use crate::client::{Caller, Connection};
use crate::error::Failure;
use crate::import::{self, Mapping, Options, Progress, Report};

/// What to import.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A Salesforce export: users, accounts, subscriptions and, if there, deals and risks
    Salesforce(SalesforceArgs),
    /// Print the default mapping, with every key explained
    Mapping(MappingArgs),
}

/// Arguments of `keizoku import mapping`.
#[derive(Debug, clap::Args)]
pub struct MappingArgs {}

/// Arguments of `keizoku import salesforce`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku import salesforce export --dry-run
  keizoku import salesforce export --mapping mapping.toml --report report.json
  keizoku import mapping > mapping.toml        to start a mapping from

The same export again changes nothing. Exit status: 0 when every row went in or was rightly left
out, 1 when rows were rejected (the others went in) or the server failed, 2 when the files cannot
be used.")]
pub struct SalesforceArgs {
    /// The directory that holds the CSV files
    directory: PathBuf,
    /// What the columns mean, where it differs from the default (`keizoku import mapping`)
    #[arg(long, value_name = "FILE.toml")]
    mapping: Option<PathBuf>,
    /// Write every rejected and skipped row as JSON, `-` for standard output
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// From when changed amounts hold, unless the mapping has a date (YYYY-MM-DD) [default: today]
    #[arg(long)]
    date: Option<Day>,
    /// Read and report only; needs no server
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    pub(super) async fn run(self, globals: &Globals) -> Result<u8, Failure> {
        match self {
            Self::Salesforce(args) => args.run(globals).await,
            Self::Mapping(_) => print(import::default_mapping()).map(|()| 0),
        }
    }
}

impl SalesforceArgs {
    async fn run(self, globals: &Globals) -> Result<u8, Failure> {
        let options = Options {
            directory: self.directory,
            mapping: Mapping::load(self.mapping.as_deref())?,
            date: self.date,
            progress: Progress::fitting(),
        };
        let prepared = import::prepare(&options)?;
        let report = if self.dry_run {
            prepared.dry_run().await?
        } else {
            let caller = Caller::new(globals.token.as_deref(), globals.user.as_deref())?;
            let connection = Connection::open(&globals.endpoints(), caller).await?;
            prepared.run(&connection).await?
        };
        show(&report, self.report.as_deref(), globals.json)?;
        Ok(u8::from(!report.is_clean()))
    }
}

/// The report to where it was asked for. Standard output holds either text or JSON.
fn show(report: &Report, file: Option<&Path>, json: bool) -> Result<(), Failure> {
    let to_standard_output = file.is_some_and(|file| file == "-");
    if let Some(file) = file.filter(|_| !to_standard_output) {
        std::fs::write(file, report.to_json()).map_err(|source| Failure::Write {
            place: file.display().to_string(),
            source,
        })?;
    }
    if json || to_standard_output {
        print(&report.to_json())
    } else {
        print(&report.to_text())
    }
}
