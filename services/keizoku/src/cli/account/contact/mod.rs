//! `keizoku account contact`: the people at an account, and who was in contact with them (ACC-11).

mod log;
mod people;
mod summary;
mod text;

use clap::{Subcommand, ValueEnum};
use keizoku_proto::accounts::ContactRole;

use crate::cli::context::Context;
use crate::error::Failure;

pub(super) use summary::{Shown, Summary};

/// What to do with contacts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Record a person at an account
    Add(people::AddArgs),
    /// The people at an account
    List(people::ListArgs),
    /// Change a person's name, title, addresses or roles
    Update(people::UpdateArgs),
    /// Say from which day on a person is no longer there
    Departed(people::DepartedArgs),
    /// Say that a person is there after all, or again
    Returned(people::ReturnedArgs),
    /// Record that somebody was in contact with the customer
    Log(log::LogArgs),
    /// Who was in contact with the customer, latest first
    History(log::HistoryArgs),
    /// Void an entry of the contact log that was recorded in error
    Void(log::VoidArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Add(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Update(args) => args.run(context).await,
            Self::Departed(args) => args.run(context).await,
            Self::Returned(args) => args.run(context).await,
            Self::Log(args) => args.run(context).await,
            Self::History(args) => args.run(context).await,
            Self::Void(args) => args.run(context).await,
        }
    }
}

/// What a person is to the customer's decision and use.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// 決裁者: decides whether the contract goes on
    DecisionMaker,
    /// 管理者: looks after the product
    Administrator,
    /// 利用者: works with the product
    User,
}

impl From<Role> for ContactRole {
    fn from(role: Role) -> Self {
        match role {
            Role::DecisionMaker => Self::DecisionMaker,
            Role::Administrator => Self::Administrator,
            Role::User => Self::User,
        }
    }
}

/// Roles as the API has them.
fn roles(roles: &[Role]) -> Vec<i32> {
    let role = |role: &Role| ContactRole::from(*role).into();
    roles.iter().map(role).collect()
}
