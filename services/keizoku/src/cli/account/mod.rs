//! `keizoku account`: ACC-1 to ACC-8, ACC-11.

mod change;
mod contact;
mod contract;
mod list;
mod profile;
mod show;

use clap::Subcommand;

pub(super) use profile::Touch;

use super::context::Context;
use crate::error::Failure;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One account with its contracts
    Show(show::Args),
    /// Accounts by name
    List(list::Args),
    /// Record an account
    Create(profile::CreateArgs),
    /// Change name, industry, external ids …
    Edit(profile::EditArgs),
    /// Change owner, group or tier from a date on
    Assign(change::AssignArgs),
    /// Merge a duplicate into the account that stays
    Merge(change::MergeArgs),
    /// Start a subscription
    StartSubscription(contract::StartArgs),
    /// Record what happened to a subscription
    Fact(contract::FactArgs),
    /// Void a fact that was recorded in error
    Void(contract::VoidArgs),
    /// The people there, and who was in contact with them
    #[command(subcommand)]
    Contact(contact::Command),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Show(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Create(args) => args.run(context).await,
            Self::Edit(args) => args.run(context).await,
            Self::Assign(args) => args.run(context).await,
            Self::Merge(args) => args.run(context).await,
            Self::StartSubscription(args) => args.run(context).await,
            Self::Fact(args) => args.run(context).await,
            Self::Void(args) => args.run(context).await,
            Self::Contact(command) => command.run(context).await,
        }
    }
}
