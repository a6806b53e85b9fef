//! Scorecards from files: `draft`, `publish`, `roll-back` (HLT-2).

use std::path::PathBuf;

use keizoku_healthscore::scorecard_file;
use keizoku_proto::healthscore::{
    DraftScorecardRequest, PublishScorecardRequest, RollBackScorecardRequest, Scorecard,
    ScorecardHistory,
};

use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{change, print};
use crate::cli::table::Table;
use crate::error::Failure;

/// Arguments of `keizoku health draft`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health draft --example > mid.toml
  keizoku health draft mid.toml --scorecard mid
  keizoku health what-if mid
  keizoku health publish mid

The draft is checked as a whole, and every flaw is told. It computes nothing until it is published.")]
pub struct DraftArgs {
    /// The scorecard as TOML
    #[arg(required_unless_present = "example")]
    file: Option<PathBuf>,
    /// Key of the scorecard: one that there is (`keizoku health scorecards`), or a new one
    #[arg(
        long = "scorecard",
        value_name = "KEY",
        required_unless_present = "example",
        default_value = "",
        hide_default_value = true
    )]
    key: String,
    /// Print a file that explains every key: the scorecard for Mid that comes with Keizoku
    #[arg(long)]
    example: bool,
    /// Refuse when scorecards have changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

/// Arguments of `keizoku health publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku health publish mid

Scores are computed by it from now on, and bands begin anew; `keizoku health roll-back` goes back.")]
pub struct PublishArgs {
    /// Key of the scorecard
    key: String,
    /// Refuse when scorecards have changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

/// Arguments of `keizoku health roll-back`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku health roll-back mid --version 1 --reason 解約を見逃した")]
pub struct RollBackArgs {
    /// Key of the scorecard
    key: String,
    /// The version to go back to
    #[arg(long)]
    version: u32,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when scorecards have changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl DraftArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (false, Some(file)) = (self.example, &self.file) else {
            return print(scorecard_file::EXAMPLE);
        };
        let unusable = |error: &dyn std::fmt::Display| {
            Failure::Usage(format!("{} cannot be used: {error}", file.display()))
        };
        let text = std::fs::read_to_string(file).map_err(|error| unusable(&error))?;
        let scorecard = scorecard_file::read(&text).map_err(|error| unusable(&error))?;
        let request = DraftScorecardRequest {
            key: self.key,
            scorecard: Some(scorecard),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            health_scores.draft_scorecard,
            request,
            healthscore::DraftScorecardResponse,
            |response| {
                let drafted = response.scorecard.clone().unwrap_or_default();
                let draft = drafted.draft.clone().unwrap_or_default();
                let next = format!(
                    "`keizoku health what-if {0}` says who it would have warned of; \
                     `keizoku health publish {0}` puts it into effect.\n",
                    drafted.key
                );
                format!("Draft of {}\n{}{next}", drafted.key, table(&draft, context))
            }
        )
    }
}

impl PublishArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = PublishScorecardRequest {
            key: self.key,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            health_scores.publish_scorecard,
            request,
            healthscore::PublishScorecardResponse,
            |response| in_effect(&response.scorecard.clone().unwrap_or_default(), context)
        )
    }
}

impl RollBackArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = RollBackScorecardRequest {
            key: self.key,
            version: self.version,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            health_scores.roll_back_scorecard,
            request,
            healthscore::RollBackScorecardResponse,
            |response| in_effect(&response.scorecard.clone().unwrap_or_default(), context)
        )
    }
}

fn in_effect(history: &ScorecardHistory, context: &Context) -> String {
    let version = history.version_in_effect;
    let found = history.versions.iter().find(|one| one.version == version);
    let card = found.and_then(|version| version.scorecard.clone());
    let card = table(&card.unwrap_or_default(), context);
    format!("Version {version} of {} is in effect\n{card}", history.key)
}

/// What a scorecard looks at.
fn table(card: &Scorecard, context: &Context) -> String {
    let mut table = Table::new(["Measure", "Signal", ">Weight", ">Stale after", "Then"]);
    for measure in &card.measures {
        let signal = format::enum_name(measure.signal().as_str_name(), "SIGNAL_KIND_");
        let then = format::enum_name(measure.when_stale().as_str_name(), "WHEN_STALE_");
        table.row([
            measure.display_name.clone(),
            format!("{signal} {}", measure.subject)
                .trim_end()
                .to_owned(),
            measure.weight.to_string(),
            format!("{} d", measure.stale_after_days),
            then.to_lowercase(),
        ]);
    }
    table.render(context.style)
}
