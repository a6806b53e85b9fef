//! `keizoku health`: scores with their explanation, and the signals behind them (HLT-1 to HLT-10).

mod drafts;
mod explain;
mod goals;
mod history;
mod ingest;
mod list;
mod overriding;
mod release;
mod report;
mod scorecards;
mod show;
mod what_if;

use clap::Subcommand;
use jiff::Timestamp;
use keizoku_proto::healthscore::Band;

pub(super) use goals::used;

use super::context::Context;
use super::format;
use super::time::Moment;
use crate::error::Failure;

/// What to do with health scores.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accounts by their scores
    List(list::Args),
    /// The score of an account, and what it is made of
    Show(show::Args),
    /// Why a score moved between two times
    Explain(explain::Args),
    /// How a score and its band went, as a chart
    History(history::Args),
    /// What the customer declared, beside the use that signals know
    Goals(goals::Args),
    /// A document for the customer: goals, use, what came of it
    Report(report::Args),
    /// Bring signals in from a CSV file
    Ingest(ingest::Args),
    /// Set a score by hand until a time, with a reason
    Override(overriding::SetArgs),
    /// End an override
    ClearOverride(overriding::ClearArgs),
    /// What scores are computed by
    Scorecards(scorecards::Args),
    /// Write the draft of a scorecard from a file
    Draft(drafts::DraftArgs),
    /// Who a draft would have warned of, over all history
    WhatIf(what_if::Args),
    /// Put a draft into effect
    Publish(drafts::PublishArgs),
    /// Put an earlier version of a scorecard into effect again
    RollBack(drafts::RollBackArgs),
    /// What came out, and how use went before and after
    #[command(subcommand)]
    Release(release::Command),
}

impl Command {
    /// Runs it; the answer is the exit status of the process.
    pub(super) async fn run(self, context: &Context) -> Result<u8, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Explain(args) => args.run(context).await,
            Self::History(args) => args.run(context).await,
            Self::Goals(args) => args.run(context).await,
            Self::Report(args) => args.run(context).await,
            Self::Ingest(args) => return args.run(context).await,
            Self::Override(args) => args.run(context).await,
            Self::ClearOverride(args) => args.run(context).await,
            Self::Scorecards(args) => args.run(context).await,
            Self::Draft(args) => args.run(context).await,
            Self::WhatIf(args) => args.run(context).await,
            Self::Publish(args) => args.run(context).await,
            Self::RollBack(args) => args.run(context).await,
            Self::Release(command) => command.run(context).await,
        }
        .map(|()| 0)
    }
}

/// A score and its band, as people read them.
fn scored(score: Option<i32>, band: Band) -> String {
    let band = format::enum_name(band.as_str_name(), "BAND_");
    score.map_or_else(|| "no score".to_owned(), |score| format!("{score} {band}"))
}

/// An instant of a question; a time that has not come yet is now.
async fn instant(context: &Context, at: Option<Moment>) -> Result<Option<Timestamp>, Failure> {
    let Some(at) = at else {
        return Ok(None);
    };
    let at = at.instant(&context.zone().await?)?;
    Ok(Some(at).filter(|at| *at < context.now()))
}
