//! `keizoku onboarding declare` and `review`: ONB-4.

use keizoku_core::Day;
use keizoku_proto::healthscore::CompareGoalsRequest;
use keizoku_proto::onboarding::{Declaration, DeclareGoalRequest, ReviewGoalRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::health::used;
use crate::cli::output::change;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku onboarding declare`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding declare 緑川印刷 申請 --by 2026-12-31 --looks-like 紙の申請がなくなる")]
pub struct DeclareArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// The feature that the customer wants to use
    feature: String,
    /// By when (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    by: Day,
    /// What it is to look like then
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    looks_like: String,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl DeclareArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = DeclareGoalRequest {
            name: context.onboarding(&self.onboarding).await?,
            declaration: Some(Declaration {
                feature: self.feature,
                due_date: Some(self.by.into()),
                looks_like: self.looks_like,
            }),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.declare_goal,
            request,
            onboarding::DeclareGoalResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding review`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku onboarding review 緑川印刷 GOAL-ID --met --use 8割が申請に使う --next 経費 --by 2027-03-31
  keizoku onboarding review 緑川印刷 GOAL-ID --met --next 経費 --by 2027-03-31     use as signals tell it
  keizoku onboarding review 緑川印刷 GOAL-ID --use 総務のみ --next 部長に見せる --by 2026-12-04")]
pub struct ReviewArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// The goal, by its id
    goal: String,
    /// The goal is met
    #[arg(long)]
    met: bool,
    /// What the feature is used for and how much, as it was found [default: what signals know of it]
    #[arg(long = "use", value_name = "TEXT")]
    used: Option<String>,
    /// The feature that comes next where it is met, what is done next where it is not
    #[arg(long)]
    next: String,
    /// By when (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    by: Day,
    /// When it was found (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ReviewArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let by = Some(self.by.into());
        let name = context.onboarding(&self.onboarding).await?;
        let used = match self.used {
            Some(used) => used,
            None => known_use(context, &name, &self.goal).await?,
        };
        let mut request = ReviewGoalRequest {
            name,
            goal_id: self.goal,
            met: Some(self.met),
            r#use: used,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
            ..ReviewGoalRequest::default()
        };
        if self.met {
            request.next_goal = Some(Declaration {
                feature: self.next,
                due_date: by,
                ..Declaration::default()
            });
        } else {
            (request.next_action, request.next_action_date) = (self.next, by);
        }
        change!(
            context,
            onboardings.review_goal,
            request,
            onboarding::ReviewGoalResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// What signals know of the use of a goal's feature, in words: before, and now.
async fn known_use(context: &Context, onboarding: &str, goal: &str) -> Result<String, Failure> {
    let account = onboarding.split("/onboardings/").next();
    let request = CompareGoalsRequest {
        account: account.unwrap_or_default().to_owned(),
        time: None,
        consistency_tokens: context.tokens(),
    };
    let mut api = context.connection.health_scores();
    let response = call(async || api.compare_goals(request.clone()).await).await?;
    let found = response.goals.into_iter().find(|one| one.goal_id == goal);
    let found = found.unwrap_or_default();
    if found.r#use.is_none() {
        let problem =
            format!("no signal tells of the use of {goal}; say with --use what was found");
        return Err(Failure::Usage(problem));
    }
    let zone = context.zone().await?;
    let before = used(found.use_when_declared.as_ref(), &zone);
    let now = used(found.r#use.as_ref(), &zone);
    Ok(format!("{}: {before} → {now}", found.feature))
}
