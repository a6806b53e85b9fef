//! `keizoku user`: ACC-6.

use clap::{Subcommand, ValueEnum};
use keizoku_core::Day;
use keizoku_proto::accounts::{ListUsersRequest, RegisterUserRequest, UpdateUserRequest, User};

use super::context::{Context, named};
use super::format;
use super::output::{answer, change};
use super::table::Table;
use crate::client::call;
use crate::error::Failure;

/// What to do with people.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everybody who works here
    List(ListArgs),
    /// Add a person
    Register(RegisterArgs),
    /// Change a person's name, addresses, role or team, or say that they left
    Update(UpdateArgs),
    /// Who you are, as changes are recorded, and in the directory
    Me,
}

/// Arguments of `keizoku user list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Departed people too
    #[arg(long)]
    all: bool,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Reads everything
    Viewer,
    /// Files and follows risks, keeps accounts
    Csm,
    /// Owns definitions, rules, reports, imports and corrections
    Ops,
    /// Runs the deployment
    Admin,
}

/// Arguments of `keizoku user register`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku user register --name '木村 葵' --email aoi@example.com --team SMB --role csm")]
pub struct RegisterArgs {
    /// The person's name
    #[arg(long)]
    name: String,
    /// Email address
    #[arg(long)]
    email: String,
    /// Team (name or id)
    #[arg(long)]
    team: Option<String>,
    /// What the person may do
    #[arg(long, value_enum, default_value_t = Role::Csm)]
    role: Role,
    /// Slack member id
    #[arg(long, default_value = "", hide_default_value = true)]
    slack: String,
    /// Id in another system
    #[arg(long, default_value = "", hide_default_value = true)]
    external_id: String,
    /// IANA time zone in which the person works [default: the organisation's]
    #[arg(
        long,
        value_name = "ZONE",
        default_value = "",
        hide_default_value = true
    )]
    time_zone: String,
    /// Who the person is as a caller: what `keizoku user me` and histories have behind `user:`
    #[arg(long, default_value = "", hide_default_value = true)]
    subject: String,
}

/// Arguments of `keizoku user update`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku user update aoi@example.com --team Kyushu --from 2026-12-01
  keizoku user update aoi@example.com --subject 'https://id.example.com/realms/main#aoi'
  keizoku user update aoi@example.com --departed")]
#[command(group(clap::ArgGroup::new("changes").required(true).multiple(true).args(["name", "email", "team", "role", "slack", "time_zone", "subject", "departed", "returned"])))]
pub struct UpdateArgs {
    /// The person: name, email or id
    user: String,
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// New email address
    #[arg(long)]
    email: Option<String>,
    /// New team (name or id); empty for none
    #[arg(long)]
    team: Option<String>,
    /// From when on the new team holds (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE", requires = "team")]
    from: Option<Day>,
    /// What the person may do
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// Slack member id
    #[arg(long)]
    slack: Option<String>,
    /// IANA time zone in which the person works; empty for the organisation's
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Who the person is as a caller: what `keizoku user me` and histories have behind `user:`; empty for
    /// nobody
    #[arg(long)]
    subject: Option<String>,
    /// The person has left: what they owned waits for reassignment
    #[arg(long)]
    departed: bool,
    /// The person is back
    #[arg(long, conflicts_with = "departed")]
    returned: bool,
    /// Refuse when the person's record has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl Role {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Register(args) => args.run(context).await,
            Self::Update(args) => args.run(context).await,
            Self::Me => me(context).await,
        }
    }
}

async fn me(context: &Context) -> Result<(), Failure> {
    let response = context.caller().await?;
    let text = async || {
        let Some(user) = &response.user else {
            return format!(
                "You are {}, and nobody in the directory is. Somebody of operations can say who you are:\n\
                 keizoku user update NAME --subject '{}'\n",
                response.actor,
                response.actor.trim_start_matches("user:")
            );
        };
        let (name, id) = (&user.display_name, &user.name);
        format!("You are {name} ({id}), recorded as {}.\n", response.actor)
    };
    answer!(
        context,
        accounts::GetCallerResponse,
        &response,
        text().await
    )
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ListUsersRequest {
            include_departed: self.all,
            consistency_tokens: context.tokens(),
        };
        let response = call(async || {
            context
                .connection
                .directory()
                .list_users(request.clone())
                .await
        })
        .await?;
        let text = async {
            let people = context.people().await;
            let mut table = Table::new(["Name", "Email", "Team", "Role", "", "Id"]);
            for user in &response.users {
                table.row([
                    user.display_name.clone(),
                    user.email.clone(),
                    named(&people, &user.team).to_owned(),
                    user.role.clone(),
                    if user.active { "" } else { "departed" }.to_owned(),
                    format::id(&user.name).to_owned(),
                ]);
            }
            if table.is_empty() {
                return "There is nobody. `keizoku user register` adds a person; an import brings its own.\n"
                    .to_owned();
            }
            table.render(context.style)
        };
        answer!(context, accounts::ListUsersResponse, &response, text.await)
    }
}

impl RegisterArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let team = match &self.team {
            Some(team) => context.team(team).await?,
            None => String::new(),
        };
        let user = User {
            display_name: self.name,
            email: self.email,
            slack_member_id: self.slack,
            team,
            role: self.role.name(),
            external_id: self.external_id,
            time_zone: self.time_zone,
            subject: self.subject,
            ..User::default()
        };
        let request = RegisterUserRequest {
            user: Some(user),
            request_id: context.request_id(),
            ..RegisterUserRequest::default()
        };
        change!(
            context,
            directory.register_user,
            request,
            accounts::RegisterUserResponse,
            |response| told(response.user.as_ref(), "is registered")
        )
    }
}

impl UpdateArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let changed = [
            ("display_name", self.name.is_some()),
            ("email", self.email.is_some()),
            ("team", self.team.is_some()),
            ("role", self.role.is_some()),
            ("slack_member_id", self.slack.is_some()),
            ("time_zone", self.time_zone.is_some()),
            ("subject", self.subject.is_some()),
            ("active", self.departed || self.returned),
        ];
        let team = match self.team.as_deref() {
            None | Some("") => String::new(),
            Some(team) => context.team(team).await?,
        };
        let user = User {
            name: context.user(&self.user).await?,
            display_name: self.name.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            slack_member_id: self.slack.unwrap_or_default(),
            time_zone: self.time_zone.unwrap_or_default(),
            subject: self.subject.unwrap_or_default(),
            team,
            role: self.role.map(Role::name).unwrap_or_default(),
            active: self.returned,
            ..User::default()
        };
        let update_mask = changed
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(field, _)| field.to_owned());
        let request = UpdateUserRequest {
            user: Some(user),
            update_mask: update_mask.collect(),
            team_effective_date: self.from.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            directory.update_user,
            request,
            accounts::UpdateUserResponse,
            |response| told(response.user.as_ref(), "is updated")
        )
    }
}

fn told(user: Option<&User>, what: &str) -> String {
    user.map(|user| format!("{} {what} ({}).\n", user.display_name, user.name))
        .unwrap_or_default()
}
