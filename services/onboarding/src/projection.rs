//! The onboarding service's read model. Each handler writes only rows of its own source.

use keizoku_core::Recorded;
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::{AccountProfile, ContactDirection};
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{Assignment, OnboardingStarted};
use keizoku_runtime::account_names;
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, Transaction, params};

/// Tables and indexes; another schema starts the model over.
pub(crate) const SCHEMA: &str = include_str!("read_model.sql");

/// Writes one event's rows.
pub(crate) fn handle(
    rows: &Transaction<'_>,
    source: &str,
    event: &Recorded,
) -> Result<(), HandlerError> {
    if source == crate::SOURCE {
        on_onboarding_event(rows, &Kind::from_bytes(&event.data)?)?;
        Ok(())
    } else {
        account_names::handle(rows, event)?;
        on_accounts_event(rows, event)
    }
}

/// Two-way contact, and by which touch model an account is looked after.
fn on_accounts_event(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    if !matches!(event.category(), "account" | "contact-log") {
        return Ok(());
    }
    let at = event.recorded_at.as_microsecond();
    match AccountsKind::from_bytes(&event.data)? {
        AccountsKind::ContactLogged(e) if e.direction() == ContactDirection::TwoWay => {
            let date = keizoku_proto::optional_day(e.contact_date.as_ref());
            let date = date.ok().flatten().map(keizoku_core::Day::number);
            let log = "INSERT INTO contacts VALUES (?1, ?2, ?3, ?4, NULL)";
            write(rows, log, params![e.entry_id, e.account_id, date, at])?;
        }
        AccountsKind::ContactLogEntryVoided(e) => {
            let void = "UPDATE contacts SET voided_at = ?2 WHERE entry_id = ?1";
            write(rows, void, params![e.entry_id, at])?;
        }
        AccountsKind::AccountOpened(e) => touch(rows, &e.account_id, e.profile.as_ref())?,
        AccountsKind::AccountRevised(e) => touch(rows, &e.account_id, e.profile.as_ref())?,
        _ => {}
    }
    Ok(())
}

fn touch(
    rows: &Transaction<'_>,
    id: &str,
    profile: Option<&AccountProfile>,
) -> rusqlite::Result<()> {
    let touch_model = profile.map_or(0, |profile| profile.touch_model);
    let sql = "INSERT OR REPLACE INTO accounts VALUES (?1, ?2)";
    write(rows, sql, params![id, touch_model])
}

fn on_onboarding_event(rows: &Transaction<'_>, event: &Kind) -> rusqlite::Result<()> {
    match event {
        Kind::TemplatePublished(e) => {
            let id = e.plan.as_ref().map(|plan| plan.template_id.as_str());
            write(
                rows,
                "INSERT OR REPLACE INTO templates VALUES (?1, ?2, ?3)",
                params![id.unwrap_or_default(), e.product, e.tier],
            )
        }
        Kind::OnboardingStarted(e) => start(rows, e),
        Kind::OnboardingAssigned(e) => assign(rows, &e.onboarding_id, e.assignment.as_ref()),
        Kind::PhaseChanged(e) => {
            let to = e.step.as_ref().map(|step| step.to.as_str());
            enter(rows, &e.onboarding_id, to.unwrap_or_default())
        }
        Kind::TemplateChanged(e) => enter(rows, &e.onboarding_id, &e.phase),
        Kind::OnboardingCompleted(e) => {
            let complete = "UPDATE onboardings SET completed = 1 WHERE id = ?1";
            write(rows, complete, params![e.onboarding_id])?;
            assign(rows, &e.onboarding_id, e.assignment.as_ref())
        }
        Kind::TaskCompleted(_)
        | Kind::HandOffRecorded(_)
        | Kind::KickoffHeld(_)
        | Kind::ExpectationGapRated(_)
        | Kind::TaskReopened(_)
        | Kind::OnboardingHeld(_)
        | Kind::OnboardingResumed(_) => Ok(()),
    }
}

fn start(rows: &Transaction<'_>, e: &OnboardingStarted) -> rusqlite::Result<()> {
    let phases = e.plan.as_ref().map_or(&[][..], |plan| &plan.phases);
    let first = phases.first().map(|phase| phase.key.as_str());
    let assignment = e.assignment.clone().unwrap_or_default();
    write(
        rows,
        "INSERT INTO onboardings (id, account_id, product, owner_user, owner_team, phase)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            e.onboarding_id,
            e.account_id,
            e.product,
            assignment.owner_user_id,
            assignment.owner_team_id,
            first.unwrap_or_default()
        ],
    )
}

fn assign(
    rows: &Transaction<'_>,
    id: &str,
    assignment: Option<&Assignment>,
) -> rusqlite::Result<()> {
    let (user, team) = assignment.map_or(("", ""), |assignment| {
        (
            assignment.owner_user_id.as_str(),
            assignment.owner_team_id.as_str(),
        )
    });
    write(
        rows,
        "UPDATE onboardings SET owner_user = ?2, owner_team = ?3 WHERE id = ?1",
        params![id, user, team],
    )
}

fn enter(rows: &Transaction<'_>, id: &str, phase: &str) -> rusqlite::Result<()> {
    let enter = "UPDATE onboardings SET phase = ?2 WHERE id = ?1";
    write(rows, enter, params![id, phase])
}

fn write(
    rows: &Transaction<'_>,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<()> {
    rows.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
