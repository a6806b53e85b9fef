//! The forecast as a table with bars.

use std::fmt::Write as _;

use jiff::Timestamp;
use keizoku_proto::common::Money;
use keizoku_proto::forecast::{Bucket, ExpectedLosses, GetForecastResponse};

use crate::cli::chart::bar;
use crate::cli::format;
use crate::cli::output::Style;
use crate::cli::table::Table;

/// Length of the longest bar.
const BAR: u32 = 30;

/// What was asked.
pub(super) struct Title<'a> {
    pub(super) scenario: &'a str,
    pub(super) basis: &'a str,
    pub(super) filter: &'a str,
    pub(super) now: Timestamp,
}

pub(super) fn render(forecast: &GetForecastResponse, title: &Title<'_>, style: Style) -> String {
    let mut text = header(forecast, title);
    text.push('\n');
    text.push_str(&buckets(forecast, title, style));
    if forecast.total.as_ref().is_none_or(|total| total.count == 0) {
        let _ = write!(text, "\n{}", hint(forecast, title));
    }
    if let Some(expected) = &forecast.expected {
        let _ = write!(text, "\n{}", expectation(expected, style));
    }
    text
}

/// What to expect by bucket, and the rates that it follows from.
fn expectation(expected: &ExpectedLosses, style: Style) -> String {
    let why = format::no_value(expected.no_value_reason());
    let learned = format!(
        "{} of {} parts of past months were lost",
        thousands(expected.losses),
        thousands(expected.sample_size)
    );
    if !why.is_empty() {
        return format!("Nothing can be expected yet, {why}: {learned}\n");
    }
    let mut text = format!(
        "Expected, as {learned}: {}\n\n",
        format::percent(expected.overall_rate.as_ref())
    );
    let mut table = Table::new(["Renewal", ">Expected", ""]);
    let amount = |mrr: Option<&Money>| mrr.map_or(0, |mrr| mrr.minor_units);
    let amounts = expected.buckets.iter().map(|one| amount(one.mrr.as_ref()));
    let largest = amounts.max().unwrap_or(0);
    for bucket in &expected.buckets {
        table.row([
            bucket.key.clone(),
            format::money(bucket.mrr.as_ref()),
            bar(amount(bucket.mrr.as_ref()), largest, BAR, style),
        ]);
    }
    let total = format::money(expected.total.as_ref());
    table.row(["TOTAL".to_owned(), total, String::new()]);
    text.push_str(&table.render(style));
    let mut rates = Table::new([
        "Flag",
        "Type",
        "Band",
        ">Lost",
        ">Of",
        ">Rate",
        ">MRR",
        ">Expected",
    ]);
    for rate in &expected.rates {
        rates.row([
            format::enum_name(rate.flag().as_str_name(), "PART_FLAG_"),
            rate.risk_type.clone(),
            format::enum_name(rate.band().as_str_name(), "BAND_"),
            thousands(rate.losses),
            thousands(rate.sample_size),
            format::percent(rate.rate.as_ref()),
            format::money(rate.mrr.as_ref()),
            format::money(rate.expected_mrr.as_ref()),
        ]);
    }
    if !rates.is_empty() {
        let _ = write!(text, "\n{}", rates.render(style));
    }
    text
}

fn header(forecast: &GetForecastResponse, title: &Title<'_>) -> String {
    let mut text = format!(
        "Churn forecast by renewal month on {}: scenario {}, basis {}\n",
        format::date(forecast.on.as_ref()),
        title.scenario,
        title.basis,
    );
    if !title.filter.is_empty() {
        let _ = writeln!(text, "Only {}", title.filter);
    }
    let _ = writeln!(
        text,
        "Opening MRR {} | current MRR {} | {} active accounts, {} at risk",
        format::money_with_currency(forecast.opening_mrr.as_ref()),
        format::money_with_currency(forecast.current_mrr.as_ref()),
        thousands(forecast.active_accounts),
        thousands(forecast.at_risk_accounts),
    );
    let _ = writeln!(
        text,
        "Read: {}",
        format::watermarks(&forecast.watermarks, title.now)
    );
    if forecast.stale {
        text.push_str("STALE: a source has stopped at an event that this version cannot read\n");
    }
    text
}

fn buckets(forecast: &GetForecastResponse, title: &Title<'_>, style: Style) -> String {
    let counted = if title.basis == "group" {
        ">Groups"
    } else {
        ">Accounts"
    };
    let mut table = Table::new(["Renewal", counted, ">MRR", ">Churn rate", ""]);
    let amount = |bucket: &Bucket| bucket.mrr.as_ref().map_or(0, |mrr| mrr.minor_units);
    let largest = forecast.buckets.iter().map(amount).max().unwrap_or(0);
    for bucket in forecast.buckets.iter().chain(&forecast.total) {
        let is_total = bucket.key == "TOTAL";
        table.row([
            bucket.key.clone(),
            thousands(bucket.count),
            format::money(bucket.mrr.as_ref()),
            format::percent(bucket.churn_rate.as_ref()),
            if is_total {
                String::new()
            } else {
                bar(amount(bucket), largest, BAR, style)
            },
        ]);
    }
    table.render(style)
}

/// What to try when the forecast is empty.
fn hint(forecast: &GetForecastResponse, title: &Title<'_>) -> &'static str {
    if forecast.active_accounts == 0 && title.filter.is_empty() {
        "There are no active accounts. `keizoku import salesforce DIR` brings some over;\n\
         --as-of and --on may also point to a time before there were any.\n"
    } else if forecast.active_accounts == 0 {
        "No active account passes the filter. `keizoku account list` shows the accounts,\n\
         `keizoku team list` and `keizoku user list` who looks after them.\n"
    } else if title.scenario == "red" {
        "Nothing is expected to be lost. `keizoku risk open` files a risk,\n\
         `keizoku deadlines` shows what renews next.\n"
    } else {
        "Nothing is expected to be lost. Try `--scenario red`,\n\
         `keizoku risk list`, or `keizoku deadlines` for what renews next.\n"
    }
}

fn thousands(count: i64) -> String {
    keizoku_core::Money::from_minor(count).to_string()
}

#[cfg(test)]
mod tests {
    use keizoku_proto::common::{Money, Rate};
    use keizoku_proto::google::r#type::Date;

    use super::*;

    fn bucket(key: &str, count: i64, mrr: i64) -> Bucket {
        Bucket {
            key: key.to_owned(),
            count,
            mrr: Some(Money {
                minor_units: mrr,
                currency_code: "JPY".to_owned(),
            }),
            churn_rate: Some(Rate {
                ppm: Some(mrr),
                ..Rate::default()
            }),
        }
    }

    fn forecast(buckets: Vec<Bucket>) -> GetForecastResponse {
        let total = buckets.iter().map(|b| b.count).sum();
        GetForecastResponse {
            buckets,
            total: Some(bucket("TOTAL", total, 15_000)),
            opening_mrr: Some(Money {
                minor_units: 1_000_000,
                currency_code: "JPY".to_owned(),
            }),
            active_accounts: 1_982,
            on: Some(Date {
                year: 2026,
                month: 11,
                day: 22,
            }),
            ..GetForecastResponse::default()
        }
    }

    fn rendered(forecast: &GetForecastResponse, style: Style) -> String {
        let now = "2026-11-22T00:00:00Z".parse().unwrap();
        let title = Title {
            scenario: "leads-to-churn",
            basis: "account",
            filter: "team SMB",
            now,
        };
        render(forecast, &title, style)
    }

    #[test]
    fn fc_2_a_row_per_bucket_with_a_bar() {
        let buckets = vec![
            bucket("OVERDUE", 2, 5_000),
            bucket("2026-12", 1, 10_000),
            bucket("UNKNOWN", 0, 0),
        ];
        let text = rendered(&forecast(buckets), Style::ASCII);
        let expected = "\
Churn forecast by renewal month on 2026-11-22: scenario leads-to-churn, basis account
Only team SMB
Opening MRR JPY 1,000,000 | current MRR - | 1,982 active accounts, 0 at risk
Read: nothing has been read yet

Renewal  Accounts     MRR  Churn rate
OVERDUE         2   5,000       0.50%  ###############
2026-12         1  10,000       1.00%  ##############################
UNKNOWN         0       0       0.00%
TOTAL           3  15,000       1.50%
";
        assert_eq!(text, expected);
    }

    #[test]
    fn fc_5_the_expected_line_shows_its_rates_or_says_why_there_is_none() {
        use keizoku_proto::common::NoValueReason;
        use keizoku_proto::forecast::{ExpectedBucket, LossRate, PartFlag};
        let yen = |minor_units| {
            Some(Money {
                minor_units,
                currency_code: "JPY".to_owned(),
            })
        };
        let ppm = |ppm| {
            Some(Rate {
                ppm: Some(ppm),
                ..Rate::default()
            })
        };
        let line = ExpectedLosses {
            buckets: vec![ExpectedBucket {
                key: "2026-12".to_owned(),
                mrr: yen(4_750),
            }],
            total: yen(4_750),
            rates: vec![LossRate {
                flag: PartFlag::LeadsToChurn.into(),
                risk_type: "usage".to_owned(),
                losses: 30,
                sample_size: 60,
                rate: ppm(475_000),
                mrr: yen(10_000),
                expected_mrr: yen(4_750),
                band: keizoku_proto::healthscore::Band::Red.into(),
            }],
            overall_rate: ppm(400_000),
            losses: 40,
            sample_size: 100,
            ..ExpectedLosses::default()
        };
        let expected = "\
Expected, as 40 of 100 parts of past months were lost: 40.00%

Renewal  Expected
2026-12     4,750  ##############################
TOTAL       4,750

Flag            Type   Band  Lost  Of    Rate     MRR  Expected
LEADS_TO_CHURN  usage  RED     30  60  47.50%  10,000     4,750
";
        assert_eq!(expectation(&line, Style::ASCII), expected);
        let hidden = ExpectedLosses {
            losses: 3,
            sample_size: 7,
            no_value_reason: NoValueReason::TooFewLosses.into(),
            ..ExpectedLosses::default()
        };
        assert_eq!(
            expectation(&hidden, Style::ASCII),
            "Nothing can be expected yet, too few losses are known: 3 of 7 parts of past months were lost\n"
        );
    }

    #[test]
    fn an_empty_forecast_says_what_to_try() {
        let empty = forecast(vec![bucket("OVERDUE", 0, 0), bucket("UNKNOWN", 0, 0)]);
        assert!(rendered(&empty, Style::UNICODE).contains("keizoku deadlines"));
    }
}
