//! What a command has at hand: the connection, the clock, and the names of people and teams.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{Clock as _, Day, Entropy as _, SystemClock, SystemEntropy};
use keizoku_proto::accounts::{
    BatchGetAccountsRequest, Contact, GetCallerRequest, GetCallerResponse, GetOrganisationRequest,
    ListContactsRequest, ListContactsResponse, ListTeamsRequest, ListUsersRequest, Organisation,
    Team, User,
};
use tokio::sync::OnceCell;

use super::Globals;
use super::output::Style;
use super::pages::Limit;
use crate::client::{Connection, call, settle};
use crate::error::Failure;

pub(super) struct Context {
    pub(super) connection: Connection,
    pub(super) style: Style,
    globals: Globals,
    clock: SystemClock,
    entropy: SystemEntropy,
    organisation: OnceCell<Organisation>,
    directory: OnceCell<Directory>,
}

/// Everybody there is, departed people too.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) users: Vec<User>,
    pub(super) teams: Vec<Team>,
}

impl Context {
    pub(super) async fn open(globals: Globals) -> Result<Self, Failure> {
        let caller = globals.caller()?;
        Ok(Self {
            connection: Connection::open(&globals.endpoints(), caller).await?,
            style: Style::of_standard_output(globals.json, globals.ascii),
            globals,
            clock: SystemClock,
            entropy: SystemEntropy,
            organisation: OnceCell::new(),
            directory: OnceCell::new(),
        })
    }

    /// The idempotency key of this command's change.
    pub(super) fn request_id(&self) -> String {
        self.globals
            .request_id
            .unwrap_or_else(|| self.entropy.uuid())
            .to_string()
    }

    /// Tokens of changes that answers must include.
    pub(super) fn tokens(&self) -> Vec<String> {
        self.globals.after.clone()
    }

    /// Waits a little until every service has read a change of this command, so that the next
    /// command sees it. A service that is slow or away is no reason to fail: the change is made.
    pub(super) async fn settle(&self, token: &str) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let tokens = vec![token.to_owned()];
        let _ = tokio::time::timeout(PATIENCE, settle(&self.connection, &tokens)).await;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn organisation(&self) -> Result<&Organisation, Failure> {
        self.organisation
            .get_or_try_init(async || {
                let answer = call(async || {
                    self.connection
                        .directory()
                        .get_organisation(GetOrganisationRequest {})
                        .await
                })
                .await?;
                Ok(answer.organisation.unwrap_or_default())
            })
            .await
    }

    /// The organisation's time zone.
    pub(super) async fn zone(&self) -> Result<TimeZone, Failure> {
        let name = &self.organisation().await?.time_zone;
        TimeZone::get(name)
            .map_err(|_| Failure::Answer(format!("there is no time zone `{name}` on this machine")))
    }

    /// Today, where the organisation is.
    pub(super) async fn today(&self) -> Result<Day, Failure> {
        Ok(Day::of(self.now(), &self.zone().await?))
    }

    pub(super) async fn directory(&self) -> Result<&Directory, Failure> {
        self.directory
            .get_or_try_init(async || {
                let users = ListUsersRequest {
                    include_departed: true,
                    consistency_tokens: self.tokens(),
                };
                let teams = ListTeamsRequest {
                    consistency_tokens: self.tokens(),
                };
                let users =
                    call(async || self.connection.directory().list_users(users.clone()).await)
                        .await?;
                let teams =
                    call(async || self.connection.directory().list_teams(teams.clone()).await)
                        .await?;
                Ok(Directory {
                    users: users.users,
                    teams: teams.teams,
                })
            })
            .await
    }

    /// Who calls.
    pub(super) async fn caller(&self) -> Result<GetCallerResponse, Failure> {
        let request = GetCallerRequest {
            consistency_tokens: self.tokens(),
        };
        let mut directory = self.connection.directory();
        call(async || directory.get_caller(request.clone()).await).await
    }

    /// What to call people and teams in an answer, people also by what they are as callers. An answer
    /// without their names is better than none, so that a directory which cannot be reached is no error.
    pub(super) async fn people(&self) -> HashMap<String, String> {
        let Ok(directory) = self.directory().await else {
            return HashMap::new();
        };
        let users = directory
            .users
            .iter()
            .map(|user| (user.name.clone(), user.display_name.clone()));
        let known = directory
            .users
            .iter()
            .filter(|user| !user.subject.is_empty());
        let callers =
            known.map(|user| (format!("user:{}", user.subject), user.display_name.clone()));
        let teams = directory
            .teams
            .iter()
            .map(|team| (team.name.clone(), team.display_name.clone()));
        users.chain(callers).chain(teams).collect()
    }

    /// Everybody at an account, departed people too.
    pub(super) async fn contacts(&self, account: &str) -> Result<Vec<Contact>, Failure> {
        let fetch = async |page_size, page_token| {
            let request = ListContactsRequest {
                parent: account.to_owned(),
                include_departed: true,
                page_size,
                page_token,
                consistency_tokens: self.tokens(),
                ..ListContactsRequest::default()
            };
            call(async || {
                self.connection
                    .contacts()
                    .list_contacts(request.clone())
                    .await
            })
            .await
        };
        let everybody: ListContactsResponse = Limit::ALL.collect(fetch).await?;
        Ok(everybody.contacts)
    }

    /// What to call an account's contacts in an answer; without names where they cannot be had.
    pub(super) async fn contact_names(&self, account: &str) -> HashMap<String, String> {
        let contacts = self.contacts(account).await.unwrap_or_default();
        let names = contacts.into_iter();
        names
            .map(|contact| (contact.name, contact.display_name))
            .collect()
    }

    /// What to call accounts in an answer; without names where they cannot be had.
    pub(super) async fn account_names(
        &self,
        accounts: impl Iterator<Item = &str>,
    ) -> HashMap<String, String> {
        const MOST_AT_ONCE: usize = 1_000;
        let mut wanted: Vec<String> = accounts.map(str::to_owned).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut names = HashMap::with_capacity(wanted.len());
        for names_at_once in wanted.chunks(MOST_AT_ONCE) {
            let request = BatchGetAccountsRequest {
                names: names_at_once.to_vec(),
            };
            let answer = call(async || {
                self.connection
                    .accounts()
                    .batch_get_accounts(request.clone())
                    .await
            })
            .await;
            let Ok(answer) = answer else { return names };
            names.extend(
                answer
                    .accounts
                    .into_iter()
                    .map(|account| (account.name, account.display_name)),
            );
        }
        names
    }
}

/// The name of something, or its resource name where there is none.
pub(super) fn named<'n>(names: &'n HashMap<String, String>, resource: &'n str) -> &'n str {
    names.get(resource).map_or(resource, String::as_str)
}
