//! The queries: one short transaction per page.

use std::sync::Arc;

use keizoku_core::{EventId, Position, Recorded, Revision};
use rusqlite::{Connection, Row, params};

use super::schema;

const PAGE: &str = "
    SELECT position, stream, revision, id, kind, recorded_at, metadata, data FROM event
    WHERE position > ?1 ORDER BY position LIMIT ?2";
const STREAM_PAGE: &str = "
    SELECT position, stream, revision, id, kind, recorded_at, metadata, data FROM event
    WHERE position = ?1 AND ?2 < 1
    UNION ALL
    SELECT position, stream, revision, id, kind, recorded_at, metadata, data FROM event
    WHERE origin = ?1 AND revision > ?2
    ORDER BY revision LIMIT ?3";

/// At most `limit` events of all streams after position `after`.
pub(super) fn page(
    db: &Connection,
    after: Position,
    limit: usize,
) -> rusqlite::Result<Vec<Arc<Recorded>>> {
    let mut statement = db.prepare_cached(PAGE)?;
    let rows = statement.query(params![after.0.cast_signed(), count(limit)])?;
    collect(rows, limit)
}

/// At most `limit` events of the stream that begins at `origin` after revision `after`.
pub(super) fn stream_page(
    db: &Connection,
    origin: Position,
    after: Revision,
    limit: usize,
) -> rusqlite::Result<Vec<Recorded>> {
    let mut statement = db.prepare_cached(STREAM_PAGE)?;
    let rows = statement.query(params![
        origin.0.cast_signed(),
        after.0.cast_signed(),
        count(limit)
    ])?;
    collect(rows, limit)
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn collect<T: From<Recorded>>(
    mut rows: rusqlite::Rows<'_>,
    limit: usize,
) -> rusqlite::Result<Vec<T>> {
    let mut events = Vec::with_capacity(limit.min(1024));
    while let Some(row) = rows.next()? {
        events.push(recorded(row)?.into());
    }
    Ok(events)
}

fn recorded(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    Ok(Recorded {
        position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
        stream: row.get_ref(1)?.as_str()?.to_owned(),
        revision: Revision(row.get::<_, i64>(2)?.cast_unsigned()),
        id: EventId::from_bytes(row.get(3)?),
        kind: row.get_ref(4)?.as_str()?.to_owned(),
        recorded_at: schema::instant(5, row.get(5)?)?,
        metadata: row.get_ref(6)?.as_blob()?.to_owned(),
        data: row.get_ref(7)?.as_blob()?.to_owned(),
    })
}
