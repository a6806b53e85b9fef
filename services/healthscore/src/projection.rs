//! The healthscore service's read model. Each handler writes only rows of its own source; rows of what was
//! worked off are the [`crate::keeper`]'s.

use keizoku_core::{AccountId, Day, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::onboarding::event::Kind as OnboardingKind;
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, ToSql, Transaction, params};
use keizoku_runtime::{account_names, intake};
use uuid::Uuid;

use crate::goals;
use crate::reactions::{self, Onboarding};

/// Tables and indexes; another schema starts the model over.
pub(crate) const SCHEMA: &str = include_str!("read_model.sql");

/// The onboarding service as a source of events.
pub(crate) const ONBOARDING: &str = "onboarding";

/// Writes one event's rows.
pub(crate) fn handle(
    rows: &Transaction<'_>,
    source: &str,
    event: &Recorded,
) -> Result<(), HandlerError> {
    if source == ONBOARDING {
        on_onboarding_event(rows, event)
    } else if source == crate::SOURCE {
        Ok(on_own_event(rows, event, Kind::from_bytes(&event.data)?)?)
    } else {
        account_names::handle(rows, event)?;
        on_accounts_event(rows, event)
    }
}

fn on_own_event(rows: &Transaction<'_>, event: &Recorded, kind: Kind) -> rusqlite::Result<()> {
    match kind {
        Kind::SignalsRecorded(recorded) => {
            let account = key(&recorded.account_id);
            write(
                rows,
                "INSERT INTO months VALUES (?1, ?2, ?2) ON CONFLICT (account)
                 DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)
                 WHERE excluded.first < first OR excluded.last > last", // hardly ever
                params![account, recorded.month],
            )?;
            let position = i64::try_from(event.position.0).unwrap_or(i64::MAX);
            write(
                rows,
                "INSERT INTO arrivals (account, month, first, last) VALUES (?1, ?2, ?3, ?3)
                 ON CONFLICT (account, month) DO UPDATE SET last = excluded.last",
                params![account, recorded.month, position],
            )
        }
        Kind::ScorecardPublished(_) | Kind::ScorecardRolledBack(_) => sweep(rows, event),
        Kind::HealthBandChanged(changed) => {
            let at = changed
                .change_time
                .as_ref()
                .and_then(keizoku_proto::instant);
            let at = at.unwrap_or(event.recorded_at).as_microsecond();
            write(
                rows,
                "INSERT OR REPLACE INTO told VALUES (?1, ?2, ?3)",
                params![key(&changed.account_id), changed.to, at],
            )
        }
        Kind::HealthOverridden(set) => {
            let until = set.expire_time.as_ref().and_then(keizoku_proto::instant);
            let until = until.unwrap_or(event.recorded_at).as_microsecond();
            write(
                rows,
                "INSERT OR REPLACE INTO overrides VALUES (?1, ?2, ?3)",
                params![key(&set.account_id), set.score, until],
            )
        }
        Kind::HealthOverrideCleared(cleared) => {
            let forget = "DELETE FROM overrides WHERE account = ?1";
            write(rows, forget, params![key(&cleared.account_id)])
        }
        Kind::SignalsFellSilent(silent) => {
            let since = silent
                .silent_since
                .as_ref()
                .and_then(keizoku_proto::instant);
            let since = since.unwrap_or(event.recorded_at).as_microsecond();
            write(
                rows,
                "INSERT OR REPLACE INTO silences VALUES (?1, ?2)",
                params![key(&silent.account_id), since],
            )
        }
        Kind::SilenceEnded(ended) => {
            let forget = "DELETE FROM silences WHERE account = ?1";
            write(rows, forget, params![key(&ended.account_id)])
        }
        // The course of a score tells what is news of use. Releases are few: lists of them come from their stream.
        Kind::FeatureFirstUsed(_)
        | Kind::SignInSeen(_)
        | Kind::ScorecardDrafted(_)
        | Kind::ReleaseRecorded(_)
        | Kind::ReleaseVoided(_)
        | Kind::ReactionsAdvanced(_) => Ok(()),
    }
}

/// Keeps what signals say of onboardings, and notes what the service reacts to (RX-4).
fn on_onboarding_event(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    if event.category() != "onboarding" {
        return Ok(());
    }
    let kind = OnboardingKind::from_bytes(&event.data)?;
    match &kind {
        OnboardingKind::OnboardingStarted(e) => {
            write(
                rows,
                "INSERT OR REPLACE INTO onboardings
                 (id, account_id, product, phases, start, expected_working_days)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    key(&e.onboarding_id),
                    e.account_id,
                    e.product,
                    Onboarding::phases_of(e.plan.as_ref()).join("\n"),
                    number(e.start_date.as_ref()),
                    Onboarding::expected_of(e.plan.as_ref()),
                ],
            )?;
        }
        OnboardingKind::TemplateChanged(e) => write(
            rows,
            "UPDATE onboardings SET phases = ?2 WHERE id = ?1",
            params![
                key(&e.onboarding_id),
                Onboarding::phases_of(e.plan.as_ref()).join("\n"),
            ],
        )?,
        OnboardingKind::KickoffHeld(e) => {
            let wanted = e.kickoff.as_ref().map(|kickoff| &*kickoff.confirmed_wants);
            write(
                rows,
                "UPDATE onboardings SET wanted = ?2 WHERE id = ?1",
                params![key(&e.onboarding_id), wanted.unwrap_or_default()],
            )?;
        }
        OnboardingKind::OnboardingCompleted(e) => {
            let completion = e.completion.clone().unwrap_or_default();
            let evidence = completion.evidence.unwrap_or_default();
            write(
                rows,
                "UPDATE onboardings SET completed = ?2, issue_set = ?3, product_used = ?4,
                 effect_felt = ?5 WHERE id = ?1",
                params![
                    key(&e.onboarding_id),
                    number(completion.date.as_ref()),
                    evidence.issue_set,
                    evidence.product_used,
                    evidence.effect_felt,
                ],
            )?;
        }
        OnboardingKind::GoalDeclared(e) => goals::on_declared(rows, e, event.recorded_at)?,
        OnboardingKind::GoalReviewed(e) => goals::on_reviewed(rows, e, event.recorded_at)?,
        _ => {}
    }
    if reactions::matters(&kind) {
        intake::note(rows, ONBOARDING, event)?;
    }
    Ok(())
}

/// Notes whose tier, contract or identity may be another one now; the book says which.
fn on_accounts_event(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    if !matches!(
        event.category(),
        "account" | "identity" | "subscription" | "organisation"
    ) {
        return Ok(());
    }
    let at = event.recorded_at.as_microsecond();
    match AccountsKind::from_bytes(&event.data)? {
        // Its signals may have been heard of before.
        AccountsKind::AccountOpened(e) => hear_of_customer(rows, &e.account_id, event)?,
        AccountsKind::AccountAttributesChanged(e) => hear_of_customer(rows, &e.account_id, event)?,
        AccountsKind::SubscriptionStarted(e) => hear_of_customer(rows, &e.account_id, event)?,
        AccountsKind::AccountMerged(e) => {
            // The signals of one are the other's now: everything is looked at.
            hear(rows, &key(&e.duplicate_id), i64::MIN, event, false)?;
            hear(rows, &key(&e.survivor_id), i64::MIN, event, false)?;
        }
        AccountsKind::ContractFactVoided(e) => {
            hear(rows, &key(&e.subscription_id), at, event, true)?;
        }
        AccountsKind::SubscriptionReactivated(e) => {
            hear(rows, &key(&e.subscription_id), at, event, true)?;
        }
        AccountsKind::OrganisationConfigured(_) => sweep(rows, event)?,
        _ => {}
    }
    Ok(())
}

/// An account without signals has no score that could change: the first one looks at everything.
fn hear_of_customer(
    rows: &Transaction<'_>,
    account: &str,
    event: &Recorded,
) -> rusqlite::Result<()> {
    let account = key(account);
    let has_signals = rows
        .prepare_cached("SELECT 1 FROM months WHERE account = ?1")?
        .exists([account])?;
    if has_signals {
        let at = event.recorded_at.as_microsecond();
        hear(rows, &account, at, event, false)?;
    }
    Ok(())
}

fn hear(
    rows: &Transaction<'_>,
    subject: &[u8; 16],
    first: i64,
    event: &Recorded,
    is_subscription: bool,
) -> rusqlite::Result<()> {
    let last = i64::try_from(event.position.0).unwrap_or(i64::MAX);
    write(
        rows,
        "INSERT INTO heard VALUES (?1, ?2, ?3, ?4) ON CONFLICT (subject)
         DO UPDATE SET first = min(first, excluded.first), last = excluded.last",
        params![subject, first, last, is_subscription],
    )
}

fn sweep(rows: &Transaction<'_>, event: &Recorded) -> rusqlite::Result<()> {
    write(
        rows,
        "INSERT INTO sweeps (recorded_at, after) VALUES (?1, x'')",
        params![event.recorded_at.as_microsecond()],
    )
}

fn write(rows: &Transaction<'_>, sql: &str, values: &[&dyn ToSql]) -> rusqlite::Result<()> {
    rows.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// A date as it is stored here.
pub(crate) fn number(date: Option<&Date>) -> Option<u16> {
    keizoku_proto::optional_day(date)
        .ok()
        .flatten()
        .map(Day::number)
}

/// An id as it is stored here.
pub(crate) fn key(id: &str) -> [u8; 16] {
    Uuid::try_parse(id).unwrap_or_default().into_bytes()
}

/// An account as it is stored here.
pub(crate) fn account_key(account: AccountId) -> [u8; 16] {
    account.uuid().into_bytes()
}
