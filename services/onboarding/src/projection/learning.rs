//! Rows about contents and seminars, of the own log (ONB-9).

use jiff::Timestamp;
use keizoku_core::Day;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{Learner, SeminarAttendanceRecorded};
use keizoku_runtime::read_model::rusqlite::{self, Transaction, params};

use super::{changed, write};

/// Writes the rows of an event that is about contents or seminars; others have none here.
pub(super) fn handle(rows: &Transaction<'_>, event: &Kind, at: Timestamp) -> rusqlite::Result<()> {
    match event {
        Kind::ContentPublished(e) => {
            let item = e.item.clone().unwrap_or_default();
            let published = "INSERT OR REPLACE INTO contents VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            write(
                rows,
                published,
                params![
                    e.content_id,
                    item.key,
                    item.product,
                    item.feature,
                    item.purpose,
                    item.retired
                ],
            )
        }
        Kind::ContentCompleted(e) => {
            let learner = e.learner.clone().unwrap_or_default();
            write(
                rows,
                "INSERT OR REPLACE INTO completions VALUES (?1, ?2, ?3, ?4)",
                params![
                    learner.account_id,
                    e.content_id,
                    learner.contact_id,
                    number(e.date.as_ref())
                ],
            )?;
            changed(rows, &learner.account_id, None)
        }
        Kind::SeminarScheduled(e) => {
            let plan = e.plan.clone().unwrap_or_default();
            write(
                rows,
                "INSERT OR REPLACE INTO seminars VALUES (?1, ?2, ?3, ?4, 0)",
                params![
                    e.seminar_id,
                    plan.feature,
                    plan.purpose,
                    number(e.date.as_ref())
                ],
            )?;
            // Another date is another day of contact.
            write(
                rows,
                "INSERT INTO changed_accounts (account_id, day)
                 SELECT DISTINCT account_id, 0 FROM attendances WHERE seminar_id = ?1",
                params![e.seminar_id],
            )
        }
        Kind::SeminarCancelled(e) => {
            let cancel = "UPDATE seminars SET cancelled = 1 WHERE id = ?1";
            write(rows, cancel, params![e.seminar_id])
        }
        Kind::SeminarAttendanceRecorded(e) => attended(rows, e, at),
        _ => Ok(()),
    }
}

fn attended(
    rows: &Transaction<'_>,
    e: &SeminarAttendanceRecorded,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let Learner {
        account_id,
        contact_id,
    } = e.learner.clone().unwrap_or_default();
    let at = at.as_microsecond();
    if e.attended {
        write(
            rows,
            "INSERT INTO attendances VALUES (?1, ?2, ?3, ?4, NULL)",
            params![account_id, e.seminar_id, contact_id, at],
        )?;
    } else {
        write(
            rows,
            "UPDATE attendances SET voided_at = ?4 WHERE account_id = ?1 AND seminar_id = ?2
             AND contact_id = ?3 AND voided_at IS NULL",
            params![account_id, e.seminar_id, contact_id, at],
        )?;
    }
    changed(rows, &account_id, None)
}

fn number(date: Option<&Date>) -> Option<u16> {
    let date = keizoku_proto::optional_day(date).ok().flatten();
    date.map(Day::number)
}
