//! What the book reads: events of the accounts service's log.

use jiff::Timestamp;
use keizoku_core::{Day, Money, Recorded, Revision};
use keizoku_proto::accounts::{self, event::Kind};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::{StoredEvent as _, UnreadableEvent, common};
use prost::Message as _;
use uuid::Uuid;

use crate::contract::Terms;

/// One event, and what of its envelope counts.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// When the log accepted it.
    pub recorded_at: Timestamp,
    /// Where it stands in its stream: a contract fact's identity.
    pub revision: Revision,
    /// Whether it was brought over from another system (ACC-7).
    pub imported: bool,
    /// What happened.
    pub kind: &'a Kind,
}

/// Why an event could not be read; the book is as it was before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It was written by a newer version, or its bytes are damaged.
    #[error(transparent)]
    Event(#[from] UnreadableEvent),
    /// The event holds what its service never records.
    #[error("the event's `{0}` cannot be read")]
    Malformed(&'static str),
}

/// An event decoded from the log: half of the work of reading it, and needs no book.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    recorded_at: Timestamp,
    revision: Revision,
    imported: bool,
    kind: Kind,
}

impl Decoded {
    /// Decodes an event as the log holds it.
    ///
    /// # Errors
    /// When it was written by a newer version, or is damaged.
    pub fn from_log(recorded: &Recorded) -> Result<Self, Unreadable> {
        let kind = Kind::from_bytes(&recorded.data)?;
        let origin = Origin::decode(recorded.metadata.as_slice());
        let origin = origin.map_err(UnreadableEvent::Damaged)?.origin();
        Ok(Self {
            recorded_at: recorded.recorded_at,
            revision: recorded.revision,
            imported: origin == common::Origin::Import,
            kind,
        })
    }

    /// The event, to be read by a book.
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        Entry {
            recorded_at: self.recorded_at,
            revision: self.revision,
            imported: self.imported,
            kind: &self.kind,
        }
    }
}

/// `EventMetadata` with the one field that the book needs: the others are passed over, not copied.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Origin {
    #[prost(enumeration = "common::Origin", tag = "2")]
    origin: i32,
}

pub(crate) fn id<T: From<Uuid>>(text: &str, field: &'static str) -> Result<T, Unreadable> {
    Uuid::try_parse(text)
        .map(T::from)
        .map_err(|_| Unreadable::Malformed(field))
}

pub(crate) fn optional_id<T: From<Uuid>>(
    text: &str,
    field: &'static str,
) -> Result<Option<T>, Unreadable> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(text, field).map(Some)
    }
}

pub(crate) fn day(date: Option<&Date>, field: &'static str) -> Result<Day, Unreadable> {
    optional_day(date, field)?.ok_or(Unreadable::Malformed(field))
}

fn optional_day(date: Option<&Date>, field: &'static str) -> Result<Option<Day>, Unreadable> {
    keizoku_proto::optional_day(date).map_err(|_| Unreadable::Malformed(field))
}

pub(crate) fn mrr(minor: i64) -> Result<i64, Unreadable> {
    Money::mrr(minor)
        .map(Money::minor)
        .map_err(|_| Unreadable::Malformed("mrr"))
}

pub(crate) fn terms(terms: Option<&accounts::Terms>) -> Result<Option<Terms>, Unreadable> {
    let Some(terms) = terms else { return Ok(None) };
    Ok(Some(Terms {
        renewal: optional_day(terms.next_renewal_date.as_ref(), "next_renewal_date")?,
        notice: optional_day(terms.notice_deadline.as_ref(), "notice_deadline")?,
        // Nobody signs for more than 21 years.
        term_months: u8::try_from(terms.term_months).unwrap_or(u8::MAX),
        auto_renew: terms.auto_renew,
    }))
}
