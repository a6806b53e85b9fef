//! Messages: `deliveries`, `dead-letters`, `show`, `redrive`.

use clap::ValueEnum;
use jiff::tz::TimeZone;
use keizoku_proto::notification::{
    Delivery, DeliveryState, GetDeliveryRequest, ListDeliveriesRequest, ListDeliveriesResponse,
    RedriveDeliveryRequest, RedriveDeliveryResponse,
};

use super::{named, recipient};
use crate::cli::card::Card;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku notification deliveries`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification deliveries --account 緑川印刷
  keizoku notification deliveries --ambiguous               nobody knows whether these arrived
  keizoku notification deliveries --state pending --rule churned")]
pub struct ListArgs {
    /// Only those that stand there
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only those of which nobody knows whether a copy arrived, wherever they stand now
    #[arg(long)]
    ambiguous: bool,
    /// Only those of this rule
    #[arg(long)]
    rule: Option<String>,
    /// Only those about this account
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    limit: Limit,
}

/// Arguments of `keizoku notification dead-letters`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification dead-letters
  keizoku notification redrive --dead-letters               once the cause is mended")]
pub struct DeadLettersArgs {
    #[command(flatten)]
    limit: Limit,
}

/// Arguments of `keizoku notification show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku notification show 5d6f3a52-0000-0000-0000-000000000000")]
pub struct ShowArgs {
    /// The message: id or resource name
    delivery: String,
}

/// Arguments of `keizoku notification redrive`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification redrive ID
  keizoku notification redrive --dead-letters")]
pub struct RedriveArgs {
    /// The messages: ids or resource names
    #[arg(required_unless_present = "dead_letters")]
    deliveries: Vec<String>,
    /// All dead letters
    #[arg(long, conflicts_with = "deliveries")]
    dead_letters: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Wait for their first or next attempt
    Pending,
    /// Are being sent
    Attempting,
    /// Were taken by the other side
    Delivered,
    /// Nobody knows whether they arrived, and they are not sent again by themselves
    Ambiguous,
    /// Were refused for good, or tried often enough
    GivenUp,
    /// Were not sent on purpose
    Suppressed,
}

impl From<State> for DeliveryState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Attempting => Self::Attempting,
            State::Delivered => Self::Delivered,
            State::Ambiguous => Self::Ambiguous,
            State::GivenUp => Self::GivenUp,
            State::Suppressed => Self::Suppressed,
        }
    }
}

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let account = match &self.account {
            Some(account) => context.account(account).await?,
            None => String::new(),
        };
        let request = ListDeliveriesRequest {
            state: self
                .state
                .map_or(DeliveryState::Unspecified, Into::into)
                .into(),
            ambiguous: self.ambiguous,
            rule: self
                .rule
                .map_or_else(String::new, |rule| named("rules/", &rule)),
            account,
            ..ListDeliveriesRequest::default()
        };
        list(
            context,
            request,
            &self.limit,
            "There are no such messages.\n",
        )
        .await
    }
}

impl DeadLettersArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        list(
            context,
            dead_letters(),
            &self.limit,
            "There are no dead letters.\n",
        )
        .await
    }
}

fn dead_letters() -> ListDeliveriesRequest {
    ListDeliveriesRequest {
        state: DeliveryState::GivenUp.into(),
        ..ListDeliveriesRequest::default()
    }
}

async fn fetched(
    context: &Context,
    request: ListDeliveriesRequest,
    limit: &Limit,
) -> Result<ListDeliveriesResponse, Failure> {
    let fetch = async |page_size, page_token| {
        let request = ListDeliveriesRequest {
            page_size,
            page_token,
            consistency_tokens: context.tokens(),
            ..request.clone()
        };
        call(async || {
            context
                .connection
                .notifications()
                .list_deliveries(request.clone())
                .await
        })
        .await
    };
    limit.collect(fetch).await
}

async fn list(
    context: &Context,
    request: ListDeliveriesRequest,
    limit: &Limit,
    nothing: &str,
) -> Result<(), Failure> {
    let response = fetched(context, request, limit).await?;
    let zone = context.zone().await?;
    let mut table = Table::new([
        "Planned", "State", "To", "Message", ">Tries", "Problem", "Id",
    ]);
    for delivery in &response.deliveries {
        let title = delivery
            .message
            .as_ref()
            .map_or("", |message| message.title.as_str());
        table.row([
            format::instant(delivery.create_time.as_ref(), &zone),
            state(delivery),
            recipient(context, delivery.recipient.as_ref()).await,
            title.to_owned(),
            delivery.attempts.to_string(),
            delivery.problem.clone(),
            format::id(&delivery.name).to_owned(),
        ]);
    }
    let text = if table.is_empty() {
        nothing.to_owned()
    } else {
        let total = i64::from(response.total_size);
        table.render(context.style)
            + &format::more(
                response.deliveries.len(),
                Some(total),
                &response.next_page_token,
            )
    };
    answer!(
        context,
        notification::ListDeliveriesResponse,
        &response,
        text
    )
}

fn state(delivery: &Delivery) -> String {
    let state = format::enum_name(delivery.state().as_str_name(), "DELIVERY_STATE_");
    match delivery.ambiguous_attempts {
        0 => state,
        copies => format!("{state}, {copies} ambiguous"),
    }
}

impl ShowArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetDeliveryRequest {
            name: named("deliveries/", &self.delivery),
        };
        let response = call(async || {
            context
                .connection
                .notifications()
                .get_delivery(request.clone())
                .await
        })
        .await?;
        let delivery = response.delivery.clone().unwrap_or_default();
        let text = text(context, &delivery).await?;
        answer!(context, notification::GetDeliveryResponse, &response, text)
    }
}

/// A message with its words.
pub(super) async fn text(context: &Context, delivery: &Delivery) -> Result<String, Failure> {
    let zone: TimeZone = context.zone().await?;
    let message = delivery.message.clone().unwrap_or_default();
    let reason = format::enum_name(
        delivery.suppression_reason().as_str_name(),
        "SUPPRESSION_REASON_",
    );
    let reason = if delivery.suppression_reason == 0 {
        String::new()
    } else {
        reason
    };
    let people = context.people().await;
    let facts: Vec<String> = message
        .facts
        .iter()
        .map(|fact| {
            let user = if fact.user.is_empty() {
                ""
            } else {
                crate::cli::context::named(&people, &fact.user)
            };
            format!("{}: {}{user}", fact.label, fact.value)
        })
        .collect();
    let mut card = Card::new(format!("{} {}", message.mark, message.title));
    card.field("to", recipient(context, delivery.recipient.as_ref()).await)
        .field("state", state(delivery))
        .field("why not", reason)
        .field("problem", delivery.problem.clone())
        .field("tries", delivery.attempts.to_string())
        .field("rule", format::id(&delivery.rule).to_owned())
        .field("about", delivery.subject.clone())
        .field("words", facts.join("\n"))
        .field("quote", message.quote)
        .field(
            "planned",
            format::instant(delivery.create_time.as_ref(), &zone),
        )
        .field(
            "next try",
            delivery
                .next_attempt_time
                .as_ref()
                .map_or_else(String::new, |at| format::instant(Some(at), &zone)),
        )
        .field("id", format::id(&delivery.name).to_owned());
    Ok(card.render())
}

impl RedriveArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let names: Vec<String> = if self.dead_letters {
            let found = fetched(context, dead_letters(), &Limit::ALL).await?;
            found
                .deliveries
                .into_iter()
                .map(|found| found.name)
                .collect()
        } else {
            self.deliveries
                .iter()
                .map(|id| named("deliveries/", id))
                .collect()
        };
        let mut last = RedriveDeliveryResponse::default();
        for name in &names {
            let request = RedriveDeliveryRequest {
                name: name.clone(),
                request_id: context.request_id(),
                ..RedriveDeliveryRequest::default()
            };
            last = call(async || {
                context
                    .connection
                    .notifications()
                    .redrive_delivery(request.clone())
                    .await
            })
            .await?;
        }
        let text = match names.len() {
            0 => "There are no dead letters.\n".to_owned(),
            1 => "1 message is sent again.\n".to_owned(),
            count => format!("{count} messages are sent again.\n"),
        };
        answer!(context, notification::RedriveDeliveryResponse, &last, text)
    }
}
