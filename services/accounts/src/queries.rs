//! What lists ask the read model and the book.

pub(crate) mod contacts;

use keizoku_core::AccountId;
use keizoku_proto::accounts::AccountFilter;
use keizoku_revenue::{AccountIx, Book, Owner};
use keizoku_runtime::names::{self, parse_team};
use keizoku_runtime::read_model::rusqlite::types::Value;
use keizoku_runtime::read_model::rusqlite::{Connection, params_from_iter};
use keizoku_runtime::{Failure, Violations};

use crate::Accounts;
use crate::projection::normalise;

/// How a list of accounts is sorted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    Name,
    NameDescending,
    Created,
    CreatedDescending,
}

impl Order {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "" | "display_name" => Ok(Self::Name),
            "display_name desc" => Ok(Self::NameDescending),
            "create_time" => Ok(Self::Created),
            "create_time desc" => Ok(Self::CreatedDescending),
            _ => {
                let mut violations = Violations::new();
                violations.add(
                    "order_by",
                    "must be display_name or create_time, with or without ` desc`",
                );
                Err(violations.into_failure())
            }
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::Name => "sort_name, id",
            Self::NameDescending => "sort_name DESC, id DESC",
            Self::Created => "created_at, id",
            Self::CreatedDescending => "created_at DESC, id DESC",
        }
    }
}

/// The part of a filter that the book answers.
pub(crate) struct BookFilter {
    owner: Option<Owner>,
    team: Option<keizoku_revenue::OwnerScope>,
    tier: Option<u32>,
    group: Option<u32>,
    needs_owner: Option<Vec<Owner>>,
}

impl Accounts {
    /// Ids of the accounts that a filter leaves, in order.
    pub(crate) async fn matching(
        &self,
        filter: &AccountFilter,
        order: Order,
    ) -> Result<Vec<AccountId>, Failure> {
        let (sql, values) = select(filter, order);
        let ids: Vec<AccountId> = self
            .model
            .read(move |rows| ids(rows, &sql, values))
            .await?
            .into_iter()
            .filter_map(|id| id.parse().ok())
            .collect();
        let Some(filter) = self.book_filter(filter).await? else {
            return Ok(ids);
        };
        let book = self.book.read();
        let leaves = |id: &AccountId| book.account(*id).is_some_and(|ix| filter.leaves(&book, ix));
        Ok(ids.into_iter().filter(leaves).collect())
    }

    async fn book_filter(&self, filter: &AccountFilter) -> Result<Option<BookFilter>, Failure> {
        let departed: Vec<String> = if filter.needs_owner {
            let sql = "SELECT id FROM users WHERE departed".to_owned();
            self.model
                .read(move |rows| ids(rows, &sql, Vec::new()))
                .await?
        } else {
            Vec::new()
        };
        let book = self.book.read();
        let mut violations = Violations::new();
        let mut wanted = BookFilter {
            owner: None,
            team: None,
            tier: None,
            group: None,
            needs_owner: None,
        };
        let directory = book.directory();
        if !filter.owner.is_empty()
            && let Some(owner) = violations.parse("filter.owner", names::parse_owner(&filter.owner))
        {
            let known = match owner {
                names::Owner::User(user) => directory.user(user).map(Owner::user),
                names::Owner::Team(team) => directory.team(team).map(Owner::pool),
            };
            wanted.owner = known.or_else(|| unknown(&mut violations, "filter.owner"));
        }
        if !filter.team.is_empty()
            && let Some(team) = violations.parse("filter.team", parse_team(&filter.team))
        {
            let scope = directory
                .team(team)
                .map(|team| directory.owners_in(team, self.book.now()));
            wanted.team = scope.or_else(|| unknown(&mut violations, "filter.team"));
        }
        // A tier or group that nobody has leaves nothing: not an error.
        wanted.tier =
            (!filter.tier.is_empty()).then(|| book.tiers().find(&filter.tier).unwrap_or(u32::MAX));
        wanted.group = (!filter.group.is_empty())
            .then(|| book.groups().find(&filter.group).unwrap_or(u32::MAX));
        if filter.needs_owner {
            let departed = departed
                .iter()
                .filter_map(|id| directory.user(id.parse().ok()?));
            wanted.needs_owner = Some(departed.map(Owner::user).chain([Owner::NOBODY]).collect());
        }
        violations.check()?;
        Ok(wanted.restricts().then_some(wanted))
    }
}

fn unknown<T>(violations: &mut Violations, field: &str) -> Option<T> {
    violations.add(field, "is not in the directory");
    None
}

impl BookFilter {
    fn restricts(&self) -> bool {
        self.owner.is_some()
            || self.team.is_some()
            || self.tier.is_some()
            || self.group.is_some()
            || self.needs_owner.is_some()
    }

    fn leaves(&self, book: &Book, account: AccountIx) -> bool {
        let row = book.row(account);
        self.owner.is_none_or(|owner| owner == row.owner)
            && self
                .team
                .as_ref()
                .is_none_or(|team| team.contains(row.owner))
            && self.tier.is_none_or(|tier| tier == u32::from(row.tier))
            && self.group.is_none_or(|group| group == row.group)
            && self
                .needs_owner
                .as_ref()
                .is_none_or(|owners| owners.contains(&row.owner))
    }
}

fn select(filter: &AccountFilter, order: Order) -> (String, Vec<Value>) {
    let mut sql = "SELECT id FROM accounts WHERE merged = 0".to_owned();
    let mut values = Vec::new();
    for word in normalise(&filter.query).split_whitespace() {
        values.push(Value::from(word.to_owned()));
        sql.push_str(" AND instr(words, ?) > 0");
    }
    for (column, wanted) in [("industry", &filter.industry), ("region", &filter.region)] {
        if !wanted.is_empty() {
            values.push(Value::from(wanted.clone()));
            sql.push_str(" AND ");
            sql.push_str(column);
            sql.push_str(" = ?");
        }
    }
    sql.push_str(" ORDER BY ");
    sql.push_str(order.sql());
    (sql, values)
}

pub(crate) fn ids(
    rows: &Connection,
    sql: &str,
    values: Vec<Value>,
) -> keizoku_runtime::read_model::rusqlite::Result<Vec<String>> {
    rows.prepare_cached(sql)?
        .query_map(params_from_iter(values), |row| row.get(0))?
        .collect()
}
