//! `keizoku enablement`: programmes for new members of the team (ONB-10).

mod change;
mod finish;
mod list;
mod phase;
mod show;
mod start;
mod template;

use clap::Subcommand;

use super::context::Context;
use crate::error::Failure;

/// What to do with programmes for new members.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the programme of a new member
    Start(start::StartArgs),
    /// Programmes that go on: late ones first, then by the next date
    List(list::ListArgs),
    /// What is to be done, by due date
    Tasks(list::TasksArgs),
    /// One programme: phases, tasks, what is missing
    Show(show::Args),
    /// Give it another mentor or lead
    Assign(start::AssignArgs),
    /// Say that a task was done, such as the interview
    Done(change::DoneArgs),
    /// Say that a task is not done after all
    Reopen(change::ReopenArgs),
    /// Move it into the next phase, when the exit criteria are met
    Advance(phase::AdvanceArgs),
    /// Skip phases or go back, with a reason
    Move(phase::MoveArgs),
    /// Complete it: what the member can do now
    Complete(finish::CompleteArgs),
    /// Break it off, with a reason
    End(finish::EndArgs),
    /// Let it follow another version of its template
    ChangeTemplate(template::ChangeArgs),
    /// The templates
    Templates(template::ListArgs),
    /// One template, phase by phase
    Template(template::ShowArgs),
    /// Publish a template, or its next version, from a file
    PublishTemplate(template::PublishArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Start(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Tasks(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Assign(args) => args.run(context).await,
            Self::Done(args) => args.run(context).await,
            Self::Reopen(args) => args.run(context).await,
            Self::Advance(args) => args.run(context).await,
            Self::Move(args) => args.run(context).await,
            Self::Complete(args) => args.run(context).await,
            Self::End(args) => args.run(context).await,
            Self::ChangeTemplate(args) => args.run(context).await,
            Self::Templates(args) => args.run(context).await,
            Self::Template(args) => args.run(context).await,
            Self::PublishTemplate(args) => args.run(context).await,
        }
    }
}
