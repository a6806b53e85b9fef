//! `keizoku enablement start` and `assign`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{AssignProgrammeRequest, StartProgrammeRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku enablement start`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement start 田中 --mentor 木村 --lead me --date 2026-12-01")]
pub struct StartArgs {
    /// The new member: name, email or id
    member: String,
    /// Who helps them
    #[arg(long, value_name = "PERSON")]
    mentor: String,
    /// Who leads the team that they join
    #[arg(long, value_name = "PERSON")]
    lead: String,
    /// Key of the template (`keizoku enablement templates` lists them) [default: the one for new members]
    #[arg(
        long,
        value_name = "KEY",
        default_value = "",
        hide_default_value = true
    )]
    template: String,
    /// Its first day, which may lie ahead (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
}

impl StartArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = StartProgrammeRequest {
            member: context.user(&self.member).await?,
            mentor: context.user(&self.mentor).await?,
            lead: context.user(&self.lead).await?,
            key: self.template,
            start_date: self.date.map(Into::into),
            request_id: context.request_id(),
            consistency_tokens: context.tokens(),
        };
        change!(
            context,
            enablement.start_programme,
            request,
            onboarding::StartProgrammeResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}

/// Arguments of `keizoku enablement assign`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement assign 田中 --mentor 鈴木")]
pub struct AssignArgs {
    /// The programme: its member, or its id
    programme: String,
    /// Who helps the member from now on
    #[arg(long, value_name = "PERSON", required_unless_present = "lead")]
    mentor: Option<String>,
    /// Who leads the team from now on
    #[arg(long, value_name = "PERSON")]
    lead: Option<String>,
    /// Refuse when the programme has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AssignArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut request = AssignProgrammeRequest {
            name: context.programme(&self.programme).await?,
            etag: self.etag,
            request_id: context.request_id(),
            ..AssignProgrammeRequest::default()
        };
        if let Some(mentor) = &self.mentor {
            request.mentor = context.user(mentor).await?;
        }
        if let Some(lead) = &self.lead {
            request.lead = context.user(lead).await?;
        }
        change!(
            context,
            enablement.assign_programme,
            request,
            onboarding::AssignProgrammeResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}
