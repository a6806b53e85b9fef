//! Users, teams and the organisation's settings.

use std::sync::Arc;

use jiff::tz::TimeZone;
use keizoku_core::{TeamId, UserId, derive_id};
use keizoku_proto::accounts as proto;
use keizoku_proto::accounts::directory_service_server::DirectoryService;
use keizoku_runtime::parse::SHORT_TEXT;
use keizoku_runtime::{Call, Failure, Outcome, Violations, call, names};
use tonic::{Request, Response, Status};

use super::accounts::reply;
use super::settings::setting_fields;
use crate::domain::user::ProfileChange;
use crate::domain::{self, organisation, team, user};
use crate::queries::ids;
use crate::{Accounts, Service, resources};

const ROLES: [&str; 4] = ["viewer", "csm", "ops", "admin"];

impl Accounts {
    async fn define_team(
        &self,
        request: Request<proto::DefineTeamRequest>,
    ) -> Result<proto::DefineTeamResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let wanted = body.team.clone().unwrap_or_default();
        let request_id = violations.request_id(&body.request_id);
        let id = (!wanted.name.is_empty())
            .then(|| violations.parse("team.name", names::parse_team(&wanted.name)))
            .flatten();
        let parent = (!wanted.parent.is_empty())
            .then(|| violations.parse("team.parent", names::parse_team(&wanted.parent)))
            .flatten();
        let display_name =
            violations.required_text("team.display_name", &wanted.display_name, SHORT_TEXT);
        let slack_channel =
            violations.text("team.slack_channel", &wanted.slack_channel, SHORT_TEXT);
        let branch = violations.text("team.branch", &wanted.branch, SHORT_TEXT);
        let request_id = violations.finish(request_id)?;
        let call = Call::of("DefineTeam", &request, request_id, &wanted.etag)?;
        let id = id.unwrap_or_else(|| derive_id("team", &[request_id.as_bytes()]).into());
        let parent_team_id = parent.map(|parent| parent.to_string()).unwrap_or_default();
        self.require_team(&parent_team_id).await?;
        let ancestors = self.ancestors(parent).await?;
        let defined = proto::TeamDefined {
            team_id: id.to_string(),
            display_name,
            parent_team_id,
            slack_channel,
            branch,
        };
        let command = team::Define {
            team: defined.clone(),
            ancestors,
        };
        let outcome = self
            .teams
            .execute(domain::team_stream(id), command, call)
            .await?;
        let defined = outcome.fold.state.defined.clone().unwrap_or(defined);
        let team = Some(resources::team(&defined, call::etag(outcome.fold.revision)));
        Ok(proto::DefineTeamResponse {
            team,
            consistency_token: outcome.token.encode(),
        })
    }

    /// A team and everything above it.
    async fn ancestors(&self, team: Option<TeamId>) -> Result<Vec<TeamId>, Failure> {
        let mut ancestors = Vec::new();
        let mut next = team;
        while let Some(team) = next.filter(|team| !ancestors.contains(team)) {
            ancestors.push(team);
            let fold = self.teams.recall(&domain::team_stream(team)).await?;
            next = fold
                .state
                .defined
                .as_ref()
                .and_then(|defined| defined.parent_team_id.parse().ok());
        }
        Ok(ancestors)
    }

    async fn list_teams(
        &self,
        body: proto::ListTeamsRequest,
    ) -> Result<proto::ListTeamsResponse, Failure> {
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let sql = "SELECT id FROM teams ORDER BY display_name, id".to_owned();
        let found = self
            .model
            .read(move |rows| ids(rows, &sql, Vec::new()))
            .await?;
        let mut teams = Vec::with_capacity(found.len());
        for id in found.iter().filter_map(|id| id.parse().ok()) {
            let fold = self.teams.recall(&domain::team_stream(id)).await?;
            let defined = fold.state.defined.as_ref();
            teams
                .extend(defined.map(|defined| resources::team(defined, call::etag(fold.revision))));
        }
        Ok(proto::ListTeamsResponse { teams })
    }

    async fn register(
        self: &Arc<Self>,
        request: Request<proto::RegisterUserRequest>,
    ) -> Result<proto::RegisterUserResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let wanted = body.user.clone().unwrap_or_default();
        let request_id = violations.request_id(&body.request_id);
        let chosen = (!body.user_id.is_empty())
            .then(|| violations.parse("user_id", body.user_id.parse::<UserId>()))
            .flatten();
        let team = team_id(&mut violations, &wanted.team);
        let mut profile = proto::UserProfile::default();
        for change in changes(&mut violations, &wanted, &ALL_FIELDS) {
            change.apply(&mut profile);
        }
        let request_id = violations.finish(request_id)?;
        let call = Call::of("RegisterUser", &request, request_id, "")?;
        let id = chosen.unwrap_or_else(|| derive_id("user", &[request_id.as_bytes()]).into());
        let stream = domain::user_stream(id);
        if let Some(done) = self.users.admit(&stream, &call).await? {
            let (user, consistency_token) = self.user_changed(&done).await?;
            return Ok(proto::RegisterUserResponse {
                user,
                consistency_token,
            });
        }
        self.require_team(&team).await?;
        let subject = profile.subject.clone();
        let registered = proto::UserRegistered {
            user_id: id.to_string(),
            profile: Some(profile),
            team_id: team,
        };
        let command = user::Command::Register(registered);
        let outcome = if subject.is_empty() {
            self.users.execute(stream, command, call).await?
        } else {
            self.become_caller(subject, id, command, call).await?
        };
        let (user, consistency_token) = self.user_changed(&outcome).await?;
        Ok(proto::RegisterUserResponse {
            user,
            consistency_token,
        })
    }

    async fn update_user(
        self: &Arc<Self>,
        request: Request<proto::UpdateUserRequest>,
    ) -> Result<proto::UpdateUserResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let wanted = body.user.clone().unwrap_or_default();
        let request_id = violations.request_id(&body.request_id);
        let id = violations.parse("user.name", names::parse_user(&wanted.name));
        let from = violations.day("team_effective_date", body.team_effective_date.as_ref());
        let changeable = ALL_FIELDS.iter().chain(&["team", "active"]);
        let fields = violations.update_mask(&body.update_mask, "UpdateUser", |_, path| {
            changeable.clone().find(|field| **field == path).copied()
        });
        let team = fields
            .contains(&"team")
            .then(|| team_id(&mut violations, &wanted.team));
        let changes = changes(&mut violations, &wanted, &fields);
        let (request_id, id) = violations.finish(request_id.zip(id))?;
        let call = Call::of("UpdateUser", &request, request_id, &body.etag)?;
        let stream = domain::user_stream(id);
        if let Some(done) = self.users.admit(&stream, &call).await? {
            let (user, consistency_token) = self.user_changed(&done).await?;
            return Ok(proto::UpdateUserResponse {
                user,
                consistency_token,
            });
        }
        self.require_team(team.as_deref().unwrap_or_default())
            .await?;
        let subject = changes.iter().find_map(|change| match change {
            ProfileChange::Subject(subject) if !subject.is_empty() => Some(subject.clone()),
            _ => None,
        });
        let exists = self.users.recall(&stream).await?.state.exists();
        let command = user::Command::Change {
            changes,
            team: team.map(|team| (team, from.unwrap_or(self.today()))),
            active: fields.contains(&"active").then_some(wanted.active),
        };
        let outcome = match subject.filter(|_| exists) {
            Some(subject) => self.become_caller(subject, id, command, call).await?,
            None => self.users.execute(stream, command, call).await?,
        };
        let (user, consistency_token) = self.user_changed(&outcome).await?;
        Ok(proto::UpdateUserResponse {
            user,
            consistency_token,
        })
    }

    /// Shows a person after a command.
    async fn user_changed(
        &self,
        outcome: &Outcome<user::State>,
    ) -> Result<(Option<proto::User>, String), Failure> {
        self.settle(&outcome.token).await?;
        let user = Some(resources::user(&outcome.fold));
        Ok((user, outcome.token.encode()))
    }

    async fn list_users(
        &self,
        body: proto::ListUsersRequest,
    ) -> Result<proto::ListUsersResponse, Failure> {
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let sql = if body.include_departed {
            "SELECT id FROM users ORDER BY sort_name, id"
        } else {
            "SELECT id FROM users WHERE NOT departed ORDER BY sort_name, id"
        };
        let found = self
            .model
            .read(move |rows| ids(rows, sql, Vec::new()))
            .await?;
        let mut users = Vec::with_capacity(found.len());
        for id in found.iter().filter_map(|id| id.parse().ok()) {
            users.push(resources::user(
                &*self.users.recall(&domain::user_stream(id)).await?,
            ));
        }
        Ok(proto::ListUsersResponse { users })
    }

    async fn organisation(&self) -> Result<proto::GetOrganisationResponse, Failure> {
        let fold = self.organisation.refresh(&domain::ORGANISATION).await?;
        let mut organisation = fold.state.settings.clone();
        organisation.etag = call::etag(fold.revision);
        Ok(proto::GetOrganisationResponse {
            organisation: Some(organisation),
        })
    }

    async fn configure(
        &self,
        request: Request<proto::ConfigureOrganisationRequest>,
    ) -> Result<proto::ConfigureOrganisationResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let settings = body.organisation.clone().unwrap_or_default();
        let request_id = violations.request_id(&body.request_id);
        let fields = {
            let book = self.book.read();
            let teams = book.directory();
            setting_fields(&mut violations, &settings, &body.update_mask, teams)
        };
        let request_id = violations.finish(request_id)?;
        let call = Call::of("ConfigureOrganisation", &request, request_id, &body.etag)?;
        let amounts_recorded = !self.book.read().is_empty();
        let command = organisation::Configure {
            settings,
            fields,
            amounts_recorded,
        };
        let outcome = self
            .organisation
            .execute(domain::ORGANISATION, command, call)
            .await?;
        self.settle(&outcome.token).await?;
        let mut organisation = outcome.fold.state.settings.clone();
        organisation.etag = call::etag(outcome.fold.revision);
        Ok(proto::ConfigureOrganisationResponse {
            organisation: Some(organisation),
            consistency_token: outcome.token.encode(),
        })
    }
}

const ALL_FIELDS: [&str; 7] = [
    "display_name",
    "email",
    "slack_member_id",
    "role",
    "external_id",
    "time_zone",
    "subject",
];

fn team_id(violations: &mut Violations, name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    violations
        .parse("user.team", names::parse_team(name))
        .map(|team| team.to_string())
        .unwrap_or_default()
}

/// What the named fields of `wanted` change.
fn changes(
    violations: &mut Violations,
    wanted: &proto::User,
    fields: &[&str],
) -> Vec<ProfileChange> {
    let change = |field: &&str| match *field {
        "display_name" => {
            let name = &wanted.display_name;
            let name = violations.required_text("user.display_name", name, SHORT_TEXT);
            Some(ProfileChange::DisplayName(name))
        }
        "email" => {
            let email = violations.text("user.email", &wanted.email, SHORT_TEXT);
            if !email.is_empty() && !email.contains('@') {
                violations.add("user.email", "is not an email address");
            }
            Some(ProfileChange::Email(email))
        }
        "slack_member_id" => {
            let id = &wanted.slack_member_id;
            let id = violations.text("user.slack_member_id", id, SHORT_TEXT);
            Some(ProfileChange::SlackMemberId(id))
        }
        "role" => {
            if !wanted.role.is_empty() && !ROLES.contains(&wanted.role.as_str()) {
                violations.add("user.role", format!("must be one of {}", ROLES.join(", ")));
            }
            Some(ProfileChange::Role(wanted.role.clone()))
        }
        "time_zone" => {
            if !wanted.time_zone.is_empty() && TimeZone::get(&wanted.time_zone).is_err() {
                violations.add("user.time_zone", "is not an IANA time zone");
            }
            Some(ProfileChange::TimeZone(wanted.time_zone.clone()))
        }
        "subject" => {
            let subject = violations.text("user.subject", &wanted.subject, SHORT_TEXT);
            if subject.starts_with("user:") {
                violations.add("user.subject", "is written without `user:`");
            }
            Some(ProfileChange::Subject(subject))
        }
        "external_id" => {
            let id = violations.text("user.external_id", &wanted.external_id, SHORT_TEXT);
            Some(ProfileChange::ExternalId(id))
        }
        _ => None,
    };
    fields.iter().filter_map(change).collect()
}

#[tonic::async_trait]
impl DirectoryService for Service {
    async fn define_team(
        &self,
        request: Request<proto::DefineTeamRequest>,
    ) -> Result<Response<proto::DefineTeamResponse>, Status> {
        reply(self.0.define_team(request).await)
    }
    async fn list_teams(
        &self,
        request: Request<proto::ListTeamsRequest>,
    ) -> Result<Response<proto::ListTeamsResponse>, Status> {
        reply(self.0.list_teams(request.into_inner()).await)
    }
    async fn register_user(
        &self,
        request: Request<proto::RegisterUserRequest>,
    ) -> Result<Response<proto::RegisterUserResponse>, Status> {
        reply(self.0.register(request).await)
    }
    async fn update_user(
        &self,
        request: Request<proto::UpdateUserRequest>,
    ) -> Result<Response<proto::UpdateUserResponse>, Status> {
        reply(self.0.update_user(request).await)
    }
    async fn list_users(
        &self,
        request: Request<proto::ListUsersRequest>,
    ) -> Result<Response<proto::ListUsersResponse>, Status> {
        reply(self.0.list_users(request.into_inner()).await)
    }
    async fn get_caller(
        &self,
        request: Request<proto::GetCallerRequest>,
    ) -> Result<Response<proto::GetCallerResponse>, Status> {
        reply(self.0.caller(request).await)
    }
    async fn get_organisation(
        &self,
        _request: Request<proto::GetOrganisationRequest>,
    ) -> Result<Response<proto::GetOrganisationResponse>, Status> {
        reply(self.0.organisation().await)
    }
    async fn configure_organisation(
        &self,
        request: Request<proto::ConfigureOrganisationRequest>,
    ) -> Result<Response<proto::ConfigureOrganisationResponse>, Status> {
        reply(self.0.configure(request).await)
    }
    async fn charter_initiative(
        &self,
        request: Request<proto::CharterInitiativeRequest>,
    ) -> Result<Response<proto::CharterInitiativeResponse>, Status> {
        reply(self.0.charter_initiative(request).await)
    }
    async fn list_initiatives(
        &self,
        request: Request<proto::ListInitiativesRequest>,
    ) -> Result<Response<proto::ListInitiativesResponse>, Status> {
        reply(self.0.list_initiatives(request.into_inner()).await)
    }
}
