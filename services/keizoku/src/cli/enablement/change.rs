//! `keizoku enablement done` and `reopen`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{CompleteProgrammeTaskRequest, ReopenProgrammeTaskRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku enablement done`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement done 田中 interview --date 2026-12-01 --note '提案に自信がついた'")]
pub struct DoneArgs {
    /// The programme: its member, or its id
    programme: String,
    /// Key of the task (`keizoku enablement show` lists them)
    task: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// What is worth noting
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// Refuse when the programme has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl DoneArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = CompleteProgrammeTaskRequest {
            name: context.programme(&self.programme).await?,
            task: self.task,
            date: self.date.map(Into::into),
            note: self.note,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.complete_programme_task,
            request,
            onboarding::CompleteProgrammeTaskResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}

/// Arguments of `keizoku enablement reopen`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement reopen 田中 learn_product --reason 管理画面がまだ")]
pub struct ReopenArgs {
    /// The programme: its member, or its id
    programme: String,
    /// Key of the task
    task: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the programme has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ReopenArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ReopenProgrammeTaskRequest {
            name: context.programme(&self.programme).await?,
            task: self.task,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.reopen_programme_task,
            request,
            onboarding::ReopenProgrammeTaskResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}
