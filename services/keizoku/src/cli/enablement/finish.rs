//! `keizoku enablement complete` and `end`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{CompleteProgrammeRequest, EndProgrammeRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku enablement complete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement complete 田中 --result 中小企業の顧客を一人で担当できる")]
pub struct CompleteArgs {
    /// The programme: its member, or its id
    programme: String,
    /// What the member can do now
    #[arg(long, value_name = "TEXT")]
    result: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the programme has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl CompleteArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = CompleteProgrammeRequest {
            name: context.programme(&self.programme).await?,
            result: self.result,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.complete_programme,
            request,
            onboarding::CompleteProgrammeResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}

/// Arguments of `keizoku enablement end`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement end 田中 --reason 営業部へ異動")]
pub struct EndArgs {
    /// The programme: its member, or its id
    programme: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the programme has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl EndArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = EndProgrammeRequest {
            name: context.programme(&self.programme).await?,
            reason: self.reason,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.end_programme,
            request,
            onboarding::EndProgrammeResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}
