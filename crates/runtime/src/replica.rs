//! Another service's events, kept on this process's own disk.
//!
//! A read model whose rows are the events themselves. What follows it has the source at hand: a
//! process starts with what it knew, whether or not the exchange can be reached, and reads
//! everything again without asking anybody.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use keizoku_bus::{Bus, BusError, Delivery, Source, Subscription};
use keizoku_core::{Position, Recorded, Revision};
use rusqlite::{Connection, Row, Transaction, params};
use tokio::sync::watch;
use uuid::Uuid;

use crate::Lifecycle;
use crate::projector::project;
use crate::read_model::{HandlerError, Projected, ReadModel, kept};
use crate::token::Progress;

/// Events that are read at once.
const PAGE: u32 = 1_024;
/// How long a question waits for the first word of the source.
const PATIENCE: Duration = Duration::from_secs(2);

const SCHEMA: &[&str] = &["
    CREATE TABLE event (
        position INTEGER PRIMARY KEY,
        stream TEXT NOT NULL,
        revision INTEGER NOT NULL,
        id BLOB NOT NULL,
        kind TEXT NOT NULL,
        recorded_at INTEGER NOT NULL, -- microseconds since 1970, UTC
        data BLOB NOT NULL,
        metadata BLOB NOT NULL
    );
"];

/// The events of one source, as far as they arrived.
pub struct Replica {
    source: &'static str,
    model: Arc<ReadModel>,
    progress: watch::Receiver<Progress>,
}

impl Replica {
    /// Opens the replica, or begins one, and keeps it in step with `bus` until the process stops.
    ///
    /// # Errors
    /// When the file can neither be opened nor replaced.
    pub fn open(
        path: &Path,
        source: &'static str,
        bus: Arc<dyn Bus>,
        lifecycle: &Lifecycle,
    ) -> rusqlite::Result<Self> {
        let model = ReadModel::open(path, SCHEMA, keep)?;
        let projected = Arc::new(Projected(Arc::clone(&model)));
        let progress = project(lifecycle, bus, source, projected, Duration::ZERO).progress;
        Ok(Self {
            source,
            model,
            progress,
        })
    }

    fn require(&self, source: &str) -> Result<(), BusError> {
        if source == self.source {
            return Ok(());
        }
        Err(BusError::UnknownSource(source.to_owned()))
    }

    /// How far it has come, once it has begun.
    async fn begun(&self) -> Result<Progress, BusError> {
        let mut progress = self.progress.clone();
        let begun = progress.wait_for(|progress| !progress.log_id.is_nil());
        match tokio::time::timeout(PATIENCE, begun).await {
            Ok(Ok(progress)) => Ok(*progress),
            Ok(Err(_)) | Err(_) => Err(BusError::Unheard(self.source.to_owned())),
        }
    }
}

#[async_trait]
impl Bus for Replica {
    async fn source(&self, source: &str) -> Result<Source, BusError> {
        self.require(source)?;
        let progress = self.begun().await?;
        Ok(Source {
            log_id: progress.log_id,
            head: progress.head.max(progress.position),
        })
    }

    async fn subscribe(&self, source: &str, after: Position) -> Result<Subscription, BusError> {
        self.require(source)?;
        let follower = Follower {
            source: self.source,
            log_id: self.begun().await?.log_id,
            model: Arc::clone(&self.model),
            progress: self.progress.clone(),
            position: after,
            head: after,
        };
        let deliveries = stream::unfold(Some(follower), async |follower| {
            let mut follower = follower?;
            match follower.next().await? {
                Ok(delivery) => Some((Ok(delivery), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(deliveries.boxed())
    }
}

struct Follower {
    source: &'static str,
    log_id: Uuid,
    model: Arc<ReadModel>,
    progress: watch::Receiver<Progress>,
    position: Position,
    head: Position,
}

impl Follower {
    /// `None` when the process stops.
    async fn next(&mut self) -> Option<Result<Delivery, BusError>> {
        loop {
            let progress = *self.progress.borrow_and_update();
            let mut events = Vec::new();
            if self.position < progress.position {
                match self.page().await {
                    Ok(page) => events = page,
                    Err(error) => return Some(Err(error)),
                }
            }
            if let Some(last) = events.last() {
                self.position = last.position;
            }
            let head = progress.head.max(self.position);
            if !events.is_empty() || head > self.head {
                self.head = head;
                return Some(Ok(Delivery {
                    log_id: self.log_id,
                    events,
                    head,
                }));
            }
            if progress.log_id != self.log_id {
                return Some(Err(self.interrupted("it has another log now".to_owned())));
            }
            self.progress.changed().await.ok()?;
        }
    }

    /// The next events; refused when they are of another log by now.
    async fn page(&self) -> Result<Vec<Arc<Recorded>>, BusError> {
        let (source, after) = (self.source, self.position);
        let read = self.model.read(move |rows| page(rows, source, after));
        match read.await {
            Ok((log_id, events)) if log_id == self.log_id => Ok(events),
            Ok(_) => Err(self.interrupted("it has another log now".to_owned())),
            Err(failure) => Err(self.interrupted(failure.message().to_owned())),
        }
    }

    fn interrupted(&self, reason: String) -> BusError {
        BusError::Interrupted {
            source_name: self.source.to_owned(),
            reason,
        }
    }
}

/// Keeps an event.
fn keep(rows: &Transaction<'_>, _source: &str, event: &Recorded) -> Result<(), HandlerError> {
    let mut insert = rows.prepare_cached(
        "INSERT INTO event (position, stream, revision, id, kind, recorded_at, data, metadata)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        number(event.position.0),
        event.stream,
        number(event.revision.0),
        event.id.as_bytes(),
        event.kind,
        event.recorded_at.as_microsecond(),
        event.data,
        event.metadata,
    ])?;
    Ok(())
}

/// Events after a position, and the log that they are of, both of one moment.
fn page(
    rows: &Connection,
    source: &str,
    after: Position,
) -> rusqlite::Result<(Uuid, Vec<Arc<Recorded>>)> {
    let rows = rows.unchecked_transaction()?;
    let log_id = kept(&rows, source)?.map_or(Uuid::nil(), |(log_id, _)| log_id);
    let mut select = rows.prepare_cached(
        "SELECT position, stream, revision, id, kind, recorded_at, data, metadata FROM event
         WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    let events = select.query_map(params![number(after.0), PAGE], event)?;
    let events = events.map(|event| event.map(Arc::new));
    Ok((log_id, events.collect::<rusqlite::Result<_>>()?))
}

fn event(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let count = |column| row.get(column).map(|number: i64| number.unsigned_abs());
    let recorded_at = Timestamp::from_microsecond(row.get(5)?);
    Ok(Recorded {
        position: Position(count(0)?),
        stream: row.get(1)?,
        revision: Revision(count(2)?),
        id: Uuid::from_bytes(row.get(3)?),
        kind: row.get(4)?,
        recorded_at: recorded_at.map_err(|_| rusqlite::Error::IntegralValueOutOfRange(5, 0))?,
        data: row.get(6)?,
        metadata: row.get(7)?,
    })
}

/// Positions are far below what SQLite counts to.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
