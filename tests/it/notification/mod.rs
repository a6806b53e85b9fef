//! Messages: from a fact over the real services to Slack and a mail server on loopback.

mod triggers;
pub(crate) mod world;
