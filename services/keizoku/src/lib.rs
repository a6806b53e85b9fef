//! What the `keizoku` binary does: everyday commands, the import of a CRM export, the server itself,
//! and an operator's work on its files ([`ops`]).
//!
//! *Used by* the binary, by a server that loads the sample on its first start, and by tests.
//! *Guarantees*: the client side speaks nothing but the public gRPC API; every mutation carries a request id
//! and is repeated with the same one when the server is unavailable. *Fails* with
//! [`error::Failure`], which explains itself to a person at a terminal.

pub mod cli;
pub mod client;
pub mod demo;
pub mod error;
pub mod import;
pub mod ops;
pub mod server;
