//! The queue of accounts whose scores have to be looked at, in the read model: what signals, facts and
//! scorecards arrived for them, and which of them are due because time passes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use keizoku_core::{AccountId, Position};
use keizoku_runtime::book;
use keizoku_runtime::read_model::rusqlite::{
    self, Connection, OptionalExtension as _, Row, Transaction, params,
};
use uuid::Uuid;

use crate::projection::account_key;
use crate::scoring::{Band, Course};
use crate::{resources, stored};

/// Accounts of each kind that are looked at together.
pub(crate) const PAGE: i64 = 500;

/// Who has to be looked at next.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Accounts with signals, accounts that are due, and those of a sweep.
    pub(crate) accounts: BTreeSet<AccountId>,
    /// Accounts and subscriptions of which something was heard.
    pub(crate) heard: Vec<Heard>,
    /// How many of them are due.
    pub(crate) due: u64,
    /// How far a sweep is with this batch.
    pub(crate) sweep: Option<Sweep>,
    /// How far the model is with the own log and with that of the accounts.
    pub(crate) read: [Position; 2],
    /// Everything of the own log before this was worked off; all that was read where there is none.
    pub(crate) first_arrival: Option<Position>,
    /// Months of accounts in which signals arrived.
    pub(crate) arrived: usize,
    /// When the next account is due.
    pub(crate) next: Option<Timestamp>,
}

/// Something that was recorded of an account or a subscription.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) subject: Uuid,
    last: i64,
}

/// A sweep over all accounts.
#[derive(Debug, Clone)]
pub(crate) struct Sweep {
    number: i64,
    after: Vec<u8>,
    is_over: bool,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.heard.is_empty() && self.sweep.is_none()
    }

    /// What is next, as of one instant of the model.
    pub(crate) fn of(rows: &Connection, now: Timestamp) -> rusqlite::Result<Self> {
        let rows = rows.unchecked_transaction()?;
        let mut batch = Self {
            read: [crate::SOURCE, book::SOURCE].map(|source| position(&rows, source)),
            ..Self::default()
        };
        let mut arrived =
            rows.prepare_cached("SELECT account, first FROM arrivals ORDER BY number LIMIT ?1")?;
        let mut arrived = arrived.query([PAGE])?;
        while let Some(row) = arrived.next()? {
            batch.accounts.insert(account(row)?);
            let first = Position(row.get::<_, i64>(1)?.unsigned_abs());
            batch.first_arrival.get_or_insert(first);
            batch.arrived += 1;
        }
        let due = "SELECT account FROM scores WHERE due <= ?1 ORDER BY due LIMIT ?2";
        let due = accounts(&rows, due, params![now.as_microsecond(), PAGE])?;
        batch.due = due.len() as u64;
        batch.accounts.extend(due);
        batch.heard = rows
            .prepare_cached("SELECT subject, last FROM heard LIMIT ?1")?
            .query_map([PAGE], |row| {
                let (subject, last) = (id(row)?, row.get(1)?);
                Ok(Heard { subject, last })
            })?
            .collect::<rusqlite::Result<_>>()?;
        let sweep = rows
            .prepare_cached("SELECT number, after FROM sweeps ORDER BY number LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        if let Some((number, after)) = sweep {
            let next = "SELECT account FROM scores WHERE account > ?1 ORDER BY account LIMIT ?2";
            let found = accounts(&rows, next, params![after, PAGE])?;
            let last = found.last().copied();
            batch.sweep = Some(Sweep {
                number,
                after: last.map_or(after, |last| account_key(last).to_vec()),
                is_over: last.is_none(),
            });
            batch.accounts.extend(found);
        }
        batch.next = rows
            .prepare_cached("SELECT min(due) FROM scores WHERE due IS NOT NULL")?
            .query_row([], |row| row.get::<_, Option<i64>>(0))?
            .and_then(instant);
        Ok(batch)
    }

    /// Notes that what was heard, and the accounts of the sweep, were looked at.
    pub(crate) fn done(&self, rows: &Transaction<'_>) -> rusqlite::Result<()> {
        for heard in &self.heard {
            rows.prepare_cached("DELETE FROM heard WHERE subject = ?1 AND last <= ?2")?
                .execute(params![heard.subject.as_bytes(), heard.last])?;
        }
        match &self.sweep {
            Some(sweep) if sweep.is_over => rows
                .prepare_cached("DELETE FROM sweeps WHERE number = ?1")?
                .execute([sweep.number])
                .map(drop),
            Some(sweep) => rows
                .prepare_cached("UPDATE sweeps SET after = ?2 WHERE number = ?1")?
                .execute(params![sweep.number, sweep.after])
                .map(drop),
            None => Ok(()),
        }
    }
}

/// Signals of one month that were recorded from a position to another, ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrivals {
    pub(crate) month: i32,
    pub(crate) first: Position,
    pub(crate) last: Position,
}

/// What the model has of an account.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// How far its score was followed.
    pub(crate) course: Option<Course>,
    /// Signals that have yet to be taken in.
    pub(crate) arrivals: Vec<Arrivals>,
    /// When the earliest was recorded of what else has to be looked at; [`Timestamp::MIN`] where
    /// everything has to be.
    pub(crate) heard: Option<Timestamp>,
    /// Whether nothing of it was ever worked off: every signal that it has is among the arrivals.
    pub(crate) is_new: bool,
    /// Since when it is in its band.
    pub(crate) band_since: Option<Timestamp>,
    /// Since when its signals were said to be silent.
    pub(crate) silent_since: Option<Timestamp>,
    /// The band that was told last, and since when it held.
    pub(crate) told: Option<(Option<Band>, Timestamp)>,
    /// How far the model has read the own log, and that of the accounts.
    pub(crate) read: [Position; 2],
}

impl Snapshot {
    /// What the model has of some accounts, as of one of its instants.
    pub(crate) fn of(rows: &Connection, accounts: &[AccountId]) -> rusqlite::Result<Vec<Self>> {
        let rows = rows.unchecked_transaction()?;
        let read = [crate::SOURCE, book::SOURCE].map(|source| position(&rows, source));
        // A subscription's account is not known here, and such facts are rare.
        let heard: Option<i64> = rows
            .prepare_cached("SELECT min(first) FROM heard WHERE is_subscription")?
            .query_row([], |row| row.get(0))?;
        let snapshot = |id: &AccountId| {
            let key = account_key(*id);
            let score = rows
                .prepare_cached("SELECT band_since, silent_since FROM scores WHERE account = ?1")?
                .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let is_known = score.is_some();
            let (band_since, silent_since): (Option<i64>, _) = match score {
                Some(score) => score,
                None => (None, silence_of(&rows, key)?),
            };
            let is_gone = rows
                .prepare_cached("SELECT 1 FROM gone WHERE account = ?1")?
                .exists([key])?;
            Ok(Self {
                course: course(&rows, key)?,
                arrivals: arrivals(&rows, key)?,
                heard: [heard, heard_of(&rows, key)?]
                    .into_iter()
                    .flatten()
                    .min()
                    .map(|first| Timestamp::from_microsecond(first).unwrap_or(Timestamp::MIN)),
                is_new: !is_known && !is_gone,
                band_since: band_since.and_then(instant),
                silent_since: silent_since.and_then(instant),
                told: told(&rows, key)?,
                read,
            })
        };
        accounts.iter().map(snapshot).collect()
    }
}

/// What was worked off for one account.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) account: AccountId,
    /// Its arrivals that were taken in.
    pub(crate) arrivals: Vec<Arrivals>,
    pub(crate) outcome: Outcome,
}

/// What becomes of an account's rows.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its score is followed.
    Followed {
        /// How far.
        course: Box<Course>,
        /// Since when it is in its band.
        band_since: Option<Timestamp>,
        /// When it may change although nothing is recorded.
        changes_at: Option<Timestamp>,
        /// Since when its signals have been silent.
        silent_since: Option<Timestamp>,
        /// When they will be.
        falls_silent_at: Option<Timestamp>,
    },
    /// It was merged into another one, of which everything has to be looked at; or the accounts' log does
    /// not have it any more, and will tell when it does.
    Gone {
        /// What it was merged into.
        survivor: Option<AccountId>,
    },
}

impl Settled {
    /// Writes it down.
    pub(crate) fn note(&self, rows: &Transaction<'_>) -> rusqlite::Result<()> {
        let key = account_key(self.account);
        for arrivals in &self.arrivals {
            let last = i64::try_from(arrivals.last.0).unwrap_or(i64::MAX);
            rows.prepare_cached(
                "DELETE FROM arrivals WHERE account = ?1 AND month = ?2 AND last <= ?3",
            )?
            .execute(params![key, arrivals.month, last])?;
        }
        match &self.outcome {
            Outcome::Followed {
                course,
                band_since,
                changes_at,
                silent_since,
                falls_silent_at,
            } => {
                let step = course.step.as_ref();
                let (card, version) = step.and_then(|step| step.card.clone()).unzip();
                let micros = |at: &Option<Timestamp>| at.map(Timestamp::as_microsecond);
                let due = [*changes_at, *falls_silent_at].into_iter().flatten().min();
                rows.prepare_cached(
                    "INSERT OR REPLACE INTO scores VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute(params![
                    key,
                    step.and_then(|step| step.score),
                    i32::from(resources::band(course.band())),
                    micros(band_since),
                    card.unwrap_or_default(),
                    version.unwrap_or_default(),
                    micros(changes_at),
                    micros(silent_since),
                    micros(&due),
                ])?;
                rows.prepare_cached("INSERT OR REPLACE INTO courses VALUES (?1, ?2)")?
                    .execute(params![key, stored::to_bytes(course)])?;
            }
            Outcome::Gone { survivor } => {
                for table in ["scores", "courses"] {
                    rows.prepare_cached(&format!("DELETE FROM {table} WHERE account = ?1"))?
                        .execute([key])?;
                }
                rows.prepare_cached("INSERT OR IGNORE INTO gone VALUES (?1)")?
                    .execute([key])?;
                if let Some(survivor) = survivor.filter(|_| !self.arrivals.is_empty()) {
                    rows.prepare_cached("INSERT OR REPLACE INTO heard VALUES (?1, ?2, ?2, 0)")?
                        .execute(params![account_key(survivor), i64::MIN])?;
                }
            }
        }
        Ok(())
    }
}

fn position(rows: &Connection, source: &str) -> Position {
    let read = rows
        .prepare_cached("SELECT position FROM sources WHERE source = ?1")
        .and_then(|mut read| read.query_row([source], |row| row.get::<_, i64>(0)));
    // It is there once the source was heard of.
    read.map_or(Position::START, |read| Position(read.unsigned_abs()))
}

fn course(rows: &Connection, key: [u8; 16]) -> rusqlite::Result<Option<Course>> {
    let bytes: Option<Vec<u8>> = rows
        .prepare_cached("SELECT course FROM courses WHERE account = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(bytes.and_then(|bytes| stored::from_bytes(&bytes)))
}

fn arrivals(rows: &Connection, key: [u8; 16]) -> rusqlite::Result<Vec<Arrivals>> {
    rows.prepare_cached("SELECT month, first, last FROM arrivals WHERE account = ?1")?
        .query_map([key], |row| {
            Ok(Arrivals {
                month: row.get(0)?,
                first: Position(row.get::<_, i64>(1)?.unsigned_abs()),
                last: Position(row.get::<_, i64>(2)?.unsigned_abs()),
            })
        })?
        .collect()
}

/// When the earliest was recorded of what was heard of an account itself, or of all accounts.
fn heard_of(rows: &Connection, key: [u8; 16]) -> rusqlite::Result<Option<i64>> {
    let own: Option<i64> = rows
        .prepare_cached("SELECT min(first) FROM heard WHERE subject = ?1")?
        .query_row([key], |row| row.get(0))?;
    let swept: Option<i64> = rows
        .prepare_cached("SELECT min(recorded_at) FROM sweeps WHERE after < ?1")?
        .query_row([key], |row| row.get(0))?;
    Ok(own.into_iter().chain(swept).min())
}

/// What was said of an account whose score was not followed yet, or is followed anew.
fn silence_of(rows: &Connection, key: [u8; 16]) -> rusqlite::Result<Option<i64>> {
    rows.prepare_cached("SELECT since FROM silences WHERE account = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

fn told(rows: &Connection, key: [u8; 16]) -> rusqlite::Result<Option<(Option<Band>, Timestamp)>> {
    let told = rows
        .prepare_cached("SELECT band, changed_at FROM told WHERE account = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    Ok(told.and_then(|(band, at)| Some((Band::of_number(band), instant(at)?))))
}

fn accounts(
    rows: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Vec<AccountId>> {
    rows.prepare_cached(sql)?
        .query_map(values, account)?
        .collect()
}

fn id(row: &Row<'_>) -> rusqlite::Result<Uuid> {
    Ok(Uuid::from_bytes(row.get(0)?))
}

pub(crate) fn account(row: &Row<'_>) -> rusqlite::Result<AccountId> {
    id(row).map(AccountId::from)
}

pub(crate) fn instant(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
