//! `keizoku risk`: RISK-1 to RISK-9.

mod change;
mod close;
mod knowledge;
mod list;
mod open;
mod show;
mod suggestions;

use clap::{Subcommand, ValueEnum};
use keizoku_core::Day;
use keizoku_proto::risk::{self, LeadsToChurn, NextAction};

use super::context::Context;
use crate::error::Failure;

/// What to do with risks.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// File a risk
    Open(open::Args),
    /// Open risks, earliest next action first
    List(list::Args),
    /// One risk, with its account's contract data
    Show(show::Args),
    /// Every change of every field, newest first
    History(show::HistoryArgs),
    /// Say what is done next and until when
    Schedule(change::ScheduleArgs),
    /// Say whether it leads to churn
    Assess(change::AssessArgs),
    /// Hand it to somebody else
    Assign(change::AssignArgs),
    /// Change name, type, detail or remarks
    Edit(change::EditArgs),
    /// Enter the completion, which closes it
    Close(close::CloseArgs),
    /// Correct the closure of a closed risk
    Amend(close::AmendArgs),
    /// Open a closed risk again
    Reopen(close::ReopenArgs),
    /// Closed risks by the words in them: what worked before
    Search(knowledge::SearchArgs),
    /// The catalogue of types, with how well risks of each type end
    Types(knowledge::TypesArgs),
    /// Add a type, or change its label, manual or availability
    DefineType(knowledge::DefineTypeArgs),
    /// Suggested risks that wait for a person
    Suggestions(suggestions::ListArgs),
    /// Make a suggestion a risk
    Accept(suggestions::AcceptArgs),
    /// Dismiss a suggestion, with a reason
    Dismiss(suggestions::DismissArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Open(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::History(args) => args.run(context).await,
            Self::Schedule(args) => args.run(context).await,
            Self::Assess(args) => args.run(context).await,
            Self::Assign(args) => args.run(context).await,
            Self::Edit(args) => args.run(context).await,
            Self::Close(args) => args.run(context).await,
            Self::Amend(args) => args.run(context).await,
            Self::Reopen(args) => args.run(context).await,
            Self::Search(args) => args.run(context).await,
            Self::Types(args) => args.run(context).await,
            Self::DefineType(args) => args.run(context).await,
            Self::Suggestions(args) => args.run(context).await,
            Self::Accept(args) => args.run(context).await,
            Self::Dismiss(args) => args.run(context).await,
        }
    }
}

/// Whether a risk is expected to end in churn. There is no "no": that is what closing is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Flag {
    /// 解約につながる
    Leads,
    /// 現時点では不明
    Unknown,
}

/// How a risk ended.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Completion {
    /// 完了: the customer stays
    Completed,
    /// 失敗: the customer leaves
    Failed,
    /// リスクではなかった
    NotARisk,
}

impl From<Flag> for LeadsToChurn {
    fn from(flag: Flag) -> Self {
        match flag {
            Flag::Leads => Self::LeadsToChurn,
            Flag::Unknown => Self::UnknownAtPresent,
        }
    }
}

impl From<Completion> for risk::Completion {
    fn from(completion: Completion) -> Self {
        match completion {
            Completion::Completed => Self::Completed,
            Completion::Failed => Self::Failed,
            Completion::NotARisk => Self::NotARisk,
        }
    }
}

/// A next action, where one is stated.
fn next_action(due: Option<Day>, text: Option<String>) -> Option<NextAction> {
    if due.is_none() && text.is_none() {
        return None;
    }
    Some(NextAction {
        due_date: due.map(Into::into),
        text: text.unwrap_or_default(),
    })
}
