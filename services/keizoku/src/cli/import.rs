//! `keizoku import`: ACC-7.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use keizoku_core::Day;

use super::Globals;
use super::output::print;
use crate::client::Connection;
use crate::error::Failure;
use crate::import::{self, Mapping, Options, Progress, Report};

/// What to import.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A Salesforce export: users, accounts, subscriptions and, if there, contacts, deals and risks
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
        let mut place = Place::of(self.report.as_deref(), globals.json)?;
        let report = if self.dry_run {
            prepared.dry_run().await?
        } else {
            let caller = globals.caller()?;
            let connection = Connection::open(&globals.endpoints(), caller).await?;
            prepared.run(&connection).await?
        };
        place.show(&report)?;
        Ok(u8::from(!report.is_clean()))
    }
}

/// Where the report goes. Standard output holds either text or JSON.
struct Place {
    file: Option<(File, PathBuf)>,
    is_json: bool,
}

impl Place {
    /// Makes the file: that it cannot be written is told before anything is sent.
    fn of(file: Option<&Path>, json: bool) -> Result<Self, Failure> {
        let to_standard_output = file.is_some_and(|file| file == "-");
        let file = match file.filter(|_| !to_standard_output) {
            Some(path) => {
                let made = File::create(path).map_err(|source| unwritable(path, source))?;
                Some((made, path.to_owned()))
            }
            None => None,
        };
        Ok(Self {
            file,
            is_json: json || to_standard_output,
        })
    }

    fn show(&mut self, report: &Report) -> Result<(), Failure> {
        if let Some((file, path)) = &mut self.file {
            let written = file.write_all(report.to_json().as_bytes());
            written.map_err(|source| unwritable(path, source))?;
        }
        if self.is_json {
            print(&report.to_json())
        } else {
            print(&report.to_text())
        }
    }
}

fn unwritable(path: &Path, source: io::Error) -> Failure {
    Failure::Write {
        place: path.display().to_string(),
        source,
    }
}
