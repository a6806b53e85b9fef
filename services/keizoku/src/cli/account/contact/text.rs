//! Contacts and the contact log as people read them.

use std::collections::HashMap;

use keizoku_proto::accounts::{Contact, ContactLogEntry, ContactRole, ListContactLogResponse};

use crate::cli::card::Card;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::table::Table;
use crate::error::Failure;

fn words(name: &str, prefix: &str) -> String {
    let name = format::enum_name(name, prefix);
    name.to_lowercase().replace('_', "-")
}

fn roles(contact: &Contact) -> String {
    let role = |role: ContactRole| words(role.as_str_name(), "CONTACT_ROLE_");
    contact.roles().map(role).collect::<Vec<_>>().join(", ")
}

/// Empty, unless somebody said when the person leaves or left.
fn departure(contact: &Contact) -> String {
    let Some(date) = contact.departure_date.as_ref() else {
        return String::new();
    };
    let date = format::date(Some(date));
    if contact.departed {
        format!("departed {date}")
    } else {
        format!("leaves {date}")
    }
}

/// A contact with everything that is known.
pub(super) fn contact(contact: Option<&Contact>) -> String {
    let Some(contact) = contact else {
        return "The server sent no contact.\n".to_owned();
    };
    let mut card = Card::new(contact.display_name.as_str());
    card.field("id", format::id(&contact.name))
        .field("title", contact.title.as_str())
        .field("roles", roles(contact))
        .field("email", contact.email.as_str())
        .field("phone", contact.phone.as_str())
        .field("departure", departure(contact))
        .field("external id", contact.external_id.as_str());
    card.render()
}

/// Contacts, a line each.
pub(super) fn table(context: &Context, contacts: &[Contact]) -> String {
    let mut table = Table::new(["Name", "Title", "Roles", "Email", "Phone", "", "Id"]);
    for contact in contacts {
        table.row([
            contact.display_name.clone(),
            contact.title.clone(),
            roles(contact),
            contact.email.clone(),
            contact.phone.clone(),
            departure(contact),
            format::id(&contact.name).to_owned(),
        ]);
    }
    table.render(context.style)
}

fn direction(entry: &ContactLogEntry) -> String {
    words(entry.direction().as_str_name(), "CONTACT_DIRECTION_")
}

fn channel(entry: &ContactLogEntry) -> String {
    words(entry.channel().as_str_name(), "CONTACT_CHANNEL_")
}

fn with(entry: &ContactLogEntry, names: &HashMap<String, String>) -> String {
    let contacts = entry.contacts.iter().map(|contact| named(names, contact));
    contacts.collect::<Vec<_>>().join(", ")
}

fn void(entry: &ContactLogEntry, people: &HashMap<String, String>) -> String {
    if entry.void_time.is_some() {
        let by = named(people, &entry.void_actor);
        format!("void: {} ({by})", entry.void_reason)
    } else {
        String::new()
    }
}

/// An entry of the contact log at length.
pub(super) async fn entry(
    context: &Context,
    entry: Option<&ContactLogEntry>,
) -> Result<String, Failure> {
    let Some(entry) = entry else {
        return Ok("The server sent no entry.\n".to_owned());
    };
    let account = entry.name.split("/contactLog/").next().unwrap_or_default();
    let names = context.contact_names(account).await;
    let (zone, people) = (context.zone().await?, context.people().await);
    let mut card = Card::new(entry.subject.as_str());
    card.field("id", format::id(&entry.name))
        .field("date", format::date(entry.contact_date.as_ref()))
        .field(
            "contact",
            format!("{} {}", direction(entry), channel(entry)),
        )
        .field("with", with(entry, &names))
        .field("text", entry.text.as_str())
        .field(
            "recorded",
            format::instant(entry.create_time.as_ref(), &zone),
        )
        .field(
            "by",
            format::author(named(&people, &entry.actor), entry.origin()),
        )
        .field("void", void(entry, &people));
    Ok(card.render())
}

/// The contact log, a line for each entry.
pub(super) async fn history(
    context: &Context,
    account: &str,
    response: &ListContactLogResponse,
) -> Result<String, Failure> {
    if response.entries.is_empty() {
        return Ok("No contact fits. `keizoku account contact log` records one.\n".to_owned());
    }
    let names = context.contact_names(account).await;
    let (zone, people) = (context.zone().await?, context.people().await);
    let mut table = Table::new([
        "Date", "Way", "By", "With", "Subject", "Text", "Recorded", "Who", "Void", "Id",
    ]);
    for entry in &response.entries {
        table.row([
            format::date(entry.contact_date.as_ref()),
            direction(entry),
            channel(entry),
            with(entry, &names),
            entry.subject.clone(),
            entry.text.clone(),
            format::instant(entry.create_time.as_ref(), &zone),
            format::author(named(&people, &entry.actor), entry.origin()),
            void(entry, &people),
            format::id(&entry.name).to_owned(),
        ]);
    }
    let total = Some(response.total_size);
    let more = format::more(response.entries.len(), total, &response.next_page_token);
    Ok(table.render(context.style) + &more)
}

/// An entry in one line; `contacts` are those of its account.
pub(super) fn line(
    what: &str,
    entry: &ContactLogEntry,
    contacts: &[Contact],
    people: &HashMap<String, String>,
) -> String {
    let names = contacts
        .iter()
        .map(|contact| (contact.name.clone(), contact.display_name.clone()))
        .collect();
    let (date, way, by) = (
        format::date(entry.contact_date.as_ref()),
        direction(entry),
        channel(entry),
    );
    let (with, subject) = (with(entry, &names), &entry.subject);
    let who = format::author(named(people, &entry.actor), entry.origin());
    let line = format!("{what}: {date}, {way} {by} with {with}: {subject} ({who})");
    line.replace(char::is_control, " ") + "\n"
}
