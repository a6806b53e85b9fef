//! `keizoku metrics`: FC-8.

use std::collections::HashMap;
use std::fmt::Write as _;

use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::{
    Figure, GetRevenueMetricsRequest, GetRevenueMetricsResponse, ListMetricDefinitionsRequest,
    ListMetricDefinitionsResponse, MetricDefinition,
};

use super::card::Card;
use super::context::Context;
use super::filter::Filter;
use super::format;
use super::output::answer;
use super::table::Table;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku metrics
  keizoku metrics --month 2026-10 --tier Enterprise
  keizoku metrics --as-of 2026-10-31           as it was known then
  keizoku metrics --definitions                what each figure means";

/// Arguments of `keizoku metrics`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which month [default: the present one]
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// Say what each figure means
    #[arg(long, conflicts_with = "month")]
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
        };
        let response = call(async || {
            context
                .connection
                .forecasts()
                .get_revenue_metrics(request.clone())
                .await
        })
        .await?;
        answer!(
            context,
            forecast::GetRevenueMetricsResponse,
            &response,
            self.text(context, &response, &definitions.definitions)
        )
    }

    fn text(
        &self,
        context: &Context,
        response: &GetRevenueMetricsResponse,
        definitions: &[MetricDefinition],
    ) -> String {
        let provisional = if response.provisional {
            " (still running)"
        } else {
            ""
        };
        let mut text = format!("Revenue metrics of {}{provisional}\n", response.month);
        let filter = self.filter.describe();
        if !filter.is_empty() {
            let _ = writeln!(text, "Only {filter}");
        }
        let _ = writeln!(
            text,
            "Read: {}\n",
            format::watermarks(&response.watermarks, context.now())
        );
        let labels: HashMap<&str, &str> = definitions
            .iter()
            .map(|of| (of.metric.as_str(), of.label_en.as_str()))
            .collect();
        let mut table = Table::new(["Metric", ">Month", ">Trailing twelve", "", "Entry"]);
        for metric in &response.metrics {
            let why = [&metric.month, &metric.trailing_twelve]
                .into_iter()
                .flatten()
                .map(why);
            let mut why: Vec<&str> = why.filter(|why| !why.is_empty()).collect();
            why.dedup();
            table.row([
                (*labels
                    .get(metric.metric.as_str())
                    .unwrap_or(&metric.metric.as_str()))
                .to_owned(),
                figure(metric.month.as_ref()),
                figure(metric.trailing_twelve.as_ref()),
                why.join("; "),
                format!("{} {}", metric.metric, metric.version),
            ]);
        }
        text + &table.render(context.style)
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

fn figure(figure: Option<&Figure>) -> String {
    let value = figure.and_then(|figure| figure.value.as_ref());
    match value {
        Some(Value::Amount(amount)) => format::money(Some(amount)),
        Some(Value::Rate(rate)) => format::percent(Some(rate)),
        Some(Value::Count(count)) => keizoku_core::Money::from_minor(*count).to_string(),
        None => format::NOTHING.to_owned(),
    }
}

/// What to know of a figure: why it has no value, or that it was reconstructed.
fn why(figure: &Figure) -> &'static str {
    let reason = match &figure.value {
        Some(Value::Rate(rate)) if rate.ppm.is_none() => rate.no_value_reason(),
        _ => figure.no_value_reason(),
    };
    match format::no_value(reason) {
        "" if figure.reconstructed => "from current amounts only",
        reason => reason,
    }
}
