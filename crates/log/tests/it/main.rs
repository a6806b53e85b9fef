//! The SQLite log: the conformance suite, and what only this backend has.

mod sqlite;
