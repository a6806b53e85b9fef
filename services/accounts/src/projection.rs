//! The accounts service's read model.

mod contacts;

use keizoku_core::{Day, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{AccountProfile, DealTerms};
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, Transaction, params};
use unicode_normalization::UnicodeNormalization as _;

use crate::arrivals;

pub(crate) use contacts::bits;

/// Tables and indexes; another schema starts the model over.
pub(crate) const SCHEMA: &str = include_str!("read_model.sql");

/// Full- and half-width and case do not matter after this.
pub(crate) fn normalise(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Writes one event's rows.
pub(crate) fn handle(
    rows: &Transaction<'_>,
    _source: &str,
    event: &Recorded,
) -> Result<(), HandlerError> {
    if matches!(
        event.kind.as_str(),
        "cancellation_announced" | "subscription_churned"
    ) {
        arrivals::note(rows, event)?;
        return Ok(());
    }
    // Most events are other contract facts and claims: they have no rows here.
    if matches!(
        event.category(),
        "subscription" | "claim" | "organisation" | "churn" | "initiative" | "import" | "reactions"
    ) {
        return Ok(());
    }
    write(rows, &Kind::from_bytes(&event.data)?, event)?;
    Ok(())
}

fn write(rows: &Transaction<'_>, event: &Kind, recorded: &Recorded) -> rusqlite::Result<()> {
    let at = recorded.recorded_at.as_microsecond();
    match event {
        Kind::TeamDefined(e) => {
            rows.prepare_cached("INSERT OR REPLACE INTO teams VALUES (?1, ?2)")?
                .execute([&e.team_id, &e.display_name])?;
        }
        Kind::UserRegistered(e) => {
            let name = e
                .profile
                .as_ref()
                .map(|profile| normalise(&profile.display_name));
            rows.prepare_cached("INSERT INTO users VALUES (?1, ?2, 0)")?
                .execute(params![e.user_id, name.unwrap_or_default()])?;
        }
        Kind::UserRevised(e) => {
            let name = e
                .profile
                .as_ref()
                .map(|profile| normalise(&profile.display_name));
            rows.prepare_cached("UPDATE users SET sort_name = ?2 WHERE id = ?1")?
                .execute(params![e.user_id, name.unwrap_or_default()])?;
        }
        Kind::UserDeparted(e) => departed(rows, &e.user_id, true)?,
        Kind::UserReturned(e) => departed(rows, &e.user_id, false)?,
        Kind::AccountOpened(e) => {
            rows.prepare_cached("INSERT INTO accounts VALUES (?1, '', '', '', '', '', ?2, 0)")?
                .execute(params![e.account_id, at])?;
            profile(rows, &e.account_id, e.profile.as_ref())?;
        }
        Kind::AccountRevised(e) => profile(rows, &e.account_id, e.profile.as_ref())?,
        Kind::AccountMerged(e) => {
            rows.prepare_cached("UPDATE accounts SET merged = 1 WHERE id = ?1")?
                .execute([&e.duplicate_id])?;
        }
        Kind::DealRecorded(e) => {
            rows.prepare_cached("INSERT INTO deals (id, account_id) VALUES (?1, ?2)")?
                .execute([&e.deal_id, &e.account_id])?;
            close_date(rows, &e.deal_id, e.terms.as_ref())?;
        }
        Kind::DealRevised(e) => close_date(rows, &e.deal_id, e.terms.as_ref())?,
        Kind::DealWon(e) => {
            rows.prepare_cached("UPDATE deals SET won = 1 WHERE id = ?1")?
                .execute([&e.deal_id])?;
        }
        Kind::ContactAdded(e) => contacts::added(rows, e, at)?,
        Kind::ContactRevised(e) => contacts::profile(rows, &e.contact_id, e.profile.as_ref())?,
        Kind::ContactDeparted(e) => contacts::departed(rows, e)?,
        Kind::ContactReturned(e) => contacts::departure(rows, &e.contact_id, None)?,
        Kind::ContactLogged(e) => contacts::logged(rows, e, recorded.position)?,
        Kind::ContactLogEntryVoided(e) => contacts::voided(rows, &e.entry_id)?,
        // What has two times is answered by the book; the rest is looked up by its own stream.
        Kind::OrganisationConfigured(_)
        | Kind::InitiativeChartered(_)
        | Kind::ImportReported(_)
        | Kind::UserTeamChanged(_)
        | Kind::ExternalIdClaimed(_)
        | Kind::CallerClaimed(_)
        | Kind::AccountAttributesChanged(_)
        | Kind::SubscriptionStarted(_)
        | Kind::SubscriptionExpanded(_)
        | Kind::SubscriptionDownsized(_)
        | Kind::SubscriptionRenewed(_)
        | Kind::CancellationAnnounced(_)
        | Kind::SubscriptionChurned(_)
        | Kind::SubscriptionReactivated(_)
        | Kind::SubscriptionTermsChanged(_)
        | Kind::ContractFactVoided(_)
        | Kind::AccountChurned(_)
        | Kind::ReactionsAdvanced(_) => {}
    }
    Ok(())
}

fn departed(rows: &Transaction<'_>, user: &str, departed: bool) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE users SET departed = ?2 WHERE id = ?1")?
        .execute(params![user, departed])?;
    Ok(())
}

fn profile(
    rows: &Transaction<'_>,
    id: &str,
    profile: Option<&AccountProfile>,
) -> rusqlite::Result<()> {
    let profile = profile.cloned().unwrap_or_default();
    let external_ids = profile.external_ids.join(" ");
    let found_by = [
        &profile.display_name,
        &profile.kana,
        &profile.corporate_number,
        &external_ids,
    ];
    let words = found_by.map(|text| normalise(text)).join("\n");
    rows.prepare_cached(
        "UPDATE accounts SET display_name = ?2, sort_name = ?3, words = ?4, industry = ?5,
         region = ?6 WHERE id = ?1",
    )?
    .execute(params![
        id,
        profile.display_name,
        normalise(&profile.display_name),
        words,
        profile.industry,
        profile.region
    ])?;
    Ok(())
}

fn close_date(rows: &Transaction<'_>, id: &str, terms: Option<&DealTerms>) -> rusqlite::Result<()> {
    let date = terms.and_then(|terms| terms.close_date.as_ref());
    let day = keizoku_proto::optional_day(date)
        .ok()
        .flatten()
        .map(Day::number);
    rows.prepare_cached("UPDATE deals SET close_date = ?2 WHERE id = ?1")?
        .execute(params![id, day])?;
    Ok(())
}
