use keizoku_core::{Position, Recorded, Revision};
use keizoku_proto::accounts::{
    ContactAdded, ContactDeparted, ContactLogEntryVoided, ContactLogged, ContactReturned,
    ContactRevised, Event, Organisation, OrganisationConfigured, event::Kind,
};
use keizoku_proto::{UnreadableEvent, common};
use keizoku_revenue::{AsOf, Book, Entry, Unreadable};
use prost::Message as _;
use uuid::Uuid;

use crate::given::*;

fn recorded(kind: Option<Kind>, origin: common::Origin) -> Recorded {
    let metadata = common::EventMetadata {
        origin: origin.into(),
        ..Default::default()
    };
    Recorded {
        position: Position(1),
        stream: "subscription-00000000000000000000000000000001".to_owned(),
        revision: Revision(1),
        id: Uuid::nil(),
        kind: "subscription_started".to_owned(),
        recorded_at: at(1),
        data: Event { kind }.encode_to_vec(),
        metadata: metadata.encode_to_vec(),
    }
}

fn start() -> Kind {
    started(
        subscription(1),
        account(1),
        "core",
        day("2026-01-01"),
        100,
        renews("2027-01-01"),
    )
}

#[test]
fn the_log_is_read_as_it_is_stored() {
    let mut book = Book::new(day("2026-11-22"));
    book.apply_recorded(&recorded(Some(start()), common::Origin::User))
        .unwrap();
    assert_eq!(mrr(&book, account(1), "2026-11-22"), 100);
    assert_eq!(book.first_import(None), None);
    let mut book = Book::new(day("2026-11-22"));
    book.apply_recorded(&recorded(Some(start()), common::Origin::Import))
        .unwrap();
    assert_eq!(book.first_import(None), Some(at(1)));
    assert_eq!(book.first_import(Some(at(0))), None);
}

#[test]
fn an_event_of_a_newer_version_changes_nothing() {
    let mut book = Book::new(day("2026-11-22"));
    let refused = book.apply_recorded(&recorded(None, common::Origin::User));
    assert_eq!(
        refused,
        Err(Unreadable::Event(UnreadableEvent::NewerVersion))
    );
    assert_eq!(book.version(), 0);
}

#[test]
fn an_event_that_no_service_records_changes_nothing() {
    let mut book = Book::new(day("2026-11-22"));
    let kind = started(
        subscription(1),
        account(1),
        "core",
        day("2026-01-01"),
        -5,
        renews("2027-01-01"),
    );
    let entry = Entry {
        recorded_at: at(1),
        revision: Revision(1),
        imported: false,
        kind: &kind,
    };
    assert_eq!(book.apply(entry), Err(Unreadable::Malformed("mrr")));
    assert!(book.is_empty());
}

#[test]
fn acc_11_contact_is_read_and_changes_no_figure() {
    let mut book = Book::new(day("2026-11-22"));
    for kind in [
        Kind::ContactAdded(ContactAdded::default()),
        Kind::ContactRevised(ContactRevised::default()),
        Kind::ContactDeparted(ContactDeparted::default()),
        Kind::ContactReturned(ContactReturned::default()),
        Kind::ContactLogged(ContactLogged::default()),
        Kind::ContactLogEntryVoided(ContactLogEntryVoided::default()),
    ] {
        let read = book.apply_recorded(&recorded(Some(kind), common::Origin::User));
        assert_eq!(read, Ok(()));
    }
    assert!(book.is_empty());
}

#[test]
fn gen_1_changing_the_time_zone_does_not_rewrite_history() {
    let configured = |zone: &str| {
        let organisation = Organisation {
            time_zone: zone.to_owned(),
            ..Organisation::default()
        };
        Kind::OrganisationConfigured(OrganisationConfigured {
            organisation: Some(organisation),
        })
    };
    let mut log = Log::default();
    log.write(configured("Europe/Paris"));
    log.write(configured("America/New_York"));
    let book = log.book(day("2026-11-22"));
    let zone = |known_at| book.zone_at(known_at).iana_name().unwrap().to_owned();
    assert_eq!(zone(Some(at(0))), "Asia/Tokyo");
    assert_eq!(zone(Some(at(1))), "Europe/Paris");
    assert_eq!(zone(None), "America/New_York");
    assert_eq!(
        book.settings_in_effect(AsOf::now(day("2020-01-01")))
            .currency,
        "JPY"
    );
}
