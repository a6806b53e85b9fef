//! What every service needs around its domain.
//!
//! *Used by* the services and the binary. *Guarantees*: a command is decided, durable and
//! answered once per request id ([`execute`]); read models keep rows and position together
//! ([`read_model`], [`projector`]); errors leave as one kind of `Status` ([`failure`]); an RPC is
//! refused unless its proto says who may call it ([`access`]). *Fails* by [`Failure`], never by
//! panic.

pub mod access;
pub mod account_names;
pub mod book;
pub mod calendar;
pub mod call;
mod cause;
pub mod config;
pub mod crypto;
mod deps;
pub mod effect;
pub mod execute;
pub mod failure;
mod fold;
mod folds;
mod inbox;
pub mod intake;
mod kept;
pub mod lifecycle;
pub mod names;
pub mod outcome;
pub mod page;
pub mod parse;
pub mod projector;
pub mod reaction;
pub mod read_model;
mod refusal;
pub mod replica;
pub mod server;
mod socket;
pub mod telemetry;
pub mod token;

pub use book::SharedBook;
pub use calendar::Calendar;
pub use call::{Call, Identity};
pub use cause::Cause;
pub use deps::Deps;
pub use execute::Executor;
pub use failure::{DomainError, Failure, Never};
pub use fold::{Author, Fold};
pub use kept::Kept;
pub use lifecycle::{BuildError, Lifecycle};
pub use outcome::Outcome;
pub use parse::Violations;
pub use token::{Followed, Freshness, Token};
