//! `keizoku report`: FC-9.

use std::collections::HashMap;
use std::fmt::Write as _;

use keizoku_proto::forecast::{
    GetRiskReportRequest, GetRiskReportResponse, OwnerRiskCounts, ReportedRisk,
};

use super::context::{Context, named};
use super::format;
use super::output::answer;
use super::table::Table;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku report
  keizoku report --team SMB
  keizoku report --owner 木村 --as-of 2026-11-15";

/// Arguments of `keizoku report`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Risks of this team and its subteams (the risk owner's)
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Risks of this person
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    #[command(flatten)]
    as_of: AsOf,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut request = GetRiskReportRequest {
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
            ..GetRiskReportRequest::default()
        };
        if let Some(team) = &self.team {
            request.team = context.team(team).await?;
        }
        if let Some(owner) = &self.owner {
            request.owner = context.user(owner).await?;
        }
        let response = call(async || {
            context
                .connection
                .forecasts()
                .get_risk_report(request.clone())
                .await
        })
        .await?;
        answer!(
            context,
            forecast::GetRiskReportResponse,
            &response,
            text(context, &response).await
        )
    }
}

async fn text(context: &Context, report: &GetRiskReportResponse) -> String {
    let people = context.people().await;
    let mut text = format!(
        "Risks from {} to {}\nRead: {}\n",
        format::date(report.since.as_ref()),
        format::date(report.until.as_ref()),
        format::watermarks(&report.watermarks, context.now()),
    );
    if let Some(total) = &report.total {
        let _ = writeln!(
            text,
            "{} open, {} overdue, {} without a next action; {} opened and {} closed in these seven days",
            total.open, total.overdue, total.without_next_action, total.opened, total.closed,
        );
    }
    for (title, date, risks) in [
        ("Opened", "Opened", &report.opened),
        ("Closed", "Closed", &report.closed),
        ("Overdue", "Due", &report.overdue),
    ] {
        let _ = write!(text, "\n{title}\n{}", list(context, date, risks, &people));
    }
    for (title, counts) in [("By owner", &report.by_owner), ("By team", &report.by_team)] {
        let _ = write!(text, "\n{title}\n{}", totals(context, counts, &people));
    }
    text
}

fn list(
    context: &Context,
    date: &str,
    risks: &[ReportedRisk],
    people: &HashMap<String, String>,
) -> String {
    let mut table = Table::new([
        date,
        "Risk",
        "Account",
        "Owner",
        "Completion",
        "Result",
        "Id",
    ]);
    for risk in risks {
        table.row([
            format::date(risk.date.as_ref()),
            risk.display_name.clone(),
            risk.account_display_name.clone(),
            named(people, &risk.owner).to_owned(),
            risk.completion.clone(),
            risk.result.clone(),
            format::id(&risk.risk).to_owned(),
        ]);
    }
    if table.is_empty() {
        "none\n".to_owned()
    } else {
        table.render(context.style)
    }
}

fn totals(
    context: &Context,
    counts: &[OwnerRiskCounts],
    people: &HashMap<String, String>,
) -> String {
    let mut table = Table::new([
        "Owner",
        ">Overdue",
        ">Without next action",
        ">Open",
        ">Opened",
        ">Closed",
    ]);
    for count in counts {
        let owner = if count.owner.is_empty() {
            "nobody"
        } else {
            named(people, &count.owner)
        };
        table.row([
            owner.to_owned(),
            count.overdue.to_string(),
            count.without_next_action.to_string(),
            count.open.to_string(),
            count.opened.to_string(),
            count.closed.to_string(),
        ]);
    }
    if table.is_empty() {
        "none\n".to_owned()
    } else {
        table.render(context.style)
    }
}
