//! The people at an account: `add`, `list`, `update`, `departed`, `returned`.

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::accounts::{
    AddContactRequest, ContactFields, ListContactsRequest, ListContactsResponse,
    MarkContactDepartedRequest, MarkContactReturnedRequest, UpdateContactRequest,
};

use super::{Role, roles, text};
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku account contact add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account contact add 緑川印刷 --name '山田 花子' --title 総務部長 \\
      --role decision-maker --role administrator --email hanako@example.com")]
pub struct AddArgs {
    /// The account: name, id or external id
    account: String,
    /// The person's name
    #[arg(long)]
    name: String,
    /// Title or department
    #[arg(long, default_value = "", hide_default_value = true)]
    title: String,
    /// Email address
    #[arg(long, default_value = "", hide_default_value = true)]
    email: String,
    /// Phone number
    #[arg(long, default_value = "", hide_default_value = true)]
    phone: String,
    /// What the person is there; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_enum)]
    roles: Vec<Role>,
    /// Id in another system
    #[arg(long, default_value = "", hide_default_value = true)]
    external_id: String,
}

impl AddArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let contact = ContactFields {
            display_name: self.name,
            title: self.title,
            email: self.email,
            phone: self.phone,
            roles: roles(&self.roles),
            external_id: self.external_id,
        };
        let request = AddContactRequest {
            parent: context.account(&self.account).await?,
            contact: Some(contact),
            request_id: context.request_id(),
            ..AddContactRequest::default()
        };
        change!(
            context,
            contacts.add_contact,
            request,
            accounts::AddContactResponse,
            |response| text::contact(response.contact.as_ref())
        )
    }
}

/// Arguments of `keizoku account contact list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account contact list 緑川印刷
  keizoku account contact list 緑川印刷 --role decision-maker --all")]
pub struct ListArgs {
    /// The account: name, id or external id
    account: String,
    /// Only people who are this there; may be repeated: one of them
    #[arg(long = "role", value_name = "ROLE", value_enum)]
    roles: Vec<Role>,
    /// Departed people too
    #[arg(long)]
    all: bool,
    /// Order
    #[arg(long, value_enum, default_value_t = Sort::Name)]
    sort: Sort,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    /// By name
    Name,
    /// Latest first
    Newest,
}

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let parent = context.account(&self.account).await?;
        let order_by = match self.sort {
            Sort::Name => "display_name",
            Sort::Newest => "create_time desc",
        };
        let fetch = async |page_size, page_token| {
            let request = ListContactsRequest {
                parent: parent.clone(),
                roles: roles(&self.roles),
                include_departed: self.all,
                order_by: order_by.to_owned(),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            call(async || {
                context
                    .connection
                    .contacts()
                    .list_contacts(request.clone())
                    .await
            })
            .await
        };
        let response: ListContactsResponse = self.limit.collect(fetch).await?;
        let text = || {
            if response.contacts.is_empty() {
                return "Nobody fits. `keizoku account contact add` records a person; --all shows \
                        departed ones too.\n"
                    .to_owned();
            }
            let total = Some(response.total_size);
            let more = format::more(response.contacts.len(), total, &response.next_page_token);
            text::table(context, &response.contacts) + &more
        };
        answer!(context, accounts::ListContactsResponse, &response, text())
    }
}

/// The person whose entry is changed.
#[derive(Debug, clap::Args)]
struct Person {
    /// The account: name, id or external id
    account: String,
    /// The person: name, email, id or external id
    contact: String,
    /// Refuse when the contact has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl Person {
    async fn name(&self, context: &Context) -> Result<String, Failure> {
        let account = context.account(&self.account).await?;
        context.contact(&account, &self.contact).await
    }
}

/// Arguments of `keizoku account contact update`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account contact update 緑川印刷 '山田 花子' --title 取締役 --role decision-maker
  keizoku account contact update 緑川印刷 hanako@example.com --phone ''   takes the number away")]
#[command(group(clap::ArgGroup::new("changes").required(true).multiple(true).args([
    "name", "title", "email", "phone", "roles", "no_role", "external_id",
])))]
pub struct UpdateArgs {
    #[command(flatten)]
    person: Person,
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// New title or department
    #[arg(long)]
    title: Option<String>,
    /// New email address
    #[arg(long)]
    email: Option<String>,
    /// New phone number
    #[arg(long)]
    phone: Option<String>,
    /// What the person is there, instead of what was recorded; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_enum)]
    roles: Vec<Role>,
    /// Nobody knows what the person is there
    #[arg(long, conflicts_with = "roles")]
    no_role: bool,
    /// New id in another system
    #[arg(long)]
    external_id: Option<String>,
}

impl UpdateArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let changed = [
            ("display_name", self.name.is_some()),
            ("title", self.title.is_some()),
            ("email", self.email.is_some()),
            ("phone", self.phone.is_some()),
            ("roles", self.no_role || !self.roles.is_empty()),
            ("external_id", self.external_id.is_some()),
        ];
        let update_mask = changed
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(field, _)| field.to_owned());
        let contact = ContactFields {
            display_name: self.name.unwrap_or_default(),
            title: self.title.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            phone: self.phone.unwrap_or_default(),
            roles: roles(&self.roles),
            external_id: self.external_id.unwrap_or_default(),
        };
        let request = UpdateContactRequest {
            name: self.person.name(context).await?,
            contact: Some(contact),
            update_mask: update_mask.collect(),
            etag: self.person.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            contacts.update_contact,
            request,
            accounts::UpdateContactResponse,
            |response| text::contact(response.contact.as_ref())
        )
    }
}

/// Arguments of `keizoku account contact departed`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account contact departed 緑川印刷 '山田 花子'
  keizoku account contact departed 緑川印刷 '山田 花子' --date 2027-04-01   known ahead

The date is the first day on which the person is no longer there; again with another date corrects it.")]
pub struct DepartedArgs {
    #[command(flatten)]
    person: Person,
    /// First day on which the person is no longer there (YYYY-MM-DD) [default: today]
    #[arg(long)]
    date: Option<Day>,
}

impl DepartedArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = MarkContactDepartedRequest {
            name: self.person.name(context).await?,
            departure_date: self.date.map(Into::into),
            etag: self.person.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            contacts.mark_contact_departed,
            request,
            accounts::MarkContactDepartedResponse,
            |response| text::contact(response.contact.as_ref())
        )
    }
}

/// Arguments of `keizoku account contact returned`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account contact returned 緑川印刷 '山田 花子'")]
pub struct ReturnedArgs {
    #[command(flatten)]
    person: Person,
}

impl ReturnedArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = MarkContactReturnedRequest {
            name: self.person.name(context).await?,
            etag: self.person.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            contacts.mark_contact_returned,
            request,
            accounts::MarkContactReturnedResponse,
            |response| text::contact(response.contact.as_ref())
        )
    }
}
