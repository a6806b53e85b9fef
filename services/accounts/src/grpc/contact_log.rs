//! The contact log (ACC-11).

use keizoku_core::{AccountId, ContactId, derive_id};
use keizoku_proto::accounts as proto;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::page::Page;
use keizoku_runtime::parse::LONG_TEXT;
use keizoku_runtime::{Call, DomainError, Failure, Fold, Violations, names};
use tonic::Request;

use crate::domain::contact_log::{Command, State};
use crate::queries::contacts::select_log;
use crate::{Accounts, api, domain, resources};

/// An entry names somebody who is not a contact of the account.
#[derive(Debug, thiserror::Error)]
#[error("not contacts of {account}: {}; add them first", .contacts.join(", "))]
struct ContactUnknown {
    account: String,
    contacts: Vec<String>,
}

impl DomainError for ContactUnknown {
    fn reason(&self) -> ErrorReason {
        ErrorReason::ContactUnknown
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("contacts", self.contacts.join(","))]
    }
}

impl Accounts {
    pub(super) async fn log_contact(
        &self,
        request: Request<proto::LogContactRequest>,
    ) -> Result<proto::LogContactResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let logged = api::contacts::logged(&mut violations, body);
        let (request_id, mut logged) = violations.finish(request_id.zip(logged))?;
        let call = Call::of("LogContact", &request, request_id, "")?;
        let id = logged
            .chosen
            .unwrap_or_else(|| derive_id("contact-log", &[request_id.as_bytes()]));
        logged.event.entry_id = id.to_string();
        let stream = domain::contact_log_stream(id);
        let known = self.require_contacts(logged.account, &logged.contacts, &body.parent);
        let outcome = match known.await {
            Ok(()) => {
                let command = Command::Log(logged.event, logged.date);
                self.contact_log.create(stream, command, call).await?
            }
            Err(failure) => self.contact_log.done_or(&stream, &call, failure).await?,
        };
        Ok(proto::LogContactResponse {
            entry: Some(self.show_entry(&outcome.fold).await?),
            consistency_token: outcome.token.encode(),
        })
    }

    /// Makes sure that account and contacts exist, and that they belong together.
    async fn require_contacts(
        &self,
        account: AccountId,
        contacts: &[(Option<AccountId>, ContactId)],
        parent: &str,
    ) -> Result<(), Failure> {
        self.require_account(account, parent).await?;
        let identity = self.identity.refresh(&domain::IDENTITY).await?;
        let same =
            |other: AccountId| identity.state.survivor(other) == identity.state.survivor(account);
        let mut unknown = Vec::new();
        for (named, id) in contacts {
            let contact = self.contacts.recall(&domain::contact_stream(*id)).await?;
            let owner = contact.state.account_id.parse::<AccountId>();
            if !owner.is_ok_and(same) || !named.is_none_or(same) {
                unknown.push(id.to_string());
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        Err(ContactUnknown {
            account: parent.to_owned(),
            contacts: unknown,
        }
        .into())
    }

    pub(super) async fn void_contact_log_entry(
        &self,
        request: Request<proto::VoidContactLogEntryRequest>,
    ) -> Result<proto::VoidContactLogEntryResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_contact_log_entry(&body.name));
        let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
        let (request_id, (account, id)) = violations.finish(request_id.zip(name))?;
        let call = Call::of("VoidContactLogEntry", &request, request_id, &body.etag)?;
        let stream = domain::contact_log_stream(id);
        let fold = self.contact_log.recall(&stream).await?;
        self.require_same(account, &fold.state.logged.account_id, &body.name)
            .await?;
        let outcome = self
            .contact_log
            .execute(stream, Command::Void(reason), call)
            .await?;
        Ok(proto::VoidContactLogEntryResponse {
            entry: Some(self.show_entry(&outcome.fold).await?),
            consistency_token: outcome.token.encode(),
        })
    }

    pub(super) async fn list_contact_log(
        &self,
        body: proto::ListContactLogRequest,
    ) -> Result<proto::ListContactLogResponse, Failure> {
        let binding = proto::ListContactLogRequest {
            parent: body.parent.clone(),
            filter: body.filter.clone(),
            ..proto::ListContactLogRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        let (account, mut select) = select_log(&body)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        self.of_account(&mut select, account).await?;
        let (offset, size) = (page.offset, page.size);
        let (total, ids) = self
            .model
            .read(move |rows| select.page(rows, offset, size))
            .await?;
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids.iter().filter_map(|id| id.parse().ok()) {
            let stream = domain::contact_log_stream(id);
            let fold = self.contact_log.recall(&stream).await?;
            entries.push(self.show_entry(&fold).await?);
        }
        Ok(proto::ListContactLogResponse {
            entries,
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    /// An entry, with its contacts by the names that they are listed with.
    async fn show_entry(&self, fold: &Fold<State>) -> Result<proto::ContactLogEntry, Failure> {
        let ids = &fold.state.logged.contact_ids;
        let mut contacts = Vec::with_capacity(ids.len());
        for id in ids.iter().filter_map(|id| id.parse().ok()) {
            let contact = self.contacts.recall(&domain::contact_stream(id)).await?;
            contacts.push(resources::contacts::contact_name(&contact.state));
        }
        Ok(resources::contacts::contact_log_entry(fold, contacts))
    }
}
