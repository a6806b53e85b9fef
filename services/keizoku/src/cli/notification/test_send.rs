//! `keizoku notification test-send`: a message to try out a channel, and what became of it.

use std::time::Duration;

use clap::ArgGroup;
use keizoku_proto::notification::recipient::To;
use keizoku_proto::notification::{
    Channel, DeliveryState, GetDeliveryRequest, Recipient, SendTestMessageRequest,
};

use super::deliveries;
use crate::cli::context::Context;
use crate::cli::output::answer;
use crate::client::call;
use crate::error::Failure;

/// How long the outcome is waited for; it can be asked for later.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time between two looks.
const PACE: Duration = Duration::from_millis(200);

/// Arguments of `keizoku notification test-send`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification test-send --webhook default
  keizoku notification test-send --slack '#cs-east'
  keizoku notification test-send --email cs@example.com --locale en
  keizoku notification test-send --to-endpoint crm
  keizoku notification test-send --user 山田花子 --by email")]
#[command(group = ArgGroup::new("to").required(true).args(["webhook", "slack", "email", "user", "to_endpoint"]))]
pub struct Args {
    /// An incoming webhook, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    webhook: Option<String>,
    /// A Slack channel
    #[arg(long, value_name = "CHANNEL")]
    slack: Option<String>,
    /// An address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// An endpoint for outgoing webhooks, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    to_endpoint: Option<String>,
    /// A person of the directory
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// How a person is told
    #[arg(long, value_enum, default_value_t = By::Slack)]
    by: By,
    /// Language: ja or en [default: the organisation's]
    #[arg(long, default_value = "", hide_default_value = true)]
    locale: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// A direct message
    Slack,
    /// An email
    Email,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = SendTestMessageRequest {
            recipient: Some(self.recipient(context).await?),
            locale: self.locale,
            request_id: context.request_id(),
        };
        let mut response = call(async || {
            context
                .connection
                .notifications()
                .send_test_message(request.clone())
                .await
        })
        .await?;
        let name = response
            .delivery
            .as_ref()
            .map_or("", |sent| sent.name.as_str());
        let watching = settled(context, name.to_owned());
        // Whoever is not patient sees that it is still on its way.
        if let Ok(delivery) = tokio::time::timeout(PATIENCE, watching).await {
            response.delivery = Some(delivery?);
        }
        let delivery = response.delivery.clone().unwrap_or_default();
        let text = deliveries::text(context, &delivery).await?;
        answer!(
            context,
            notification::SendTestMessageResponse,
            &response,
            text
        )
    }

    async fn recipient(&self, context: &Context) -> Result<Recipient, Failure> {
        let (channel, to) = if let Some(name) = &self.webhook {
            (Channel::Slack, To::Webhook(name.clone()))
        } else if let Some(slack) = &self.slack {
            (Channel::Slack, To::SlackChannel(slack.clone()))
        } else if let Some(address) = &self.email {
            (Channel::Email, To::Email(address.clone()))
        } else if let Some(name) = &self.to_endpoint {
            (Channel::Webhook, To::Endpoint(name.clone()))
        } else if let Some(user) = &self.user {
            let channel = match self.by {
                By::Slack => Channel::Slack,
                By::Email => Channel::Email,
            };
            (channel, To::User(context.user(user).await?))
        } else {
            let hint = "say where to: --webhook, --slack, --email, --to-endpoint or --user";
            return Err(Failure::Usage(hint.to_owned()));
        };
        Ok(Recipient {
            channel: channel.into(),
            to: Some(to),
        })
    }
}

/// The delivery, once it is known what became of its first attempt.
async fn settled(
    context: &Context,
    name: String,
) -> Result<keizoku_proto::notification::Delivery, Failure> {
    let request = GetDeliveryRequest { name };
    loop {
        let answer = call(async || {
            context
                .connection
                .notifications()
                .get_delivery(request.clone())
                .await
        })
        .await?;
        let delivery = answer.delivery.unwrap_or_default();
        let is_under_way = match delivery.state() {
            DeliveryState::Attempting => true,
            DeliveryState::Pending => delivery.attempts == 0,
            _ => false,
        };
        if !is_under_way {
            return Ok(delivery);
        }
        tokio::time::sleep(PACE).await;
    }
}
