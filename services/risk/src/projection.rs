//! The risk service's read model. Each handler writes only rows of its own source.

use keizoku_core::{Recorded, RiskId};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::{StoredEvent as _, accounts, onboarding, risk};
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, OptionalExtension as _, Transaction, params};
use keizoku_runtime::{account_names, book, intake};
use risk::event::Kind;

use crate::{reactions, stuck, text};

/// Tables and indexes; another schema starts the model over.
pub(crate) const SCHEMA: &str = include_str!("read_model.sql");

/// The healthscore service as a source of events.
pub(crate) const HEALTHSCORE: &str = "healthscore";
/// The onboarding service as a source of events.
pub(crate) const ONBOARDING: &str = "onboarding";

/// Writes one event's rows.
pub(crate) fn handle(
    rows: &Transaction<'_>,
    source: &str,
    event: &Recorded,
) -> Result<(), HandlerError> {
    if source == crate::SOURCE {
        let at = event.recorded_at.as_microsecond();
        on_risk_event(rows, &Kind::from_bytes(&event.data)?, at)?;
        Ok(())
    } else if source == HEALTHSCORE {
        // Signals are many, and nothing follows from one.
        if event.category() == "band" {
            intake::note(rows, source, event)?;
        }
        Ok(())
    } else if source == ONBOARDING {
        if stuck::matters(&onboarding::event::Kind::from_bytes(&event.data)?) {
            intake::note(rows, source, event)?;
        }
        Ok(())
    } else {
        match event.category() {
            "user" | "contact" | "churn" => on_accounts_event(rows, event),
            _ => account_names::handle(rows, event),
        }
    }
}

/// Notes what the service reacts to, and who left.
fn on_accounts_event(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    use accounts::event::Kind;
    match Kind::from_bytes(&event.data)? {
        Kind::ContactDeparted(e) if reactions::matters(&e) => {
            update(
                rows,
                "INSERT OR REPLACE INTO departed_contacts VALUES (?1, ?2)",
                params![e.contact_id, e.account_id],
            )?;
        }
        Kind::ContactReturned(e) => {
            let known = rows
                .prepare_cached("SELECT 1 FROM departed_contacts WHERE id = ?1")?
                .exists([e.contact_id])?;
            if !known {
                return Ok(());
            }
        }
        Kind::AccountChurned(_) => {}
        Kind::UserDeparted(e) => {
            let sql = "INSERT OR REPLACE INTO departed_users VALUES (?1)";
            return Ok(update(rows, sql, params![e.user_id])?);
        }
        Kind::UserReturned(e) => {
            let sql = "DELETE FROM departed_users WHERE id = ?1";
            return Ok(update(rows, sql, params![e.user_id])?);
        }
        _ => return Ok(()),
    }
    Ok(intake::note(rows, book::SOURCE, event)?)
}

fn on_risk_event(rows: &Transaction<'_>, event: &Kind, at: i64) -> rusqlite::Result<()> {
    match event {
        Kind::RiskOpened(e) => open(rows, e, at),
        Kind::RiskRevised(e) => {
            let description = e.description.clone().unwrap_or_default();
            update(
                rows,
                "UPDATE risks SET display_name = ?3, type = ?4, detail = ?5, remarks = ?6,
                 updated_at = ?2 WHERE number = ?1",
                params![
                    row(rows, &e.risk_id)?,
                    at,
                    description.display_name,
                    description.r#type,
                    description.detail,
                    description.remarks
                ],
            )?;
            know(rows, row(rows, &e.risk_id)?)
        }
        Kind::RiskAssigned(e) => {
            let owner = e.owner.clone().unwrap_or_default();
            update(
                rows,
                "UPDATE risks SET owner_user = ?3, owner_team = ?4, updated_at = ?2 WHERE number = ?1",
                params![row(rows, &e.risk_id)?, at, owner.user_id, owner.team_id],
            )
        }
        Kind::LeadsToChurnAssessed(e) => update(
            rows,
            "UPDATE risks SET leads_to_churn = ?3, updated_at = ?2 WHERE number = ?1",
            params![row(rows, &e.risk_id)?, at, e.leads_to_churn],
        ),
        Kind::NextActionScheduled(e) => {
            let (due, text) = action(e.next_action.as_ref());
            update(
                rows,
                "UPDATE risks SET next_action_date = ?3, next_action = ?4, updated_at = ?2
                 WHERE number = ?1",
                params![row(rows, &e.risk_id)?, at, due, text],
            )
        }
        Kind::RiskClosed(e) => close(
            rows,
            row(rows, &e.risk_id)?,
            at,
            e.completion,
            e.completion_date.as_ref(),
            &e.result,
        ),
        Kind::ClosureAmended(e) => close(
            rows,
            row(rows, &e.risk_id)?,
            at,
            e.completion,
            e.completion_date.as_ref(),
            &e.result,
        ),
        Kind::RiskReopened(e) => {
            let risk = row(rows, &e.risk_id)?;
            close(rows, risk, at, 0, None, "")?;
            forget(rows, risk)
        }
        Kind::RiskClosureRequested(e) => update(
            rows,
            "UPDATE risks SET updated_at = ?2 WHERE number = ?1",
            params![row(rows, &e.risk_id)?, at],
        ),
        Kind::RiskTypeDefined(_) | Kind::SuggestionCauseCleared(_) | Kind::ReactionsAdvanced(_) => {
            Ok(())
        }
        Kind::RiskSuggested(e) => update(
            rows,
            "INSERT OR REPLACE INTO suggestions VALUES (?1, ?2, ?3, ?4)",
            params![
                e.suggestion_id,
                e.account_id,
                risk::SuggestionState::Pending as i32,
                at
            ],
        ),
        Kind::SuggestionAccepted(e) => {
            settle(rows, &e.suggestion_id, risk::SuggestionState::Accepted)
        }
        Kind::SuggestionDismissed(e) => {
            settle(rows, &e.suggestion_id, risk::SuggestionState::Dismissed)
        }
    }
}

fn open(rows: &Transaction<'_>, e: &risk::RiskOpened, at: i64) -> rusqlite::Result<()> {
    let description = e.description.clone().unwrap_or_default();
    let owner = e.owner.clone().unwrap_or_default();
    let (due, text) = action(e.next_action.as_ref());
    update(
        rows,
        "INSERT INTO risks (key, id, account_id, display_name, type, detail, remarks, owner_user,
         owner_team, leads_to_churn, next_action_date, next_action, open_date, external_id, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            key(&e.risk_id),
            e.risk_id,
            e.account_id,
            description.display_name,
            description.r#type,
            description.detail,
            description.remarks,
            owner.user_id,
            owner.team_id,
            e.leads_to_churn,
            due,
            text,
            number(e.open_date.as_ref()),
            e.external_id,
            at
        ],
    )
}

/// The number of a risk's row.
fn row(rows: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<i64>> {
    rows.prepare_cached("SELECT number FROM risks WHERE key = ?1 AND id = ?2")?
        .query_row(params![key(id), id], |row| row.get(0))
        .optional()
}

/// The first half of an id, which hardly any two risks share.
fn key(id: &str) -> i64 {
    let half = |id: RiskId| id.uuid().as_u64_pair().0.cast_signed();
    id.parse().map(half).unwrap_or_default()
}

fn close(
    rows: &Transaction<'_>,
    risk: Option<i64>,
    at: i64,
    completion: i32,
    date: Option<&Date>,
    result: &str,
) -> rusqlite::Result<()> {
    update(
        rows,
        "UPDATE risks SET completion = ?3, completion_date = ?4, result = ?5, updated_at = ?2
         WHERE number = ?1",
        params![risk, at, completion, number(date), result],
    )?;
    know(rows, risk)
}

/// Makes a closed risk findable by its present words.
fn know(rows: &Transaction<'_>, risk: Option<i64>) -> rusqlite::Result<()> {
    let found = rows
        .prepare_cached(
            "SELECT number, display_name || ' ' || detail || ' ' || remarks || ' ' || result || ' ' || next_action
             FROM risks WHERE number = ?1 AND completion <> 0",
        )?
        .query_row([risk], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
    let (number, words) = match found {
        Ok(found) => found,
        Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(()),
        Err(error) => return Err(error),
    };
    rows.prepare_cached("INSERT OR REPLACE INTO knowledge (rowid, words) VALUES (?1, ?2)")?
        .execute(params![number, text::tokens(&words)])?;
    Ok(())
}

/// A risk that is open again is no knowledge.
fn forget(rows: &Transaction<'_>, risk: Option<i64>) -> rusqlite::Result<()> {
    rows.prepare_cached("DELETE FROM knowledge WHERE rowid = ?1")?
        .execute([risk])?;
    Ok(())
}

fn settle(rows: &Transaction<'_>, id: &str, state: risk::SuggestionState) -> rusqlite::Result<()> {
    update(
        rows,
        "UPDATE suggestions SET state = ?2 WHERE id = ?1",
        params![id, state as i32],
    )
}

fn update(
    rows: &Transaction<'_>,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<()> {
    rows.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn action(action: Option<&risk::NextAction>) -> (Option<u16>, String) {
    let due = action.and_then(|action| number(action.due_date.as_ref()));
    (
        due,
        action.map(|action| action.text.clone()).unwrap_or_default(),
    )
}

fn number(date: Option<&Date>) -> Option<u16> {
    keizoku_proto::optional_day(date)
        .ok()
        .flatten()
        .map(keizoku_core::Day::number)
}
