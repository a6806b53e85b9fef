//! `keizoku metrics`: FC-8.

mod text;

use keizoku_proto::forecast::{
    GetRevenueMetricsRequest, ListMetricDefinitionsRequest, ListMetricDefinitionsResponse,
    MetricDefinition,
};

use super::card::Card;
use super::context::Context;
use super::filter::Filter;
use super::output::answer;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku metrics
  keizoku metrics --month 2026-10 --tier Enterprise
  keizoku metrics --as-of 2026-10-31           as it was known then
  keizoku metrics --month 2026-10 --as-reported
  keizoku metrics --definitions                what each figure means";

/// Arguments of `keizoku metrics`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which month [default: the present one]
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// Beside each figure the one that was known when the month's books were closed
    #[arg(long)]
    as_reported: bool,
    /// Say what each figure means
    #[arg(long, conflicts_with_all = ["month", "as_reported"])]
    definitions: bool,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    as_of: AsOf,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let definitions = definitions(context).await?;
        if self.definitions {
            let text = dictionary(&definitions.definitions);
            return answer!(
                context,
                forecast::ListMetricDefinitionsResponse,
                &definitions,
                text
            );
        }
        let request = GetRevenueMetricsRequest {
            as_of: self.as_of.resolve(context).await?,
            month: self.month.clone().unwrap_or_default(),
            filter: Some(self.filter.resolve(context).await?),
            consistency_tokens: context.tokens(),
            as_reported: self.as_reported,
        };
        let response = call(async || {
            context
                .connection
                .forecasts()
                .get_revenue_metrics(request.clone())
                .await
        })
        .await?;
        let title = text::Title {
            filter: &self.filter.describe(),
            definitions: &definitions.definitions,
            now: context.now(),
            zone: context.zone().await?,
            as_reported: self.as_reported,
        };
        answer!(
            context,
            forecast::GetRevenueMetricsResponse,
            &response,
            text::render(&response, &title, context.style)
        )
    }
}

async fn definitions(context: &Context) -> Result<ListMetricDefinitionsResponse, Failure> {
    let request = ListMetricDefinitionsRequest {};
    call(async || {
        context
            .connection
            .forecasts()
            .list_metric_definitions(request)
            .await
    })
    .await
}

fn dictionary(definitions: &[MetricDefinition]) -> String {
    let mut text = String::new();
    for definition in definitions {
        let title = format!("{} ({})", definition.label_en, definition.label_ja);
        let mut card = Card::new(title);
        card.field(
            "entry",
            format!("{} {}", definition.metric, definition.version),
        )
        .field("month", definition.month_formula.as_str())
        .field("trailing twelve", definition.trailing_formula.as_str())
        .field("edge cases", definition.edge_cases.as_str());
        text.push_str(&card.render());
    }
    text
}
