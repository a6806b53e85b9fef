//! The contact log: `log`, `history`, `void`.

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::accounts::{
    ContactChannel, ContactDirection, ContactLogFilter, ListContactLogRequest,
    ListContactLogResponse, LogContactRequest, VoidContactLogEntryRequest,
};
use uuid::Uuid;

use super::text;
use crate::cli::context::Context;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::client::call;
use crate::error::Failure;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Channel {
    /// In person or online
    Meeting,
    /// By phone
    Call,
    /// By email
    Email,
    /// By chat
    Chat,
    /// In any other way
    Other,
}

impl From<Channel> for ContactChannel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Meeting => Self::Meeting,
            Channel::Call => Self::Call,
            Channel::Email => Self::Email,
            Channel::Chat => Self::Chat,
            Channel::Other => Self::Other,
        }
    }
}

/// Arguments of `keizoku account contact log`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account contact log 緑川印刷 --with '山田 花子' --two-way --by meeting \\
      --subject 更新の相談 --text '来期も継続の意向。費用の内訳を送る。'
  keizoku account contact log 緑川印刷 --with hanako@example.com --one-way --by email \\
      --date 2026-11-20 --subject セミナーの案内

Two-way: both sides took part. One-way: one side spoke or wrote, and no answer came.")]
#[command(group(clap::ArgGroup::new("direction").required(true).args(["two_way", "one_way"])))]
pub struct LogArgs {
    /// The account: name, id or external id
    account: String,
    /// With whom: name, email, id or external id; may be repeated
    #[arg(long, value_name = "CONTACT", required = true)]
    with: Vec<String>,
    /// Both sides took part
    #[arg(long)]
    two_way: bool,
    /// No answer came
    #[arg(long)]
    one_way: bool,
    /// How
    #[arg(long, value_name = "CHANNEL", value_enum)]
    by: Channel,
    /// About what, in short
    #[arg(long)]
    subject: String,
    /// About what, at length
    #[arg(long, default_value = "", hide_default_value = true)]
    text: String,
    /// On which day (YYYY-MM-DD) [default: today]
    #[arg(long)]
    date: Option<Day>,
}

impl LogArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let account = context.account(&self.account).await?;
        let mut contacts = Vec::with_capacity(self.with.len());
        for contact in &self.with {
            contacts.push(context.contact(&account, contact).await?);
        }
        let direction = if self.two_way {
            ContactDirection::TwoWay
        } else {
            ContactDirection::OneWay
        };
        let request = LogContactRequest {
            parent: account.clone(),
            direction: direction.into(),
            channel: ContactChannel::from(self.by).into(),
            contacts,
            contact_date: self.date.map(Into::into),
            subject: self.subject,
            text: self.text,
            request_id: context.request_id(),
            ..LogContactRequest::default()
        };
        change!(
            context,
            contacts.log_contact,
            request,
            accounts::LogContactResponse,
            |response| text::entry(context, response.entry.as_ref()).await?
        )
    }
}

/// Arguments of `keizoku account contact history`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account contact history 緑川印刷
  keizoku account contact history 緑川印刷 --two-way --since 2026-10-01
  keizoku account contact history 緑川印刷 --with '山田 花子' --all")]
pub struct HistoryArgs {
    /// The account: name, id or external id
    account: String,
    /// Only two-way contact
    #[arg(long)]
    two_way: bool,
    /// Only with this person: name, email, id or external id
    #[arg(long, value_name = "CONTACT")]
    with: Option<String>,
    /// From this day on (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    since: Option<Day>,
    /// Up to this day (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    until: Option<Day>,
    /// Voided entries too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    limit: Limit,
}

impl HistoryArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let parent = context.account(&self.account).await?;
        let contact = match &self.with {
            Some(contact) => context.contact(&parent, contact).await?,
            None => String::new(),
        };
        let filter = ContactLogFilter {
            two_way_only: self.two_way,
            since: self.since.map(Into::into),
            until: self.until.map(Into::into),
            contact,
            include_voided: self.all,
        };
        let fetch = async |page_size, page_token| {
            let request = ListContactLogRequest {
                parent: parent.clone(),
                filter: Some(filter.clone()),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            call(async || {
                context
                    .connection
                    .contacts()
                    .list_contact_log(request.clone())
                    .await
            })
            .await
        };
        let response: ListContactLogResponse = self.limit.collect(fetch).await?;
        answer!(
            context,
            accounts::ListContactLogResponse,
            &response,
            text::history(context, &parent, &response).await?
        )
    }
}

/// Arguments of `keizoku account contact void`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account contact void ENTRY --reason 別の会社の面談

The entry stays readable (`history --all`); to correct it, log what is right as well.")]
pub struct VoidArgs {
    /// The entry: id or resource name, as `keizoku account contact history` shows it
    entry: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the entry has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl VoidArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let name = match Uuid::try_parse(&self.entry) {
            Ok(id) => format!("accounts/-/contactLog/{id}"),
            Err(_) => self.entry,
        };
        let request = VoidContactLogEntryRequest {
            name,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            contacts.void_contact_log_entry,
            request,
            accounts::VoidContactLogEntryResponse,
            |response| text::entry(context, response.entry.as_ref()).await?
        )
    }
}
