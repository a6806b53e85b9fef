//! The log: the one record of what happened, from which everything else can be rebuilt.
//!
//! *Used by* the executor (appends and folds), by the local bus and the relays (follow), and by
//! the command line (backup, restore, verify). Each service has a log of its own.
//!
//! *Guarantees* what [`EventLog`] promises. Each promise is a named case in `conformance`, which
//! every backend passes; the backend that needs no infrastructure is [`sqlite`].
//!
//! *Fails* with [`AppendError`], which says for certain whether something was written unless it is
//! [`AppendError::Unknown`], and with [`LogError`] when reading.
//!
//! To add a backend: implement [`EventLog`] in a module here, then give its tests one file with a
//! `conformance::Backend` and the line `conformance_suite!(…)`.

#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod event_log;
mod follow;
pub mod sqlite;

pub use error::{AppendError, Cause, LogError};
pub use event_log::{Appended, EventLog, Head};
pub use follow::follow;
