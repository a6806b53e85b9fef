//! The healthscore service's read model. Each handler writes only rows of its own source.

use keizoku_core::{AccountId, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::healthscore::event::Kind;
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{Transaction, params};

/// Tables and indexes; another schema starts the model over.
pub(crate) const SCHEMA: &str = include_str!("read_model.sql");

/// Writes one event's rows.
pub(crate) fn handle(
    rows: &Transaction<'_>,
    _source: &str,
    event: &Recorded,
) -> Result<(), HandlerError> {
    match Kind::from_bytes(&event.data)? {
        Kind::SignalsRecorded(recorded) => {
            rows.prepare_cached(
                "INSERT INTO months VALUES (?1, ?2, ?2) ON CONFLICT (account)
                 DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
            )?
            .execute(params![key(&recorded.account_id), recorded.month])?;
        }
        Kind::ScorecardDrafted(_)
        | Kind::ScorecardPublished(_)
        | Kind::ScorecardRolledBack(_)
        | Kind::HealthOverridden(_)
        | Kind::HealthOverrideCleared(_) => {}
    }
    Ok(())
}

/// An account's id as it is stored here.
fn key(account: &str) -> [u8; 16] {
    let id: Option<AccountId> = account.parse().ok();
    id.map(|id| id.uuid().into_bytes()).unwrap_or_default()
}
