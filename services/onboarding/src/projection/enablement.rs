//! Rows about programmes for new members, of the own log (ONB-10).

use keizoku_proto::onboarding::event::Kind;
use keizoku_runtime::read_model::rusqlite::{self, Transaction, params};

use super::write;

pub(super) fn handle(rows: &Transaction<'_>, event: &Kind) -> rusqlite::Result<()> {
    match event {
        // One that was ended begins anew.
        Kind::ProgrammeStarted(e) => {
            let phases = e.plan.as_ref().map_or(&[][..], |plan| &plan.phases);
            let first = phases.first().map_or("", |phase| phase.key.as_str());
            write(
                rows,
                "INSERT OR REPLACE INTO programmes VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
                params![
                    e.programme_id,
                    e.member_id,
                    e.mentor_id,
                    e.lead_id,
                    e.key,
                    first
                ],
            )
        }
        Kind::ProgrammeAssigned(e) => write(
            rows,
            "UPDATE programmes SET mentor = ?2, lead = ?3 WHERE id = ?1",
            params![e.programme_id, e.mentor_id, e.lead_id],
        ),
        Kind::ProgrammePhaseChanged(e) => {
            let to = e.step.as_ref().map_or("", |step| step.to.as_str());
            enter(rows, &e.programme_id, to)
        }
        Kind::ProgrammeTemplateChanged(e) => enter(rows, &e.programme_id, &e.phase),
        Kind::ProgrammeCompleted(e) => end(rows, &e.programme_id, 1),
        Kind::ProgrammeEnded(e) => end(rows, &e.programme_id, 2),
        _ => Ok(()),
    }
}

fn enter(rows: &Transaction<'_>, id: &str, phase: &str) -> rusqlite::Result<()> {
    let enter = "UPDATE programmes SET phase = ?2 WHERE id = ?1";
    write(rows, enter, params![id, phase])
}

fn end(rows: &Transaction<'_>, id: &str, how: i64) -> rusqlite::Result<()> {
    let end = "UPDATE programmes SET ended = ?2 WHERE id = ?1";
    write(rows, end, params![id, how])
}
