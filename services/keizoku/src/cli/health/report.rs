//! `keizoku health report`: the document to hand to a customer (HLT-10).

use std::path::PathBuf;

use keizoku_proto::healthscore::GetRoiReportRequest;

use crate::cli::context::Context;
use crate::cli::output::{answer, print};
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health report 緑川印刷 --out 緑川印刷.html
  keizoku health report 緑川印刷 --year 2025 --locale en > midorikawa.html

It holds what the customer wanted, how it used the product and what came of it, and no score. Print it from a
browser.")]
pub struct Args {
    /// The account: name, id or external id
    account: String,
    /// The year [default: this one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    year: i32,
    /// ja or en [default: the organisation's]
    #[arg(long, default_value = "", hide_default_value = true)]
    locale: String,
    /// Write it to this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetRoiReportRequest {
            account: context.account(&self.account).await?,
            year: self.year,
            locale: self.locale,
            consistency_tokens: context.tokens(),
        };
        let mut api = context.connection.health_scores();
        let response = call(async || api.get_roi_report(request.clone()).await).await?;
        let Some(file) = &self.out else {
            return answer!(
                context,
                healthscore::GetRoiReportResponse,
                &response,
                response.html
            );
        };
        std::fs::write(file, &response.html).map_err(|source| Failure::Write {
            place: file.display().to_string(),
            source,
        })?;
        print(&format!(
            "{}, {}: {}\n",
            response.account_display_name,
            response.year,
            file.display()
        ))
    }
}
