//! `keizoku deadlines`: FC-13.

use clap::ValueEnum;
use keizoku_proto::forecast::{self, ListDeadlinesRequest, ListDeadlinesResponse};

use super::context::{Context, named};
use super::filter::Filter;
use super::format;
use super::output::answer;
use super::pages::Limit;
use super::table::Table;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku deadlines
  keizoku deadlines --within 30 --team Kyushu
  keizoku deadlines --kind notice --limit 0";

/// Arguments of `keizoku deadlines`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How many days ahead
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
    within: u32,
    /// Which deadlines [default: both]
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    as_of: AsOf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// The contract renews
    Renewal,
    /// The last day on which notice can be given
    Notice,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let kind = match self.kind {
            None => forecast::DeadlineKind::Unspecified,
            Some(Kind::Renewal) => forecast::DeadlineKind::Renewal,
            Some(Kind::Notice) => forecast::DeadlineKind::Notice,
        };
        let request = ListDeadlinesRequest {
            as_of: self.as_of.resolve(context).await?,
            within_days: self.within,
            kind: kind.into(),
            filter: Some(self.filter.resolve(context).await?),
            consistency_tokens: context.tokens(),
            ..ListDeadlinesRequest::default()
        };
        let fetch = async |page_size, page_token| {
            let page = ListDeadlinesRequest {
                page_size,
                page_token,
                ..request.clone()
            };
            call(async || {
                context
                    .connection
                    .forecasts()
                    .list_deadlines(page.clone())
                    .await
            })
            .await
        };
        let response: ListDeadlinesResponse = self.limit.collect(fetch).await?;
        let text = async { self.text(context, &response).await };
        answer!(
            context,
            forecast::ListDeadlinesResponse,
            &response,
            text.await
        )
    }

    async fn text(&self, context: &Context, response: &ListDeadlinesResponse) -> String {
        let people = context.people().await;
        let mut table = Table::new(["Date", "What", "At risk", "Account", ">MRR", "Owner", "Id"]);
        for deadline in &response.deadlines {
            let what = match deadline.kind() {
                forecast::DeadlineKind::Notice => "notice",
                _ => "renewal",
            };
            table.row([
                format::date(deadline.date.as_ref()),
                what.to_owned(),
                if deadline.at_risk { "AT RISK" } else { "" }.to_owned(),
                deadline.account_display_name.clone(),
                format::money(deadline.mrr.as_ref()),
                named(&people, &deadline.owner).to_owned(),
                format::id(&deadline.account).to_owned(),
            ]);
        }
        if table.is_empty() {
            return format!(
                "Nothing comes up within {} days. Renewals that have passed are in the bucket OVERDUE of \
                 `keizoku forecast`.\n",
                self.within
            );
        }
        let shown = response.deadlines.len();
        let more = format::more(shown, Some(response.total_size), &response.next_page_token);
        table.render(context.style) + &more
    }
}
