//! The service's read model: replicas of what messages need, the facts to plan, and the queues.
//! Each handler writes only rows of its own source.

mod deliveries;

pub(crate) use deliveries::resource_state;

use keizoku_core::Recorded;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::Band;
use keizoku_proto::{StoredEvent as _, UnreadableEvent, accounts, healthscore, onboarding, risk};
use keizoku_runtime::intake;
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, Transaction, params};

/// Tables and indexes; another schema starts the model over.
pub(crate) const SCHEMA: &str = include_str!("read_model.sql");

/// Names of the sources.
pub(crate) const ACCOUNTS: &str = "accounts";
pub(crate) const RISK: &str = "risk";
pub(crate) const HEALTHSCORE: &str = "healthscore";
pub(crate) const ONBOARDING: &str = "onboarding";

/// Writes one event's rows.
pub(crate) fn handle(
    rows: &Transaction<'_>,
    source: &str,
    event: &Recorded,
) -> Result<(), HandlerError> {
    let is_fact = match source {
        ACCOUNTS => on_accounts(rows, &accounts::event::Kind::from_bytes(&event.data)?)?,
        RISK => on_risk(rows, &risk::event::Kind::from_bytes(&event.data)?)?,
        // Signals are many, and nobody is told of one.
        HEALTHSCORE => event.category() == "band" && is_band_told(&event.data)?,
        ONBOARDING => is_told(&onboarding::event::Kind::from_bytes(&event.data)?),
        _ => {
            deliveries::on_own(rows, event)?;
            false
        }
    };
    if is_fact {
        intake::note(rows, source, event)?;
        remember(rows, source, event)?;
    }
    Ok(())
}

/// Keeps a fact that somebody may have been told about.
fn remember(rows: &Transaction<'_>, source: &str, event: &Recorded) -> rusqlite::Result<()> {
    if intake::is_imported(event) {
        return Ok(());
    }
    let position = i64::try_from(event.position.0).unwrap_or(i64::MAX);
    rows.prepare_cached(
        "INSERT INTO past_facts (source, position, recorded_at, data) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        source,
        position,
        event.recorded_at.as_microsecond(),
        event.data
    ])
    .map(drop)
}

/// Keeps the directory, names and contracts; answers whether the event is a fact to tell.
fn on_accounts(rows: &Transaction<'_>, event: &accounts::event::Kind) -> rusqlite::Result<bool> {
    use accounts::event::Kind;
    let write = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<()> {
        rows.prepare_cached(sql)?.execute(values).map(drop)
    };
    match event {
        Kind::OrganisationConfigured(e) => {
            let locale = e.organisation.as_ref().map_or("", |o| o.locale.as_str());
            write(
                "INSERT OR REPLACE INTO organisation VALUES (1, ?1)",
                params![locale],
            )?;
        }
        Kind::TeamDefined(e) => write(
            "INSERT OR REPLACE INTO teams VALUES (?1, ?2, ?3, ?4)",
            params![e.team_id, e.display_name, e.parent_team_id, e.slack_channel],
        )?,
        Kind::UserRegistered(e) => user(rows, &e.user_id, e.profile.as_ref())?,
        Kind::UserRevised(e) => user(rows, &e.user_id, e.profile.as_ref())?,
        Kind::UserDeparted(e) => {
            write(
                "UPDATE users SET active = 0 WHERE id = ?1",
                params![e.user_id],
            )?;
        }
        Kind::UserReturned(e) => {
            write(
                "UPDATE users SET active = 1 WHERE id = ?1",
                params![e.user_id],
            )?;
        }
        Kind::AccountOpened(e) => account(rows, &e.account_id, e.profile.as_ref())?,
        Kind::AccountRevised(e) => account(rows, &e.account_id, e.profile.as_ref())?,
        Kind::SubscriptionStarted(e) => write(
            "INSERT OR REPLACE INTO subscriptions VALUES (?1, ?2)",
            params![e.subscription_id, e.account_id],
        )?,
        Kind::CancellationAnnounced(_) | Kind::SubscriptionChurned(_) => return Ok(true),
        // The book holds what of these a message says.
        Kind::UserTeamChanged(_)
        | Kind::ExternalIdClaimed(_)
        | Kind::CallerClaimed(_)
        | Kind::AccountAttributesChanged(_)
        | Kind::AccountMerged(_)
        | Kind::SubscriptionExpanded(_)
        | Kind::SubscriptionDownsized(_)
        | Kind::SubscriptionRenewed(_)
        | Kind::SubscriptionReactivated(_)
        | Kind::SubscriptionTermsChanged(_)
        | Kind::ContractFactVoided(_)
        | Kind::DealRecorded(_)
        | Kind::DealRevised(_)
        | Kind::DealWon(_)
        | Kind::ContactAdded(_)
        | Kind::ContactRevised(_)
        | Kind::ContactDeparted(_)
        | Kind::ContactReturned(_)
        | Kind::ContactLogged(_)
        | Kind::ContactLogEntryVoided(_)
        // The end of its last contract was told.
        | Kind::AccountChurned(_)
        // Nobody is told of charters, nor of how imports ended.
        | Kind::InitiativeChartered(_)
        | Kind::ImportReported(_)
        | Kind::ReactionsAdvanced(_) => {}
    }
    Ok(false)
}

/// Whether a band is a fact to tell: one that came from another. The first score of a customer, and silence,
/// are no news about how it does.
fn is_band_told(event: &[u8]) -> Result<bool, UnreadableEvent> {
    use healthscore::event::Kind;
    let Kind::HealthBandChanged(changed) = Kind::from_bytes(event)? else {
        return Ok(false);
    };
    Ok(changed.from() != Band::Unspecified && changed.to() != Band::Unspecified)
}

/// Whether an event of an onboarding is a fact to tell: it says itself what it is about.
fn is_told(event: &onboarding::event::Kind) -> bool {
    use onboarding::event::Kind;
    match event {
        Kind::HandOffRequested(_)
        | Kind::OnboardingStalled(_)
        | Kind::OnboardingReturned(_)
        | Kind::OnboardingWentDormant(_)
        | Kind::OnboardingCompleted(_) => true,
        Kind::CoachingRuleHeld(held) => held.message.is_some(),
        Kind::TemplatePublished(_)
        | Kind::OnboardingStarted(_)
        | Kind::OnboardingAssigned(_)
        | Kind::TaskCompleted(_)
        | Kind::TaskReopened(_)
        | Kind::PhaseChanged(_)
        | Kind::OnboardingHeld(_)
        | Kind::OnboardingResumed(_)
        | Kind::TemplateChanged(_)
        | Kind::HandOffRecorded(_)
        | Kind::KickoffHeld(_)
        | Kind::ExpectationGapRated(_)
        | Kind::OnboardingPickedUp(_)
        | Kind::OnboardingRelaunched(_)
        | Kind::GoalDeclared(_)
        | Kind::GoalReviewed(_)
        | Kind::ContentPublished(_)
        | Kind::ContentCompleted(_)
        | Kind::SeminarScheduled(_)
        | Kind::SeminarCancelled(_)
        | Kind::SeminarRegistered(_)
        | Kind::SeminarWithdrawn(_)
        | Kind::SeminarAttendanceRecorded(_)
        | Kind::CoachingRuleSet(_)
        // New members are no customers.
        | Kind::ProgrammeStarted(_)
        | Kind::ProgrammeAssigned(_)
        | Kind::ProgrammeTaskCompleted(_)
        | Kind::ProgrammeTaskReopened(_)
        | Kind::ProgrammePhaseChanged(_)
        | Kind::ProgrammeTemplateChanged(_)
        | Kind::ProgrammeCompleted(_)
        | Kind::ProgrammeEnded(_)
        // The churn of its account was told.
        | Kind::OnboardingEnded(_)
        | Kind::ReactionsAdvanced(_) => false,
    }
}

fn user(
    rows: &Transaction<'_>,
    id: &str,
    profile: Option<&accounts::UserProfile>,
) -> rusqlite::Result<()> {
    let profile = profile.cloned().unwrap_or_default();
    rows.prepare_cached(
        "INSERT INTO users (id, display_name, email, slack_member_id, role, time_zone)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET display_name = ?2, email = ?3, slack_member_id = ?4,
         role = ?5, time_zone = ?6",
    )?
    .execute(params![
        id,
        profile.display_name,
        profile.email,
        profile.slack_member_id,
        profile.role,
        profile.time_zone
    ])
    .map(drop)
}

fn account(
    rows: &Transaction<'_>,
    id: &str,
    profile: Option<&accounts::AccountProfile>,
) -> rusqlite::Result<()> {
    let name = profile.map_or("", |profile| profile.display_name.as_str());
    rows.prepare_cached("INSERT OR REPLACE INTO accounts VALUES (?1, ?2)")?
        .execute(params![id, name])
        .map(drop)
}

/// Keeps open risks; answers whether the event is a fact to tell.
fn on_risk(rows: &Transaction<'_>, event: &risk::event::Kind) -> rusqlite::Result<bool> {
    use risk::event::Kind;
    let write = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<usize> {
        rows.prepare_cached(sql)?.execute(values)
    };
    match event {
        Kind::RiskOpened(e) => {
            let (due, action) = action(e.next_action.as_ref());
            let owner = e.owner.clone().unwrap_or_default();
            let name = e
                .description
                .as_ref()
                .map_or("", |d| d.display_name.as_str());
            write(
                "INSERT OR REPLACE INTO risks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1)",
                params![
                    e.risk_id,
                    e.account_id,
                    name,
                    owner.user_id,
                    owner.team_id,
                    e.leads_to_churn,
                    due,
                    action
                ],
            )?;
            return Ok(true);
        }
        Kind::RiskRevised(e) => {
            let name = e
                .description
                .as_ref()
                .map_or("", |d| d.display_name.as_str());
            write(
                "UPDATE risks SET display_name = ?2 WHERE id = ?1",
                params![e.risk_id, name],
            )?;
        }
        Kind::RiskAssigned(e) => {
            let owner = e.owner.clone().unwrap_or_default();
            write(
                "UPDATE risks SET owner_user = ?2, owner_team = ?3 WHERE id = ?1",
                params![e.risk_id, owner.user_id, owner.team_id],
            )?;
        }
        Kind::LeadsToChurnAssessed(e) => {
            // Real changes only: another reason for the same expectation is none (NTF-1).
            let changed = write(
                "UPDATE risks SET leads_to_churn = ?2 WHERE id = ?1 AND leads_to_churn <> ?2",
                params![e.risk_id, e.leads_to_churn],
            )?;
            return Ok(changed > 0);
        }
        Kind::NextActionScheduled(e) => {
            let (due, action) = action(e.next_action.as_ref());
            write(
                "UPDATE risks SET due = ?2, action = ?3 WHERE id = ?1",
                params![e.risk_id, due, action],
            )?;
        }
        Kind::RiskClosed(e) => {
            write(
                "UPDATE risks SET open = 0 WHERE id = ?1",
                params![e.risk_id],
            )?;
            return Ok(true);
        }
        Kind::RiskReopened(e) => {
            write(
                "UPDATE risks SET open = 1 WHERE id = ?1",
                params![e.risk_id],
            )?;
        }
        Kind::RiskSuggested(_) => return Ok(true),
        Kind::ClosureAmended(_)
        | Kind::RiskTypeDefined(_)
        | Kind::SuggestionAccepted(_)
        | Kind::SuggestionDismissed(_)
        | Kind::SuggestionCauseCleared(_)
        | Kind::RiskClosureRequested(_)
        | Kind::ReactionsAdvanced(_) => {}
    }
    Ok(false)
}

fn action(action: Option<&risk::NextAction>) -> (Option<u16>, String) {
    let due = action.and_then(|action| number(action.due_date.as_ref()));
    let text = action.map(|action| action.text.clone());
    (due, text.unwrap_or_default())
}

fn number(date: Option<&Date>) -> Option<u16> {
    let day = keizoku_proto::optional_day(date).ok().flatten();
    day.map(keizoku_core::Day::number)
}
