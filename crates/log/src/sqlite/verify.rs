//! Checking a log from end to end.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::path::Path;

use keizoku_core::Position;
use rusqlite::{Connection, params};

use super::{OpenError, Progress, origins, schema};

/// Problems that are described; more are only counted.
const DESCRIBED: usize = 100;
/// Events between two calls of the progress function.
const STEP: u64 = 16_384;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Events that were read.
    pub events: u64,
    /// Streams that they belong to.
    pub streams: u64,
    /// Position of the last one.
    pub last: Position,
    /// How many problems there are.
    pub problem_count: u64,
    /// The first hundred of them, for people.
    pub problems: Vec<String>,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, problem: String) {
        self.problem_count += 1;
        if self.problems.len() < DESCRIBED {
            self.problems.push(problem);
        }
    }
}

/// Reads the whole log or backup at `path` and checks the database's own structure, that positions
/// rise, that recorded time never goes back, that ids are ids, that each stream begins once, where
/// its name leads to, and counts from 1 without a gap in the order of its positions. A process may
/// be writing to it meanwhile.
///
/// # Errors
/// When it cannot be read at all; what is wrong in it is in the answer.
pub fn verify(path: &Path, mut progress: impl FnMut(Progress)) -> Result<Verified, OpenError> {
    let db = schema::examine_file(path)?;
    let mut found = Verified::default();
    let checked = structure(&db, &mut found, &mut progress).and_then(|()| {
        // What is written meanwhile must not look like a gap between events and index.
        let _snapshot = db.unchecked_transaction()?;
        events(&db, &mut found, &mut progress)
    });
    checked.map_err(|error| OpenError::database(path, error))?;
    Ok(found)
}

fn structure(
    db: &Connection,
    found: &mut Verified,
    progress: &mut impl FnMut(Progress),
) -> rusqlite::Result<()> {
    let what = "checking the database";
    progress(Progress {
        what,
        done: 0,
        total: 1,
    });
    let mut statement = db.prepare("PRAGMA integrity_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            found.problem(line);
        }
    }
    progress(Progress {
        what,
        done: 1,
        total: 1,
    });
    Ok(())
}

/// One pass in the order of positions, as a reader of the whole log makes it.
fn events(
    db: &Connection,
    found: &mut Verified,
    progress: &mut impl FnMut(Progress),
) -> rusqlite::Result<()> {
    let mut ticks = Ticks::new(db, "checking events", progress)?;
    let mut statement = db.prepare(
        "SELECT position, recorded_at, length(id), origin, stream, revision
         FROM event ORDER BY position",
    )?;
    let mut rows = statement.query([])?;
    let mut streams = Streams::default();
    let mut index = Index::new(db)?;
    let mut last = (0_i64, i64::MIN);
    while let Some(row) = rows.next()? {
        let (position, recorded_at, id): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if position <= last.0 {
            found.problem(format!("position {position} is not above 0"));
        }
        if recorded_at < last.1 {
            found.problem(format!(
                "position {position} was recorded before the one below it"
            ));
        }
        if id != 16 {
            found.problem(format!("position {position} has an id of {id} bytes"));
        }
        let (origin, stream) = (row.get(3)?, row.get_ref(4)?.as_str()?);
        if let Err(problem) = streams.next(position, origin, stream, row.get(5)?) {
            found.problem(problem);
        }
        if origin.is_none()
            && let Some(problem) = index.begins(stream, position)?
        {
            found.problem(problem);
        }
        last = (position, recorded_at);
        found.events += 1;
        found.last = Position(position.cast_unsigned());
        ticks.tick();
    }
    if let Some(problem) = index.end()? {
        found.problem(problem);
    }
    found.streams = streams.0.len() as u64;
    ticks.end();
    Ok(())
}

/// Follows along whether names lead to where streams begin.
struct Index<'db> {
    db: &'db Connection,
    /// Up to where all of them are in the index; `None` in a format that had another one.
    indexed_to: Option<Position>,
    /// How many were found in the index.
    found: i64,
    /// By hash of the name: where streams begin.
    begun: HashMap<u64, Vec<i64>>,
}

impl<'db> Index<'db> {
    fn new(db: &'db Connection) -> rusqlite::Result<Self> {
        let indexed_to = db.table_exists(None, "stream_origin")?;
        Ok(Self {
            db,
            indexed_to: indexed_to.then(|| schema::indexed_to(db)).transpose()?,
            found: 0,
            begun: HashMap::new(),
        })
    }

    fn begins(&mut self, stream: &str, position: i64) -> rusqlite::Result<Option<String>> {
        let hash = origins::hash(stream);
        let earlier = self.begun.entry(hash).or_default();
        let mut name = self
            .db
            .prepare_cached("SELECT 1 FROM event WHERE position = ?1 AND stream = ?2")?;
        for other in earlier.iter() {
            if name.exists(params![other, stream])? {
                let problem = format!("{stream} begins at {other} and at {position}");
                return Ok(Some(problem));
            }
        }
        earlier.push(position);
        let Some(indexed_to) = self.indexed_to else {
            return Ok(None);
        };
        let mut indexed = self
            .db
            .prepare_cached("SELECT 1 FROM stream_origin WHERE hash = ?1 AND position = ?2")?;
        let is_indexed = indexed.exists(params![hash.cast_signed(), position])?;
        self.found += i64::from(is_indexed);
        let is_due = position.cast_unsigned() <= indexed_to.0;
        Ok((is_due && !is_indexed)
            .then(|| format!("{stream} begins at {position}, but its name does not lead there")))
    }

    /// Every entry of the index leads to where a stream begins.
    fn end(&self) -> rusqlite::Result<Option<String>> {
        if self.indexed_to.is_none() {
            return Ok(None);
        }
        let entries: i64 = self
            .db
            .query_row("SELECT count(*) FROM stream_origin", [], |row| row.get(0))?;
        let astray = entries - self.found;
        Ok((astray != 0).then(|| format!("{astray} names lead to where no stream begins")))
    }
}

/// By origin: a hash of the stream's name, and its last revision.
#[derive(Default)]
struct Streams(HashMap<i64, (u64, i64)>);

impl Streams {
    fn next(
        &mut self,
        position: i64,
        origin: Option<i64>,
        stream: &str,
        revision: i64,
    ) -> Result<(), String> {
        let name = self.0.hasher().hash_one(stream);
        let Some(origin) = origin else {
            self.0.insert(position, (name, revision));
            return at_revision(stream, revision, 1);
        };
        let Some((expected_name, last)) = self.0.get_mut(&origin) else {
            return Err(format!("position {position}: no stream begins at {origin}"));
        };
        if *expected_name != name {
            return Err(format!(
                "position {position}: {stream} does not begin at {origin}"
            ));
        }
        let expected = *last + 1;
        *last = revision;
        at_revision(stream, revision, expected)
    }
}

fn at_revision(stream: &str, revision: i64, expected: i64) -> Result<(), String> {
    if revision == expected {
        return Ok(());
    }
    Err(format!(
        "{stream}: revision {revision} where {expected} should be"
    ))
}

/// Calls the progress function now and then.
struct Ticks<'a, P> {
    at: Progress,
    report: &'a mut P,
}

impl<'a, P: FnMut(Progress)> Ticks<'a, P> {
    fn new(db: &Connection, what: &'static str, report: &'a mut P) -> rusqlite::Result<Self> {
        // Positions have hardly any gaps, and counting rows would read them all.
        let total = schema::head(db)?.position.0;
        Ok(Self {
            at: Progress {
                what,
                done: 0,
                total,
            },
            report,
        })
    }

    fn tick(&mut self) {
        self.at.done += 1;
        self.at.total = self.at.total.max(self.at.done);
        if self.at.done.is_multiple_of(STEP) {
            (self.report)(self.at);
        }
    }

    fn end(mut self) {
        self.at.total = self.at.done;
        (self.report)(self.at);
    }
}
