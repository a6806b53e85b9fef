//! What the log stores around an event, without knowing what the event says.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::InvalidId;

/// Where an event stands in its log. Later events have higher positions; there may be gaps.
/// `Position::START` lies before the first event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Number of an event within its stream; the first is 1, without gaps. 0 means "no event yet",
/// so a stream's revision is also the number of its events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a stream that does not exist.
    pub const NONE: Self = Self(0);

    /// The revision after `events` more events.
    #[must_use]
    pub fn plus(self, events: usize) -> Self {
        Self(self.0 + events as u64)
    }
}

/// Id of one event: the same command again gives the same ids.
pub type EventId = Uuid;

/// Name of a stream: the kind of thing it tells about, and which one: `risk-6f1c…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    category: &'static str,
    id: Uuid,
}

impl StreamId {
    /// The stream of one thing.
    #[must_use]
    pub const fn new(category: &'static str, id: Uuid) -> Self {
        Self { category, id }
    }

    /// The stream of which there is one, such as the organisation's.
    #[must_use]
    pub const fn singleton(category: &'static str) -> Self {
        Self {
            category,
            id: Uuid::nil(),
        }
    }

    /// The kind of thing.
    #[must_use]
    pub const fn category(&self) -> &'static str {
        self.category
    }

    /// Which one.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.category, self.id.simple())
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// An event on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Id, unique within the stream.
    pub id: EventId,
    /// What happened, as in the proto: `risk_opened`.
    pub kind: &'static str,
    /// The event, encoded once; never encoded again.
    pub data: Vec<u8>,
    /// Who, why and how, encoded.
    pub metadata: Vec<u8>,
}

/// An event as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Where it stands in its log.
    pub position: Position,
    /// Name of its stream, as stored: a newer version may have written categories unknown here.
    pub stream: String,
    /// Where it stands in its stream.
    pub revision: Revision,
    /// Id.
    pub id: EventId,
    /// What happened.
    pub kind: String,
    /// When the log accepted it; never goes back within a log.
    pub recorded_at: Timestamp,
    /// The event, encoded.
    pub data: Vec<u8>,
    /// Who, why and how, encoded.
    pub metadata: Vec<u8>,
}

impl Recorded {
    /// Category of the event's stream.
    #[must_use]
    pub fn category(&self) -> &str {
        self.stream
            .rsplit_once('-')
            .map_or(self.stream.as_str(), |(category, _)| category)
    }

    /// Id of the thing that the event's stream tells about.
    ///
    /// # Errors
    /// When the stream's name does not end in one.
    pub fn subject(&self) -> Result<Uuid, InvalidId> {
        let id = self.stream.rsplit_once('-').map_or("", |(_, id)| id);
        Uuid::from_str(id).map_err(|_| InvalidId(self.stream.clone()))
    }
}
