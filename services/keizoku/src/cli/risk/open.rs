//! `keizoku risk open`.

use keizoku_core::Day;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};

use super::{Flag, next_action, show};
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku risk open --account 緑川印刷 --name 担当者が退職 --leads-to-churn leads
  keizoku risk open --account 0015iiMAyrPWuUNAG1 --name 競合を検討中 --leads-to-churn unknown \\
      --type 競合 --next-action 電話で状況を確認 --due 2026-12-01";

/// Arguments of `keizoku risk open`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The account: name, id or external id
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// What the problem is, in short
    #[arg(long)]
    name: String,
    /// Whether it is expected to end in churn
    #[arg(long, value_enum)]
    leads_to_churn: Flag,
    /// Type (key or label) [default: other]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Who takes care of it: a person or a team [default: the account's owner]
    #[arg(long)]
    owner: Option<String>,
    /// The problem at length
    #[arg(long)]
    detail: Option<String>,
    /// What is done next
    #[arg(long, value_name = "TEXT")]
    next_action: Option<String>,
    /// Until when it is done (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    due: Option<Day>,
    /// Remarks
    #[arg(long)]
    remarks: Option<String>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut request = OpenRiskRequest {
            parent: context.account(&self.account).await?,
            display_name: self.name,
            leads_to_churn: LeadsToChurn::from(self.leads_to_churn).into(),
            detail: self.detail.unwrap_or_default(),
            next_action: next_action(self.due, self.next_action),
            remarks: self.remarks.unwrap_or_default(),
            request_id: context.request_id(),
            consistency_tokens: context.tokens(),
            ..OpenRiskRequest::default()
        };
        if let Some(kind) = &self.kind {
            request.r#type = context.risk_type(kind).await?;
        }
        if let Some(owner) = &self.owner {
            request.owner = context.owner(owner).await?;
        }
        change!(
            context,
            risks.open_risk,
            request,
            risk::OpenRiskResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}
