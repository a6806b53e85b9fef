//! `keizoku onboarding advance`, `move`, `hold`, `resume` and `relaunch`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{
    AdvanceOnboardingRequest, HoldOnboardingRequest, MoveOnboardingRequest,
    RelaunchOnboardingRequest, ResumeOnboardingRequest,
};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku onboarding advance`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding advance 緑川印刷")]
pub struct AdvanceArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AdvanceArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = AdvanceOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.advance_onboarding,
            request,
            onboarding::AdvanceOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding move`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding move 緑川印刷 --to rollout --reason アドレスは収集済み")]
pub struct MoveArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// Key of the phase to go to
    #[arg(long = "to", value_name = "KEY")]
    phase: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl MoveArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = MoveOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            phase: self.phase,
            reason: self.reason,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.move_onboarding,
            request,
            onboarding::MoveOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding hold`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding hold 緑川印刷 --until 2027-01-10 --reason 年末年始")]
pub struct HoldArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// The last day of the pause (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    until: Day,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl HoldArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = HoldOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            until_date: Some(self.until.into()),
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.hold_onboarding,
            request,
            onboarding::HoldOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding resume`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding resume 緑川印刷")]
pub struct ResumeArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ResumeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ResumeOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.resume_onboarding,
            request,
            onboarding::ResumeOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding relaunch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding relaunch 緑川印刷 --reason 新しい担当者と連絡がついた")]
pub struct RelaunchArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl RelaunchArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = RelaunchOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.relaunch_onboarding,
            request,
            onboarding::RelaunchOnboardingResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}
