//! Messages: from a fact over the real services to Slack and a mail server on loopback.

mod api;
mod causes;
mod digest;
mod mail;
mod onboardings;
mod restarts;
mod slack;
mod triggers;
pub(crate) mod world;
