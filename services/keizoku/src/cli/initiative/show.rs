//! One initiative and its figures.

use std::collections::HashMap;
use std::fmt::Write as _;

use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::{
    Figure, GetInitiativeRequest, GetInitiativeResponse, InitiativeComparison, InitiativeGroup,
    InitiativePeriod,
};

use super::{cohort, found};
use crate::cli::card::Card;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::{Style, answer};
use crate::cli::table::Table;
use crate::cli::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku initiative show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The initiative: name or id
    initiative: String,
    /// Also by tier
    #[arg(long)]
    by_tier: bool,
    #[command(flatten)]
    as_of: AsOf,
}

impl ShowArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetInitiativeRequest {
            name: found(context, &self.initiative).await?.name,
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
        };
        let response = call(async || {
            context
                .connection
                .forecasts()
                .get_initiative(request.clone())
                .await
        })
        .await?;
        let text = async {
            let people = context.people().await;
            let read = format::watermarks(&response.watermarks, context.now());
            let shown = render(&response, &people, self.by_tier, context.style);
            format!("{shown}\nRead: {read}\n")
        };
        answer!(
            context,
            forecast::GetInitiativeResponse,
            &response,
            text.await
        )
    }
}

fn render(
    response: &GetInitiativeResponse,
    people: &HashMap<String, String>,
    by_tier: bool,
    style: Style,
) -> String {
    let charter = response.initiative.clone().unwrap_or_default();
    let status = format::enum_name(response.status().as_str_name(), "INITIATIVE_STATUS_");
    let mut card = Card::new(format!("{} ({})", charter.display_name, charter.name));
    card.field("status", status.replace('_', " "))
        .field(
            "period",
            format!(
                "{} to {}",
                format::date(charter.first_date.as_ref()),
                format::date(charter.last_date.as_ref())
            ),
        )
        .field("owner", named(people, &charter.owner))
        .field("purpose", charter.purpose.as_str())
        .field(
            "cohort",
            cohort(&charter, |team| named(people, team).to_owned()),
        )
        .field("expected", charter.expected_effect.as_str())
        .field("given up", charter.withdrawal_reason.as_str());
    let mut text = card.render();
    let Some(total) = &response.total else {
        return text;
    };
    let _ = writeln!(
        text,
        "\nSince: {} to {}; before: as many days, from {}\n",
        format::date(charter.first_date.as_ref()),
        format::date(response.since_until_date.as_ref()),
        format::date(response.before_from_date.as_ref()),
    );
    text.push_str(&table(total).render(style));
    for tier in response.by_tier.iter().filter(|_| by_tier) {
        let name = match tier.tier.as_str() {
            "" => "(no tier)",
            name => name,
        };
        let _ = write!(text, "\n{name}\n{}", table(tier).render(style));
    }
    text
}

fn table(comparison: &InitiativeComparison) -> Table {
    let mut table = Table::new([
        "",
        ">Cohort before",
        ">Since",
        ">Others before",
        ">Since",
        "",
        "Entry",
    ]);
    let periods = |group: Option<&InitiativeGroup>| {
        let group = group.cloned().unwrap_or_default();
        [
            group.before.unwrap_or_default(),
            group.since.unwrap_or_default(),
        ]
    };
    let [before, since] = periods(comparison.cohort.as_ref());
    let [others_before, others_since] = periods(comparison.others.as_ref());
    let all = [&before, &since, &others_before, &others_since];
    let mut counts = |label: &str, count: fn(&InitiativePeriod) -> i64| {
        let [a, b, c, d] = all.map(|period| count(period).to_string());
        table.row([label.to_owned(), a, b, c, d, String::new(), String::new()]);
    };
    counts("Accounts", |of| of.accounts);
    counts("Red", |of| of.red_accounts);
    counts("Yellow", |of| of.yellow_accounts);
    counts("Green", |of| of.green_accounts);
    for (place, metric) in since.metrics.iter().enumerate() {
        let found = all.map(|period| {
            let metric = period.metrics.get(place);
            metric.and_then(|metric| metric.figure.as_ref())
        });
        let [a, b, c, d] = found.map(figure);
        table.row([
            metric.metric.replace('_', " "),
            a,
            b,
            c,
            d,
            remarks(found),
            format!("{} {}", metric.metric, metric.version),
        ]);
    }
    table
}

fn figure(figure: Option<&Figure>) -> String {
    match figure.and_then(|figure| figure.value.as_ref()) {
        Some(Value::Amount(amount)) => format::money(Some(amount)),
        Some(Value::Rate(rate)) => format::percent(Some(rate)),
        Some(Value::Count(count)) => count.to_string(),
        None => format::NOTHING.to_owned(),
    }
}

/// Why figures have no value, each reason once.
fn remarks(figures: [Option<&Figure>; 4]) -> String {
    let reasons = figures.into_iter().flatten();
    let mut said: Vec<&str> = Vec::new();
    for reason in reasons.map(|figure| format::no_value(figure.no_value_reason())) {
        if !reason.is_empty() && !said.contains(&reason) {
            said.push(reason);
        }
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use keizoku_proto::accounts::{Cohort, Initiative};
    use keizoku_proto::common::{Money, NoValueReason, Rate};
    use keizoku_proto::forecast::{InitiativeMetric, InitiativeStatus};
    use keizoku_proto::google::r#type::Date;

    use super::*;

    fn on(month: i32, day: i32) -> Date {
        Date {
            year: 2026,
            month,
            day,
        }
    }

    fn group(accounts: i64, mrr: i64, grr: Option<i64>) -> InitiativeGroup {
        let value = |value| Figure {
            value: Some(value),
            ..Figure::default()
        };
        let metric = |metric: &str, figure| InitiativeMetric {
            metric: metric.to_owned(),
            version: "v1".to_owned(),
            figure: Some(figure),
        };
        let amount = Value::Amount(Money {
            minor_units: mrr,
            currency_code: "JPY".to_owned(),
        });
        let rate = grr.map(|ppm| {
            value(Value::Rate(Rate {
                ppm: Some(ppm),
                ..Rate::default()
            }))
        });
        let unknown = Figure {
            no_value_reason: NoValueReason::InsufficientHistory.into(),
            ..Figure::default()
        };
        let period = InitiativePeriod {
            accounts,
            metrics: vec![
                metric("closing_mrr", value(amount)),
                metric("grr", rate.unwrap_or(unknown)),
            ],
            red_accounts: 1,
            ..InitiativePeriod::default()
        };
        InitiativeGroup {
            before: Some(period.clone()),
            since: Some(period),
        }
    }

    #[test]
    fn fc_12_a_cohort_stands_beside_the_others() {
        let charter = Initiative {
            name: "initiatives/1".to_owned(),
            display_name: "定着支援".to_owned(),
            purpose: "使われない".to_owned(),
            owner: "users/1".to_owned(),
            first_date: Some(on(9, 1)),
            last_date: Some(on(10, 31)),
            cohort: Some(Cohort {
                team: "teams/1".to_owned(),
                tier: "Mid".to_owned(),
                ..Cohort::default()
            }),
            expected_effect: "解約を半分に".to_owned(),
            ..Initiative::default()
        };
        let total = InitiativeComparison {
            cohort: Some(group(2, 1_200, Some(950_000))),
            others: Some(group(10, 9_000, None)),
            ..InitiativeComparison::default()
        };
        let response = GetInitiativeResponse {
            initiative: Some(charter),
            status: InitiativeStatus::Over.into(),
            before_from_date: Some(on(6, 10)),
            since_until_date: Some(on(11, 22)),
            total: Some(total),
            ..GetInitiativeResponse::default()
        };
        let people = HashMap::from([
            ("users/1".to_owned(), "鈴木".to_owned()),
            ("teams/1".to_owned(), "東".to_owned()),
        ]);
        let expected = "\
定着支援 (initiatives/1)
  status    OVER
  period    2026-09-01 to 2026-10-31
  owner     鈴木
  purpose   使われない
  cohort    team 東, tier Mid
  expected  解約を半分に

Since: 2026-09-01 to 2026-11-22; before: as many days, from 2026-06-10

             Cohort before   Since  Others before  Since                                              Entry
Accounts                 2       2             10     10
Red                      1       1              1      1
Yellow                   0       0              0      0
Green                    0       0              0      0
closing mrr          1,200   1,200          9,000  9,000                                              closing_mrr v1
grr                 95.00%  95.00%              -      -  the history does not reach back far enough  grr v1
";
        assert_eq!(render(&response, &people, false, Style::ASCII), expected);
    }
}
