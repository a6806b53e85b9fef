//! `keizoku onboarding done` and `keizoku onboarding reopen`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{CompleteTaskRequest, ReopenTaskRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku onboarding done`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding done 緑川印刷 hold_kickoff --date 2026-11-20 --note 全員出席")]
pub struct DoneArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// Key of the task (`keizoku onboarding show` lists them)
    task: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// What is worth noting
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl DoneArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = CompleteTaskRequest {
            name: context.onboarding(&self.onboarding).await?,
            task: self.task,
            date: self.date.map(Into::into),
            note: self.note,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.complete_task,
            request,
            onboarding::CompleteTaskResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding reopen`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding reopen 緑川印刷 hold_kickoff --reason 決裁者が欠席")]
pub struct ReopenArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// Key of the task
    task: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ReopenArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ReopenTaskRequest {
            name: context.onboarding(&self.onboarding).await?,
            task: self.task,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.reopen_task,
            request,
            onboarding::ReopenTaskResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}
