//! `keizoku onboarding complete`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{CompleteOnboardingRequest, Evidence};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku onboarding complete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding complete 緑川印刷 --issue-set 申請の紙をなくす \\
      --used '8割がログイン' --effect '申請が半日で終わる'")]
pub struct CompleteArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// That the customer's issue was set, and how
    #[arg(
        long,
        value_name = "EVIDENCE",
        default_value = "",
        hide_default_value = true
    )]
    issue_set: String,
    /// That the product is used, and how much
    #[arg(
        long,
        value_name = "EVIDENCE",
        default_value = "",
        hide_default_value = true
    )]
    used: String,
    /// That the effect is felt, and by whom
    #[arg(
        long,
        value_name = "EVIDENCE",
        default_value = "",
        hide_default_value = true
    )]
    effect: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl CompleteArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = CompleteOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            evidence: Some(Evidence {
                issue_set: self.issue_set,
                product_used: self.used,
                effect_felt: self.effect,
            }),
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.complete_onboarding,
            request,
            onboarding::CompleteOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}
