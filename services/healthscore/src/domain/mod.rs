//! What the healthscore service decides: one file per aggregate, each a [`keizoku_core::Decider`].

pub mod banding;
pub mod chunk;
mod defaults;
pub mod overriding;
pub mod releases;
pub mod scorecards;
pub mod silence;
pub mod uses;

#[cfg(test)]
pub(crate) use defaults::scorecards as shipped;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{AccountId, StreamId, derive_id};

/// The one stream of scorecards.
pub const SCORECARDS: StreamId = StreamId::singleton("scorecards");

/// The one stream of releases.
pub const RELEASES: StreamId = StreamId::singleton("releases");

/// Stream of the signals of an account that occurred in a month.
#[must_use]
pub fn chunk_stream(account: AccountId, month: i32) -> StreamId {
    let (account, month) = (account.uuid(), month.to_be_bytes());
    StreamId::new(
        "signals",
        derive_id("signals", &[account.as_bytes(), &month]),
    )
}

/// Stream of what people set the score of an account to.
#[must_use]
pub const fn override_stream(account: AccountId) -> StreamId {
    StreamId::new("override", account.uuid())
}

/// Stream of what was said of the band of an account.
#[must_use]
pub const fn band_stream(account: AccountId) -> StreamId {
    StreamId::new("band", account.uuid())
}

/// Stream of what was said of the silence of an account's signals.
#[must_use]
pub const fn silence_stream(account: AccountId) -> StreamId {
    StreamId::new("silence", account.uuid())
}

/// Stream of what was said of the use of the product by an account.
#[must_use]
pub const fn use_stream(account: AccountId) -> StreamId {
    StreamId::new("use", account.uuid())
}

/// The month of an instant in UTC, counted from year 0: the time zone of the organisation may change.
#[must_use]
pub fn month_of(at: Timestamp) -> i32 {
    let date = at.to_zoned(TimeZone::UTC).date();
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}
