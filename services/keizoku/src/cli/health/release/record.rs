//! `keizoku health release record` and `void`.

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::healthscore::{
    MeasuredUse, RecordReleaseRequest, ReleaseKind, VoidReleaseRequest,
};

use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku health release record`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health release record 申請の一括承認 --measure feature-use:一括承認 --date 2026-10-01
  keizoku health release record はじめての経費精算 --kind webinar --tier SMB --measure feature-use:経費 --measure sign-ins")]
pub struct RecordArgs {
    /// What people call it
    display_name: String,
    /// What came out
    #[arg(long, value_enum, default_value = "feature")]
    kind: Kind,
    /// When it came out (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// The use that it is meant to bring: feature-use:FEATURE, active-users, sign-ins, content-attendance or
    /// seminar-attendance; again for another one
    #[arg(long = "measure", value_name = "USE", value_parser = super::parse_measured, required = true)]
    measured: Vec<MeasuredUse>,
    /// Tier that it is for; again for another one [default: all]
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<String>,
    /// Product that it belongs to [default: any]
    #[arg(long, default_value = "", hide_default_value = true)]
    product: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// 機能
    Feature,
    /// ウェビナー
    Webinar,
    /// コンテンツ
    Content,
}

/// Arguments of `keizoku health release void`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku health release void RELEASE-ID --reason 日付違い")]
pub struct VoidArgs {
    /// The release, by its id
    release: String,
    /// Why it does not count
    #[arg(long)]
    reason: String,
    /// Refuse when releases have changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl RecordArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let date = match self.date {
            Some(date) => date,
            None => context.today().await?,
        };
        let kind = match self.kind {
            Kind::Feature => ReleaseKind::Feature,
            Kind::Webinar => ReleaseKind::Webinar,
            Kind::Content => ReleaseKind::Content,
        };
        let request = RecordReleaseRequest {
            kind: kind.into(),
            display_name: self.display_name,
            date: Some(date.into()),
            measured: self.measured,
            tiers: self.tiers,
            product: self.product,
            etag: String::new(),
            request_id: context.request_id(),
        };
        change!(
            context,
            health_scores.record_release,
            request,
            healthscore::RecordReleaseResponse,
            |response| {
                let release = response.release.clone().unwrap_or_default();
                format!("{}: {}\n", super::line(&release), release.name)
            }
        )
    }
}

impl VoidArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = VoidReleaseRequest {
            name: super::name(&self.release),
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            health_scores.void_release,
            request,
            healthscore::VoidReleaseResponse,
            |response| {
                let release = response.release.clone().unwrap_or_default();
                format!(
                    "{} was taken back: {}\n",
                    super::line(&release),
                    release.void_reason
                )
            }
        )
    }
}
