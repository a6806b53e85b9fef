//! Contacts and the contact log as clients see them (ACC-11).

use keizoku_core::Day;
use keizoku_proto::accounts as proto;
use keizoku_runtime::{Fold, call};

use super::author;
use crate::domain::{contact, contact_log};

/// A contact, as of a date.
pub(crate) fn contact(fold: &Fold<contact::State>, on: Day) -> proto::Contact {
    let state = &fold.state;
    let profile = &state.profile;
    proto::Contact {
        name: contact_name(state),
        display_name: profile.display_name.clone(),
        title: profile.title.clone(),
        email: profile.email.clone(),
        phone: profile.phone.clone(),
        roles: profile.roles.clone(),
        departure_date: state.departure.map(Into::into),
        departed: state.is_departed(on),
        external_id: profile.external_id.clone(),
        create_time: fold.created_at.map(keizoku_proto::timestamp),
        update_time: fold.updated_at.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
    }
}

/// A contact keeps its name when its account is merged into another.
pub(crate) fn contact_name(state: &contact::State) -> String {
    format!("accounts/{}/contacts/{}", state.account_id, state.id)
}

/// An entry of the contact log; `contacts` are the names of those that it is about.
pub(crate) fn contact_log_entry(
    fold: &Fold<contact_log::State>,
    contacts: Vec<String>,
) -> proto::ContactLogEntry {
    let logged = &fold.state.logged;
    let (actor, origin) = author(fold, 1);
    let voided = fold.state.voided.as_ref();
    let (account, id) = (&logged.account_id, &logged.entry_id);
    proto::ContactLogEntry {
        name: format!("accounts/{account}/contactLog/{id}"),
        direction: logged.direction,
        channel: logged.channel,
        contacts,
        contact_date: logged.contact_date,
        subject: logged.subject.clone(),
        text: logged.text.clone(),
        create_time: fold.created_at.map(keizoku_proto::timestamp),
        actor,
        origin,
        void_time: voided.map(|(at, _)| keizoku_proto::timestamp(*at)),
        void_reason: voided.map(|(_, why)| why.clone()).unwrap_or_default(),
        // Nothing comes after a void: it is the last event.
        void_actor: voided
            .map(|_| author(fold, fold.revision.0).0)
            .unwrap_or_default(),
        etag: call::etag(fold.revision),
    }
}
