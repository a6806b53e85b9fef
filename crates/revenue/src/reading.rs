//! Reading the accounts service's log into the book.

use keizoku_core::{AccountId, Recorded, SubscriptionId, TeamId, UserId};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{
    AccountAttributes, AccountMerged, AccountProfile, ContractFactVoided, SubscriptionStarted,
};

use crate::attributes::Attributes;
use crate::contract::{Fact, FactKind};
use crate::entry::{self, Decoded, Entry, Unreadable};
use crate::initiatives::Initiative;
use crate::owner::Owner;
use crate::settings::Settings;
use crate::{AccountIx, Book};

/// A fact of a subscription, by the subscription's id.
struct StatedFact {
    subscription: SubscriptionId,
    fact: Fact,
}

impl Book {
    /// Reads one event as the log holds it.
    ///
    /// # Errors
    /// When it was written by a newer version, or is damaged; the book is as it was.
    pub fn apply_recorded(&mut self, recorded: &Recorded) -> Result<(), Unreadable> {
        self.apply(Decoded::from_log(recorded)?.entry())
    }

    /// Reads one event.
    ///
    /// # Errors
    /// When it holds what its service never records; the book is as it was.
    pub fn apply(&mut self, entry: Entry<'_>) -> Result<(), Unreadable> {
        let recorded = entry.recorded_at.as_microsecond();
        match entry.kind {
            Kind::OrganisationConfigured(event) => {
                let organisation = event.organisation.clone().unwrap_or_default();
                self.settings.record(Settings::of(&organisation), recorded);
            }
            Kind::InitiativeChartered(event) => {
                let id = entry::id(&event.initiative_id, "initiative_id")?;
                let charter = event.charter.clone().unwrap_or_default();
                let initiative = Initiative::of(id, entry.revision, charter)?;
                self.initiatives.record(initiative, recorded);
            }
            Kind::ImportReported(event) => self.imports.record(event, recorded),
            Kind::TeamDefined(event) => {
                let team = entry::id::<TeamId>(&event.team_id, "team_id")?;
                let parent = entry::optional_id(&event.parent_team_id, "parent_team_id")?;
                let parent = parent.map(|parent| self.directory.intern_team(parent));
                let team = self.directory.intern_team(team);
                self.directory.set_parent(team, parent, recorded);
            }
            Kind::UserRegistered(event) => {
                self.user_joined(&event.user_id, &event.team_id, None, recorded)?;
            }
            Kind::UserTeamChanged(event) => {
                let day = entry::day(event.effective_date.as_ref(), "effective_date")?;
                self.user_joined(&event.user_id, &event.team_id, Some(day), recorded)?;
            }
            Kind::UserDeparted(event) => self.user_left(&event.user_id, true, recorded)?,
            Kind::UserReturned(event) => self.user_left(&event.user_id, false, recorded)?,
            Kind::AccountOpened(event) => {
                let id = entry::id(&event.account_id, "account_id")?;
                let attributes = event.attributes.as_ref();
                let account = self.change_attributes(id, attributes, None, recorded)?;
                self.set_segment(account, event.profile.as_ref(), None);
                self.refresh(account.0);
            }
            Kind::AccountRevised(event) => {
                let account = self.intern(entry::id(&event.account_id, "account_id")?);
                self.set_segment(account, event.profile.as_ref(), Some(recorded));
                self.refresh(account.0);
            }
            Kind::AccountAttributesChanged(event) => {
                let id = entry::id(&event.account_id, "account_id")?;
                let day = entry::day(event.effective_date.as_ref(), "effective_date")?;
                let attributes = event.attributes.as_ref();
                let account = self.change_attributes(id, attributes, Some(day), recorded)?;
                self.refresh(account.0);
            }
            Kind::AccountMerged(event) => self.merge(event, recorded)?,
            Kind::SubscriptionStarted(event) => self.start(&entry, event)?,
            Kind::ContractFactVoided(event) => self.void(event, recorded)?,
            // People, claims, deals, contact, what was recorded because a date came: no figure
            // depends on them.
            Kind::UserRevised(_)
            | Kind::ExternalIdClaimed(_)
            | Kind::CallerClaimed(_)
            | Kind::DealRecorded(_)
            | Kind::DealRevised(_)
            | Kind::DealWon(_)
            | Kind::ContactAdded(_)
            | Kind::ContactRevised(_)
            | Kind::ContactDeparted(_)
            | Kind::ContactReturned(_)
            | Kind::ContactLogged(_)
            | Kind::ContactLogEntryVoided(_)
            | Kind::AccountChurned(_)
            | Kind::ReactionsAdvanced(_) => {}
            contract_fact => {
                // A fact of a subscription that never started means nothing.
                if let Some(stated) = stated_fact(contract_fact)?
                    && let Some(number) = self.contracts.find(stated.subscription.uuid())
                {
                    self.record(&entry, number, stated.fact);
                }
            }
        }
        self.version += 1;
        Ok(())
    }

    fn user_left(&mut self, user: &str, has_left: bool, recorded: i64) -> Result<(), Unreadable> {
        let user = self.directory.intern_user(entry::id(user, "user_id")?);
        self.directory.note_departure(user, has_left, recorded);
        Ok(())
    }

    fn user_joined(
        &mut self,
        user: &str,
        team: &str,
        effective: Option<keizoku_core::Day>,
        recorded: i64,
    ) -> Result<(), Unreadable> {
        let user = entry::id::<UserId>(user, "user_id")?;
        let team = entry::optional_id::<TeamId>(team, "team_id")?;
        let team = team.map(|team| self.directory.intern_team(team));
        let user = self.directory.intern_user(user);
        self.directory.join(user, team, effective, recorded);
        Ok(())
    }

    fn change_attributes(
        &mut self,
        id: AccountId,
        attributes: Option<&AccountAttributes>,
        effective: Option<keizoku_core::Day>,
        recorded: i64,
    ) -> Result<AccountIx, Unreadable> {
        let attributes = self.attributes_of(attributes.unwrap_or(&AccountAttributes::default()))?;
        let account = self.intern(id);
        self.attributes
            .record(account.0, attributes, effective, recorded);
        Ok(account)
    }

    fn attributes_of(&mut self, stated: &AccountAttributes) -> Result<Attributes, Unreadable> {
        let user = entry::optional_id::<UserId>(&stated.owner_id, "owner_id")?;
        let pool = entry::optional_id::<TeamId>(&stated.pool_id, "pool_id")?;
        let owner = match (user, pool) {
            (Some(user), _) => Owner::user(self.directory.intern_user(user)),
            (None, Some(pool)) => Owner::pool(self.directory.intern_team(pool)),
            (None, None) => Owner::NOBODY,
        };
        let group = self.groups.intern(&stated.group);
        self.group_totals.fill_to(self.groups.len(), &0);
        let tier = u16::try_from(self.tiers.intern(&stated.tier)).unwrap_or(u16::MAX);
        Ok(Attributes { group, tier, owner })
    }

    /// `recorded` is `None` at the opening, before which nothing was known.
    fn set_segment(
        &mut self,
        account: AccountIx,
        profile: Option<&AccountProfile>,
        recorded: Option<i64>,
    ) {
        let Some(profile) = profile else { return };
        let new = self
            .segments
            .intern(&profile.region, &profile.industry, &profile.sales_channel);
        let (mut row, validity) = self.rows.get(account.0);
        if row.segment == new {
            return;
        }
        if let Some(recorded) = recorded {
            let opened = self.attributes.opened(account.0).unwrap_or(recorded);
            self.segment_history
                .record(account.0, opened, row.segment, new, recorded);
        }
        row.segment = new;
        self.rows.set(account.0, row, validity);
    }

    fn merge(&mut self, event: &AccountMerged, recorded: i64) -> Result<(), Unreadable> {
        let duplicate = entry::id(&event.duplicate_id, "duplicate_id")?;
        let survivor = entry::id(&event.survivor_id, "survivor_id")?;
        let (duplicate, survivor) = (self.intern(duplicate), self.intern(survivor));
        if self.identity.merge(duplicate.0, survivor.0, recorded) {
            self.refresh(duplicate.0);
        }
        Ok(())
    }

    fn start(&mut self, entry: &Entry<'_>, event: &SubscriptionStarted) -> Result<(), Unreadable> {
        let account = entry::id::<AccountId>(&event.account_id, "account_id")?;
        let Some(stated) = stated_fact(entry.kind)? else {
            return Ok(());
        };
        let account = self.intern(account);
        let id = stated.subscription.uuid();
        let number = if let Some(number) = self.contracts.find(id) {
            number
        } else {
            let product = self.products.names.intern(&event.product);
            let first = &mut self.first_subscription[account.0];
            *first = self.contracts.add(id, account.0, product, *first);
            *first
        };
        self.record(entry, number, stated.fact);
        Ok(())
    }

    fn record(&mut self, entry: &Entry<'_>, subscription: u32, fact: Fact) {
        let revision = u32::try_from(entry.revision.0).unwrap_or(u32::MAX);
        let recorded = entry.recorded_at.as_microsecond();
        self.contracts
            .record(subscription, fact.recorded(revision, recorded));
        if entry.imported {
            let first = self
                .first_import
                .map_or(entry.recorded_at, |at| at.min(entry.recorded_at));
            self.first_import = Some(first);
        }
        self.refresh(self.contracts.get(subscription).account);
    }

    fn void(&mut self, event: &ContractFactVoided, recorded: i64) -> Result<(), Unreadable> {
        let id = entry::id::<SubscriptionId>(&event.subscription_id, "subscription_id")?;
        let Some(number) = self.contracts.find(id.uuid()) else {
            return Ok(());
        };
        if self.contracts.void(number, event.fact, recorded) {
            self.refresh(self.contracts.get(number).account);
        }
        Ok(())
    }
}

/// The contract fact that an event states, if it states one.
fn stated_fact(kind: &Kind) -> Result<Option<StatedFact>, Unreadable> {
    let (id, fact_kind, date, mrr, terms) = match kind {
        Kind::SubscriptionStarted(event) => (
            &event.subscription_id,
            FactKind::Started,
            &event.effective_date,
            event.mrr,
            event.terms.as_ref(),
        ),
        Kind::SubscriptionExpanded(event) => (
            &event.subscription_id,
            FactKind::Expanded,
            &event.effective_date,
            event.mrr,
            None,
        ),
        Kind::SubscriptionDownsized(event) => (
            &event.subscription_id,
            FactKind::Downsized,
            &event.effective_date,
            event.mrr,
            None,
        ),
        Kind::SubscriptionRenewed(event) => (
            &event.subscription_id,
            FactKind::Renewed,
            &event.effective_date,
            event.mrr,
            event.terms.as_ref(),
        ),
        Kind::CancellationAnnounced(event) => (
            &event.subscription_id,
            FactKind::CancellationAnnounced,
            &event.effective_date,
            0,
            None,
        ),
        Kind::SubscriptionChurned(event) => (
            &event.subscription_id,
            FactKind::Churned,
            &event.effective_date,
            0,
            None,
        ),
        Kind::SubscriptionReactivated(event) => (
            &event.subscription_id,
            FactKind::Reactivated,
            &event.effective_date,
            event.mrr,
            event.terms.as_ref(),
        ),
        Kind::SubscriptionTermsChanged(event) => (
            &event.subscription_id,
            FactKind::TermsChanged,
            &event.effective_date,
            0,
            event.terms.as_ref(),
        ),
        _ => return Ok(None),
    };
    let subscription = entry::id(id, "subscription_id")?;
    let effective = entry::day(date.as_ref(), "effective_date")?;
    let fact = Fact::new(fact_kind, effective, entry::mrr(mrr)?, entry::terms(terms)?);
    Ok(Some(StatedFact { subscription, fact }))
}
