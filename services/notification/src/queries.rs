//! What the service asks its read model.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::Day;
use keizoku_proto::notification::DeliveryState;
use keizoku_runtime::page::Page;
use keizoku_runtime::read_model::ReadModel;
use keizoku_runtime::read_model::rusqlite::types::Value;
use keizoku_runtime::read_model::rusqlite::{
    self, OptionalExtension as _, Row, params, params_from_iter,
};
use keizoku_runtime::{Cause, Failure};
use uuid::Uuid;

/// The read model, asked.
#[derive(Clone)]
pub(crate) struct Queries(pub(crate) Arc<ReadModel>);

/// A person of the directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) slack_member_id: String,
    pub(crate) role: String,
    pub(crate) active: bool,
    /// IANA time zone; empty for the organisation's.
    pub(crate) time_zone: String,
}

/// A team of the directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Team {
    pub(crate) display_name: String,
    pub(crate) parent: String,
    pub(crate) slack_channel: String,
}

/// What is known of the last message that was sent in a lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastSeen {
    /// When an attempt began or ended.
    pub(crate) at: Timestamp,
    /// Nobody has said yet how one of them ended.
    pub(crate) is_open: bool,
}

/// Everybody, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    pub(crate) users: HashMap<String, Person>,
    pub(crate) teams: HashMap<String, Team>,
}

/// A risk, as far as messages need it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RiskRow {
    pub(crate) id: String,
    pub(crate) account_id: String,
    pub(crate) display_name: String,
    pub(crate) owner_user: String,
    pub(crate) owner_team: String,
    pub(crate) due: Option<Day>,
    pub(crate) action: String,
}

/// Messages that travel one after the other, and when the next of them is due.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) due: Timestamp,
    pub(crate) throttled_until: Timestamp,
}

/// What waits to be sent, or for people to look at it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waiting {
    pub(crate) due: u32,
    pub(crate) later: u32,
    pub(crate) sending: u32,
    pub(crate) ambiguous: u32,
    pub(crate) dead_letters: u32,
    /// When the oldest fact was recorded that has yet to be looked at.
    pub(crate) oldest_fact: Option<Timestamp>,
    /// When the oldest message was wanted that has yet to be sent.
    pub(crate) oldest_message: Option<Timestamp>,
}

/// Which deliveries somebody wants to see.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryFilter {
    pub(crate) state: Option<i32>,
    pub(crate) ambiguous: bool,
    pub(crate) rule: Option<String>,
    pub(crate) account: Option<String>,
}

/// A fact that somebody may have been told about.
#[derive(Debug, Clone)]
pub(crate) struct PastFact {
    number: i64,
    pub(crate) source: String,
    pub(crate) recorded_at: Timestamp,
    pub(crate) data: Vec<u8>,
}

/// Facts that are read at once.
const FACTS: u32 = 200;

impl Queries {
    /// The keys of all rules that were ever defined.
    pub(crate) async fn rule_keys(&self) -> Result<Vec<String>, Failure> {
        self.0
            .read(|rows| {
                rows.prepare_cached("SELECT key FROM rules ORDER BY key")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .await
    }

    /// Facts that were recorded in a time, newest first; some of them, before the one that was last.
    pub(crate) async fn past_facts(
        &self,
        (start, end): (Timestamp, Timestamp),
        last: Option<&PastFact>,
    ) -> Result<Vec<PastFact>, Failure> {
        // No fact has the number 0: at first, none that was recorded at the end itself is meant.
        let number = last.map_or(0, |last| last.number);
        let end = last.map_or(end, |last| last.recorded_at);
        self.0
            .read(move |rows| {
                rows.prepare_cached(
                    "SELECT number, source, recorded_at, data FROM past_facts
                     WHERE recorded_at >= ?1
                       AND (recorded_at < ?2 OR recorded_at = ?2 AND number < ?3)
                     ORDER BY recorded_at DESC, number DESC LIMIT ?4",
                )?
                .query_map(
                    params![start.as_microsecond(), end.as_microsecond(), number, FACTS],
                    |row| {
                        Ok(PastFact {
                            number: row.get(0)?,
                            source: row.get(1)?,
                            recorded_at: instant(row.get(2)?),
                            data: row.get(3)?,
                        })
                    },
                )?
                .collect()
            })
            .await
    }

    /// Everybody.
    pub(crate) async fn directory(&self) -> Result<Directory, Failure> {
        self.0
            .read(|rows| {
                let users = rows
                    .prepare_cached(
                        "SELECT id, display_name, email, slack_member_id, role, active, time_zone FROM users",
                    )?
                    .query_map([], |row| Ok((row.get(0)?, person(row)?)))?
                    .collect::<rusqlite::Result<_>>()?;
                let team = |row: &Row<'_>| {
                    let team = Team {
                        display_name: row.get(1)?,
                        parent: row.get(2)?,
                        slack_channel: row.get(3)?,
                    };
                    Ok((row.get(0)?, team))
                };
                let teams = rows
                    .prepare_cached("SELECT id, display_name, parent, slack_channel FROM teams")?
                    .query_map([], team)?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(Directory { users, teams })
            })
            .await
    }

    /// The organisation's message locale; empty until it is set.
    pub(crate) async fn locale(&self) -> Result<String, Failure> {
        self.0
            .read(|rows| {
                let found = rows
                    .prepare_cached("SELECT locale FROM organisation")?
                    .query_row([], |row| row.get(0))
                    .optional()?;
                Ok(found.unwrap_or_default())
            })
            .await
    }

    /// Names of accounts, as far as they have been read.
    pub(crate) async fn account_names(
        &self,
        accounts: Vec<String>,
    ) -> Result<HashMap<String, String>, Failure> {
        self.0
            .read(move |rows| {
                let mut names =
                    rows.prepare_cached("SELECT display_name FROM accounts WHERE id = ?1")?;
                let mut found = HashMap::new();
                for account in accounts {
                    let name = names.query_row([&account], |row| row.get(0)).optional()?;
                    if let Some(name) = name {
                        found.insert(account, name);
                    }
                }
                Ok(found)
            })
            .await
    }

    /// The account of a subscription, once it has been read.
    pub(crate) async fn account_of(&self, subscription: String) -> Result<Option<String>, Failure> {
        self.0
            .read(move |rows| {
                rows.prepare_cached("SELECT account_id FROM subscriptions WHERE id = ?1")?
                    .query_row([subscription], |row| row.get(0))
                    .optional()
            })
            .await
    }

    /// A risk, once it has been read.
    pub(crate) async fn risk(&self, id: String) -> Result<Option<RiskRow>, Failure> {
        self.0
            .read(move |rows| {
                rows.prepare_cached(
                    "SELECT id, account_id, display_name, owner_user, owner_team, due, action
                     FROM risks WHERE id = ?1",
                )?
                .query_row([id], risk)
                .optional()
            })
            .await
    }

    /// Open risks whose next action was due before a date, earliest first.
    pub(crate) async fn overdue(&self, today: Day) -> Result<Vec<RiskRow>, Failure> {
        self.0
            .read(move |rows| {
                rows.prepare_cached(
                    "SELECT id, account_id, display_name, owner_user, owner_team, due, action
                     FROM risks WHERE open = 1 AND due < ?1 ORDER BY due, id",
                )?
                .query_map([today.number()], risk)?
                .collect()
            })
            .await
    }

    /// Accounts with an open risk that leads to churn.
    pub(crate) async fn at_risk(&self) -> Result<Vec<String>, Failure> {
        let leads = i32::from(keizoku_proto::risk::LeadsToChurn::LeadsToChurn);
        self.0
            .read(move |rows| {
                rows.prepare_cached(
                    "SELECT DISTINCT account_id FROM risks WHERE open = 1 AND leads_to_churn = ?1",
                )?
                .query_map([leads], |row| row.get(0))?
                .collect()
            })
            .await
    }

    /// The lanes in which something is to be done.
    pub(crate) async fn lanes(&self) -> Result<Vec<Lane>, Failure> {
        self.0
            .read(|rows| {
                rows.prepare_cached(
                    "SELECT lane, min(due_at), max(throttled_until) FROM deliveries
                     WHERE due_at IS NOT NULL GROUP BY lane",
                )?
                .query_map([], |row| {
                    Ok(Lane {
                        name: row.get(0)?,
                        due: instant(row.get(1)?),
                        throttled_until: instant(row.get(2)?),
                    })
                })?
                .collect()
            })
            .await
    }

    /// What was last sent in each lane.
    pub(crate) async fn last_attempts(&self) -> Result<HashMap<String, LastSeen>, Failure> {
        self.0
            .read(|rows| {
                rows.prepare_cached(
                    "SELECT lane, max(seen_at), max(in_flight IS NOT NULL) FROM deliveries
                     WHERE seen_at IS NOT NULL GROUP BY lane",
                )?
                .query_map([], |row| {
                    let (at, is_open) = (instant(row.get(1)?), row.get(2)?);
                    Ok((row.get(0)?, LastSeen { at, is_open }))
                })?
                .collect()
            })
            .await
    }

    /// The delivery that is next in a lane, if it is due.
    pub(crate) async fn next_in(
        &self,
        lane: String,
        now: Timestamp,
    ) -> Result<Option<(Uuid, Cause)>, Failure> {
        self.0
            .read(move |rows| {
                let found: Option<(String, Cause)> = rows
                    .prepare_cached(
                        "SELECT id, last_event, correlation_id, traceparent FROM deliveries
                         WHERE lane = ?1 AND due_at <= ?2 ORDER BY number LIMIT 1",
                    )?
                    .query_row(params![lane, now.as_microsecond()], |row| {
                        Ok((row.get(0)?, cause(row, 1, 2, 3)?))
                    })
                    .optional()?;
                Ok(found.and_then(|(id, cause)| Some((id.parse().ok()?, cause))))
            })
            .await
    }

    /// What waits, how much of it, and since when; asked on a thread that may wait.
    pub(crate) fn waiting(&self, now: Timestamp) -> rusqlite::Result<Waiting> {
        let of_state = |state: DeliveryState| i32::from(state);
        self.0.read_here(|rows| {
            let oldest_fact: Option<i64> = rows
                .prepare_cached("SELECT min(recorded_at) FROM facts")?
                .query_row([], |row| row.get(0))?;
            let (due, later, sending, oldest) = rows
                .prepare_cached(
                    "SELECT count(*) FILTER (WHERE in_flight IS NULL AND due_at <= ?1),
                            count(*) FILTER (WHERE in_flight IS NULL AND due_at > ?1),
                            count(in_flight), min(wanted_at)
                     FROM deliveries WHERE due_at IS NOT NULL",
                )?
                .query_row([now.as_microsecond()], |row| {
                    let oldest: Option<i64> = row.get(3)?;
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, oldest))
                })?;
            let mut count =
                rows.prepare_cached("SELECT count(*) FROM deliveries WHERE state = ?1")?;
            let mut counted =
                |state| count.query_row([of_state(state)], |row| row.get::<_, u32>(0));
            Ok(Waiting {
                due,
                later,
                sending,
                ambiguous: counted(DeliveryState::Ambiguous)?,
                dead_letters: counted(DeliveryState::GivenUp)?,
                oldest_fact: oldest_fact.map(instant),
                oldest_message: oldest.map(instant),
            })
        })
    }

    /// A page of deliveries, newest first, and how many there are.
    pub(crate) async fn deliveries(
        &self,
        filter: DeliveryFilter,
        page: &Page,
    ) -> Result<(Vec<Uuid>, usize), Failure> {
        let (size, offset) = (page.size, page.offset);
        self.0
            .read(move |rows| {
                let (condition, values) = filter.condition();
                let count = format!("SELECT count(*) FROM deliveries {condition}");
                let total: i64 = rows
                    .prepare_cached(&count)?
                    .query_row(params_from_iter(&values), |row| row.get(0))?;
                let select = format!(
                    "SELECT id FROM deliveries {condition} ORDER BY number DESC LIMIT {size} OFFSET {offset}"
                );
                let ids = rows
                    .prepare_cached(&select)?
                    .query_map(params_from_iter(&values), |row| row.get::<_, String>(0))?
                    .collect::<rusqlite::Result<Vec<_>>>()?;
                let ids = ids.iter().filter_map(|id| id.parse().ok()).collect();
                Ok((ids, usize::try_from(total).unwrap_or(usize::MAX)))
            })
            .await
    }
}

impl DeliveryFilter {
    fn condition(&self) -> (String, Vec<Value>) {
        let mut conditions = vec!["1".to_owned()];
        let mut values = Vec::new();
        let mut equal = |column: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(format!("{column} = ?{}", values.len()));
            }
        };
        equal("state", self.state.map(Value::from));
        equal("rule", self.rule.clone().map(Value::from));
        equal("account_id", self.account.clone().map(Value::from));
        if self.ambiguous {
            conditions.push("ambiguous <> ''".to_owned());
        }
        (format!("WHERE {}", conditions.join(" AND ")), values)
    }
}

/// What columns say about an event: its id, its chain and its trace.
fn cause(row: &Row<'_>, event: usize, chain: usize, trace: usize) -> rusqlite::Result<Cause> {
    let id = |column: usize| -> rusqlite::Result<Option<Uuid>> {
        let bytes = row.get_ref(column)?.as_bytes_or_null()?;
        Ok(bytes.and_then(|bytes| Uuid::from_slice(bytes).ok()))
    };
    Ok(Cause {
        correlation_id: id(chain)?,
        event: id(event)?,
        traceparent: row.get(trace)?,
        reactions: 0,
    })
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        display_name: row.get(1)?,
        email: row.get(2)?,
        slack_member_id: row.get(3)?,
        role: row.get(4)?,
        active: row.get(5)?,
        time_zone: row.get(6)?,
    })
}

fn risk(row: &Row<'_>) -> rusqlite::Result<RiskRow> {
    let due: Option<u16> = row.get(5)?;
    Ok(RiskRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        display_name: row.get(2)?,
        owner_user: row.get(3)?,
        owner_team: row.get(4)?,
        due: due.and_then(Day::from_number),
        action: row.get(6)?,
    })
}
