//! `keizoku onboarding start` and `keizoku onboarding assign`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{AssignOnboardingRequest, StartOnboardingRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku onboarding start`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding start 緑川印刷 --product Core --won 2026-11-20 --specialist 木村")]
pub struct StartArgs {
    /// The account: name, id or external id
    account: String,
    /// Which product
    #[arg(long)]
    product: String,
    /// The CSM, or a team of CSMs [default: the account's owner]
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// The onboarding specialist
    #[arg(long, value_name = "PERSON")]
    specialist: Option<String>,
    /// When it begins (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// When the deal was won (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    won: Option<Day>,
    /// It is history that is written down: nothing comes of it by itself before tomorrow
    #[arg(long)]
    history: bool,
}

impl StartArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut request = StartOnboardingRequest {
            parent: context.account(&self.account).await?,
            product: self.product,
            start_date: self.date.map(Into::into),
            won_date: self.won.map(Into::into),
            history: self.history,
            request_id: context.request_id(),
            consistency_tokens: context.tokens(),
            ..StartOnboardingRequest::default()
        };
        if let Some(owner) = &self.owner {
            request.owner = context.owner(owner).await?;
        }
        if let Some(specialist) = &self.specialist {
            request.specialist = context.user(specialist).await?;
        }
        change!(
            context,
            onboardings.start_onboarding,
            request,
            onboarding::StartOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding assign`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding assign 緑川印刷 --specialist 木村")]
pub struct AssignArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// The CSM, or a team of CSMs
    #[arg(long, value_name = "OWNER", required_unless_present = "specialist")]
    owner: Option<String>,
    /// The onboarding specialist
    #[arg(long, value_name = "PERSON")]
    specialist: Option<String>,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AssignArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut request = AssignOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            etag: self.etag,
            request_id: context.request_id(),
            ..AssignOnboardingRequest::default()
        };
        if let Some(owner) = &self.owner {
            request.owner = context.owner(owner).await?;
        }
        if let Some(specialist) = &self.specialist {
            request.specialist = context.user(specialist).await?;
        }
        change!(
            context,
            onboardings.assign_onboarding,
            request,
            onboarding::AssignOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}
