//! The end of a risk: `close`, `amend`, `reopen`.

use keizoku_core::Day;
use keizoku_proto::risk::{self, AmendClosureRequest, CloseRiskRequest, ReopenRiskRequest};

use super::{Completion, show};
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku risk close`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku risk close ID --completion completed --result 継続で合意
  keizoku risk close ID --completion failed --date 2026-11-20 --result 3月末で解約")]
pub struct CloseArgs {
    /// The risk: id or external id
    risk: String,
    /// How it ended
    #[arg(long, value_enum)]
    completion: Completion,
    /// When it ended (YYYY-MM-DD) [default: today]
    #[arg(long)]
    date: Option<Day>,
    /// How it landed (着地点)
    #[arg(long)]
    result: String,
    /// Refuse when the risk has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl CloseArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let date = match self.date {
            Some(date) => date,
            None => context.today().await?,
        };
        let request = CloseRiskRequest {
            name: context.risk(&self.risk).await?,
            completion: risk::Completion::from(self.completion).into(),
            completion_date: Some(date.into()),
            result: self.result,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.close_risk,
            request,
            risk::CloseRiskResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}

/// Arguments of `keizoku risk amend`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku risk amend ID --result '継続で合意、次回は3月'")]
#[command(group(clap::ArgGroup::new("fields").required(true).multiple(true).args(["completion", "date", "result"])))]
pub struct AmendArgs {
    /// The risk: id or external id
    risk: String,
    /// How it ended
    #[arg(long, value_enum)]
    completion: Option<Completion>,
    /// When it ended (YYYY-MM-DD)
    #[arg(long)]
    date: Option<Day>,
    /// How it landed (着地点)
    #[arg(long)]
    result: Option<String>,
    /// Refuse when the risk has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AmendArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let completion = self
            .completion
            .map_or(risk::Completion::Unspecified, Into::into);
        let request = AmendClosureRequest {
            name: context.risk(&self.risk).await?,
            completion: completion.into(),
            completion_date: self.date.map(Into::into),
            result: self.result,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.amend_closure,
            request,
            risk::AmendClosureResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}

/// Arguments of `keizoku risk reopen`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku risk reopen ID --reason 再び解約の意向")]
pub struct ReopenArgs {
    /// The risk: id or external id
    risk: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the risk has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ReopenArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ReopenRiskRequest {
            name: context.risk(&self.risk).await?,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.reopen_risk,
            request,
            risk::ReopenRiskResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}
