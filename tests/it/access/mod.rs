//! Every RPC that the protos declare, called by a test that does not know what it is for.

mod callers;
mod garbage;
mod raw;
mod walk;

pub(crate) use raw::Raw;
