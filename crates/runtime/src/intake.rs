//! Facts that an effect has yet to deal with: a table of a service's read model.
//!
//! A row comes with its event, in the transaction that moves the source's position, so that none is
//! missed; it goes when what was done about it is in the service's own log. The model may be read
//! anew at any time: then facts come again, and die in that log.

use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{Position, Recorded};
use keizoku_proto::common::{EventMetadata, Origin};
use prost::Message as _;
use rusqlite::{Row, Transaction, params};
use uuid::Uuid;

use crate::Failure;
use crate::read_model::ReadModel;

/// The table, for the schema of a read model.
pub const TABLE: &str = "
    CREATE TABLE facts (
        number INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        position INTEGER NOT NULL,
        stream TEXT NOT NULL,
        event_id BLOB NOT NULL,
        recorded_at INTEGER NOT NULL,
        metadata BLOB NOT NULL,
        data BLOB NOT NULL
    );
";

/// Facts dealt with at once.
const PAGE: i64 = 200;

/// An event of some source that something may have to be done about.
#[derive(Debug, Clone)]
pub struct Fact {
    pub(crate) number: i64,
    /// Name of the source.
    pub source: String,
    /// The source's log.
    pub log_id: Uuid,
    /// Where it stands there.
    pub position: Position,
    /// Its stream there.
    pub stream: String,
    /// Its id within the stream.
    pub event_id: Uuid,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who, why and how.
    pub metadata: EventMetadata,
    /// The event, encoded.
    pub data: Vec<u8>,
}

#[cfg(test)]
impl Fact {
    /// One that no read model has.
    pub(crate) fn of(
        source: &str,
        log_id: Uuid,
        position: u64,
        stream: String,
        recorded_at: &str,
        metadata: EventMetadata,
    ) -> Self {
        Self {
            number: 0,
            source: source.to_owned(),
            log_id,
            position: Position(position),
            stream,
            event_id: Uuid::from_u128(8),
            recorded_at: recorded_at.parse().unwrap(),
            metadata,
            data: Vec::new(),
        }
    }
}

/// Whether an event was brought over from another system.
#[must_use]
pub fn is_imported(event: &Recorded) -> bool {
    let metadata = EventMetadata::decode(event.metadata.as_slice());
    metadata.is_ok_and(|metadata| metadata.origin() == Origin::Import)
}

/// Notes an event to deal with. Imported history neither notifies nor reacts (ACC-7).
///
/// # Errors
/// When the row cannot be written.
pub fn note(rows: &Transaction<'_>, source: &str, event: &Recorded) -> rusqlite::Result<()> {
    if is_imported(event) {
        return Ok(());
    }
    let position = i64::try_from(event.position.0).unwrap_or(i64::MAX);
    rows.prepare_cached(
        "INSERT INTO facts (source, position, stream, event_id, recorded_at, metadata, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        source,
        position,
        event.stream,
        event.id.as_bytes(),
        event.recorded_at.as_microsecond(),
        event.metadata,
        event.data
    ])
    .map(drop)
}

/// The facts of a read model.
#[derive(Clone)]
pub struct Intake(pub Arc<ReadModel>);

impl Intake {
    /// How many wait.
    ///
    /// # Errors
    /// When the model cannot be read.
    pub async fn waiting(&self) -> Result<u64, Failure> {
        let count = |rows: &rusqlite::Connection| {
            rows.query_row("SELECT count(*) FROM facts", [], |row| row.get::<_, i64>(0))
        };
        Ok(self.0.read(count).await?.unsigned_abs())
    }

    /// Those after `last`, or from the first one on, in the order in which they came.
    pub(crate) async fn after(&self, last: Option<&Fact>) -> Result<Vec<Fact>, Failure> {
        let after = last.map_or(0, |last| last.number);
        self.0
            .read(move |rows| {
                rows.prepare_cached(
                    "SELECT number, facts.source, sources.log_id, facts.position, stream, event_id,
                     recorded_at, metadata, data
                     FROM facts JOIN sources ON sources.source = facts.source
                     WHERE number > ?1 ORDER BY number LIMIT ?2",
                )?
                .query_map([after, PAGE], fact)?
                .collect()
            })
            .await
    }

    /// Facts that were dealt with are not looked at again.
    pub(crate) async fn forget(&self, facts: &[&Fact]) -> Result<(), Failure> {
        let numbers: Vec<i64> = facts.iter().map(|fact| fact.number).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        self.0
            .note(move |rows| {
                let mut delete = rows.prepare_cached("DELETE FROM facts WHERE number = ?1")?;
                for number in numbers {
                    delete.execute([number])?;
                }
                Ok(())
            })
            .await
    }
}

fn fact(row: &Row<'_>) -> rusqlite::Result<Fact> {
    let metadata: Vec<u8> = row.get(7)?;
    Ok(Fact {
        number: row.get(0)?,
        source: row.get(1)?,
        log_id: Uuid::parse_str(&row.get::<_, String>(2)?).unwrap_or_default(),
        position: Position(row.get::<_, i64>(3)?.unsigned_abs()),
        stream: row.get(4)?,
        event_id: Uuid::from_slice(&row.get::<_, Vec<u8>>(5)?).unwrap_or_default(),
        recorded_at: Timestamp::from_microsecond(row.get(6)?).unwrap_or(Timestamp::UNIX_EPOCH),
        metadata: EventMetadata::decode(metadata.as_slice()).unwrap_or_default(),
        data: row.get(8)?,
    })
}
