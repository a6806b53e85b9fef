//! What lists of contacts and of the contact log ask (ACC-11).

use keizoku_core::{AccountId, Day};
use keizoku_proto::accounts as proto;
use keizoku_runtime::read_model::rusqlite::types::Value;
use keizoku_runtime::read_model::rusqlite::{self, Connection, params_from_iter};
use keizoku_runtime::{Failure, Violations, names};

use crate::{Accounts, api, projection};

/// A question to one table of the read model.
#[derive(Debug)]
pub(crate) struct Select {
    table: &'static str,
    order: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Select {
    fn of(table: &'static str, order: &'static str) -> Self {
        Self {
            table,
            order,
            conditions: vec!["1".to_owned()],
            values: Vec::new(),
        }
    }

    fn condition(&mut self, sql: impl Into<String>) {
        self.conditions.push(sql.into());
    }

    fn compares(&mut self, sql: &str, value: impl Into<Value>) {
        self.condition(sql);
        self.values.push(value.into());
    }

    /// How many there are, and the ids on a page.
    pub(crate) fn page(
        &self,
        rows: &Connection,
        offset: usize,
        size: usize,
    ) -> rusqlite::Result<(usize, Vec<String>)> {
        let (table, order) = (self.table, self.order);
        let clause = self.conditions.join(" AND ");
        let total: i64 = rows
            .prepare_cached(&format!("SELECT count(*) FROM {table} WHERE {clause}"))?
            .query_row(params_from_iter(&self.values), |row| row.get(0))?;
        let ids = rows
            .prepare_cached(&format!(
                "SELECT id FROM {table} WHERE {clause} ORDER BY {order} \
                 LIMIT {size} OFFSET {offset}"
            ))?
            .query_map(params_from_iter(&self.values), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok((usize::try_from(total).unwrap_or(0), ids))
    }
}

/// The order of a list of contacts; always total, so that pages do not overlap.
fn order(violations: &mut Violations, text: &str) -> &'static str {
    match text {
        "" | "display_name" => "sort_name, id",
        "display_name desc" => "sort_name DESC, id DESC",
        "create_time" => "created_at, id",
        "create_time desc" => "created_at DESC, id DESC",
        _ => {
            violations.add(
                "order_by",
                "must be display_name or create_time, with or without ` desc`",
            );
            "id"
        }
    }
}

impl Accounts {
    /// The question behind a list of contacts, but for the account.
    pub(crate) fn select_contacts(
        &self,
        request: &proto::ListContactsRequest,
    ) -> Result<(Option<AccountId>, Select), Failure> {
        let mut violations = Violations::new();
        let account = api::contacts::parent(&mut violations, &request.parent);
        let roles = api::contacts::roles(&mut violations, "roles", &request.roles);
        let mut select = Select::of("contacts", order(&mut violations, &request.order_by));
        violations.check()?;
        if !roles.is_empty() {
            select.compares("roles & ? <> 0", projection::bits(&roles));
        }
        if !request.include_departed {
            let today = i64::from(self.today().number());
            select.compares("(departure_date IS NULL OR departure_date > ?)", today);
        }
        Ok((account, select))
    }

    /// Restricts a question to an account and everything that was merged into the same one.
    pub(crate) async fn of_account(
        &self,
        select: &mut Select,
        account: Option<AccountId>,
    ) -> Result<(), Failure> {
        let Some(account) = account else {
            return Ok(());
        };
        let ids = self.with_aliases(account).await?;
        let places = vec!["?"; ids.len()].join(", ");
        select.condition(format!("account_id IN ({places})"));
        select.values.extend(ids.into_iter().map(Value::from));
        Ok(())
    }
}

/// The question behind a list of the contact log, but for the account.
pub(crate) fn select_log(
    request: &proto::ListContactLogRequest,
) -> Result<(Option<AccountId>, Select), Failure> {
    let mut violations = Violations::new();
    let filter = request.filter.clone().unwrap_or_default();
    let account = api::contacts::parent(&mut violations, &request.parent);
    let since = violations.day("filter.since", filter.since.as_ref());
    let until = violations.day("filter.until", filter.until.as_ref());
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        violations.add("filter.until", "lies before `since`");
    }
    let contact = (!filter.contact.is_empty())
        .then(|| violations.parse("filter.contact", names::parse_contact(&filter.contact)));
    violations.check()?;
    let newest_first = "contact_date DESC, position DESC";
    let mut select = Select::of("contact_log", newest_first);
    let number = |day: Day| i64::from(day.number());
    if let Some(since) = since {
        select.compares("contact_date >= ?", number(since));
    }
    if let Some(until) = until {
        select.compares("contact_date <= ?", number(until));
    }
    if let Some((_, contact)) = contact.flatten() {
        select.compares(
            "id IN (SELECT entry_id FROM contact_log_contacts WHERE contact_id = ?)",
            contact.to_string(),
        );
    }
    if filter.two_way_only {
        select.condition("two_way");
    }
    if !filter.include_voided {
        select.condition("NOT voided");
    }
    Ok((account, select))
}
