//! The figures as a table, and beside them those that were reported.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::figure_difference::Value as Apart;
use keizoku_proto::forecast::{
    Figure, GetRevenueMetricsResponse, MetricDefinition, MetricValue, ReportedFigure,
};

use crate::cli::format;
use crate::cli::output::Style;
use crate::cli::table::Table;

/// What was asked, and what to call the figures.
pub(super) struct Title<'a> {
    pub(super) filter: &'a str,
    pub(super) definitions: &'a [MetricDefinition],
    pub(super) now: Timestamp,
    pub(super) zone: TimeZone,
    pub(super) as_reported: bool,
}

pub(super) fn render(
    response: &GetRevenueMetricsResponse,
    title: &Title<'_>,
    style: Style,
) -> String {
    let provisional = if response.provisional {
        " (still running)"
    } else {
        ""
    };
    let mut text = format!("Revenue metrics of {}{provisional}\n", response.month);
    if !title.filter.is_empty() {
        let _ = writeln!(text, "Only {}", title.filter);
    }
    let closed_at = response.books_closed_at.as_ref();
    if closed_at.is_some() {
        let closed_at = format::instant(closed_at, &title.zone);
        let _ = writeln!(
            text,
            "As reported: as known when the books were closed, {closed_at}"
        );
    } else if title.as_reported {
        text.push_str("As reported: nothing, the month's books are still open\n");
    }
    let read = format::watermarks(&response.watermarks, title.now);
    let _ = writeln!(text, "Read: {read}\n");
    let table = if closed_at.is_some() {
        with_reported(&response.metrics, title)
    } else {
        restated(&response.metrics, title)
    };
    text + &table.render(style)
}

fn restated(metrics: &[MetricValue], title: &Title<'_>) -> Table {
    let mut table = Table::new(["Metric", ">Month", ">Trailing twelve", "", "Entry"]);
    for metric in metrics {
        table.row([
            title.label(metric),
            figure(metric.month.as_ref()),
            figure(metric.trailing_twelve.as_ref()),
            remarks(metric),
            format!("{} {}", metric.metric, metric.version),
        ]);
    }
    table
}

fn with_reported(metrics: &[MetricValue], title: &Title<'_>) -> Table {
    let mut table = Table::new([
        "Metric",
        ">Month",
        ">As reported",
        ">Difference",
        ">Trailing twelve",
        ">As reported",
        ">Difference",
        "",
        "Entry",
    ]);
    for metric in metrics {
        let [month, month_apart] = reported(metric.month_as_reported.as_ref());
        let [trailing, trailing_apart] = reported(metric.trailing_twelve_as_reported.as_ref());
        table.row([
            title.label(metric),
            figure(metric.month.as_ref()),
            month,
            month_apart,
            figure(metric.trailing_twelve.as_ref()),
            trailing,
            trailing_apart,
            remarks(metric),
            format!("{} {}", metric.metric, metric.version),
        ]);
    }
    table
}

impl Title<'_> {
    fn label(&self, metric: &MetricValue) -> String {
        let mut definitions = self.definitions.iter();
        let defined = definitions.find(|of| of.metric == metric.metric);
        defined.map_or_else(|| metric.metric.clone(), |of| of.label_en.clone())
    }
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

/// A figure that was reported, and how far the restated one is from it.
fn reported(reported: Option<&ReportedFigure>) -> [String; 2] {
    let difference = reported.and_then(|reported| reported.difference.as_ref());
    let apart = match difference.and_then(|difference| difference.value.as_ref()) {
        Some(Apart::Amount(amount)) => format::money(Some(amount)),
        Some(Apart::Ppm(ppm)) => format::percent_of_ppm(*ppm),
        Some(Apart::Count(count)) => keizoku_core::Money::from_minor(*count).to_string(),
        None => format::NOTHING.to_owned(),
    };
    let then = reported.and_then(|reported| reported.figure.as_ref());
    [figure(then), apart]
}

/// What to know of a metric's figures, each once.
fn remarks(metric: &MetricValue) -> String {
    let reported = [
        &metric.month_as_reported,
        &metric.trailing_twelve_as_reported,
    ];
    let reported = reported.into_iter().flatten().map(|then| &then.figure);
    let figures = [&metric.month, &metric.trailing_twelve];
    let mut remarks: Vec<&str> = Vec::new();
    for figure in figures.into_iter().chain(reported).flatten() {
        let why = why(figure);
        if !why.is_empty() && !remarks.contains(&why) {
            remarks.push(why);
        }
    }
    remarks.join("; ")
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

#[cfg(test)]
mod tests {
    use keizoku_proto::common::{Money, Rate};
    use keizoku_proto::forecast::FigureDifference;
    use keizoku_proto::timestamp;

    use super::*;

    fn yen(minor_units: i64) -> Money {
        Money {
            minor_units,
            currency_code: "JPY".to_owned(),
        }
    }

    fn of(value: Value) -> Figure {
        Figure {
            value: Some(value),
            ..Figure::default()
        }
    }

    fn rate(ppm: i64) -> Figure {
        of(Value::Rate(Rate {
            ppm: Some(ppm),
            ..Rate::default()
        }))
    }

    fn then(figure: Figure, apart: Apart) -> ReportedFigure {
        ReportedFigure {
            figure: Some(figure),
            difference: Some(FigureDifference { value: Some(apart) }),
        }
    }

    fn response() -> GetRevenueMetricsResponse {
        let churn = MetricValue {
            metric: "churn_mrr".to_owned(),
            version: "v1".to_owned(),
            month: Some(of(Value::Amount(yen(400)))),
            month_as_reported: Some(then(
                of(Value::Amount(yen(1_500))),
                Apart::Amount(yen(-1_100)),
            )),
            ..MetricValue::default()
        };
        let grr = MetricValue {
            metric: "grr".to_owned(),
            version: "v1".to_owned(),
            month: Some(rate(950_000)),
            month_as_reported: Some(then(rate(900_000), Apart::Ppm(50_000))),
            ..MetricValue::default()
        };
        GetRevenueMetricsResponse {
            month: "2026-10".to_owned(),
            metrics: vec![churn, grr],
            ..GetRevenueMetricsResponse::default()
        }
    }

    fn rendered(response: &GetRevenueMetricsResponse) -> String {
        let title = Title {
            filter: "",
            definitions: &[],
            now: "2026-11-22T00:00:00Z".parse().unwrap(),
            zone: TimeZone::get("Asia/Tokyo").unwrap(),
            as_reported: true,
        };
        render(response, &title, Style::ASCII)
    }

    #[test]
    fn fc_8_what_was_reported_stands_beside_what_is_known_now() {
        let closed_at: Timestamp = "2026-11-06T14:59:59.999999Z".parse().unwrap();
        let response = GetRevenueMetricsResponse {
            books_closed_at: Some(timestamp(closed_at)),
            ..response()
        };
        let expected = "\
Revenue metrics of 2026-10
As reported: as known when the books were closed, 2026-11-06 23:59
Read: nothing has been read yet

Metric      Month  As reported  Difference  Trailing twelve  As reported  Difference    Entry
churn_mrr     400        1,500      -1,100                -            -           -    churn_mrr v1
grr        95.00%       90.00%       5.00%                -            -           -    grr v1
";
        assert_eq!(rendered(&response), expected);
    }

    #[test]
    fn fc_8_open_books_are_said_to_be_open() {
        let text = rendered(&response());
        assert!(text.contains("the month's books are still open"), "{text}");
        assert!(!text.contains("Difference"), "{text}");
    }
}
