//! `keizoku team`: ACC-6.

use clap::Subcommand;
use keizoku_proto::accounts::{DefineTeamRequest, ListTeamsRequest, Team};

use super::context::Context;
use super::format;
use super::output::{answer, change};
use super::table::Table;
use crate::client::call;
use crate::error::Failure;

/// What to do with teams.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// All teams
    List(ListArgs),
    /// Create a team, or change one
    Define(DefineArgs),
}

/// Arguments of `keizoku team list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {}

/// Arguments of `keizoku team define`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku team define 'Enterprise East' --parent Enterprise --slack-channel '#cs-ent-east'
  keizoku team define 'Enterprise East' --rename 'Enterprise Tokyo'")]
pub struct DefineArgs {
    /// Name of the team; one that exists is changed, with what is not given staying as it is
    team: String,
    /// New name
    #[arg(long)]
    rename: Option<String>,
    /// The team that it belongs to (name or id); empty for none
    #[arg(long)]
    parent: Option<String>,
    /// Slack channel
    #[arg(long)]
    slack_channel: Option<String>,
    /// Branch
    #[arg(long)]
    branch: Option<String>,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(_) => list(context).await,
            Self::Define(args) => args.run(context).await,
        }
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let request = ListTeamsRequest {
        consistency_tokens: context.tokens(),
    };
    let response = call(async || {
        context
            .connection
            .directory()
            .list_teams(request.clone())
            .await
    })
    .await?;
    let mut table = Table::new(["Team", "Parent", "Slack channel", "Branch", "Id"]);
    for team in &response.teams {
        let parent = response
            .teams
            .iter()
            .find(|other| other.name == team.parent);
        table.row([
            team.display_name.clone(),
            parent.map_or(String::new(), |parent| parent.display_name.clone()),
            team.slack_channel.clone(),
            team.branch.clone(),
            format::id(&team.name).to_owned(),
        ]);
    }
    let text = if table.is_empty() {
        "There are no teams. `keizoku team define NAME` makes one; an import brings its own.\n"
            .to_owned()
    } else {
        table.render(context.style)
    };
    answer!(context, accounts::ListTeamsResponse, &response, text)
}

impl DefineArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let id = format!("teams/{}", self.team.trim_start_matches("teams/"));
        let teams = &context.directory().await?.teams;
        let known = teams
            .iter()
            .find(|team| team.display_name == self.team || team.name == id);
        let mut team = known.cloned().unwrap_or_else(|| Team {
            display_name: self.team.clone(),
            ..Team::default()
        });
        if let Some(name) = self.rename {
            team.display_name = name;
        }
        if let Some(parent) = self.parent {
            team.parent = if parent.is_empty() {
                parent
            } else {
                context.team(&parent).await?
            };
        }
        team.slack_channel = self.slack_channel.unwrap_or(team.slack_channel);
        team.branch = self.branch.unwrap_or(team.branch);
        let request = DefineTeamRequest {
            team: Some(team),
            request_id: context.request_id(),
        };
        change!(
            context,
            directory.define_team,
            request,
            accounts::DefineTeamResponse,
            |response| {
                let team = response.team.clone().unwrap_or_default();
                let text = format!("{} is defined ({}).\n", team.display_name, team.name);
                text
            }
        )
    }
}
