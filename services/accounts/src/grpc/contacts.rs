//! Contacts of an account (ACC-11).

use keizoku_core::{AccountId, ContactId, derive_id};
use keizoku_proto::accounts as proto;
use keizoku_proto::accounts::contacts_service_server::ContactsService;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Call, Failure, Outcome, Violations, names};
use tonic::{Request, Response, Status};

use super::accounts::reply;
use crate::domain::contact::{Command, State};
use crate::{Accounts, Service, api, domain, resources};

impl Accounts {
    async fn add_contact(
        &self,
        request: Request<proto::AddContactRequest>,
    ) -> Result<proto::AddContactResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let account = violations.parse("parent", names::parse_account(&body.parent));
        let chosen = (!body.contact_id.is_empty())
            .then(|| violations.parse("contact_id", body.contact_id.parse::<ContactId>()));
        let fields = body.contact.clone().unwrap_or_default();
        let profile = api::contacts::profile(&mut violations, &fields);
        let (request_id, account) = violations.finish(request_id.zip(account))?;
        let call = Call::of("AddContact", &request, request_id, "")?;
        let id = chosen
            .flatten()
            .unwrap_or_else(|| derive_id("contact", &[request_id.as_bytes()]).into());
        let stream = domain::contact_stream(id);
        let added = proto::ContactAdded {
            contact_id: id.to_string(),
            account_id: account.to_string(),
            profile: Some(profile),
        };
        let outcome = match self.require_account(account, &body.parent).await {
            Ok(()) => {
                self.contacts
                    .create(stream, Command::Add(added), call)
                    .await?
            }
            Err(failure) => self.contacts.done_or(&stream, &call, failure).await?,
        };
        let (contact, consistency_token) = self.changed_contact(&outcome);
        Ok(proto::AddContactResponse {
            contact,
            consistency_token,
        })
    }

    async fn update_contact(
        &self,
        request: Request<proto::UpdateContactRequest>,
    ) -> Result<proto::UpdateContactResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_contact(&body.name));
        let fields = body.contact.clone().unwrap_or_default();
        let changes = api::contacts::changes(&mut violations, &fields, &body.update_mask);
        let (request_id, name) = violations.finish(request_id.zip(name))?;
        let call = Call::of("UpdateContact", &request, request_id, &body.etag)?;
        let (contact, consistency_token) = self
            .change_contact(name, &body.name, Command::Revise(changes), call)
            .await?;
        Ok(proto::UpdateContactResponse {
            contact,
            consistency_token,
        })
    }

    async fn depart_contact(
        &self,
        request: Request<proto::MarkContactDepartedRequest>,
    ) -> Result<proto::MarkContactDepartedResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_contact(&body.name));
        let day = violations.day("departure_date", body.departure_date.as_ref());
        let (request_id, name) = violations.finish(request_id.zip(name))?;
        let call = Call::of("MarkContactDeparted", &request, request_id, &body.etag)?;
        let (contact, consistency_token) = self
            .change_contact(name, &body.name, Command::Depart(day), call)
            .await?;
        Ok(proto::MarkContactDepartedResponse {
            contact,
            consistency_token,
        })
    }

    async fn return_contact(
        &self,
        request: Request<proto::MarkContactReturnedRequest>,
    ) -> Result<proto::MarkContactReturnedResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_contact(&body.name));
        let (request_id, name) = violations.finish(request_id.zip(name))?;
        let call = Call::of("MarkContactReturned", &request, request_id, &body.etag)?;
        let (contact, consistency_token) = self
            .change_contact(name, &body.name, Command::Return, call)
            .await?;
        Ok(proto::MarkContactReturnedResponse {
            contact,
            consistency_token,
        })
    }

    /// Executes a command on an existing contact and shows the contact.
    async fn change_contact(
        &self,
        (account, id): (Option<AccountId>, ContactId),
        name: &str,
        command: Command,
        call: Call,
    ) -> Result<(Option<proto::Contact>, String), Failure> {
        let stream = domain::contact_stream(id);
        let fold = self.contacts.recall(&stream).await?;
        self.require_same(account, &fold.state.account_id, name)
            .await?;
        let outcome = self.contacts.execute(stream, command, call).await?;
        Ok(self.changed_contact(&outcome))
    }

    fn changed_contact(&self, outcome: &Outcome<State>) -> (Option<proto::Contact>, String) {
        let contact = resources::contacts::contact(&outcome.fold, self.today());
        (Some(contact), outcome.token.encode())
    }

    async fn get_contact(
        &self,
        body: proto::GetContactRequest,
    ) -> Result<proto::GetContactResponse, Failure> {
        let mut violations = Violations::new();
        let name = violations.parse("name", names::parse_contact(&body.name));
        let (account, id) = violations.finish(name)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let as_of = self.as_of(body.as_of.as_ref())?;
        let stream = domain::contact_stream(id);
        let fold = self.contacts.as_known_at(&stream, as_of.known_at).await?;
        self.require_same(account, &fold.state.account_id, &body.name)
            .await?;
        Ok(proto::GetContactResponse {
            contact: Some(resources::contacts::contact(&fold, as_of.on)),
        })
    }

    async fn list_contacts(
        &self,
        body: proto::ListContactsRequest,
    ) -> Result<proto::ListContactsResponse, Failure> {
        let binding = proto::ListContactsRequest {
            page_size: 0,
            page_token: String::new(),
            consistency_tokens: Vec::new(),
            ..body.clone()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        let (account, mut select) = self.select_contacts(&body)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        self.of_account(&mut select, account).await?;
        let (offset, size) = (page.offset, page.size);
        let (total, ids) = self
            .model
            .read(move |rows| select.page(rows, offset, size))
            .await?;
        let mut contacts = Vec::with_capacity(ids.len());
        for id in ids.iter().filter_map(|id| id.parse().ok()) {
            let fold = self.contacts.recall(&domain::contact_stream(id)).await?;
            contacts.push(resources::contacts::contact(&fold, self.today()));
        }
        Ok(proto::ListContactsResponse {
            contacts,
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    /// Makes sure that an account was opened.
    pub(super) async fn require_account(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<(), Failure> {
        let fold = self
            .accounts
            .recall(&domain::account_stream(account))
            .await?;
        if fold.state.exists() {
            Ok(())
        } else {
            Err(Failure::not_found(name))
        }
    }

    /// Makes sure that what a name names is there, and is the account's whose name it goes by.
    ///
    /// `owner` is the account's id, empty where there is nothing. Merged accounts are one: what is
    /// theirs goes by each of their names.
    pub(super) async fn require_same(
        &self,
        named: Option<AccountId>,
        owner: &str,
        name: &str,
    ) -> Result<(), Failure> {
        let Ok(owner) = owner.parse::<AccountId>() else {
            return Err(Failure::not_found(name));
        };
        match named {
            Some(named)
                if named != owner
                    && self.survivor(named).await? != self.survivor(owner).await? =>
            {
                Err(Failure::not_found(name))
            }
            _ => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl ContactsService for Service {
    async fn add_contact(
        &self,
        request: Request<proto::AddContactRequest>,
    ) -> Result<Response<proto::AddContactResponse>, Status> {
        reply(self.0.add_contact(request).await)
    }
    async fn update_contact(
        &self,
        request: Request<proto::UpdateContactRequest>,
    ) -> Result<Response<proto::UpdateContactResponse>, Status> {
        reply(self.0.update_contact(request).await)
    }
    async fn mark_contact_departed(
        &self,
        request: Request<proto::MarkContactDepartedRequest>,
    ) -> Result<Response<proto::MarkContactDepartedResponse>, Status> {
        reply(self.0.depart_contact(request).await)
    }
    async fn mark_contact_returned(
        &self,
        request: Request<proto::MarkContactReturnedRequest>,
    ) -> Result<Response<proto::MarkContactReturnedResponse>, Status> {
        reply(self.0.return_contact(request).await)
    }
    async fn get_contact(
        &self,
        request: Request<proto::GetContactRequest>,
    ) -> Result<Response<proto::GetContactResponse>, Status> {
        reply(self.0.get_contact(request.into_inner()).await)
    }
    async fn list_contacts(
        &self,
        request: Request<proto::ListContactsRequest>,
    ) -> Result<Response<proto::ListContactsResponse>, Status> {
        reply(self.0.list_contacts(request.into_inner()).await)
    }
    async fn log_contact(
        &self,
        request: Request<proto::LogContactRequest>,
    ) -> Result<Response<proto::LogContactResponse>, Status> {
        reply(self.0.log_contact(request).await)
    }
    async fn void_contact_log_entry(
        &self,
        request: Request<proto::VoidContactLogEntryRequest>,
    ) -> Result<Response<proto::VoidContactLogEntryResponse>, Status> {
        reply(self.0.void_contact_log_entry(request).await)
    }
    async fn list_contact_log(
        &self,
        request: Request<proto::ListContactLogRequest>,
    ) -> Result<Response<proto::ListContactLogResponse>, Status> {
        reply(self.0.list_contact_log(request.into_inner()).await)
    }
}
