//! What lists ask the read model.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keizoku_core::{AccountId, Day, Position};
use keizoku_proto::risk as proto;
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::read_model::rusqlite::types::Value;
use keizoku_runtime::read_model::rusqlite::{self, Connection, params_from_iter};
use keizoku_runtime::{Failure, Violations, account_names};

use crate::{Risks, text};

/// A question to the read model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Select {
    conditions: Vec<String>,
    values: Vec<Value>,
    order: &'static str,
}

impl Select {
    fn condition(&mut self, sql: impl Into<String>) {
        self.conditions.push(sql.into());
    }

    fn equals(&mut self, column: &str, value: impl Into<Value>) {
        self.condition(format!("{column} = ?"));
        self.values.push(value.into());
    }

    fn one_of(&mut self, column: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<Value> = values.into_iter().map(Value::from).collect();
        let places = vec!["?"; values.len()].join(", ");
        self.condition(format!("{column} IN ({places})"));
        self.values.extend(values);
    }

    fn clause(&self) -> String {
        if self.conditions.is_empty() {
            "1".to_owned()
        } else {
            self.conditions.join(" AND ")
        }
    }

    /// Accounts of the risks that fit, each once.
    fn accounts(&self, rows: &Connection) -> rusqlite::Result<Vec<String>> {
        let clause = self.clause();
        rows.prepare_cached(&format!(
            "SELECT DISTINCT account_id FROM risks WHERE {clause}"
        ))?
        .query_map(params_from_iter(&self.values), |row| row.get(0))?
        .collect()
    }

    /// Keeps the risks of these accounts: one value, because SQLite does not take that many.
    fn of_accounts(&mut self, accounts: &[String]) {
        self.condition("account_id IN (SELECT value FROM json_each(?))");
        let quoted: Vec<String> = accounts.iter().map(|id| format!("\"{id}\"")).collect();
        self.values.push(format!("[{}]", quoted.join(",")).into());
    }

    /// How many there are, and the ids on a page.
    pub(crate) fn page(
        &self,
        rows: &Connection,
        offset: usize,
        size: usize,
    ) -> rusqlite::Result<(usize, Vec<String>)> {
        let clause = self.clause();
        let total: i64 = rows
            .prepare_cached(&format!("SELECT count(*) FROM risks WHERE {clause}"))?
            .query_row(params_from_iter(&self.values), |row| row.get(0))?;
        let ids = rows
            .prepare_cached(&format!(
                "SELECT id FROM risks WHERE {clause} ORDER BY {} LIMIT {size} OFFSET {offset}",
                self.order
            ))?
            .query_map(params_from_iter(&self.values), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok((usize::try_from(total).unwrap_or(0), ids))
    }
}

/// The order of a list; always total, so that pages do not overlap.
fn order(violations: &mut Violations, text: &str) -> &'static str {
    match text {
        "" | "next_action_date" => "next_action_date IS NULL, next_action_date, id",
        "next_action_date desc" => "next_action_date IS NULL, next_action_date DESC, id",
        "open_date" => "open_date, id",
        "open_date desc" => "open_date DESC, id",
        "update_time" => "updated_at, id",
        "update_time desc" => "updated_at DESC, id",
        "display_name" => "display_name, id",
        "display_name desc" => "display_name DESC, id",
        _ => {
            violations.add(
                "order_by",
                "must be next_action_date, open_date, update_time or display_name, with or without ` desc`",
            );
            "id"
        }
    }
}

impl Risks {
    /// The question behind a list of risks.
    pub(crate) fn select(
        &self,
        filter: &proto::RiskFilter,
        order_by: &str,
        today: Day,
    ) -> Result<Select, Failure> {
        let mut violations = Violations::new();
        let mut select = Select {
            order: order(&mut violations, order_by),
            ..Select::default()
        };
        match filter.state() {
            proto::RiskState::Unspecified => {}
            proto::RiskState::Open => select.condition("completion = 0"),
            proto::RiskState::Closed => select.condition("completion <> 0"),
        }
        if !filter.account.is_empty()
            && let Some(account) =
                violations.parse("filter.account", names::parse_account(&filter.account))
        {
            select.one_of("account_id", self.book.with_aliases(account));
        }
        if !filter.owner.is_empty()
            && let Some(owner) = violations.parse("filter.owner", names::parse_owner(&filter.owner))
        {
            self.owned_by(&mut select, owner);
        }
        if filter.leads_to_churn() != proto::LeadsToChurn::Unspecified {
            select.equals("leads_to_churn", i64::from(filter.leads_to_churn));
        }
        if !filter.r#type.is_empty() {
            select.equals("type", filter.r#type.clone());
        }
        if filter.completion() != proto::Completion::Unspecified {
            select.equals("completion", i64::from(filter.completion));
        }
        if filter.overdue {
            select.condition("completion = 0 AND next_action_date < ?");
            select.values.push(i64::from(today.number()).into());
        }
        if filter.no_next_action {
            select.condition("completion = 0 AND next_action_date IS NULL");
        }
        if filter.needs_owner {
            select.condition(
                "(owner_user = '' AND owner_team = ''
                 OR owner_user IN (SELECT id FROM departed_users))",
            );
        }
        if !filter.external_id.is_empty() {
            select.equals("external_id", filter.external_id.clone());
        }
        violations.check()?;
        Ok(select)
    }

    /// The question behind a search for what worked before (RISK-8).
    pub(crate) async fn knowledge(
        &self,
        request: &proto::SearchKnowledgeRequest,
    ) -> Result<Select, Failure> {
        let mut select = Select {
            order: "completion_date DESC, id",
            ..Select::default()
        };
        select.condition("completion <> 0");
        if let Some(words) = text::query(&request.query) {
            select.condition("number IN (SELECT rowid FROM knowledge WHERE words MATCH ?)");
            select.values.push(words.into());
        }
        if !request.r#type.is_empty() {
            select.equals("type", request.r#type.clone());
        }
        if request.completion() != proto::Completion::Unspecified {
            select.equals("completion", i64::from(request.completion));
        }
        if !request.tier.is_empty() || !request.industry.is_empty() {
            let so_far = select.clone();
            let mut accounts = self.model.read(move |rows| so_far.accounts(rows)).await?;
            self.keep_segment(&mut accounts, &request.tier, &request.industry);
            select.of_accounts(&accounts);
        }
        Ok(select)
    }

    /// Keeps the accounts of a tier and an industry, each unless it is empty: as they are today, in
    /// the account that stayed where one was merged.
    fn keep_segment(&self, accounts: &mut Vec<String>, tier: &str, industry: &str) {
        let (book, now) = (self.book.read(), self.book.now());
        accounts.retain(|account| {
            let id = account.parse::<AccountId>().ok();
            let Some(account) = id.and_then(|id| book.account(id)) else {
                return false;
            };
            let (attributes, segment) = book.attributes_on(account, now);
            let its_tier = book.tiers().name(attributes.tier.into());
            let segments = book.segments();
            let its_industry = segments
                .industries
                .name(segments.all()[segment as usize].industry);
            (tier.is_empty() || its_tier == tier)
                && (industry.is_empty() || its_industry == industry)
        });
    }

    /// Risks of a user, or of a team with its subteams and their people.
    fn owned_by(&self, select: &mut Select, owner: Owner) {
        match owner {
            Owner::User(user) => select.equals("owner_user", user.to_string()),
            Owner::Team(team) => {
                let (users, teams) = self.book.members(team);
                let places = |count: usize| vec!["?"; count].join(", ");
                select.condition(format!(
                    "(owner_user IN ({}) OR owner_team IN ({}))",
                    places(users.len()),
                    places(teams.len())
                ));
                select
                    .values
                    .extend(users.into_iter().chain(teams).map(Value::from));
            }
        }
    }

    /// Name of an account that the book knows.
    ///
    /// Remembered until another event of the accounts service is read: a busy risk service asks
    /// for the same few names all the time.
    pub(crate) async fn account_name(&self, account: &str) -> Result<String, Failure> {
        let read_to = self.list_freshness.position(keizoku_runtime::book::SOURCE);
        if let Some(name) = self.names.get(account, read_to) {
            return Ok(name);
        }
        let (book, own) = (&self.book_freshness, &self.list_freshness);
        let name = account_names::known_to(book, &self.model, own, account).await?;
        self.names.put(account, &name, read_to);
        Ok(name)
    }
}

/// Names that were looked up since the last event of the accounts service.
#[derive(Default)]
pub(crate) struct Names(Mutex<(Position, HashMap<String, String>)>);

/// More names than this are not worth their memory.
const NAMES: usize = 10_000;

impl Names {
    fn get(&self, account: &str, read_to: Position) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (known.0 == read_to)
            .then(|| known.1.get(account).cloned())
            .flatten()
    }

    fn put(&self, account: &str, name: &str, read_to: Position) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != read_to || known.1.len() >= NAMES {
            *known = (read_to, HashMap::new());
        }
        known.1.insert(account.to_owned(), name.to_owned());
    }
}
