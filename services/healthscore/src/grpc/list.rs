//! Accounts by their scores now, from the read model.

use std::collections::HashMap;

use jiff::Timestamp;
use keizoku_core::{AccountId, TeamId};
use keizoku_proto::healthscore as proto;
use keizoku_revenue::{AsOf, Book, Owner as BookOwner};
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::page::Page;
use keizoku_runtime::read_model::rusqlite::{
    self, Connection, OptionalExtension as _, Row, params,
};
use keizoku_runtime::{Failure, Violations, account_names};

use crate::HealthScores;
use crate::projection::account_key;
use crate::queue;

/// Which accounts, and in which order.
#[derive(Debug, Clone)]
struct Select {
    bands: Vec<i32>,
    order: &'static str,
    tier: String,
    team: Option<TeamId>,
    owner: Option<Owner>,
}

impl Select {
    fn of(filter: &proto::HealthFilter, order_by: &str) -> Result<Self, Failure> {
        let mut violations = Violations::new();
        let order = order(&mut violations, order_by);
        for band in &filter.bands {
            if proto::Band::try_from(*band).is_err() {
                violations.add("filter.bands", format!("holds {band}, which is no band"));
            }
        }
        let team = (!filter.team.is_empty())
            .then(|| violations.parse("filter.team", names::parse_team(&filter.team)))
            .flatten();
        let owner = (!filter.owner.is_empty())
            .then(|| violations.parse("filter.owner", names::parse_owner(&filter.owner)))
            .flatten();
        violations.check()?;
        Ok(Self {
            bands: filter.bands.clone(),
            order,
            tier: filter.tier.clone(),
            team,
            owner,
        })
    }

    /// How many accounts fit as far as the model knows, and those of a page.
    fn accounts(
        &self,
        rows: &Connection,
        offset: usize,
        size: usize,
    ) -> rusqlite::Result<(usize, Vec<AccountId>)> {
        let bands: Vec<String> = self.bands.iter().map(ToString::to_string).collect();
        let clause = match self.bands.as_slice() {
            [] => String::new(),
            _ => format!("WHERE band IN ({})", bands.join(", ")),
        };
        let total: i64 = rows
            .prepare(&format!("SELECT count(*) FROM scores {clause}"))?
            .query_row([], |row| row.get(0))?;
        let sql = format!(
            "SELECT account FROM scores {clause} ORDER BY {} LIMIT ?1 OFFSET ?2",
            self.order
        );
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let accounts = rows
            .prepare(&sql)?
            .query_map([whole(size), whole(offset)], queue::account)?
            .collect::<rusqlite::Result<_>>()?;
        Ok((usize::try_from(total).unwrap_or_default(), accounts))
    }

    fn needs_book(&self) -> bool {
        !self.tier.is_empty() || self.team.is_some() || self.owner.is_some()
    }

    /// Keeps the accounts that fit by what the book says of them today.
    fn keep(&self, book: &Book, accounts: &mut Vec<AccountId>) {
        let now = AsOf::now(book.today());
        let directory = book.directory();
        let scope = self.team.map(|team| {
            let team = directory.team(team);
            team.map(|team| directory.owners_in(team, now))
        });
        let owner = self.owner.map(|owner| match owner {
            Owner::User(user) => directory.user(user).map(BookOwner::user),
            Owner::Team(team) => directory.team(team).map(BookOwner::pool),
        });
        accounts.retain(|account| {
            let Some(account) = book.account(*account) else {
                return false;
            };
            let attributes = book.attributes_on(account, now).0;
            let in_scope = |scope: &Option<_>| {
                scope
                    .as_ref()
                    .is_some_and(|scope: &keizoku_revenue::OwnerScope| {
                        scope.contains(attributes.owner)
                    })
            };
            (self.tier.is_empty() || book.tiers().name(attributes.tier.into()) == self.tier)
                && scope.as_ref().is_none_or(in_scope)
                && owner.is_none_or(|owner| owner == Some(attributes.owner))
        });
    }
}

/// The order of a list; always total, so that pages do not overlap.
fn order(violations: &mut Violations, text: &str) -> &'static str {
    match text {
        "" | "score" => "score IS NULL, score, account",
        "score desc" => "score IS NULL, score DESC, account",
        "band_since" => "band_since IS NULL, band_since, account",
        "band_since desc" => "band_since IS NULL, band_since DESC, account",
        _ => {
            violations.add(
                "order_by",
                "must be score or band_since, with or without ` desc`",
            );
            "account"
        }
    }
}

impl HealthScores {
    pub(super) async fn list(
        &self,
        body: proto::ListHealthRequest,
    ) -> Result<proto::ListHealthResponse, Failure> {
        let filter = body.filter.clone().unwrap_or_default();
        let select = Select::of(&filter, &body.order_by)?;
        let binding = proto::ListHealthRequest {
            filter: body.filter.clone(),
            order_by: body.order_by.clone(),
            ..proto::ListHealthRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.freshness.wait(&body.consistency_tokens).await?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        if !body.consistency_tokens.is_empty() {
            self.scores_keep_up().await?;
        }
        let (total, shown) = self.selected(select, page.offset, page.size).await?;
        Ok(proto::ListHealthResponse {
            accounts: self.summaries(shown).await?,
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    /// How many accounts fit, and those of a page.
    async fn selected(
        &self,
        select: Select,
        offset: usize,
        size: usize,
    ) -> Result<(usize, Vec<AccountId>), Failure> {
        let asked = select.clone();
        if !select.needs_book() {
            let page = move |rows: &Connection| asked.accounts(rows, offset, size);
            return self.model.read(page).await;
        }
        let all = move |rows: &Connection| asked.accounts(rows, 0, usize::MAX);
        let (_, mut accounts) = self.model.read(all).await?;
        let keep = move |book: &Book| {
            select.keep(book, &mut accounts);
            accounts
        };
        let fit = self.book.ask(keep).await?;
        let shown = fit.iter().skip(offset).take(size).copied().collect();
        Ok((fit.len(), shown))
    }

    /// What a list shows of accounts; those that went meanwhile are left out.
    async fn summaries(
        &self,
        accounts: Vec<AccountId>,
    ) -> Result<Vec<proto::HealthSummary>, Failure> {
        let now = self.calendar.now();
        let read = self.model.read(move |rows| {
            let names = account_names::of_all(rows, accounts.iter().map(ToString::to_string))?;
            let of = |account: &AccountId| summary(rows, *account, &names, now).transpose();
            accounts.iter().filter_map(of).collect()
        });
        let mut summaries: Vec<(AccountId, proto::HealthSummary)> = read.await?;
        let (book, now) = (self.book.read(), self.book.now());
        for (id, summary) in &mut summaries {
            if let Some(account) = book.account(*id) {
                let attributes = book.attributes_on(account, now).0;
                book.tiers()
                    .name(attributes.tier.into())
                    .clone_into(&mut summary.tier);
                summary.owner = owner_name(&book, attributes.owner);
            }
        }
        Ok(summaries.into_iter().map(|(_, summary)| summary).collect())
    }
}

fn owner_name(book: &Book, owner: BookOwner) -> String {
    let directory = book.directory();
    match (owner.as_user(), owner.as_pool()) {
        (Some(user), _) => names::user(directory.user_id(user)),
        (_, Some(team)) => names::team(directory.team_id(team)),
        _ => String::new(),
    }
}

fn wire(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<prost_types::Timestamp>> {
    let micros: Option<i64> = row.get(column)?;
    Ok(micros
        .and_then(queue::instant)
        .map(keizoku_proto::timestamp))
}

fn summary(
    rows: &Connection,
    account: AccountId,
    names: &HashMap<String, String>,
    now: Timestamp,
) -> rusqlite::Result<Option<(AccountId, proto::HealthSummary)>> {
    let key = account_key(account);
    let name = names.get(&account.to_string()).cloned();
    let override_score: Option<i32> = rows
        .prepare_cached("SELECT score FROM overrides WHERE account = ?1 AND expires_at > ?2")?
        .query_row(params![key, now.as_microsecond()], |row| row.get(0))
        .optional()?;
    let summary = |row: &Row<'_>| {
        let summary = proto::HealthSummary {
            account: names::account(account),
            account_display_name: name.unwrap_or_default(),
            score: row.get(0)?,
            band: row.get(1)?,
            band_since: wire(row, 2)?,
            scorecard: row.get(3)?,
            scorecard_version: row.get(4)?,
            next_change_time: wire(row, 5)?,
            override_score,
            ..proto::HealthSummary::default()
        };
        Ok((account, summary))
    };
    rows.prepare_cached(
        "SELECT score, band, band_since, card, card_version, changes_at FROM scores WHERE account = ?1",
    )?
    .query_row([key], summary)
    .optional()
}
