//! Setting targets and taking them away: the settings are read, changed and written back, unless
//! somebody else changed them meanwhile.

use keizoku_core::Month;
use keizoku_proto::accounts::target::Goal;
use keizoku_proto::accounts::{ConfigureOrganisationRequest, Organisation, Target};

use super::{Metric, Which, goal, team};
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::organisation::percentage;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku targets set`.
#[derive(Debug, clap::Args)]
pub struct SetArgs {
    #[command(flatten)]
    which: Which,
    /// Its last month
    #[arg(long, value_name = "YYYY-MM")]
    to: Month,
    /// What to reach: a percentage for retention (95%), an amount in minor units for expansion
    #[arg(long)]
    goal: String,
}

/// Arguments of `keizoku targets remove`.
#[derive(Debug, clap::Args)]
pub struct RemoveArgs {
    #[command(flatten)]
    which: Which,
}

impl SetArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut target = self.which.target(context).await?;
        target.last_month = self.to.to_string();
        target.goal = Some(goal_of(self.which.metric, &self.goal)?);
        let mut organisation = context.organisation().await?.clone();
        match organisation
            .targets
            .iter_mut()
            .find(|other| is_same(other, &target))
        {
            Some(other) => *other = target,
            None => organisation.targets.push(target),
        }
        write(context, organisation).await
    }
}

impl RemoveArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let target = self.which.target(context).await?;
        let mut organisation = context.organisation().await?.clone();
        let before = organisation.targets.len();
        organisation
            .targets
            .retain(|other| !is_same(other, &target));
        if organisation.targets.len() == before {
            return Err(Failure::Usage(
                "no such target is set; `keizoku targets` shows those that are".to_owned(),
            ));
        }
        write(context, organisation).await
    }
}

impl Which {
    async fn target(&self, context: &Context) -> Result<Target, Failure> {
        let team = match &self.team {
            Some(team) => context.team(team).await?,
            None => String::new(),
        };
        Ok(Target {
            team,
            metric: self.metric.proto().into(),
            first_month: self.from.to_string(),
            ..Target::default()
        })
    }
}

fn is_same(one: &Target, other: &Target) -> bool {
    (&one.team, one.metric, &one.first_month) == (&other.team, other.metric, &other.first_month)
}

fn goal_of(metric: Metric, text: &str) -> Result<Goal, Failure> {
    let refused = |what: &str| Failure::Usage(format!("--goal {text}: {what}"));
    if metric == Metric::ExpansionMrr {
        let amount = text.replace(',', "").parse();
        return amount
            .map(Goal::Amount)
            .map_err(|_| refused("is not a whole amount in minor units"));
    }
    let ppm = text
        .strip_suffix('%')
        .ok_or("is not a percentage such as 95%".to_owned())
        .and_then(percentage);
    ppm.map(Goal::RatePpm).map_err(|what| refused(&what))
}

async fn write(context: &Context, organisation: Organisation) -> Result<(), Failure> {
    let request = ConfigureOrganisationRequest {
        etag: organisation.etag.clone(),
        organisation: Some(organisation),
        update_mask: vec!["targets".to_owned()],
        request_id: context.request_id(),
    };
    let people = context.people().await;
    change!(
        context,
        directory.configure_organisation,
        request,
        accounts::ConfigureOrganisationResponse,
        |response| {
            let organisation = response.organisation.clone().unwrap_or_default();
            let line = |target: &Target| {
                format!(
                    "{}: {} {} from {} to {}\n",
                    team(target, &people),
                    format::enum_name(target.metric().as_str_name(), "TARGET_METRIC_"),
                    goal(target, &organisation.reporting_currency),
                    target.first_month,
                    target.last_month,
                )
            };
            let lines: String = organisation.targets.iter().map(line).collect();
            if lines.is_empty() {
                "No target is set.\n".to_owned()
            } else {
                lines
            }
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fc_13_a_goal_is_a_percentage_or_an_amount_by_its_metric() {
        let of = |metric, text| goal_of(metric, text).ok();
        assert_eq!(of(Metric::Grr, "95%"), Some(Goal::RatePpm(950_000)));
        assert_eq!(of(Metric::Nrr, "104.5%"), Some(Goal::RatePpm(1_045_000)));
        assert_eq!(
            of(Metric::ExpansionMrr, "5,000,000"),
            Some(Goal::Amount(5_000_000))
        );
        for (metric, text) in [
            (Metric::Grr, "95"),
            (Metric::ExpansionMrr, "95%"),
            (Metric::Nrr, "%"),
        ] {
            assert_eq!(of(metric, text), None, "{text}");
        }
    }
}
