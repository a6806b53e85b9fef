//! Where streams begin, found by their names.
//!
//! Names of new streams are random. In an index of names each would go to a page of its own, and a
//! group of appends would write as many pages as it begins streams. So an origin (the position of a
//! stream's first event) is kept in memory first, and moves into the index later, beside others
//! whose places are near: the index is divided into parts by the hash of the name, and each time
//! the log has grown by [`STEP`] positions the next part takes what has gathered for it.
//!
//! What memory held when a process ended is read again at the next opening, from the events after
//! `indexed_to`: up to there everything is in the index.

use std::collections::BTreeSet;
use std::hash::Hasher as _;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use keizoku_core::Position;
use rusqlite::{Connection, OptionalExtension as _, params};
use siphasher::sip::SipHasher13;

use super::schema;

/// Parts of the index, by the first bits of the hash.
const PARTS: u64 = 256;
/// Positions after which the next part takes what has gathered for it.
const STEP: u64 = 64;
/// Events that an opening reads to find what memory held; if there are more, all of it is indexed.
const READ_AT_OPENING: u64 = 4 * PARTS * STEP;
/// Bits of a hash: SQLite's integers have a sign, and its order is the parts' order without one.
const HASH_BITS: u32 = 63;

const BEGINS: &str = "SELECT 1 FROM event WHERE position = ?1 AND stream = ?2";
const INDEXED: &str = "
    SELECT event.position FROM stream_origin JOIN event USING (position)
    WHERE hash = ?1 AND event.stream = ?2";
const INDEX: &str = "INSERT OR IGNORE INTO stream_origin (hash, position) VALUES (?1, ?2)";
const FIRST_EVENTS: &str =
    "SELECT stream, position FROM event WHERE position > ?1 AND origin IS NULL";
const UNINDEXED: &str =
    "SELECT position FROM event WHERE position > ?1 AND origin IS NULL AND stream = ?2";

/// Where a stream begins, in the order of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    hash: u64,
    position: Position,
}

impl Origin {
    pub(super) fn new(stream: &str, position: Position) -> Self {
        let hash = hash(stream);
        Self { hash, position }
    }
}

/// The origins of all streams: the youngest in memory, the others in the database.
pub(super) struct Origins(RwLock<Young>);

#[derive(Default)]
struct Young {
    origins: BTreeSet<Origin>,
    /// Where the log ended when the first part's turn came last. When it comes again, everything
    /// up to there is in the index.
    round_began: Option<Position>,
}

/// What a group moved into the index; it counts when the group is committed.
#[derive(Default)]
pub(super) struct Moved {
    origins: Vec<Origin>,
    round_began: Option<Position>,
}

impl Origins {
    /// Finds out what an earlier process had in memory.
    pub(super) fn open(db: &Connection) -> rusqlite::Result<Self> {
        let (indexed_to, head) = (schema::indexed_to(db)?, schema::head(db)?.position);
        let mut origins = unindexed(db, indexed_to)?;
        if head.0.saturating_sub(indexed_to.0) > READ_AT_OPENING {
            let transaction = db.unchecked_transaction()?;
            index(db, &origins)?;
            schema::set_indexed_to(db, head)?;
            transaction.commit()?;
            origins.clear();
        }
        Ok(Self(RwLock::new(Young {
            origins,
            round_began: None,
        })))
    }

    /// Where `stream` begins. Its first event was committed, or is in the group being written and
    /// known to the writer.
    pub(super) fn find(&self, db: &Connection, stream: &str) -> rusqlite::Result<Option<Position>> {
        let hash = hash(stream);
        // Before the database is asked: what moves into the index meanwhile is found there.
        let candidates: Vec<Origin> = with_hashes(&self.young().origins, hash, hash);
        let mut begins = db.prepare_cached(BEGINS)?;
        for Origin { position, .. } in candidates {
            if begins.exists(params![position.0.cast_signed(), stream])? {
                return Ok(Some(position));
            }
        }
        let mut indexed = db.prepare_cached(INDEXED)?;
        let found = indexed.query_row(params![hash.cast_signed(), stream], |row| {
            row.get::<_, i64>(0)
        });
        Ok(found
            .optional()?
            .map(|found| Position(found.cast_unsigned())))
    }

    /// Moves into the index what is due when a group takes the log from `before` to `after`.
    pub(super) fn move_due(
        &self,
        db: &Connection,
        before: Position,
        after: Position,
    ) -> rusqlite::Result<Moved> {
        let mut moved = Moved::default();
        let (first, last) = (before.0 / STEP + 1, after.0 / STEP);
        if first > last {
            return Ok(moved);
        }
        let young = self.young();
        for turn in first.max(last.saturating_sub(PARTS - 1))..=last {
            let part = turn % PARTS;
            let width = 1 << (HASH_BITS - PARTS.ilog2());
            let origins = with_hashes(&young.origins, part * width, (part + 1) * width - 1);
            index(db, &origins)?;
            moved.origins.extend(origins);
            if part == 0 {
                if let Some(indexed_to) = young.round_began {
                    schema::set_indexed_to(db, indexed_to)?;
                }
                moved.round_began = Some(before);
            }
        }
        Ok(moved)
    }

    /// A group was committed.
    pub(super) fn committed(&self, began: Vec<Origin>, moved: &Moved) {
        let mut young = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for origin in &moved.origins {
            young.origins.remove(origin);
        }
        young.origins.extend(began);
        young.round_began = moved.round_began.or(young.round_began);
    }

    fn young(&self) -> RwLockReadGuard<'_, Young> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where `stream` begins, for a process that has no [`Origins`] because it only reads: it looks
/// through the events that may not be in the index yet. The file may be of an older format.
pub(super) fn find_without(db: &Connection, stream: &str) -> rusqlite::Result<Option<Position>> {
    // Before the index is asked: what moves into it meanwhile is found there.
    let indexed_to = schema::indexed_to(db)?;
    if db.table_exists(None, "stream_origin")? {
        let indexed = position(db, INDEXED, params![hash(stream).cast_signed(), stream])?;
        if indexed.is_some() {
            return Ok(indexed);
        }
    }
    position(db, UNINDEXED, params![indexed_to.0.cast_signed(), stream])
}

/// The position that a query finds, if it finds one.
fn position(
    db: &Connection,
    query: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Option<Position>> {
    let mut statement = db.prepare_cached(query)?;
    let found = statement.query_row(params, |row| row.get::<_, i64>(0));
    let found = found.optional()?;
    Ok(found.map(|found| Position(found.cast_unsigned())))
}

/// Origins of the events after `indexed_to`.
fn unindexed(db: &Connection, indexed_to: Position) -> rusqlite::Result<BTreeSet<Origin>> {
    let mut statement = db.prepare(FIRST_EVENTS)?;
    let origins = statement.query_map([indexed_to.0.cast_signed()], |row| {
        let position: i64 = row.get(1)?;
        let stream = row.get_ref(0)?.as_str()?;
        Ok(Origin::new(stream, Position(position.cast_unsigned())))
    })?;
    origins.collect()
}

/// Origins whose hashes lie between two, both included.
fn with_hashes(origins: &BTreeSet<Origin>, least: u64, most: u64) -> Vec<Origin> {
    let end = |hash, position| Origin { hash, position };
    let range = end(least, Position::START)..=end(most, Position(u64::MAX));
    origins.range(range).copied().collect()
}

fn index<'a>(
    db: &Connection,
    origins: impl IntoIterator<Item = &'a Origin>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(INDEX)?;
    for Origin { hash, position } in origins {
        statement.execute(params![hash.cast_signed(), position.0.cast_signed()])?;
    }
    Ok(())
}

/// The hash that the index has for a stream's name. It is in the files: never change it.
pub(super) fn hash(stream: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(stream.as_bytes());
    hasher.finish() >> (u64::BITS - HASH_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_in_the_files() {
        assert_eq!(hash(""), 7_565_435_706_391_538_070);
        assert_eq!(hash("risk-1"), 1_759_431_501_288_372_847);
    }
}
