//! Changes of an open risk: `schedule`, `assess`, `assign`, `edit`.

use keizoku_core::Day;
use keizoku_proto::risk::{
    AssessRiskRequest, AssignRiskRequest, LeadsToChurn, RiskDescription, ScheduleNextActionRequest,
    UpdateRiskRequest,
};

use super::{Flag, next_action, show};
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku risk schedule`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku risk schedule ID --due 2026-12-01 --text 部長と面談
  keizoku risk schedule ID --clear")]
pub struct ScheduleArgs {
    /// The risk: id or external id
    risk: String,
    /// Until when (YYYY-MM-DD)
    #[arg(long, value_name = "DATE", required_unless_present = "clear")]
    due: Option<Day>,
    /// What
    #[arg(long, required_unless_present = "clear")]
    text: Option<String>,
    /// Nothing is done next
    #[arg(long, conflicts_with_all = ["due", "text"])]
    clear: bool,
    /// Refuse when the risk has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ScheduleArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ScheduleNextActionRequest {
            name: context.risk(&self.risk).await?,
            next_action: next_action(self.due, self.text),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.schedule_next_action,
            request,
            risk::ScheduleNextActionResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}

/// Arguments of `keizoku risk assess`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku risk assess ID leads --reason 解約の意向を確認")]
pub struct AssessArgs {
    /// The risk: id or external id
    risk: String,
    /// Whether it is expected to end in churn
    #[arg(value_enum)]
    leads_to_churn: Flag,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Refuse when the risk has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AssessArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = AssessRiskRequest {
            name: context.risk(&self.risk).await?,
            leads_to_churn: LeadsToChurn::from(self.leads_to_churn).into(),
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.assess_risk,
            request,
            risk::AssessRiskResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}

/// Arguments of `keizoku risk assign`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku risk assign ID --owner '木村 葵'")]
pub struct AssignArgs {
    /// The risk: id or external id
    risk: String,
    /// To whom: a person or a team (name, email or id)
    #[arg(long)]
    owner: String,
    /// Refuse when the risk has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AssignArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = AssignRiskRequest {
            name: context.risk(&self.risk).await?,
            owner: context.owner(&self.owner).await?,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.assign_risk,
            request,
            risk::AssignRiskResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}

/// Arguments of `keizoku risk edit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku risk edit ID --name 担当者が異動 --type 担当者の異動・退職
  keizoku risk edit ID --remarks ''            takes the remarks away")]
#[command(group(clap::ArgGroup::new("fields").required(true).multiple(true).args(["name", "kind", "detail", "remarks"])))]
pub struct EditArgs {
    /// The risk: id or external id
    risk: String,
    /// What the problem is, in short
    #[arg(long)]
    name: Option<String>,
    /// Type (key or label)
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The problem at length
    #[arg(long)]
    detail: Option<String>,
    /// Remarks
    #[arg(long)]
    remarks: Option<String>,
    /// Refuse when the risk has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl EditArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let kind = match &self.kind {
            Some(kind) => Some(context.risk_type(kind).await?),
            None => None,
        };
        let changed = [
            ("display_name", self.name.is_some()),
            ("type", kind.is_some()),
            ("detail", self.detail.is_some()),
            ("remarks", self.remarks.is_some()),
        ];
        let update_mask = changed
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(field, _)| field.to_owned());
        let request = UpdateRiskRequest {
            name: context.risk(&self.risk).await?,
            description: Some(RiskDescription {
                display_name: self.name.unwrap_or_default(),
                r#type: kind.unwrap_or_default(),
                detail: self.detail.unwrap_or_default(),
                remarks: self.remarks.unwrap_or_default(),
            }),
            update_mask: update_mask.collect(),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.update_risk,
            request,
            risk::UpdateRiskResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}
