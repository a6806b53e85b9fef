//! What `keizoku account show` says of an account's people.

use std::collections::HashMap;

use keizoku_proto::accounts::{
    Contact, ContactDirection, ContactLogEntry, ContactLogFilter, ListContactLogRequest,
};
use serde::Serialize;

use super::text;
use crate::cli::context::Context;
use crate::cli::output::Canonical;
use crate::client::call;
use crate::error::Failure;

/// Who is there, and who was in contact with them last.
pub(in crate::cli::account) struct Summary {
    /// Everybody, departed people too.
    contacts: Vec<Contact>,
    last: Option<ContactLogEntry>,
    last_two_way: Option<ContactLogEntry>,
}

/// The same for programs, beside the account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli::account) struct Shown {
    contacts: Vec<Canonical>,
    last_contact: Option<Canonical>,
    last_two_way_contact: Option<Canonical>,
}

impl Summary {
    pub(in crate::cli::account) async fn of(
        context: &Context,
        account: &str,
    ) -> Result<Self, Failure> {
        let last = last_contact(context, account, false).await?;
        let last_two_way = match &last {
            Some(entry) if entry.direction() != ContactDirection::TwoWay => {
                last_contact(context, account, true).await?
            }
            answered => answered.clone(),
        };
        Ok(Self {
            contacts: context.contacts(account).await?,
            last,
            last_two_way,
        })
    }

    fn present(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.iter().filter(|contact| !contact.departed)
    }

    pub(in crate::cli::account) fn text(
        &self,
        context: &Context,
        people: &HashMap<String, String>,
    ) -> String {
        let mut text = String::new();
        let present: Vec<Contact> = self.present().cloned().collect();
        if !present.is_empty() {
            text = format!("\nContacts\n{}", text::table(context, &present));
        }
        let answered = self.last_two_way.as_ref();
        for (entry, what) in [
            (self.last.as_ref(), "Last contact"),
            (
                answered.filter(|_| self.last != self.last_two_way),
                "Last two-way contact",
            ),
        ] {
            let Some(entry) = entry else { continue };
            text += &text::line(what, entry, &self.contacts, people);
        }
        text
    }

    pub(in crate::cli::account) fn json(&self) -> Result<Shown, Failure> {
        let contact = |contact| Canonical::of("keizoku.accounts.v1.Contact", contact);
        let entry = |entry: &Option<ContactLogEntry>| {
            let entry = entry.as_ref();
            let entry =
                entry.map(|entry| Canonical::of("keizoku.accounts.v1.ContactLogEntry", entry));
            entry.transpose()
        };
        Ok(Shown {
            contacts: self.present().map(contact).collect::<Result<_, _>>()?,
            last_contact: entry(&self.last)?,
            last_two_way_contact: entry(&self.last_two_way)?,
        })
    }
}

async fn last_contact(
    context: &Context,
    account: &str,
    two_way_only: bool,
) -> Result<Option<ContactLogEntry>, Failure> {
    let request = ListContactLogRequest {
        parent: account.to_owned(),
        filter: Some(ContactLogFilter {
            two_way_only,
            ..ContactLogFilter::default()
        }),
        page_size: 1,
        consistency_tokens: context.tokens(),
        ..ListContactLogRequest::default()
    };
    let answer = call(async || {
        context
            .connection
            .contacts()
            .list_contact_log(request.clone())
            .await
    })
    .await?;
    Ok(answer.entries.into_iter().next())
}
