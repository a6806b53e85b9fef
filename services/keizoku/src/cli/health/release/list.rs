//! `keizoku health release list`.

use keizoku_proto::healthscore::{ListReleasesRequest, ListReleasesResponse};

use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health release list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health release list
  keizoku health release list --voided     with those that were taken back")]
pub struct Args {
    /// With those that were taken back
    #[arg(long)]
    voided: bool,
    #[command(flatten)]
    limit: Limit,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let fetch = async |page_size, page_token| {
            let request = ListReleasesRequest {
                with_voided: self.voided,
                page_size,
                page_token,
            };
            let mut api = context.connection.health_scores();
            call(async || api.list_releases(request.clone()).await).await
        };
        let response: ListReleasesResponse = self.limit.collect(fetch).await?;
        answer!(
            context,
            healthscore::ListReleasesResponse,
            &response,
            text(&response, context)
        )
    }
}

fn text(response: &ListReleasesResponse, context: &Context) -> String {
    if response.releases.is_empty() {
        return "Nothing came out yet: `keizoku health release record` records it.\n".to_owned();
    }
    let mut table = Table::new([
        "Date",
        "Kind",
        "Name",
        "For",
        "Measured by",
        "Taken back",
        "Id",
    ]);
    for release in &response.releases {
        let measured: Vec<String> = release.measured.iter().map(super::measured).collect();
        let void = Some(release.void_reason.clone()).filter(|reason| !reason.is_empty());
        table.row([
            format::date(release.date.as_ref()),
            format::enum_name(release.kind().as_str_name(), "RELEASE_KIND_"),
            release.display_name.clone(),
            super::segments(release),
            measured.join(", "),
            void.unwrap_or_else(|| format::NOTHING.to_owned()),
            format::id(&release.name).to_owned(),
        ]);
    }
    let total = Some(response.total_size);
    let more = format::more(response.releases.len(), total, &response.next_page_token);
    table.render(context.style) + &more
}
