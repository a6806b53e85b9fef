//! What the book answers.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{AccountId, Day, InitiativeId, Money, Month};

use crate::attributes::Attributes;
use crate::directory::Directory;
use crate::imports::FailedImport;
use crate::initiatives::Initiative;
use crate::row::Row;
use crate::segment::Segments;
use crate::settings::Settings;
use crate::store::{Names, dense};
use crate::time::{AsOf, Known};
use crate::view::{AccountSummary, AccountView, SubscriptionView};
use crate::{AccountIx, Book};

impl Book {
    /// The day that the rows show.
    #[must_use]
    pub fn today(&self) -> Day {
        self.today
    }

    /// Changes with every event that was read.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Changes with every merge that was read.
    #[must_use]
    pub fn identity_version(&self) -> usize {
        self.identity.len()
    }

    /// How many accounts have a number, merged and merely named ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no account has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The number of an account that some event named.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<AccountIx> {
        self.ids.find(id.uuid()).map(AccountIx)
    }

    /// An account's id.
    #[must_use]
    pub fn account_id(&self, account: AccountIx) -> AccountId {
        self.ids.id(account.0).into()
    }

    /// Whether the accounts service had recorded the account, as known.
    #[must_use]
    pub fn is_opened(&self, account: AccountIx, known_at: Option<Timestamp>) -> bool {
        self.attributes
            .opened(account.0)
            .is_some_and(|at| Known::from(known_at).includes(at))
    }

    /// The account that an account is, as known: itself unless it was merged (ACC-8).
    #[must_use]
    pub fn survivor(&self, account: AccountIx, known_at: Option<Timestamp>) -> AccountIx {
        AccountIx(self.identity.survivor(account.0, Known::from(known_at)))
    }

    /// The accounts that are this one, as known; without itself.
    #[must_use]
    pub fn aliases(&self, account: AccountIx, known_at: Option<Timestamp>) -> Vec<AccountIx> {
        let mut aliases = Vec::new();
        let known = Known::from(known_at);
        self.identity
            .for_each_alias(account.0, known, &mut |alias| {
                aliases.push(AccountIx(alias));
            });
        aliases
    }

    /// Since when an account has been its survivor, as known; `None` for one that was not merged.
    #[must_use]
    pub fn merged_at(&self, account: AccountIx, known_at: Option<Timestamp>) -> Option<Timestamp> {
        let recorded = self.identity.merged_at(account.0, Known::from(known_at))?;
        Timestamp::from_microsecond(recorded).ok()
    }

    /// Users and teams.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Regions, industries and sales channels.
    #[must_use]
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Corporate groups by their keys.
    #[must_use]
    pub fn groups(&self) -> &Names {
        &self.groups
    }

    /// Tiers by their keys.
    #[must_use]
    pub fn tiers(&self) -> &Names {
        &self.tiers
    }

    /// Products.
    #[must_use]
    pub fn products(&self) -> &Names {
        &self.products.names
    }

    /// The settings as known (GEN-1); before the first are recorded, Tokyo and yen.
    #[must_use]
    pub fn settings_at(&self, known_at: Option<Timestamp>) -> &Settings {
        self.settings.at(Known::from(known_at))
    }

    /// An initiative's charter, as known; `None` where there is none.
    #[must_use]
    pub fn initiative(&self, id: InitiativeId, known_at: Option<Timestamp>) -> Option<&Initiative> {
        self.initiatives.find(id, Known::from(known_at))
    }

    /// Systems whose last import, as known, left rows out that are wrong.
    pub fn failed_imports(
        &self,
        known_at: Option<Timestamp>,
    ) -> impl Iterator<Item = FailedImport<'_>> {
        self.imports.failed(Known::from(known_at))
    }

    /// Every initiative's charter, as known, in the order of their ids.
    pub fn initiatives(&self, known_at: Option<Timestamp>) -> impl Iterator<Item = &Initiative> {
        self.initiatives.all(Known::from(known_at))
    }

    /// The settings in effect at the end of a date, as known.
    #[must_use]
    pub fn settings_in_effect(&self, as_of: AsOf) -> &Settings {
        self.settings
            .in_effect_on(Known::from(as_of.known_at), as_of.on)
    }

    /// The time zone of local dates, as known.
    #[must_use]
    pub fn zone_at(&self, known_at: Option<Timestamp>) -> &TimeZone {
        &self.settings_at(known_at).zone
    }

    /// The local date of `known_at`; today where there is none.
    #[must_use]
    pub fn today_at(&self, known_at: Option<Timestamp>) -> Day {
        known_at.map_or(self.today, |instant| {
            Day::of(instant, self.zone_at(known_at))
        })
    }

    /// When the first imported contract fact was recorded, as known: MRR movements before are
    /// unknown.
    #[must_use]
    pub fn first_import(&self, known_at: Option<Timestamp>) -> Option<Timestamp> {
        self.first_import
            .filter(|at| known_at.is_none_or(|known_at| *at <= known_at))
    }

    /// An account at both times; with a product, as if it had no other.
    #[must_use]
    pub fn account_on(&self, account: AccountIx, as_of: AsOf, product: Option<u32>) -> AccountView {
        let known = Known::from(as_of.known_at);
        self.fold(
            self.identity.survivor(account.0, known),
            known,
            as_of.on,
            product,
        )
    }

    /// The same in short. About today it costs the same however long the history is.
    #[must_use]
    pub fn summary_on(&self, account: AccountIx, as_of: AsOf) -> AccountSummary {
        let survivor = self.survivor(account, as_of.known_at);
        let Some(row) = self.row_of_now(survivor.0, as_of) else {
            return self.account_on(survivor, as_of, None).summary();
        };
        AccountSummary {
            account: survivor,
            active: row.is_active(),
            mrr: Money::from_minor(row.mrr),
            next_renewal: row.renewal,
            attributes: row.attributes(),
        }
    }

    /// Group, tier and owner of an account at both times, and the number of its segment.
    #[must_use]
    pub fn attributes_on(&self, account: AccountIx, as_of: AsOf) -> (Attributes, u32) {
        let known = Known::from(as_of.known_at);
        let survivor = self.identity.survivor(account.0, known);
        if let Some(row) = self.row_of_now(survivor, as_of) {
            return (row.attributes(), row.segment);
        }
        let attributes = self.attributes.on(survivor, known, as_of.on).attributes;
        (attributes, self.segment_as_known(survivor, known))
    }

    /// Whether an account is active at both times (ACC-3).
    #[must_use]
    pub fn is_active(&self, account: AccountIx, as_of: AsOf) -> bool {
        let known = Known::from(as_of.known_at);
        let survivor = self.identity.survivor(account.0, known);
        match self.row_of_now(survivor, as_of) {
            Some(row) => row.is_active(),
            None => self.fold_contracts(survivor, known, as_of.on, None).active,
        }
    }

    /// The row of an account that was not merged, where it is what is asked for: a history may be
    /// long.
    fn row_of_now(&self, survivor: u32, as_of: AsOf) -> Option<Row> {
        let is_now = as_of.known_at.is_none() && as_of.on == self.today;
        is_now.then(|| self.rows.get(survivor).0)
    }

    /// The row of an account as it is today; empty for one that was merged.
    #[must_use]
    pub fn row(&self, account: AccountIx) -> Row {
        self.rows.get(account.0).0
    }

    /// Subscriptions of an account and of what was merged into it, by id, also ended ones.
    #[must_use]
    pub fn subscriptions(&self, account: AccountIx, as_of: AsOf) -> Vec<SubscriptionView> {
        let known = Known::from(as_of.known_at);
        let is_known = |number: &u32| self.contracts.facts(*number, known).next().is_some();
        let mut views = Vec::new();
        let survivor = self.identity.survivor(account.0, known);
        self.for_each_identity(survivor, known, &mut |account| {
            let known = self.subscriptions_of(account).filter(is_known);
            views.extend(known.map(|number| self.subscription(number, as_of)));
        });
        views.sort_unstable_by_key(|view| view.id);
        views
    }

    /// The first day without MRR of an account that is not active any more; `None` where it is, or
    /// never was.
    #[must_use]
    pub fn churned_on(&self, account: AccountIx, as_of: AsOf) -> Option<Day> {
        if self.is_active(account, as_of) {
            return None;
        }
        let ends = self.subscriptions(account, as_of).into_iter();
        ends.filter_map(|view| view.end).max()
    }

    /// Calls `visit` for an account that was not merged, and for what was merged into it.
    pub(crate) fn for_each_identity(
        &self,
        account: u32,
        known: Known,
        visit: &mut impl FnMut(u32),
    ) {
        visit(account);
        if self.identity.has_aliases(account) {
            self.identity.for_each_alias(account, known, visit);
        }
    }

    pub(crate) fn subscription(&self, number: u32, as_of: AsOf) -> SubscriptionView {
        let contract = self
            .contracts
            .on(number, Known::from(as_of.known_at), as_of.on);
        let (next_renewal, notice_deadline) = contract.renewal_and_notice(as_of.on);
        SubscriptionView {
            id: self.contracts.id(number).into(),
            product: self.contracts.get(number).product,
            active: contract.running,
            mrr: Money::from_minor(contract.mrr),
            start: contract.start,
            end: contract.end,
            next_renewal,
            notice_deadline,
            term_months: contract.terms().term_months,
            auto_renew: contract.terms().auto_renew,
        }
    }

    /// MRR of all active accounts of the account's group (ACC-4); its own where it has none.
    #[must_use]
    pub fn group_mrr(&self, account: AccountIx, as_of: AsOf) -> Money {
        let known = Known::from(as_of.known_at);
        let survivor = self.identity.survivor(account.0, known);
        if let Some(row) = self.row_of_now(survivor, as_of) {
            let mrr = if row.group == 0 {
                row.mrr
            } else {
                self.group_totals[row.group]
            };
            return Money::from_minor(mrr);
        }
        let group = self
            .attributes
            .on(survivor, known, as_of.on)
            .attributes
            .group;
        if group == 0 {
            return self.fold(survivor, known, as_of.on, None).mrr;
        }
        let members = self
            .attributes
            .ever_in_group(group)
            .into_iter()
            .filter(|member| {
                self.identity.survivor(*member, known) == *member
                    && self
                        .attributes
                        .on(*member, known, as_of.on)
                        .attributes
                        .group
                        == group
            });
        members
            .map(|member| self.fold(member, known, as_of.on, None).mrr)
            .sum()
    }

    /// Total MRR of a group today.
    #[must_use]
    pub fn group_total(&self, group: u32) -> Money {
        self.group_totals
            .get(group)
            .copied()
            .map_or(Money::ZERO, Money::from_minor)
    }

    /// The organisation's MRR at the end of the day before the month, as known now.
    #[must_use]
    pub fn opening_mrr(&self, month: Month) -> Money {
        let day_before = month.first_day().plus_days(-1);
        Money::from_minor(self.contracts.mrr_at_the_end_of(day_before))
    }

    /// The same as known at an instant: folds every contract.
    #[must_use]
    pub fn opening_mrr_at(&self, month: Month, known_at: Option<Timestamp>) -> Money {
        let known = Known::from(known_at);
        if known == Known::NOW {
            return self.opening_mrr(month);
        }
        let day_before = month.first_day().plus_days(-1);
        let mrr = |number| self.contracts.on(number, known, day_before).mrr;
        Money::from_minor((0..dense(self.contracts.len())).map(mrr).sum())
    }
}
