//! The generated messages, clients and servers of Keizoku's API, and its events.
//!
//! *Used by* everything above `core`. *Guarantees*: one schema for log, exchange and API; every
//! RPC declares who may call it (checked when this crate is built). *Fails* when an event was
//! written by a newer version: [`UnreadableEvent`].

mod ext;

pub use ext::{DateError, date, day, instant, optional_day, timestamp};
pub use generated::{google, keizoku};

/// What the generator wrote.
mod generated {
    #![expect(
        clippy::all,
        clippy::pedantic,
        missing_docs,
        reason = "generated code follows its generator's style"
    )]
    tonic::include_proto!("keizoku");
}

include!(concat!(env!("OUT_DIR"), "/event_names.rs"));

/// Every message and service, encoded as a `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keizoku.bin"));

/// Short names for the packages.
pub mod common {
    pub use crate::keizoku::common::v1::*;
}
/// Messages and services of the accounts service.
pub mod accounts {
    pub use crate::keizoku::accounts::v1::*;
}
/// Messages and services of the risk service.
pub mod risk {
    pub use crate::keizoku::risk::v1::*;
}
/// Messages and services of the forecast service.
pub mod forecast {
    pub use crate::keizoku::forecast::v1::*;
}
/// Messages and services of the notification service.
pub mod notification {
    pub use crate::keizoku::notification::v1::*;
}

/// Messages and services of the onboarding service.
pub mod onboarding {
    pub use crate::keizoku::onboarding::v1::*;
}
/// Messages and services of the healthscore service.
pub mod healthscore {
    pub use crate::keizoku::healthscore::v1::*;
}

/// An event as it is stored: the `oneof kind` of a service's `Event`.
pub trait StoredEvent: Sized + Clone + Send + Sync + 'static {
    /// Name of the event as the log and the bus know it.
    fn type_name(&self) -> &'static str;
    /// The encoded `Event`.
    fn to_bytes(&self) -> Vec<u8>;
    /// Reads an encoded `Event`.
    ///
    /// # Errors
    /// When it was written by a newer version, or is damaged.
    fn from_bytes(bytes: &[u8]) -> Result<Self, UnreadableEvent>;
}

/// Why a stored event cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnreadableEvent {
    /// It is of a type that this version does not know.
    NewerVersion,
    /// Its bytes are no event.
    Damaged(prost::DecodeError),
}

impl std::fmt::Display for UnreadableEvent {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NewerVersion => out.write_str(
                "the event was written by a newer version of Keizoku; upgrade this process",
            ),
            Self::Damaged(_) => out.write_str("the event's bytes are damaged"),
        }
    }
}

impl std::error::Error for UnreadableEvent {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NewerVersion => None,
            Self::Damaged(error) => Some(error),
        }
    }
}
