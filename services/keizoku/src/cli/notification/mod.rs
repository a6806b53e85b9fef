//! `keizoku notification`: who is told about what, and what became of each message (NTF-2, NTF-4,
//! NTF-5).

mod deliveries;
mod endpoints;
mod rules;
mod test_send;

use clap::Subcommand;
use keizoku_proto::notification::Recipient;
use keizoku_proto::notification::recipient::To;

use super::context::Context;
use crate::error::Failure;

/// What to do with notifications.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Who is told about what
    #[command(subcommand)]
    Rule(rules::Command),
    /// Messages, newest first
    Deliveries(deliveries::ListArgs),
    /// Messages that were given up, and why
    DeadLetters(deliveries::DeadLettersArgs),
    /// One message: its words, and what became of it
    Show(deliveries::ShowArgs),
    /// Send dead letters, ambiguous or suppressed messages after all
    Redrive(deliveries::RedriveArgs),
    /// Who gets outgoing webhooks
    #[command(subcommand)]
    Endpoint(endpoints::Command),
    /// Try out a channel
    TestSend(test_send::Args),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Rule(command) => command.run(context).await,
            Self::Deliveries(args) => args.run(context).await,
            Self::DeadLetters(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Redrive(args) => args.run(context).await,
            Self::Endpoint(command) => command.run(context).await,
            Self::TestSend(args) => args.run(context).await,
        }
    }
}

/// A name in its collection: `risk-opened` is `rules/risk-opened`.
fn named(collection: &str, text: &str) -> String {
    if text.starts_with(collection) {
        text.to_owned()
    } else {
        format!("{collection}{text}")
    }
}

/// Where a message goes, as people call it.
async fn recipient(context: &Context, recipient: Option<&Recipient>) -> String {
    match recipient.and_then(|recipient| recipient.to.as_ref()) {
        Some(To::User(user)) => {
            let people = context.people().await;
            super::context::named(&people, user).to_owned()
        }
        Some(To::SlackChannel(channel)) => channel.clone(),
        Some(To::Webhook(name)) => format!("webhook {name}"),
        Some(To::Email(address)) => address.clone(),
        Some(To::Endpoint(name)) => format!("endpoint {name}"),
        None => "nobody".to_owned(),
    }
}
