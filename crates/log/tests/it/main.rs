//! The SQLite log: the conformance suite, and what only this backend has.

mod backup;
mod child;
mod crash;
mod disk;
mod full;
mod model;
mod opening;
mod origins;
mod sqlite;
mod support;
mod wal;
