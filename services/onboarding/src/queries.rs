//! What lists ask the read model.

use keizoku_proto::onboarding::{OnboardingFilter, OnboardingState};
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::read_model::rusqlite::{self, Connection, params_from_iter, types::Value};
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
            let quoted: Vec<String> = values.iter().map(|id| format!("\"{id}\"")).collect();
            self.values.push(format!("[{}]", quoted.join(",")).into());
        }
        self.conditions.push(format!("({})", either.join(" OR ")));
    }

    /// Ids of the onboardings that may fit.
    pub(crate) fn ids(&self, rows: &Connection) -> rusqlite::Result<Vec<String>> {
        let mut clause = self.conditions.join(" AND ");
        if clause.is_empty() {
            clause.push('1');
        }
        rows.prepare_cached(&format!(
            "SELECT id FROM onboardings WHERE {clause} ORDER BY id"
        ))?
        .query_map(params_from_iter(&self.values), |row| row.get(0))?
        .collect()
    }
}

/// Ids of all templates: those of a product first, the one for everything last.
pub(crate) fn templates(rows: &Connection) -> rusqlite::Result<Vec<Uuid>> {
    let ids: Vec<String> = rows
        .prepare_cached("SELECT id FROM templates ORDER BY product = '', product, tier = '', tier")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

impl Onboardings {
    /// The question behind a list of onboardings.
    pub(crate) fn select(&self, filter: &OnboardingFilter) -> Result<Select, Failure> {
        let mut violations = Violations::new();
        let mut select = Select::default();
        match filter.state() {
            OnboardingState::Unspecified if filter.include_completed => {}
            OnboardingState::Completed => select.equals("completed", 1),
            _ => select.equals("completed", 0),
        }
        if !filter.account.is_empty()
            && let Some(account) =
                violations.parse("filter.account", names::parse_account(&filter.account))
        {
            select.one_of(&[("account_id", self.book.with_aliases(account))]);
        }
        if !filter.owner.is_empty()
            && let Some(owner) = violations.parse("filter.owner", names::parse_owner(&filter.owner))
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
