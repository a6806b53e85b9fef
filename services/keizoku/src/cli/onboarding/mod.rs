//! `keizoku onboarding`: ONB-1 to ONB-9.

mod coaching;
mod content;
mod finish;
mod goals;
mod handing_over;
mod lead_times;
mod list;
mod phase;
mod seminar;
pub(super) mod show;
mod start;
mod task;
pub(super) mod template;
pub(super) mod title;

use clap::Subcommand;

use self::title::{locale, title};
use super::context::Context;
use crate::error::Failure;

/// What to do with onboardings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the onboarding of an account and product
    Start(start::StartArgs),
    /// Onboardings that go on
    List(list::Args),
    /// One onboarding: phases, tasks, what is missing
    Show(show::Args),
    /// How long onboardings take, and each phase, by tier and version of the template
    LeadTimes(lead_times::Args),
    /// Record what the salesperson hands over, also step by step
    HandOff(handing_over::HandOffArgs),
    /// Record the kickoff
    Kickoff(handing_over::KickoffArgs),
    /// Rate the expectation gap at closing
    Gap(handing_over::GapArgs),
    /// Give it to another CSM, team or specialist
    Assign(start::AssignArgs),
    /// Say that a task was done
    Done(task::DoneArgs),
    /// Say that a task is not done after all
    Reopen(task::ReopenArgs),
    /// Move it into the next phase, when the exit criteria are met
    Advance(phase::AdvanceArgs),
    /// Skip phases or go back, with a reason
    Move(phase::MoveArgs),
    /// Pause it until a date
    Hold(phase::HoldArgs),
    /// End the pause
    Resume(phase::ResumeArgs),
    /// Record which feature the customer wants to use by when
    Declare(goals::DeclareArgs),
    /// Compare a goal with use: what comes next
    Review(goals::ReviewArgs),
    /// Let one that was handed back, is dormant or ended go on where it stopped
    Relaunch(phase::RelaunchArgs),
    /// Complete it, with evidence
    Complete(finish::CompleteArgs),
    /// Let it follow another version of its template
    ChangeTemplate(template::ChangeArgs),
    /// The templates
    Templates(template::ListArgs),
    /// One template, phase by phase
    Template(template::ShowArgs),
    /// Publish a template, or its next version, from a file
    PublishTemplate(template::PublishArgs),
    /// What customers learn from by themselves, and who did
    #[command(subcommand)]
    Content(content::Command),
    /// Seminars for customers, and who attended
    #[command(subcommand)]
    Seminar(seminar::Command),
    /// Rules that give a task when a customer did not learn
    #[command(subcommand)]
    Coaching(coaching::Command),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Start(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::LeadTimes(args) => args.run(context).await,
            Self::HandOff(args) => args.run(context).await,
            Self::Kickoff(args) => args.run(context).await,
            Self::Gap(args) => args.run(context).await,
            Self::Assign(args) => args.run(context).await,
            Self::Done(args) => args.run(context).await,
            Self::Reopen(args) => args.run(context).await,
            Self::Advance(args) => args.run(context).await,
            Self::Move(args) => args.run(context).await,
            Self::Hold(args) => args.run(context).await,
            Self::Resume(args) => args.run(context).await,
            Self::Declare(args) => args.run(context).await,
            Self::Review(args) => args.run(context).await,
            Self::Relaunch(args) => args.run(context).await,
            Self::Complete(args) => args.run(context).await,
            Self::ChangeTemplate(args) => args.run(context).await,
            Self::Templates(args) => args.run(context).await,
            Self::Template(args) => args.run(context).await,
            Self::PublishTemplate(args) => args.run(context).await,
            Self::Content(command) => command.run(context).await,
            Self::Seminar(command) => command.run(context).await,
            Self::Coaching(command) => command.run(context).await,
        }
    }
}
