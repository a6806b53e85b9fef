//! The service's own read model: names of the accounts in lists, and what they share.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::Recorded;
use keizoku_proto::forecast as proto;
use keizoku_runtime::read_model::rusqlite::{self, Transaction};
use keizoku_runtime::read_model::{HandlerError, Projected, ReadModel};
use keizoku_runtime::{Deps, Failure, Freshness, account_names, book, projector};

use crate::keys;
use crate::quality::Shared;

/// The names of accounts, as known now.
#[derive(Clone)]
pub(crate) struct AccountNames {
    model: Arc<ReadModel>,
    /// How far they have been read.
    pub(crate) freshness: Freshness,
}

/// A line of a list that names an account.
pub(crate) trait Line {
    /// `accounts/{account}`.
    fn account(&self) -> &str;
    /// Puts the account's name into the line.
    fn set_name(&mut self, name: String);
}

impl AccountNames {
    /// Opens the read model in `folder`.
    pub(crate) fn open(folder: &Path, deps: &Deps) -> rusqlite::Result<Self> {
        let path = folder.join("forecast.model.sqlite");
        let model = ReadModel::open(&path, &[account_names::TABLE, keys::TABLE], handle)?;
        let projected = Arc::new(Projected(Arc::clone(&model)));
        let followed = deps.project(book::SOURCE, projected, projector::SQLITE_PACE);
        let freshness = Freshness::default();
        freshness.add(book::SOURCE, followed);
        Ok(Self { model, freshness })
    }

    /// What several accounts shared as known, once the model includes what the tokens cover.
    pub(crate) async fn shared(
        &self,
        tokens: &[String],
        known_at: Option<Timestamp>,
    ) -> Result<Vec<Shared>, Failure> {
        self.freshness.wait_for_own(tokens).await?;
        self.model
            .read(move |rows| keys::shared(rows, known_at))
            .await
    }

    /// Names the accounts of a page, once the names include what the tokens cover.
    pub(crate) async fn fill<'l, L: Line + 'l>(
        &self,
        tokens: &[String],
        lines: impl Iterator<Item = &'l mut L>,
    ) -> Result<(), Failure> {
        self.freshness.wait_for_own(tokens).await?;
        let lines: Vec<&mut L> = lines.collect();
        let ids: Vec<String> = lines.iter().map(|line| id_of(line.account())).collect();
        let wanted = ids.clone();
        let read = self.model.read(|rows| account_names::of_all(rows, wanted));
        let names: HashMap<String, String> = read.await?;
        for (line, id) in lines.into_iter().zip(ids) {
            line.set_name(names.get(&id).cloned().unwrap_or_default());
        }
        Ok(())
    }
}

fn handle(rows: &Transaction<'_>, _source: &str, event: &Recorded) -> Result<(), HandlerError> {
    account_names::handle(rows, event)?;
    keys::handle(rows, event)
}

/// The id in `accounts/{account}`.
fn id_of(account: &str) -> String {
    account.trim_start_matches("accounts/").to_owned()
}

macro_rules! line {
    ($message:ident) => {
        impl Line for proto::$message {
            fn account(&self) -> &str {
                &self.account
            }
            fn set_name(&mut self, name: String) {
                self.account_display_name = name;
            }
        }
    };
}

line!(ForecastAccount);
line!(Deadline);
line!(ReportedRisk);
line!(QualityIssue);
line!(DuplicateAccount);
