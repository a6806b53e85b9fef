//! `keizoku forecast backtest`: FC-7.

use std::collections::HashMap;
use std::fmt::Write as _;

use keizoku_proto::forecast::{
    self, BacktestComparison, BacktestMonth, CalibrationPoint, GetBacktestRequest,
    GetBacktestResponse,
};

use super::Scenario;
use crate::cli::chart::bar;
use crate::cli::context::{Context, named};
use crate::cli::filter::Filter;
use crate::cli::format;
use crate::cli::output::{Style, answer};
use crate::cli::table::Table;
use crate::cli::time::AsOf;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku forecast backtest
  keizoku forecast backtest --horizon 3 --team SMB
  keizoku forecast backtest --expected --months 24
  keizoku forecast backtest --until 2026-06 --json";

/// Length of the longest bar.
const BAR: u32 = 20;

/// Arguments of `keizoku forecast backtest`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How many months ahead the forecasts were given; 1: the day before the month began
    #[arg(long, value_name = "MONTHS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=12))]
    horizon: u32,
    /// How many months to look at
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=36))]
    months: u32,
    /// The last of them [default: the month before this one]
    #[arg(long, value_name = "YYYY-MM")]
    until: Option<String>,
    /// Which losses were forecast
    #[arg(long, value_enum, default_value_t = Scenario::LeadsToChurn)]
    scenario: Scenario,
    /// Test the expected line, with the loss rates as they were known then
    #[arg(long, conflicts_with = "scenario")]
    expected: bool,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    as_of: AsOf,
}

impl Args {
    pub(super) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let scenario = if self.expected {
            forecast::Scenario::Unspecified
        } else {
            self.scenario.proto()
        };
        let request = GetBacktestRequest {
            as_of: self.as_of.resolve(context).await?,
            last_month: self.until.clone().unwrap_or_default(),
            months: self.months,
            horizon: self.horizon,
            scenario: scenario.into(),
            expected: self.expected,
            filter: Some(self.filter.resolve(context).await?),
            consistency_tokens: context.tokens(),
        };
        let response = call(async || {
            context
                .connection
                .forecasts()
                .get_backtest(request.clone())
                .await
        })
        .await?;
        let text = async {
            let people = context.people().await;
            let read = format::watermarks(&response.watermarks, context.now());
            self.header(&read) + &render(&response, &people, context.style)
        };
        answer!(
            context,
            forecast::GetBacktestResponse,
            &response,
            text.await
        )
    }

    fn header(&self, read: &str) -> String {
        let line = if self.expected {
            "the expected line".to_owned()
        } else {
            format!("scenario {}", self.scenario.name())
        };
        let ahead = match self.horizon {
            1 => "the day before each month began".to_owned(),
            months => format!("{months} months ahead"),
        };
        let mut text = format!("Forecasts given {ahead} against what was lost: {line}\n");
        let filter = self.filter.describe();
        if !filter.is_empty() {
            let _ = writeln!(text, "Only {filter}");
        }
        let _ = writeln!(text, "Read: {read}");
        text
    }
}

fn render(
    backtest: &GetBacktestResponse,
    people: &HashMap<String, String>,
    style: Style,
) -> String {
    let mut text = format!("\n{}", months(backtest, style));
    if backtest.by_team.len() > 1 {
        let _ = write!(text, "\n{}", teams(&backtest.by_team, people).render(style));
    }
    let _ = writeln!(
        text,
        "\nBias {} of what was lost, mean error {} a month, absolute error {}",
        format::percent(
            backtest
                .total
                .as_ref()
                .and_then(|total| total.bias.as_ref())
        ),
        format::money(backtest.mean_error.as_ref()),
        format::percent(backtest.absolute_error.as_ref()),
    );
    if backtest.calibration.is_empty() {
        text.push_str(
            "No part's outcome is known yet: that takes until 31 days after its month.\n",
        );
        return text;
    }
    let _ = write!(text, "\n{}", calibration(&backtest.calibration, style));
    let _ = writeln!(
        text,
        "Brier score {} over {} parts; 0 is best",
        format::percent(backtest.brier_score.as_ref()),
        backtest.calibrated_parts,
    );
    text
}

fn months(test: &GetBacktestResponse, style: Style) -> String {
    let mut table = Table::new([
        "Month",
        ">Forecast",
        ">Lost",
        ">Error",
        ">Bias",
        ">Lost by later",
        "Lost",
        "",
    ]);
    let lost = |month: &BacktestMonth| amount(month.total.as_ref());
    let largest = test.months.iter().map(lost).max().unwrap_or(0);
    for month in &test.months {
        let was_given = format::no_value(month.no_value_reason());
        let remark = match (was_given, month.settled) {
            ("", true) => "",
            ("", false) => "not settled",
            (reason, _) => reason,
        };
        let [forecast, lost, error, bias, later] = cells(month.total.as_ref());
        let bar = bar(amount(month.total.as_ref()), largest, BAR, style);
        let [forecast, error, bias] = if was_given.is_empty() {
            [forecast, error, bias]
        } else {
            [(); 3].map(|()| format::NOTHING.to_owned())
        };
        table.row([
            month.month.clone(),
            forecast,
            lost,
            error,
            bias,
            later,
            bar,
            remark.to_owned(),
        ]);
    }
    let [forecast, lost, error, bias, later] = cells(test.total.as_ref());
    let none = String::new();
    table.row([
        "TOTAL".to_owned(),
        forecast,
        lost,
        error,
        bias,
        later,
        none.clone(),
        none,
    ]);
    table.render(style)
}

fn teams(by_team: &[BacktestComparison], people: &HashMap<String, String>) -> Table {
    let mut table = Table::new([
        "Team",
        ">Forecast",
        ">Lost",
        ">Error",
        ">Bias",
        ">Lost by later",
    ]);
    for team in by_team {
        let name = match team.team.as_str() {
            "" => "(none)",
            team => named(people, team),
        };
        let [forecast, lost, error, bias, later] = cells(Some(team));
        table.row([name.to_owned(), forecast, lost, error, bias, later]);
    }
    table
}

/// Expected and observed beside each other: on a calibrated line the bars are equally long.
fn calibration(points: &[CalibrationPoint], style: Style) -> String {
    const ONE: i64 = 1_000_000;
    let mut table = Table::new([
        "Expected",
        ">Parts",
        ">Mean",
        ">Lost",
        ">MRR",
        ">Lost MRR",
        "Expected / lost",
    ]);
    for point in points {
        let ppm = |rate: Option<&keizoku_proto::common::Rate>| rate.and_then(|rate| rate.ppm);
        let tenth = format!(
            "{}-{}%",
            point.from_ppm / 10_000,
            point.from_ppm / 10_000 + 10
        );
        let none = String::new();
        table.row([
            tenth,
            point.parts.to_string(),
            format::percent(point.expected_rate.as_ref()),
            format::percent(point.observed_rate.as_ref()),
            format::money(point.mrr.as_ref()),
            format::money(point.lost_mrr.as_ref()),
            bar(
                ppm(point.expected_rate.as_ref()).unwrap_or(0),
                ONE,
                BAR,
                style,
            ),
        ]);
        table.row([
            none.clone(),
            none.clone(),
            none.clone(),
            none.clone(),
            none.clone(),
            none,
            bar(
                ppm(point.observed_rate.as_ref()).unwrap_or(0),
                ONE,
                BAR,
                style,
            ),
        ]);
    }
    table.render(style)
}

fn amount(comparison: Option<&BacktestComparison>) -> i64 {
    let lost = comparison.and_then(|found| found.lost_mrr.as_ref());
    lost.map_or(0, |lost| lost.minor_units)
}

fn cells(comparison: Option<&BacktestComparison>) -> [String; 5] {
    let found = comparison.cloned().unwrap_or_default();
    [
        format::money(found.forecast_mrr.as_ref()),
        format::money(found.lost_mrr.as_ref()),
        format::money(found.error.as_ref()),
        format::percent(found.bias.as_ref()),
        format::money(found.lost_of_later_mrr.as_ref()),
    ]
}

#[cfg(test)]
mod tests {
    use keizoku_proto::common::{Money, NoValueReason, Rate};

    use super::*;

    fn yen(minor_units: i64) -> Money {
        Money {
            minor_units,
            currency_code: "JPY".to_owned(),
        }
    }

    fn ppm(ppm: i64) -> Rate {
        Rate {
            ppm: Some(ppm),
            ..Rate::default()
        }
    }

    fn compared(forecast: i64, lost: i64, bias: i64) -> BacktestComparison {
        BacktestComparison {
            forecast_mrr: Some(yen(forecast)),
            lost_mrr: Some(yen(lost)),
            error: Some(yen(forecast - lost)),
            bias: Some(ppm(bias)),
            lost_of_later_mrr: Some(yen(0)),
            ..BacktestComparison::default()
        }
    }

    #[test]
    fn fc_7_forecast_and_loss_stand_beside_each_other() {
        let month = |month: &str, total, reason: NoValueReason, settled| BacktestMonth {
            month: month.to_owned(),
            total: Some(total),
            no_value_reason: reason.into(),
            settled,
            ..BacktestMonth::default()
        };
        let hidden = NoValueReason::TooFewLosses;
        let given = NoValueReason::Unspecified;
        let test = GetBacktestResponse {
            months: vec![
                month("2026-09", compared(0, 200, 0), hidden, true),
                month("2026-10", compared(500, 400, 250_000), given, false),
            ],
            total: Some(compared(500, 400, 250_000)),
            mean_error: Some(yen(100)),
            absolute_error: Some(ppm(250_000)),
            calibration: vec![CalibrationPoint {
                from_ppm: 400_000,
                parts: 4,
                lost_parts: 1,
                expected_rate: Some(ppm(450_000)),
                observed_rate: Some(ppm(250_000)),
                mrr: Some(yen(900)),
                lost_mrr: Some(yen(300)),
            }],
            brier_score: Some(ppm(200_000)),
            calibrated_parts: 4,
            ..GetBacktestResponse::default()
        };
        let expected = "
Month    Forecast  Lost  Error    Bias  Lost by later  Lost
2026-09         -   200      -       -              0  ##########            too few losses are known
2026-10       500   400    100  25.00%              0  ####################  not settled
TOTAL         500   400    100  25.00%              0

Bias 25.00% of what was lost, mean error 100 a month, absolute error 25.00%

Expected  Parts    Mean    Lost  MRR  Lost MRR  Expected / lost
40-50%        4  45.00%  25.00%  900       300  #########
                                                #####
Brier score 20.00% over 4 parts; 0 is best
";
        assert_eq!(render(&test, &HashMap::new(), Style::ASCII), expected);
    }
}
