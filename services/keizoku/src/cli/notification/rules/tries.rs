//! `keizoku notification rule try`.

use keizoku_proto::notification::try_rule_request::Tried;
use keizoku_proto::notification::{
    Rule, Trial, TrialOutcome, Trigger, TryRuleRequest, TryRuleResponse,
};

use super::write::Terms;
use super::{named, trigger};
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::notification::recipient;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::cli::time::Moment;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku notification rule try`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification rule try big-customers                  a rule that there is
  keizoku notification rule try --trigger risk-opened \\
    --if 'account.mrr >= 1000000' --audience role:admin --since 2026-10-01")]
pub struct Args {
    /// Key of a rule that there is; else say what the draft is about
    #[arg(required_unless_present = "trigger", conflicts_with_all = [
        "trigger", "audience", "channel", "locale", "schedule", "filter", "title", "note",
        "hours", "group", "overdue_days", "resend_ambiguous",
    ])]
    rule: Option<String>,
    /// What the draft of a rule is about
    #[arg(long, value_parser = trigger)]
    trigger: Option<Trigger>,
    #[command(flatten)]
    terms: Terms,
    /// On what was recorded from then on [default: 30 days ago]
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// On what was recorded before then [default: now]
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// On so many facts, newest first
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let zone = context.zone().await?;
        let at = |moment: Option<Moment>| {
            let instant = moment.map(|moment| moment.instant(&zone)).transpose();
            instant.map(|instant| instant.map(keizoku_proto::timestamp))
        };
        let since = match self.since {
            // A date is the end of it; what happened on it is meant here.
            Some(Moment::Date(day)) => Some(Moment::Date(day.plus_days(-1))),
            since => since,
        };
        let (start_time, end_time) = (at(since)?, at(self.until)?);
        let tried = match (self.rule, self.trigger) {
            (Some(rule), _) => Tried::Name(named("rules/", &rule)),
            (None, trigger) => {
                let (rule, _) = self.terms.into_rule(context).await?;
                let trigger = trigger.map_or(0, Into::into);
                Tried::Rule(Rule { trigger, ..rule })
            }
        };
        let request = TryRuleRequest {
            tried: Some(tried),
            start_time,
            end_time,
            limit: self.limit,
            consistency_tokens: context.tokens(),
        };
        let response = call(async || {
            let mut api = context.connection.notifications();
            api.try_rule(request.clone()).await
        })
        .await?;
        let mut table = Table::new(["Recorded", "Outcome", "To", "Message", "Problem"]);
        for trial in &response.trials {
            let mut told = Vec::new();
            for to in &trial.recipients {
                told.push(recipient(context, Some(to)).await);
            }
            let title = trial.message.as_ref().map(|message| message.title.clone());
            table.row([
                format::instant(trial.record_time.as_ref(), &zone),
                format::enum_name(trial.outcome().as_str_name(), "TRIAL_OUTCOME_"),
                told.join(", "),
                title.unwrap_or_default(),
                trial.problem.clone(),
            ]);
        }
        let text = if table.is_empty() {
            "Nothing was recorded in that time that it is about.\n".to_owned()
        } else {
            table.render(context.style) + &summary(&response)
        };
        answer!(context, notification::TryRuleResponse, &response, text)
    }
}

fn summary(response: &TryRuleResponse) -> String {
    let count = |outcome: TrialOutcome| {
        let trials = response.trials.iter();
        trials
            .filter(|trial: &&Trial| trial.outcome() == outcome)
            .count()
    };
    let more = if response.truncated {
        " There are older ones."
    } else {
        ""
    };
    format!(
        "\nNothing was sent. Of {} it would tell {}; filtered out: {}; filter failed, told all the same: {}; reaches nobody: {}.{more}\n",
        response.trials.len(),
        count(TrialOutcome::Tells),
        count(TrialOutcome::FilteredOut),
        count(TrialOutcome::FilterFailed),
        count(TrialOutcome::Nobody),
    )
}
