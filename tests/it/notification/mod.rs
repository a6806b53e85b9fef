//! Messages: from a fact over the real services to Slack and a mail server on loopback.

mod api;
mod causes;
mod digest;
mod mail;
mod onboardings;
mod quiet;
mod restarts;
mod rules;
mod slack;
mod triggers;
mod webhooks;
pub(crate) mod world;
