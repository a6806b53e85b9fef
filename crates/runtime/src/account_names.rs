//! Names of accounts: a table of the accounts log that any service may have in its read model, to
//! show people more than ids.

use std::collections::HashMap;
use std::sync::Arc;

use keizoku_core::Recorded;
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::read_model::{HandlerError, ReadModel};
use crate::{Failure, Freshness, book};

/// The table, for the schema of a read model.
pub const TABLE: &str = "
    CREATE TABLE account_names (id TEXT PRIMARY KEY, display_name TEXT NOT NULL) WITHOUT ROWID;
";

/// Writes what an event of the accounts log says of a name.
///
/// # Errors
/// When the event cannot be read, or the row cannot be written.
pub fn handle(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    if event.category() != "account" {
        return Ok(());
    }
    let (id, profile) = match Kind::from_bytes(&event.data)? {
        Kind::AccountOpened(opened) => (opened.account_id, opened.profile),
        Kind::AccountRevised(revised) => (revised.account_id, revised.profile),
        _ => return Ok(()),
    };
    let name = profile.map(|profile| profile.display_name);
    rows.prepare_cached(
        "INSERT INTO account_names VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET display_name = ?2",
    )?
    .execute([id, name.unwrap_or_default()])?;
    Ok(())
}

/// The name of an account by its id as text, where it has been read.
///
/// # Errors
/// When the table cannot be read.
pub fn of(rows: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    rows.prepare_cached("SELECT display_name FROM account_names WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// The name of an account that others have read of already: where `model` has yet to read it, it does
/// so first. Empty where there is none.
///
/// # Errors
/// When the model cannot be read.
pub async fn known_to(
    others: &Freshness,
    model: &Arc<ReadModel>,
    read: &Freshness,
    id: &str,
) -> Result<String, Failure> {
    let look = || {
        let id = id.to_owned();
        model.read(move |rows| of(rows, &id))
    };
    if let Some(name) = look().await? {
        return Ok(name);
    }
    read.keep_up(book::SOURCE, others).await;
    Ok(look().await?.unwrap_or_default())
}

/// The names of several accounts, by their ids.
///
/// # Errors
/// When the table cannot be read.
pub fn of_all(
    rows: &Connection,
    ids: impl IntoIterator<Item = String>,
) -> rusqlite::Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    for id in ids {
        if !names.contains_key(&id)
            && let Some(name) = of(rows, &id)?
        {
            names.insert(id, name);
        }
    }
    Ok(names)
}
