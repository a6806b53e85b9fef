//! `keizoku health override` and `keizoku health clear-override`.

use keizoku_proto::healthscore::{ClearHealthOverrideRequest, OverrideHealthRequest};

use crate::cli::context::Context;
use crate::cli::output::change;
use crate::cli::time::Moment;
use crate::error::Failure;

/// Arguments of `keizoku health override`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku health override 緑川印刷 --score 20 --until 2026-12-31 --reason 後任が決まらない")]
pub struct SetArgs {
    /// The account: name, id or external id
    account: String,
    /// The score, 0 to 100
    #[arg(long)]
    score: i32,
    /// When it ends by itself: an instant, a local time, or the end of a date
    #[arg(long, value_name = "TIME")]
    until: Moment,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when it has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

/// Arguments of `keizoku health clear-override`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku health clear-override 緑川印刷")]
pub struct ClearArgs {
    /// The account: name, id or external id
    account: String,
    /// Refuse when it has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl SetArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let until = self.until.instant(&context.zone().await?)?;
        let request = OverrideHealthRequest {
            account: context.account(&self.account).await?,
            score: self.score,
            reason: self.reason,
            expire_time: Some(keizoku_proto::timestamp(until)),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            health_scores.override_health,
            request,
            healthscore::OverrideHealthResponse,
            |response| {
                let set = response.r#override.clone().unwrap_or_default();
                format!("Set to {} ({})\n", set.score, set.reason)
            }
        )
    }
}

impl ClearArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ClearHealthOverrideRequest {
            account: context.account(&self.account).await?,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            health_scores.clear_health_override,
            request,
            healthscore::ClearHealthOverrideResponse,
            |response| "The computed score counts again.\n"
        )
    }
}
