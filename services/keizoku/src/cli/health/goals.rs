//! `keizoku health goals`: what the customer declared, beside the use that signals know (ONB-4).

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use keizoku_core::Day;
use keizoku_proto::healthscore::{
    CompareGoalsRequest, CompareGoalsResponse, GoalOutcome, GoalUse, RecordedSignal,
};

use super::instant;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{Style, answer};
use crate::cli::table::Table;
use crate::cli::time::Moment;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health goals`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health goals 緑川印刷
  keizoku health goals 緑川印刷 --at 2026-10-31     what was known then

`keizoku onboarding review` records what became of a goal.")]
pub struct Args {
    /// The account: name, id or external id
    account: String,
    /// As of when: an instant, a local time, or the end of a date [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let time = instant(context, self.at).await?;
        let request = CompareGoalsRequest {
            account: context.account(&self.account).await?,
            time: time.map(keizoku_proto::timestamp),
            consistency_tokens: context.tokens(),
        };
        let mut api = context.connection.health_scores();
        let response = call(async || api.compare_goals(request.clone()).await).await?;
        let zone = context.zone().await?;
        answer!(
            context,
            healthscore::CompareGoalsResponse,
            &response,
            text(&response, &zone, context.style)
        )
    }
}

fn text(response: &CompareGoalsResponse, zone: &TimeZone, style: Style) -> String {
    if response.goals.is_empty() {
        return "Nothing was declared yet: `keizoku onboarding declare` records it.\n".to_owned();
    }
    let mut table = Table::new([
        "Due",
        "Feature",
        "Product",
        "Reviewed",
        "When declared",
        "When due",
        "Now",
        "Id",
    ]);
    for goal in &response.goals {
        table.row([
            format::date(goal.due_date.as_ref()),
            goal.feature.clone(),
            goal.product.clone(),
            outcome(goal).to_owned(),
            used(goal.use_when_declared.as_ref(), zone),
            used(goal.use_when_due.as_ref(), zone),
            used(goal.r#use.as_ref(), zone),
            goal.goal_id.clone(),
        ]);
    }
    let unknown = |goal: &&GoalUse| !response.known_features.contains(&goal.feature);
    let unknown: Vec<&str> = response
        .goals
        .iter()
        .filter(unknown)
        .map(|goal| &*goal.feature)
        .collect();
    let mut text = table.render(style);
    if !unknown.is_empty() && !response.known_features.is_empty() {
        let known = response.known_features.join(", ");
        let unknown = unknown.join(", ");
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "No signal tells of {unknown}; signals of this account tell of: {known}"
        );
    }
    text
}

fn outcome(goal: &GoalUse) -> &'static str {
    match goal.outcome() {
        GoalOutcome::Met => "met",
        GoalOutcome::NotMet => "not met",
        GoalOutcome::Unspecified if goal.overdue => "overdue",
        GoalOutcome::Unspecified => format::NOTHING,
    }
}

/// A value and the local date on which it was so.
pub(in crate::cli) fn used(signal: Option<&RecordedSignal>, zone: &TimeZone) -> String {
    let Some(signal) = signal else {
        return format::NOTHING.to_owned();
    };
    let at = signal.occur_time.as_ref().and_then(keizoku_proto::instant);
    let on = at.map_or_else(String::new, |at| format!(" ({})", Day::of(at, zone)));
    format!("{}{on}", signal.value)
}
