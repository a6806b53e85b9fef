//! Teams and people first: everything else belongs to somebody.

use std::time::Instant;

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{
    ConfigureOrganisationRequest, DefineTeamRequest, ImportRecordsRequest, ImportedUser,
    Organisation, RegisterUserRequest, Team, UpdateUserRequest, User, UserProfile,
};

use super::super::people::{Job, Person, TEAMS};
use super::{Writer, remember};
use crate::client::call;
use crate::error::Failure;

/// What teams and people are called in the API.
pub(super) struct Directory {
    pub(super) teams: Vec<String>,
    /// By their places; nothing for salespeople, whom deals name by external ids.
    pub(super) people: Vec<String>,
}

/// The organisation's gross margin, in parts per million: without one, there is no lifetime value.
const MARGIN: u32 = 720_000;

impl Writer<'_> {
    /// Records teams and people.
    pub(super) async fn directory(&mut self) -> Result<Directory, Failure> {
        let began = Instant::now();
        self.organisation().await?;
        let mut directory = Directory {
            teams: Vec::new(),
            people: Vec::new(),
        };
        for team in &TEAMS {
            let team = Team {
                display_name: team.name.to_owned(),
                branch: team.branch.to_owned(),
                slack_channel: team.slack_channel.to_owned(),
                parent: directory.teams.first().cloned().unwrap_or_default(),
                ..Team::default()
            };
            directory.teams.push(self.team(team).await?);
        }
        let told = self.told;
        for person in &told.staff {
            let name = match person.job {
                Job::Sales => String::new(),
                _ => self.person(person, &directory.teams).await?,
            };
            directory.people.push(name);
        }
        self.salespeople().await?;
        let written = self.told.staff.len() + TEAMS.len();
        self.wrote("people and teams", written as u64, began);
        Ok(directory)
    }

    /// Who the organisation is; only an administrator may say so, and only where nobody else works.
    async fn organisation(&mut self) -> Result<(), Failure> {
        if self.options.add {
            return Ok(());
        }
        let request = ConfigureOrganisationRequest {
            organisation: Some(Organisation {
                display_name: "継続ソフトウェア株式会社".to_owned(),
                gross_margin_ppm: Some(MARGIN),
                ..Organisation::default()
            }),
            update_mask: vec!["display_name".to_owned(), "gross_margin_ppm".to_owned()],
            request_id: self.request_id("organisation"),
            ..ConfigureOrganisationRequest::default()
        };
        let mut api = self.connection.directory();
        match api.configure_organisation(request).await {
            Ok(_) => Ok(()),
            Err(status) if status.code() == tonic::Code::PermissionDenied => {
                let note = "name and gross margin of the organisation stay as they are: only an \
                            administrator may set them";
                self.report.notes.push(note.to_owned());
                Ok(())
            }
            Err(status) => Err(status.into()),
        }
    }

    async fn team(&mut self, team: Team) -> Result<String, Failure> {
        let request_id = self.request_id(&format!("team-{}", team.slack_channel));
        let request = DefineTeamRequest {
            team: Some(team),
            request_id,
        };
        let define = async || {
            self.connection
                .directory()
                .define_team(request.clone())
                .await
        };
        let answer = call(define).await?;
        remember(&mut self.recent, answer.consistency_token);
        Ok(answer.team.unwrap_or_default().name)
    }

    async fn person(&mut self, person: &Person, teams: &[String]) -> Result<String, Failure> {
        let role = if person.job == Job::Operations {
            "ops"
        } else {
            "csm"
        };
        let request = RegisterUserRequest {
            user: Some(User {
                display_name: person.name.clone(),
                email: person.email.clone(),
                team: teams[person.team].clone(),
                role: role.to_owned(),
                external_id: self.external_id(&person.key),
                ..User::default()
            }),
            request_id: self.request_id(&person.key),
            ..RegisterUserRequest::default()
        };
        let register = async || {
            self.connection
                .directory()
                .register_user(request.clone())
                .await
        };
        let answer = call(register).await?;
        remember(&mut self.recent, answer.consistency_token);
        Ok(answer.user.unwrap_or_default().name)
    }

    /// Deals know salespeople by their ids in the system that they come from.
    async fn salespeople(&mut self) -> Result<(), Failure> {
        let sales = self
            .told
            .staff
            .iter()
            .filter(|person| person.job == Job::Sales);
        let record = |person: &Person| {
            Record::User(ImportedUser {
                external_id: self.external_id(&person.key),
                profile: Some(UserProfile {
                    display_name: person.name.clone(),
                    email: person.email.clone(),
                    role: "csm".to_owned(),
                    ..UserProfile::default()
                }),
                team: "営業部".to_owned(),
                active: true,
            })
        };
        let rows = (0..).zip(sales.map(record));
        let rows = rows.map(|(row, record)| ImportRecordsRequest {
            row,
            record: Some(record),
        });
        let rows: Vec<_> = rows.collect();
        self.import("people of Sales", rows, None).await.map(|_| ())
    }

    /// Who has left says so last: what they look after is recorded while they are there.
    pub(super) async fn leavers(&mut self, directory: &Directory) -> Result<(), Failure> {
        let told = self.told;
        let people = told.staff.iter().zip(&directory.people);
        for (person, name) in people.filter(|(person, _)| person.has_left) {
            let request = UpdateUserRequest {
                user: Some(User {
                    name: name.clone(),
                    active: false,
                    ..User::default()
                }),
                update_mask: vec!["active".to_owned()],
                request_id: self.request_id(&format!("{}-leaves", person.key)),
                ..UpdateUserRequest::default()
            };
            let update = async || {
                self.connection
                    .directory()
                    .update_user(request.clone())
                    .await
            };
            let answer = call(update).await?;
            remember(&mut self.recent, answer.consistency_token);
        }
        Ok(())
    }
}
