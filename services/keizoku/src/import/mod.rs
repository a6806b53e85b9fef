//! A Salesforce export into Keizoku (ACC-7).
//!
//! *Used by* `keizoku import salesforce` and by a server that loads the sample on its first start.
//! *Guarantees*: a file that cannot be used stops the import before anything is sent; a bad row is
//! reported with file, line, column and reason while the good ones go in; the same export again
//! changes nothing. *Fails* with [`Unusable`] for files, and with [`Failure`] for everything else.
//!
//! The files go in one after the other (users, accounts, subscriptions, contacts, deals, risks),
//! because rows refer to rows of the files before theirs.

mod accounts;
mod contacts;
mod deals;
mod decode;
mod files;
mod mapping;
pub(crate) mod progress;
mod report;
mod risks;
mod rows;
pub(crate) mod send;
mod source;
mod stages;
mod subscriptions;
mod users;
mod values;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::path::PathBuf;

use keizoku_core::Day;

pub use mapping::{Mapping, default_mapping};
pub use progress::Progress;
pub use report::{FileReport, Problem, Report};

use crate::client::Connection;
use crate::error::Failure;
use accounts::Families;
use files::{Files, Settings};
use risks::Before;
use rows::Accounts;
use source::Table;
use stages::Stages;

/// What to import, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of the export.
    pub directory: PathBuf,
    /// What its columns mean.
    pub mapping: Mapping,
    /// From when changed amounts hold; `None` for the server's today.
    pub date: Option<Day>,
    /// How to show how far it is.
    pub progress: Progress,
}

/// An export that cannot be used at all: nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}\n  try: {advice}")]
pub struct Unusable {
    place: String,
    problem: String,
    advice: String,
}

impl Unusable {
    pub(crate) fn new(
        place: impl fmt::Display,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            place: place.to_string(),
            problem: problem.into(),
            advice: advice.into(),
        }
    }
}

/// An export whose files look as they should; nothing has been sent yet.
pub struct Prepared<'a> {
    options: &'a Options,
    files: Files,
}

/// Reads the files of an export.
///
/// # Errors
/// When a file cannot be used.
pub fn prepare(options: &Options) -> Result<Prepared<'_>, Unusable> {
    Ok(Prepared {
        options,
        files: Files::open(options)?,
    })
}

impl Prepared<'_> {
    /// Imports the export.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses a whole file. What went in by then stays in;
    /// the same import again takes it up where it stopped.
    pub async fn run(&self, connection: &Connection) -> Result<Report, Failure> {
        let settings = Settings::of_server(connection, self.options).await?;
        import(Some(connection), self.options, &self.files, &settings).await
    }

    /// Reports as [`Prepared::run`] does, but sends nothing.
    ///
    /// # Errors
    /// When the mapping names a time zone that does not exist.
    pub async fn dry_run(&self) -> Result<Report, Failure> {
        let settings = Settings::of_mapping(self.options)?;
        import(None, self.options, &self.files, &settings).await
    }
}

/// Reads the files of an export and imports it.
///
/// # Errors
/// When a file cannot be used, or the server cannot be reached or refuses a whole file.
pub async fn run(connection: &Connection, options: &Options) -> Result<Report, Failure> {
    prepare(options)?.run(connection).await
}

async fn import(
    connection: Option<&Connection>,
    options: &Options,
    files: &Files,
    settings: &Settings,
) -> Result<Report, Failure> {
    let Mapping {
        format,
        user,
        account,
        subscription,
        risk,
        deal,
        contact,
    } = &options.mapping;
    let mut stages = Stages {
        connection,
        progress: options.progress,
        recent: VecDeque::new(),
        done: Vec::new(),
    };

    let users = stages
        .send(users::sift_users(&files.users, user, format))
        .await?;
    let mut families = Families::of(&files.accounts, account, format);
    let sifted = accounts::sift_accounts(&files.accounts, account, format, &users, &mut families);
    let known = stages.send(sifted).await?;
    let accounts = Accounts {
        known,
        deleted: families.deleted.iter().map(|id| (*id).to_owned()).collect(),
        rejected: rejected_ids(&files.accounts, &account.id, stages.done.last()),
        file: files.accounts.name.clone(),
    };
    let subscriptions = &files.subscriptions;
    let sifted =
        subscriptions::sift_subscriptions(subscriptions, subscription, format, settings, &accounts);
    stages.send(sifted).await?;
    if let Some(contacts) = &files.contacts {
        let sifted = contacts::sift_contacts(contacts, contact, format, &accounts);
        stages.send(sifted).await?;
    }
    if let Some(deals) = &files.deals {
        stages
            .send(deals::sift_deals(deals, deal, format, &users, &accounts))
            .await?;
    }
    if let Some(risks) = &files.risks {
        // The impact of a closed risk is frozen as it goes in: what it is made of must be there.
        stages.settle().await;
        let token = stages.recent.back().cloned().unwrap_or_default();
        let before = Before {
            settings,
            users: &users,
            accounts: &accounts,
            token: &token,
        };
        stages
            .send(risks::sift_risks(risks, risk, format, &before))
            .await?;
    }

    stages.report().await?;
    stages.settle().await;

    let optional = [
        (files.deals.is_none(), &deal.file),
        (files.risks.is_none(), &risk.file),
    ];
    let absent = optional
        .into_iter()
        .filter(|(absent, _)| *absent)
        .map(|(_, name)| name.clone());
    Ok(Report {
        dry_run: connection.is_none(),
        date: options.date.map(|date| date.to_string()),
        files: stages.done,
        absent: absent.collect(),
    })
}

/// Ids of the rows that were rejected, with the first of their lines.
fn rejected_ids(
    table: &Table,
    id_column: &str,
    report: Option<&FileReport>,
) -> HashMap<String, u64> {
    let rejected = report.into_iter().flat_map(|report| &report.rejected);
    let lines: HashSet<u64> = rejected.map(|problem| problem.line).collect();
    let mut ids = HashMap::new();
    for row in table
        .rows()
        .filter(|row| row.is_whole() && lines.contains(&row.line))
    {
        ids.entry(row.get(id_column).to_owned()).or_insert(row.line);
    }
    ids
}
