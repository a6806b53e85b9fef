//! `keizoku targets`: FC-13.

mod change;

use std::collections::HashMap;

use keizoku_core::Month;
use keizoku_proto::accounts::target::Goal;
use keizoku_proto::accounts::{self, TargetMetric};
use keizoku_proto::common::Money;
use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::figure_difference::Value as Apart;
use keizoku_proto::forecast::{
    Figure, GetTargetsRequest, GetTargetsResponse, TargetStanding, TargetStatus,
};

use super::context::{Context, named};
use super::format;
use super::output::{Style, answer};
use super::table::Table;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku targets                              where each stands
  keizoku targets --team SMB --as-of 2026-10-31
  keizoku targets set --team SMB --metric grr --goal 95% --from 2026-04 --to 2027-03
  keizoku targets set --metric expansion-mrr --goal 5000000 --from 2026-04 --to 2027-03
  keizoku targets remove --team SMB --metric grr --from 2026-04";

/// Arguments of `keizoku targets`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only targets of this team (name or id)
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    #[command(flatten)]
    as_of: AsOf,
}

/// What to do with targets.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Set a target, or another goal for one
    Set(change::SetArgs),
    /// Take a target away
    Remove(change::RemoveArgs),
}

/// Which target.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Of this team and its subteams (name or id) [default: the whole organisation]
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// What is measured
    #[arg(long, value_enum)]
    metric: Metric,
    /// Its first month
    #[arg(long, value_name = "YYYY-MM")]
    from: Month,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Metric {
    /// Gross revenue retention
    Grr,
    /// Net revenue retention
    Nrr,
    /// Logo retention
    LogoRetention,
    /// Expansion MRR
    ExpansionMrr,
}

impl Metric {
    fn proto(self) -> TargetMetric {
        match self {
            Self::Grr => TargetMetric::Grr,
            Self::Nrr => TargetMetric::Nrr,
            Self::LogoRetention => TargetMetric::LogoRetention,
            Self::ExpansionMrr => TargetMetric::ExpansionMrr,
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.command {
            Some(Command::Set(args)) => return args.run(context).await,
            Some(Command::Remove(args)) => return args.run(context).await,
            None => {}
        }
        let mut request = GetTargetsRequest {
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
            ..GetTargetsRequest::default()
        };
        if let Some(team) = &self.team {
            request.team = context.team(team).await?;
        }
        let response = call(async || {
            context
                .connection
                .forecasts()
                .get_targets(request.clone())
                .await
        })
        .await?;
        let text = async {
            let currency = context
                .organisation()
                .await
                .map(|org| &org.reporting_currency);
            let currency = currency.cloned().unwrap_or_default();
            let read = format::watermarks(&response.watermarks, context.now());
            let people = context.people().await;
            format!(
                "Read: {read}\n\n{}",
                render(&response, &people, &currency, context.style)
            )
        };
        answer!(context, forecast::GetTargetsResponse, &response, text.await)
    }
}

fn render(
    response: &GetTargetsResponse,
    people: &HashMap<String, String>,
    currency: &str,
    style: Style,
) -> String {
    let mut table = Table::new([
        "Team",
        "Metric",
        "Months",
        ">Goal",
        ">Now",
        ">Even pace",
        ">To the goal",
        "Status",
    ]);
    for standing in &response.standings {
        let target = standing.target.clone().unwrap_or_default();
        table.row([
            team(&target, people),
            format!("{} {}", standing.metric, standing.version),
            format!("{} to {}", target.first_month, target.last_month),
            goal(&target, currency),
            figure(standing.figure.as_ref()),
            figure(standing.pace.as_ref()),
            apart(standing),
            status(standing),
        ]);
    }
    if table.is_empty() {
        return "No target is set. `keizoku targets set` sets one.\n".to_owned();
    }
    table.render(style)
}

fn team(target: &accounts::Target, people: &HashMap<String, String>) -> String {
    match target.team.as_str() {
        "" => "(all)".to_owned(),
        team => named(people, team).to_owned(),
    }
}

fn goal(target: &accounts::Target, currency: &str) -> String {
    match target.goal {
        Some(Goal::RatePpm(ppm)) => format::percent_of_ppm(ppm.into()),
        Some(Goal::Amount(amount)) => format::money(Some(&Money {
            minor_units: amount,
            currency_code: currency.to_owned(),
        })),
        None => format::NOTHING.to_owned(),
    }
}

fn figure(figure: Option<&Figure>) -> String {
    match figure.and_then(|figure| figure.value.as_ref()) {
        Some(Value::Amount(amount)) => format::money(Some(amount)),
        Some(Value::Rate(rate)) => format::percent(Some(rate)),
        Some(Value::Count(count)) => count.to_string(),
        None => format::NOTHING.to_owned(),
    }
}

fn apart(standing: &TargetStanding) -> String {
    let difference = standing.difference.as_ref();
    match difference.and_then(|difference| difference.value.as_ref()) {
        Some(Apart::Amount(amount)) => format::money(Some(amount)),
        Some(Apart::Ppm(ppm)) => format::percent_of_ppm(*ppm),
        Some(Apart::Count(count)) => count.to_string(),
        None => format::NOTHING.to_owned(),
    }
}

fn status(standing: &TargetStanding) -> String {
    let why = standing
        .figure
        .as_ref()
        .map_or("", |figure| format::no_value(figure.no_value_reason()));
    match standing.status() {
        TargetStatus::Unspecified => why.to_owned(),
        status => format::enum_name(status.as_str_name(), "TARGET_STATUS_").replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use keizoku_proto::common::{NoValueReason, Rate};
    use keizoku_proto::forecast::FigureDifference;

    use super::*;

    #[test]
    fn fc_13_each_target_says_where_it_stands() {
        let rate = |ppm| Figure {
            value: Some(Value::Rate(Rate {
                ppm: Some(ppm),
                ..Rate::default()
            })),
            ..Figure::default()
        };
        let target = |team: &str, metric: TargetMetric, goal| accounts::Target {
            team: team.to_owned(),
            metric: metric.into(),
            first_month: "2026-04".to_owned(),
            last_month: "2027-03".to_owned(),
            goal: Some(goal),
        };
        let behind = TargetStanding {
            target: Some(target("teams/1", TargetMetric::Grr, Goal::RatePpm(950_000))),
            metric: "grr".to_owned(),
            version: "v1".to_owned(),
            figure: Some(rate(960_000)),
            pace: Some(rate(968_000)),
            difference: Some(FigureDifference {
                value: Some(Apart::Ppm(10_000)),
            }),
            status: TargetStatus::Behind.into(),
        };
        let unknown = TargetStanding {
            target: Some(target(
                "",
                TargetMetric::ExpansionMrr,
                Goal::Amount(5_000_000),
            )),
            metric: "expansion_mrr".to_owned(),
            version: "v1".to_owned(),
            figure: Some(Figure {
                no_value_reason: NoValueReason::InsufficientHistory.into(),
                ..Figure::default()
            }),
            ..TargetStanding::default()
        };
        let response = GetTargetsResponse {
            standings: vec![behind, unknown],
            ..GetTargetsResponse::default()
        };
        let people = HashMap::from([("teams/1".to_owned(), "SMB".to_owned())]);
        let expected = "\
Team   Metric            Months                   Goal     Now  Even pace  To the goal  Status
SMB    grr v1            2026-04 to 2027-03     95.00%  96.00%     96.80%        1.00%  BEHIND
(all)  expansion_mrr v1  2026-04 to 2027-03  5,000,000       -          -            -  the history does not reach back far enough
";
        assert_eq!(render(&response, &people, "JPY", Style::ASCII), expected);
    }
}
