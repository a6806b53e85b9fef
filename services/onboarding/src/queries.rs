//! What lists ask the read model.

pub(crate) mod enablement;
pub(crate) mod learning;

use keizoku_core::{Day, OnboardingId, Position};
use keizoku_proto::accounts::TouchModel;
use keizoku_proto::onboarding::{OnboardingFilter, OnboardingState};
use keizoku_revenue::AsOf;
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::read_model::rusqlite::{
    self, Connection, OptionalExtension as _, params, params_from_iter, types::Value,
};
use keizoku_runtime::{Failure, Violations};
use uuid::Uuid;

use crate::Onboardings;

/// Which onboardings may be in a list; what only the day decides is decided afterwards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Select {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Select {
    fn equals(&mut self, column: &str, value: impl Into<Value>) {
        self.conditions.push(format!("{column} = ?"));
        self.values.push(value.into());
    }

    /// One of `values`; they go in as one, because SQLite does not take that many.
    fn one_of(&mut self, columns: &[(&str, Vec<String>)]) {
        let mut either = Vec::new();
        for (column, values) in columns {
            either.push(format!("{column} IN (SELECT value FROM json_each(?))"));
            self.values.push(json(values).into());
        }
        self.conditions.push(format!("({})", either.join(" OR ")));
    }

    /// Ids of the onboardings that may fit.
    pub(crate) fn ids(&self, rows: &Connection) -> rusqlite::Result<Vec<String>> {
        self.ids_in(rows, "onboardings")
    }

    /// Ids in a table of what may fit.
    fn ids_in(&self, rows: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
        let mut clause = self.conditions.join(" AND ");
        if clause.is_empty() {
            clause.push('1');
        }
        rows.prepare_cached(&format!(
            "SELECT id FROM {table} WHERE {clause} ORDER BY id"
        ))?
        .query_map(params_from_iter(&self.values), |row| row.get(0))?
        .collect()
    }
}

/// Ids of all templates: those of a product first, the one for everything last.
pub(crate) fn templates(rows: &Connection) -> rusqlite::Result<Vec<Uuid>> {
    let ids: Vec<String> = rows
        .prepare_cached(
            "SELECT id FROM templates WHERE programme = ''
             ORDER BY product = '', product, tier = '', tier",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// What is known of an account's contact.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Contact {
    /// The last two-way contact.
    pub(crate) last: Option<Day>,
    /// The last day on which somebody of the account attended a seminar, or signed in as far as signals tell.
    pub(crate) deed: Option<Day>,
    /// Whether what the customer does counts, too.
    pub(crate) deeds_count: bool,
}

/// The contact with one account, whose ids these are, up to a day and as known at an instant.
pub(crate) fn contact(rows: &Connection, ids: &[String], as_of: AsOf) -> rusqlite::Result<Contact> {
    let known_at = as_of.known_at.unwrap_or(jiff::Timestamp::MAX);
    let ids = json(ids);
    let last: Option<u16> = rows
        .prepare_cached(
            "SELECT max(contact_date) FROM contacts
             WHERE account_id IN (SELECT value FROM json_each(?1)) AND contact_date <= ?2
             AND recorded_at <= ?3 AND (voided_at IS NULL OR voided_at > ?3)",
        )?
        .query_row(
            params![ids, as_of.on.number(), known_at.as_microsecond()],
            |row| row.get(0),
        )?;
    let deed: Option<u16> = rows
        .prepare_cached(
            "SELECT max(s.date) FROM attendances a JOIN seminars s ON s.id = a.seminar_id
             WHERE a.account_id IN (SELECT value FROM json_each(?1)) AND s.date <= ?2
             AND a.recorded_at <= ?3 AND (a.voided_at IS NULL OR a.voided_at > ?3)",
        )?
        .query_row(
            params![ids, as_of.on.number(), known_at.as_microsecond()],
            |row| row.get(0),
        )?;
    let signed_in: Option<u16> = rows
        .prepare_cached(
            "SELECT max(date) FROM sign_ins
             WHERE account_id IN (SELECT value FROM json_each(?1)) AND date <= ?2
             AND recorded_at <= ?3",
        )?
        .query_row(
            params![ids, as_of.on.number(), known_at.as_microsecond()],
            |row| row.get(0),
        )?;
    let deeds_count = rows
        .prepare_cached(
            "SELECT count(*) FROM accounts WHERE id IN (SELECT value FROM json_each(?1))
             AND touch_model IN (?2, ?3)",
        )?
        .query_row(
            params![ids, TouchModel::Low as i32, TouchModel::Tech as i32],
            |row| row.get::<_, i64>(0),
        )?;
    Ok(Contact {
        last: last.and_then(Day::from_number),
        deed: deed.max(signed_in).and_then(Day::from_number),
        deeds_count: deeds_count > 0,
    })
}

/// Whether a deal of an account, whose ids these are, and a product was won before a position.
pub(crate) fn was_won(
    rows: &Connection,
    accounts: &[String],
    product: &str,
    before: Position,
) -> rusqlite::Result<bool> {
    let before = i64::try_from(before.0).unwrap_or(i64::MAX);
    rows.prepare_cached(
        "SELECT 1 FROM won_deals WHERE account_id IN (SELECT value FROM json_each(?1))
         AND product = ?2 AND position < ?3",
    )?
    .exists(params![json(accounts), product, before])
}

/// Id of the salesperson of a deal; empty when it names nobody.
pub(crate) fn salesperson(rows: &Connection, deal: &str) -> rusqlite::Result<String> {
    let found = rows
        .prepare_cached("SELECT user_id FROM salespeople WHERE deal_id = ?1")?
        .query_row([deal], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Onboardings of an account, whose ids these are, that are neither completed nor ended.
pub(crate) fn not_done(
    rows: &Connection,
    accounts: &[String],
) -> rusqlite::Result<Vec<OnboardingId>> {
    let ids: Vec<String> = rows
        .prepare_cached(
            "SELECT id FROM onboardings WHERE completed = 0
             AND account_id IN (SELECT value FROM json_each(?1)) ORDER BY id",
        )?
        .query_map([json(accounts)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// Ids as one value: SQLite does not take that many.
fn json(ids: &[String]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(","))
}

impl Onboardings {
    /// The question behind a list of onboardings. `field` is what the request calls the filter.
    pub(crate) fn select(&self, filter: &OnboardingFilter, field: &str) -> Result<Select, Failure> {
        let mut violations = Violations::new();
        let named = |name: &str| format!("{field}{name}");
        let mut select = Select::default();
        match filter.state() {
            OnboardingState::Unspecified if filter.include_completed => {}
            OnboardingState::Completed => select.equals("completed", 1),
            OnboardingState::Ended => select.equals("completed", 2),
            _ => select.equals("completed", 0),
        }
        if !filter.account.is_empty()
            && let Some(account) =
                violations.parse(&named("account"), names::parse_account(&filter.account))
        {
            select.one_of(&[("account_id", self.book.with_aliases(account))]);
        }
        if !filter.owner.is_empty()
            && let Some(owner) =
                violations.parse(&named("owner"), names::parse_owner(&filter.owner))
        {
            match owner {
                Owner::User(user) => select.equals("owner_user", user.to_string()),
                Owner::Team(team) => {
                    let (users, teams) = self.book.members(team);
                    select.one_of(&[("owner_user", users), ("owner_team", teams)]);
                }
            }
        }
        for (column, wanted) in [("product", &filter.product), ("phase", &filter.phase)] {
            if !wanted.is_empty() {
                select.equals(column, wanted.clone());
            }
        }
        violations.check()?;
        Ok(select)
    }
}
