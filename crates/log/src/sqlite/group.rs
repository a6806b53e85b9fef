//! What becomes of each append of a group, inside the group's transaction.

use std::num::NonZeroUsize;

use keizoku_core::{Position, Revision};
use lru::LruCache;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::origins::{Origin, Origins};
use super::queue::{Answer, Request};
use super::schema;
use crate::{AppendError, Appended, Head};

/// Streams whose revision the writer remembers: some 2 MB. More than fit into a group, and the last ones
/// used, because a stream that begins in a group is found nowhere else until the group is committed.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).expect("it is not zero");

const INSERT: &str = "
    INSERT INTO event (position, origin, stream, revision, id, kind, recorded_at, metadata, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const TIP: &str = "
    SELECT revision FROM event WHERE origin = ?1 ORDER BY revision DESC LIMIT 1";
const STORED: &str = "
    SELECT position, recorded_at, id, kind, data FROM event
    WHERE position = ?1 AND ?2 < 1
    UNION ALL
    SELECT position, recorded_at, id, kind, data FROM event
    WHERE origin = ?1 AND revision > ?2
    ORDER BY position LIMIT ?3";

/// Where a stream begins and how far it has come.
#[derive(Clone, Copy)]
struct Tip {
    origin: Position,
    revision: Revision,
}

/// Tips of the streams that were appended to last. Forgotten when a group fails.
pub(super) struct Tips(LruCache<String, Tip>);

impl Tips {
    pub(super) fn new() -> Self {
        Self(LruCache::new(REMEMBERED))
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

/// A group in the making.
pub(super) struct Group<'db> {
    db: &'db Connection,
    insert: CachedStatement<'db>,
    tip: CachedStatement<'db>,
    stored: CachedStatement<'db>,
    tips: &'db mut Tips,
    origins: &'db Origins,
    head: Head,
    micros: i64,
    began: Vec<Origin>,
}

impl<'db> Group<'db> {
    /// A group that follows `head`; everything in it is recorded at `micros`.
    pub(super) fn new(
        db: &'db Connection,
        tips: &'db mut Tips,
        origins: &'db Origins,
        head: Head,
        micros: i64,
    ) -> rusqlite::Result<Self> {
        let insert = db.prepare_cached(INSERT)?;
        let tip = db.prepare_cached(TIP)?;
        let stored = db.prepare_cached(STORED)?;
        Ok(Self {
            db,
            insert,
            tip,
            stored,
            tips,
            origins,
            head,
            micros,
            began: Vec::new(),
        })
    }

    /// Where the log will end, and the streams that begin.
    pub(super) fn finish(self) -> (Head, Vec<Origin>) {
        (self.head, self.began)
    }

    /// Checks, and only then writes: so a refusal leaves nothing behind that would have to be
    /// undone, and an error fails the whole group.
    pub(super) fn append(&mut self, request: &Request) -> rusqlite::Result<Answer> {
        let tip = self.tip(&request.stream)?;
        let actual = tip.map_or(Revision::NONE, |tip| tip.revision);
        match tip {
            Some(tip) if actual > request.expected => self.compare(request, tip),
            _ if actual < request.expected => Ok(Err(AppendError::WrongRevision { actual })),
            _ => self.write(request, tip).map(Ok),
        }
    }

    fn tip(&mut self, stream: &str) -> rusqlite::Result<Option<Tip>> {
        if let Some(tip) = self.tips.0.get(stream) {
            return Ok(Some(*tip));
        }
        let Some(origin) = self.origins.find(self.db, stream)? else {
            return Ok(None);
        };
        let later = number(&mut self.tip, params![origin.0.cast_signed()])?;
        Ok(Some(Tip {
            origin,
            revision: Revision(later.unwrap_or(1)),
        }))
    }

    fn write(&mut self, request: &Request, tip: Option<Tip>) -> rusqlite::Result<Appended> {
        let recorded_at = schema::instant(0, self.micros)?;
        let mut origin = tip.map(|tip| tip.origin);
        let mut revision = request.expected;
        for event in &request.events {
            revision = revision.plus(1);
            self.head.position.0 += 1;
            self.insert.execute(params![
                self.head.position.0.cast_signed(),
                origin.map(|origin| origin.0.cast_signed()),
                request.stream,
                revision.0.cast_signed(),
                event.id.as_bytes(),
                event.kind,
                self.micros,
                event.metadata,
                event.data,
            ])?;
            if origin.is_none() {
                origin = Some(self.head.position);
                self.began
                    .push(Origin::new(&request.stream, self.head.position));
            }
        }
        self.head.recorded_at = Some(recorded_at);
        let tip = Tip {
            origin: origin.unwrap_or(self.head.position),
            revision,
        };
        if let Some(known) = self.tips.0.get_mut(&request.stream) {
            *known = tip;
        } else {
            self.tips.0.put(request.stream.clone(), tip);
        }
        let first = request.expected.plus(1);
        Ok(Appended {
            first,
            last: revision,
            position: self.head.position,
            recorded_at,
        })
    }

    /// Something is already there: the same append, or another one.
    fn compare(&mut self, request: &Request, tip: Tip) -> rusqlite::Result<Answer> {
        let other = Ok(Err(AppendError::WrongRevision {
            actual: tip.revision,
        }));
        let last = request.expected.plus(request.events.len());
        let mut rows = self.stored.query(params![
            tip.origin.0.cast_signed(),
            request.expected.0.cast_signed(),
            (last.0 - request.expected.0).cast_signed(),
        ])?;
        let mut end = None;
        for event in &request.events {
            let Some(row) = rows.next()? else {
                return other;
            };
            let same_id = row.get_ref(2)?.as_blob()? == event.id.as_bytes();
            if !same_id {
                return other;
            }
            let same =
                row.get_ref(3)?.as_str()? == event.kind && row.get_ref(4)?.as_blob()? == event.data;
            if !same {
                return Ok(Err(AppendError::IdReused { id: event.id }));
            }
            end = Some((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        }
        let Some((position, micros)) = end else {
            return other;
        };
        Ok(Ok(Appended {
            first: request.expected.plus(1),
            last,
            position: Position(position.cast_unsigned()),
            recorded_at: schema::instant(1, micros)?,
        }))
    }
}

/// The one number that `statement` finds, if any.
fn number(
    statement: &mut CachedStatement<'_>,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Option<u64>> {
    let found = statement
        .query_row(params, |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(found.map(i64::cast_unsigned))
}
