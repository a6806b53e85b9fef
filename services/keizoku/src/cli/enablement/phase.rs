//! `keizoku enablement advance` and `move`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{AdvanceProgrammeRequest, MoveProgrammeRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku enablement advance`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement advance 田中")]
pub struct AdvanceArgs {
    /// The programme: its member, or its id
    programme: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the programme has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AdvanceArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = AdvanceProgrammeRequest {
            name: context.programme(&self.programme).await?,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.advance_programme,
            request,
            onboarding::AdvanceProgrammeResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}

/// Arguments of `keizoku enablement move`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement move 田中 --to month_3 --reason 前職で経験済み")]
pub struct MoveArgs {
    /// The programme: its member, or its id
    programme: String,
    /// Key of the phase to go to
    #[arg(long = "to", value_name = "KEY")]
    phase: String,
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

impl MoveArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = MoveProgrammeRequest {
            name: context.programme(&self.programme).await?,
            phase: self.phase,
            reason: self.reason,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.move_programme,
            request,
            onboarding::MoveProgrammeResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}
