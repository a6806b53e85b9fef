//! Containers for models of millions of rows: they grow without ever copying what they hold, so
//! that a write never holds its lock for long, and they report the bytes they take.

mod chunked;
mod ids;
mod names;

pub use chunked::{CHUNK, Chunked};
pub use ids::IdTable;
pub use names::{Names, Texts};

/// The number of something that is about to get the next dense index.
///
/// Models hold fewer than `u32::MAX` of anything; past that, everything would share the last index.
pub(crate) fn dense(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
