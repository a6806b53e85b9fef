//! Requests about contacts and the contact log (ACC-11) into commands.

use keizoku_core::{AccountId, ContactId, Day};
use keizoku_proto::accounts as proto;
use keizoku_runtime::names;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT, Violations};
use uuid::Uuid;

use crate::domain::contact::ProfileChange;

/// More people than this were at no meeting that somebody logs by hand.
const MOST_CONTACTS: usize = 100;

/// What a person entered of a new contact.
pub(crate) fn profile(
    violations: &mut Violations,
    fields: &proto::ContactFields,
) -> proto::ContactProfile {
    proto::ContactProfile {
        display_name: violations.required_text(
            "contact.display_name",
            &fields.display_name,
            SHORT_TEXT,
        ),
        title: violations.text("contact.title", &fields.title, SHORT_TEXT),
        email: email(violations, &fields.email),
        phone: violations.text("contact.phone", &fields.phone, SHORT_TEXT),
        roles: roles(violations, "contact.roles", &fields.roles),
        external_id: violations.text("contact.external_id", &fields.external_id, SHORT_TEXT),
    }
}

/// The fields that an update names.
pub(crate) fn changes(
    violations: &mut Violations,
    fields: &proto::ContactFields,
    mask: &[String],
) -> Vec<ProfileChange> {
    violations.update_mask(mask, "UpdateContact", |violations, path| {
        let field = format!("contact.{path}");
        Some(match path {
            "display_name" => ProfileChange::DisplayName(violations.required_text(
                &field,
                &fields.display_name,
                SHORT_TEXT,
            )),
            "title" => ProfileChange::Title(violations.text(&field, &fields.title, SHORT_TEXT)),
            "email" => ProfileChange::Email(email(violations, &fields.email)),
            "phone" => ProfileChange::Phone(violations.text(&field, &fields.phone, SHORT_TEXT)),
            "roles" => ProfileChange::Roles(roles(violations, &field, &fields.roles)),
            "external_id" => {
                ProfileChange::ExternalId(violations.text(&field, &fields.external_id, SHORT_TEXT))
            }
            _ => return None,
        })
    })
}

/// What another system says of a contact; what it leaves empty is not stated.
pub(crate) fn imported(
    violations: &mut Violations,
    record: &proto::ImportedContact,
) -> proto::ContactProfile {
    let stated = record.profile.clone().unwrap_or_default();
    let fields = proto::ContactFields {
        display_name: stated.display_name,
        title: stated.title,
        email: stated.email,
        phone: stated.phone,
        roles: stated.roles,
        external_id: record.external_id.clone(),
    };
    profile(violations, &fields)
}

fn email(violations: &mut Violations, text: &str) -> String {
    let email = violations.text("contact.email", text, SHORT_TEXT);
    if !email.is_empty() && !email.contains('@') {
        violations.add("contact.email", "is not an email address");
    }
    email
}

/// Roles in the order of the enum, each once.
pub(crate) fn roles(violations: &mut Violations, field: &str, roles: &[i32]) -> Vec<i32> {
    let known = |role: i32| {
        proto::ContactRole::try_from(role).is_ok_and(|role| role != proto::ContactRole::Unspecified)
    };
    if !roles.iter().copied().all(known) {
        violations.add(
            field,
            "must be DECISION_MAKER, ADMINISTRATOR or USER, each of them",
        );
    }
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// The account of a list; `None` for all.
pub(crate) fn parent(violations: &mut Violations, text: &str) -> Option<AccountId> {
    match text {
        "accounts/-" => None,
        parent => violations.parse("parent", names::parse_account(parent)),
    }
}

/// Somebody was in contact, as far as the request says it.
pub(crate) struct Logged {
    /// The account.
    pub(crate) account: AccountId,
    /// Id that the client chose.
    pub(crate) chosen: Option<Uuid>,
    /// With whom, and at which account the request says they are.
    pub(crate) contacts: Vec<(Option<AccountId>, ContactId)>,
    /// On which day.
    pub(crate) date: Option<Day>,
    /// The event, but for the id of the entry.
    pub(crate) event: proto::ContactLogged,
}

/// An entry to log.
pub(crate) fn logged(
    violations: &mut Violations,
    request: &proto::LogContactRequest,
) -> Option<Logged> {
    let account = violations.parse("parent", names::parse_account(&request.parent));
    let chosen = (!request.entry_id.is_empty()).then(|| {
        let parsed = Uuid::try_parse(&request.entry_id).map_err(|_| "is not a UUID");
        violations.parse("entry_id", parsed)
    });
    let direction = proto::ContactDirection::try_from(request.direction).unwrap_or_default();
    if direction == proto::ContactDirection::Unspecified {
        violations.add("direction", "must be ONE_WAY or TWO_WAY");
    }
    let channel = proto::ContactChannel::try_from(request.channel).unwrap_or_default();
    if channel == proto::ContactChannel::Unspecified {
        violations.add("channel", "must be MEETING, CALL, EMAIL, CHAT or OTHER");
    }
    let contacts = contacts(violations, &request.contacts);
    let date = violations.day("contact_date", request.contact_date.as_ref());
    let subject = violations.required_text("subject", &request.subject, SHORT_TEXT);
    let text = violations.text("text", &request.text, LONG_TEXT);
    let account = account?;
    let event = proto::ContactLogged {
        entry_id: String::new(),
        account_id: account.to_string(),
        direction: direction.into(),
        channel: channel.into(),
        contact_ids: contacts.iter().map(|(_, id)| id.to_string()).collect(),
        contact_date: None,
        subject,
        text,
    };
    Some(Logged {
        account,
        chosen: chosen.flatten(),
        contacts,
        date,
        event,
    })
}

fn contacts(violations: &mut Violations, texts: &[String]) -> Vec<(Option<AccountId>, ContactId)> {
    if texts.is_empty() {
        violations.add("contacts", "is required: with whom");
    }
    if texts.len() > MOST_CONTACTS {
        violations.add("contacts", format!("are more than {MOST_CONTACTS}"));
        return Vec::new();
    }
    let mut contacts: Vec<(Option<AccountId>, ContactId)> = Vec::new();
    for text in texts {
        let parsed = violations.parse("contacts", names::parse_contact(text));
        if let Some(contact) = parsed
            && contacts.iter().all(|(_, known)| *known != contact.1)
        {
            contacts.push(contact);
        }
    }
    contacts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ContactRole::{DecisionMaker, User};

    #[test]
    fn acc_11_roles_are_kept_in_order_and_once() {
        let mut violations = Violations::new();
        let [user, decides] = [User, DecisionMaker].map(i32::from);
        let kept = roles(&mut violations, "roles", &[user, decides, user]);
        assert_eq!(kept, [decides, user]);
        assert!(violations.check().is_ok());
        for wrong in [0, -1, 99] {
            let mut violations = Violations::new();
            roles(&mut violations, "roles", &[decides, wrong]);
            assert!(violations.check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn acc_11_an_entry_names_somebody_once() {
        let mut violations = Violations::new();
        let name = |account: &str| {
            format!("accounts/{account}/contacts/0197f0a0-0000-7000-8000-000000000001")
        };
        let texts = [name("-"), name("0197f0a0-0000-7000-8000-000000000002")];
        assert_eq!(contacts(&mut violations, &texts).len(), 1);
        assert!(violations.check().is_ok());
        let mut violations = Violations::new();
        contacts(&mut violations, &vec![name("-"); MOST_CONTACTS + 1]);
        assert!(violations.check().is_err());
    }
}
