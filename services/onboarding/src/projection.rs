//! The onboarding service's read model. Each handler writes only rows of its own source.

mod enablement;
mod learning;

use jiff::Timestamp;
use keizoku_core::{OnboardingId, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::{AccountProfile, ContactDirection, DealTerms};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::event::Kind as HealthKind;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{Assignment, OnboardingStarted};
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, Transaction, params};
use keizoku_runtime::{account_names, book, intake};

/// Tables and indexes; another schema starts the model over.
pub(crate) const SCHEMA: &str = include_str!("read_model.sql");

/// Writes one event's rows.
pub(crate) fn handle(
    rows: &Transaction<'_>,
    source: &str,
    event: &Recorded,
) -> Result<(), HandlerError> {
    if source == crate::SOURCE {
        on_onboarding_event(rows, &Kind::from_bytes(&event.data)?, event.recorded_at)?;
        if event.category() == "onboarding" {
            watch(rows, event)?;
        }
        Ok(())
    } else if source == HEALTHSCORE {
        on_healthscore_event(rows, event)
    } else {
        account_names::handle(rows, event)?;
        on_accounts_event(rows, event)
    }
}

/// The healthscore service as a source of events.
pub(crate) const HEALTHSCORE: &str = "healthscore";

/// Which features an account is said to use, and when somebody signed in.
fn on_healthscore_event(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    if event.category() != "use" {
        return Ok(());
    }
    match HealthKind::from_bytes(&event.data)? {
        HealthKind::FeatureFirstUsed(e) => {
            let used = "INSERT OR IGNORE INTO used_features VALUES (?1, ?2)";
            write(rows, used, params![e.account_id, e.feature])?;
        }
        HealthKind::SignInSeen(e) => {
            let date = keizoku_proto::optional_day(e.date.as_ref());
            if let Some(date) = date.ok().flatten() {
                let at = event.recorded_at.as_microsecond();
                let seen = "INSERT OR IGNORE INTO sign_ins VALUES (?1, ?2, ?3)";
                write(rows, seen, params![e.account_id, date.number(), at])?;
                changed(rows, &e.account_id, None)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Two-way contact, by which touch model an account is looked after, and what the service reacts to.
fn on_accounts_event(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    let matters = matches!(
        event.category(),
        "account" | "contact-log" | "deal" | "churn" | "identity"
    );
    if !matters {
        return Ok(());
    }
    let at = event.recorded_at.as_microsecond();
    match AccountsKind::from_bytes(&event.data)? {
        AccountsKind::ContactLogged(e) if e.direction() == ContactDirection::TwoWay => {
            let date = keizoku_proto::optional_day(e.contact_date.as_ref());
            let date = date.ok().flatten().map(keizoku_core::Day::number);
            let log = "INSERT INTO contacts VALUES (?1, ?2, ?3, ?4, NULL)";
            write(rows, log, params![e.entry_id, e.account_id, date, at])?;
            changed(rows, &e.account_id, None)?;
        }
        AccountsKind::ContactLogEntryVoided(e) => {
            let void = "UPDATE contacts SET voided_at = ?2 WHERE entry_id = ?1";
            write(rows, void, params![e.entry_id, at])?;
            let changed = "INSERT INTO changed_accounts (account_id, day)
                           SELECT account_id, 0 FROM contacts WHERE entry_id = ?1";
            write(rows, changed, params![e.entry_id])?;
        }
        AccountsKind::AccountOpened(e) => touch(rows, &e.account_id, e.profile.as_ref())?,
        AccountsKind::AccountRevised(e) => {
            touch(rows, &e.account_id, e.profile.as_ref())?;
            changed(rows, &e.account_id, None)?;
        }
        AccountsKind::AccountAttributesChanged(e) => {
            changed(rows, &e.account_id, e.effective_date.as_ref())?;
        }
        AccountsKind::AccountMerged(e) => changed(rows, &e.survivor_id, None)?,
        AccountsKind::DealRecorded(e) => salesperson(rows, &e.deal_id, e.terms.as_ref())?,
        AccountsKind::DealRevised(e) => salesperson(rows, &e.deal_id, e.terms.as_ref())?,
        AccountsKind::DealWon(e) => {
            let position = i64::try_from(event.position.0).unwrap_or(i64::MAX);
            let won = "INSERT INTO won_deals VALUES (?1, ?2, ?3)";
            write(rows, won, params![position, e.account_id, e.product])?;
            intake::note(rows, book::SOURCE, event)?;
        }
        AccountsKind::AccountChurned(_) => intake::note(rows, book::SOURCE, event)?,
        _ => {}
    }
    Ok(())
}

/// Something of an account changed that decides how its onboardings get on: at once, or on a date.
fn changed(rows: &Transaction<'_>, id: &str, from: Option<&Date>) -> rusqlite::Result<()> {
    let from = keizoku_proto::optional_day(from).ok().flatten();
    let from = from.map_or(0, keizoku_core::Day::number);
    let sql = "INSERT INTO changed_accounts (account_id, day) VALUES (?1, ?2)";
    write(rows, sql, params![id, from])
}

fn salesperson(
    rows: &Transaction<'_>,
    deal: &str,
    terms: Option<&DealTerms>,
) -> rusqlite::Result<()> {
    let user = terms.map_or("", |terms| terms.salesperson_id.as_str());
    let sql = "INSERT OR REPLACE INTO salespeople VALUES (?1, ?2)";
    write(rows, sql, params![deal, user])
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

fn on_onboarding_event(
    rows: &Transaction<'_>,
    event: &Kind,
    at: Timestamp,
) -> rusqlite::Result<()> {
    match event {
        Kind::TemplatePublished(e) => {
            let id = e.plan.as_ref().map(|plan| plan.template_id.as_str());
            write(
                rows,
                "INSERT OR REPLACE INTO templates VALUES (?1, ?2, ?3, ?4)",
                params![id.unwrap_or_default(), e.product, e.tier, e.programme],
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
            done(rows, &e.onboarding_id, 1)?;
            assign(rows, &e.onboarding_id, e.assignment.as_ref())
        }
        Kind::OnboardingEnded(e) => done(rows, &e.onboarding_id, 2),
        Kind::OnboardingRelaunched(e) => done(rows, &e.onboarding_id, 0),
        Kind::ContentPublished(_)
        | Kind::ContentCompleted(_)
        | Kind::SeminarScheduled(_)
        | Kind::SeminarCancelled(_)
        | Kind::SeminarAttendanceRecorded(_) => learning::handle(rows, event, at),
        Kind::ProgrammeStarted(_)
        | Kind::ProgrammeAssigned(_)
        | Kind::ProgrammePhaseChanged(_)
        | Kind::ProgrammeTemplateChanged(_)
        | Kind::ProgrammeCompleted(_)
        | Kind::ProgrammeEnded(_)
        | Kind::ProgrammeTaskCompleted(_)
        | Kind::ProgrammeTaskReopened(_) => enablement::handle(rows, event),
        // Another rule may hold of any of them.
        Kind::CoachingRuleSet(_) => {
            let anew = "UPDATE watched SET due = 0, touched = touched + 1";
            write(rows, anew, params![])
        }
        Kind::TaskCompleted(_)
        | Kind::HandOffRecorded(_)
        | Kind::HandOffRequested(_)
        | Kind::KickoffHeld(_)
        | Kind::ExpectationGapRated(_)
        | Kind::TaskReopened(_)
        | Kind::OnboardingHeld(_)
        | Kind::OnboardingResumed(_)
        | Kind::OnboardingStalled(_)
        | Kind::OnboardingPickedUp(_)
        | Kind::OnboardingReturned(_)
        | Kind::OnboardingWentDormant(_)
        | Kind::GoalDeclared(_)
        | Kind::GoalReviewed(_)
        | Kind::SeminarRegistered(_)
        | Kind::SeminarWithdrawn(_)
        | Kind::CoachingRuleHeld(_)
        | Kind::ReactionsAdvanced(_) => Ok(()),
    }
}

fn done(rows: &Transaction<'_>, id: &str, how: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE onboardings SET completed = ?2 WHERE id = ?1";
    write(rows, sql, params![id, how])
}

/// Whatever happened to an onboarding, something may have come of it.
fn watch(rows: &Transaction<'_>, event: &Recorded) -> rusqlite::Result<()> {
    let id = event.stream.split_once('-');
    let Some(id) = id.and_then(|(_, id)| id.parse::<OnboardingId>().ok()) else {
        return Ok(());
    };
    let sql = "INSERT INTO watched VALUES (?1, 0, 0)
               ON CONFLICT (id) DO UPDATE SET due = 0, touched = touched + 1";
    write(rows, sql, params![id.to_string()])
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
