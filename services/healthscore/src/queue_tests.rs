use keizoku_core::{Recorded, Revision};
use keizoku_proto::StoredEvent;
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::{AccountAttributesChanged, AccountOpened};
use keizoku_proto::healthscore::SignalsRecorded;
use keizoku_proto::healthscore::event::Kind;
use keizoku_runtime::{account_names, intake};

use super::*;
use crate::projection::{SCHEMA, handle};

const MONTH: i32 = 12 * 2026 + 10;

fn account() -> AccountId {
    Uuid::from_u128(7).into()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn model() -> Connection {
    let rows = Connection::open_in_memory().unwrap();
    for schema in [SCHEMA, account_names::TABLE, intake::TABLE] {
        rows.execute_batch(schema).unwrap();
    }
    rows
}

fn hear(rows: &mut Connection, source: &str, position: u64, second: i64, kind: &impl StoredEvent) {
    let category = if source == book::SOURCE {
        "account"
    } else {
        "signals"
    };
    let event = Recorded {
        position: Position(position),
        stream: format!("{category}-{}", account().uuid().simple()),
        revision: Revision(position),
        id: Uuid::from_u128(position.into()),
        kind: kind.type_name().to_owned(),
        recorded_at: at(second),
        data: kind.to_bytes(),
        metadata: Vec::new(),
    };
    let rows = rows.transaction().unwrap();
    handle(&rows, source, &event).unwrap();
    rows.commit().unwrap();
}

fn signals() -> Kind {
    Kind::SignalsRecorded(SignalsRecorded {
        account_id: account().to_string(),
        month: MONTH,
        signals: Vec::new(),
    })
}

fn another_tier() -> AccountsKind {
    AccountsKind::AccountAttributesChanged(AccountAttributesChanged {
        account_id: account().to_string(),
        ..AccountAttributesChanged::default()
    })
}

fn snapshot(rows: &Connection) -> Snapshot {
    Snapshot::of(rows, &[account()]).unwrap().remove(0)
}

/// Notes that what a batch has of the account was worked off.
fn work_off(rows: &mut Connection, batch: &Batch, outcome: Outcome) {
    let settled = Settled {
        account: account(),
        arrivals: snapshot(rows).arrivals,
        outcome,
    };
    let rows = rows.transaction().unwrap();
    batch.done(&rows).unwrap();
    settled.note(&rows).unwrap();
    rows.commit().unwrap();
}

#[test]
fn hlt_5_what_comes_at_the_instant_of_what_is_worked_off_is_worked_off_as_well() {
    let mut rows = model();
    let followed = || Outcome::Followed {
        course: Box::default(),
        band_since: None,
        changes_at: None,
        silent_since: None,
        falls_silent_at: None,
    };
    hear(&mut rows, crate::SOURCE, 1, 1, &signals());
    hear(&mut rows, book::SOURCE, 5, 2, &another_tier());
    let batch = Batch::of(&rows, at(2)).unwrap();
    assert_eq!((batch.heard.len(), batch.accounts.len()), (1, 1));
    hear(&mut rows, book::SOURCE, 6, 2, &another_tier());
    work_off(&mut rows, &batch, followed());
    let batch = Batch::of(&rows, at(2)).unwrap();
    assert_eq!((batch.heard.len(), batch.accounts.len()), (1, 0));
    assert_eq!(snapshot(&rows).heard, Some(at(2)));
    work_off(&mut rows, &batch, followed());
    assert!(Batch::of(&rows, at(2)).unwrap().is_empty());
}

#[test]
fn hlt_5_rx_9_an_account_that_is_opened_after_its_signals_were_worked_off_begins_with_all_of_them()
{
    let mut rows = model();
    hear(&mut rows, crate::SOURCE, 1, 1, &signals());
    assert!(snapshot(&rows).is_new);
    let batch = Batch::of(&rows, at(2)).unwrap();
    work_off(&mut rows, &batch, Outcome::Gone { survivor: None });
    hear(&mut rows, crate::SOURCE, 2, 2, &signals());
    let then = snapshot(&rows);
    assert!(
        !then.is_new,
        "its first signals are not among {:?}",
        then.arrivals
    );
    let opened = AccountsKind::AccountOpened(AccountOpened {
        account_id: account().to_string(),
        ..AccountOpened::default()
    });
    hear(&mut rows, book::SOURCE, 1, 1, &opened);
    assert_eq!(Batch::of(&rows, at(2)).unwrap().heard.len(), 1);
}
