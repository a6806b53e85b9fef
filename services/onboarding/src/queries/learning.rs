//! What questions about contents and seminars ask the read model.

use keizoku_core::Day;
use keizoku_runtime::read_model::rusqlite::{
    self, Connection, OptionalExtension as _, Row, params,
};
use uuid::Uuid;

use super::json;

/// Which contents; empty texts select all.
pub(crate) struct Contents {
    pub(crate) feature: String,
    pub(crate) purpose: String,
    pub(crate) include_retired: bool,
}

/// Which seminars; an empty feature selects all.
pub(crate) struct Seminars {
    pub(crate) feature: String,
    pub(crate) from: Option<Day>,
    pub(crate) until: Option<Day>,
    pub(crate) include_cancelled: bool,
}

/// Something that somebody learned from.
pub(crate) struct Learned {
    /// Id of the content or seminar.
    pub(crate) source: String,
    pub(crate) is_seminar: bool,
    pub(crate) account: String,
    pub(crate) contact: String,
    pub(crate) date: Option<Day>,
}

/// Ids of the contents, by product, feature, purpose and key.
pub(crate) fn contents(rows: &Connection, which: &Contents) -> rusqlite::Result<Vec<Uuid>> {
    let ids: Vec<String> = rows
        .prepare_cached(
            "SELECT id FROM contents WHERE (?1 = '' OR feature = ?1) AND (?2 = '' OR purpose = ?2)
             AND (?3 OR NOT retired) ORDER BY product, feature, purpose, key",
        )?
        .query_map(
            params![which.feature, which.purpose, which.include_retired],
            |row| row.get(0),
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// Ids of the seminars by date.
pub(crate) fn seminars(rows: &Connection, which: &Seminars) -> rusqlite::Result<Vec<Uuid>> {
    let from = which.from.map_or(0, Day::number);
    let until = which.until.map_or(u16::MAX, Day::number);
    let ids: Vec<String> = rows
        .prepare_cached(
            "SELECT id FROM seminars WHERE (?1 = '' OR feature = ?1) AND date BETWEEN ?2 AND ?3
             AND (?4 OR NOT cancelled) ORDER BY date, id",
        )?
        .query_map(
            params![which.feature, from, until, which.include_cancelled],
            |row| row.get(0),
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// What people of an account, whose ids these are, learned from, latest first: how much that is, and as much of
/// it as is asked for after an offset.
pub(crate) fn learned(
    rows: &Connection,
    ids: &[String],
    (offset, size): (usize, usize),
) -> rusqlite::Result<(usize, Vec<Learned>)> {
    const ALL: &str = "SELECT content_id AS source, 0 AS is_seminar, account_id, contact_id, date
        FROM completions WHERE account_id IN (SELECT value FROM json_each(?1))
        UNION ALL SELECT a.seminar_id, 1, a.account_id, a.contact_id, s.date
        FROM attendances a JOIN seminars s ON s.id = a.seminar_id
        WHERE a.account_id IN (SELECT value FROM json_each(?1)) AND a.voided_at IS NULL";
    let ids = json(ids);
    let total: i64 = rows
        .prepare_cached(&format!("SELECT count(*) FROM ({ALL})"))?
        .query_row([&ids], |row| row.get(0))?;
    let as_number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let (size, offset) = (as_number(size), as_number(offset));
    let found = rows
        .prepare_cached(&format!(
            "{ALL} ORDER BY date DESC, source, account_id, contact_id LIMIT ?2 OFFSET ?3"
        ))?
        .query_map(params![ids, size, offset], entry)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((usize::try_from(total).unwrap_or(0), found))
}

/// What is known of how people of an account learn.
pub(crate) struct Learning {
    /// Features of the seminars that they attended.
    pub(crate) attended: Vec<String>,
    /// Keys of the contents that they completed.
    pub(crate) completed: Vec<String>,
    /// Features that they use.
    pub(crate) used: Vec<String>,
    /// Touch model of the account itself.
    pub(crate) touch_model: i32,
}

/// What is known of an account, whose ids these are.
pub(crate) fn learning_of(
    rows: &Connection,
    account: &str,
    ids: &[String],
) -> rusqlite::Result<Learning> {
    let ids = json(ids);
    let column = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = rows.prepare_cached(sql)?;
        statement.query_map([&ids], |row| row.get(0))?.collect()
    };
    let attended = column(
        "SELECT DISTINCT s.feature FROM attendances a JOIN seminars s ON s.id = a.seminar_id
         WHERE a.account_id IN (SELECT value FROM json_each(?1)) AND a.voided_at IS NULL",
    )?;
    let completed = column(
        "SELECT DISTINCT c.key FROM completions d JOIN contents c ON c.id = d.content_id
         WHERE d.account_id IN (SELECT value FROM json_each(?1))",
    )?;
    let used = column(
        "SELECT DISTINCT feature FROM used_features
         WHERE account_id IN (SELECT value FROM json_each(?1))",
    )?;
    let touch_model = rows
        .prepare_cached("SELECT touch_model FROM accounts WHERE id = ?1")?
        .query_row([account], |row| row.get(0))
        .optional()?;
    Ok(Learning {
        attended,
        completed,
        used,
        touch_model: touch_model.unwrap_or_default(),
    })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Learned> {
    let date: Option<u16> = row.get(4)?;
    Ok(Learned {
        source: row.get(0)?,
        is_seminar: row.get(1)?,
        account: row.get(2)?,
        contact: row.get(3)?,
        date: date.and_then(Day::from_number),
    })
}
