//! Questions about onboardings.

use std::sync::Arc;

use keizoku_core::{AccountId, OnboardingId};
use keizoku_proto::{common, onboarding as proto};
use keizoku_revenue::AsOf;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Failure, Fold, Violations, account_names, names};
use uuid::Uuid;

use crate::domain::coached;
use crate::domain::onboarding::State;
use crate::domain::stall::{self, Circumstances};
use crate::resources::Surroundings;
use crate::{Onboardings, domain, queries, resources};

impl Onboardings {
    pub(super) fn as_of(&self, as_of: Option<&common::AsOf>) -> Result<AsOf, Failure> {
        let mut violations = Violations::new();
        let known_at =
            as_of.and_then(|as_of| violations.instant("as_of.known_at", as_of.known_at.as_ref()));
        let on = as_of.and_then(|as_of| violations.day("as_of.on", as_of.on.as_ref()));
        violations.check()?;
        let on = on.unwrap_or_else(|| self.book.read().today_at(known_at));
        Ok(AsOf { known_at, on })
    }

    /// Waits until an answer includes what the tokens cover.
    pub(super) async fn wait(&self, tokens: &[String]) -> Result<(), Failure> {
        self.list_freshness.wait(tokens).await?;
        self.change_freshness.wait(tokens).await
    }

    /// The tier of an account; empty when there is none.
    pub(crate) fn tier_of(&self, account: AccountId, as_of: AsOf) -> String {
        let book = self.book.read();
        let Some(account) = book.account(account) else {
            return String::new();
        };
        let tier = book.attributes_on(account, as_of).0.tier;
        book.tiers().name(tier.into()).to_owned()
    }

    /// How an onboarding gets on; `None` once it is completed, or ended.
    async fn progress(
        &self,
        state: &State,
        as_of: AsOf,
    ) -> Result<Option<proto::Progress>, Failure> {
        let around = self.circumstances(state, as_of).await?;
        Ok(around.and_then(|around| stall::progress(state, &around)))
    }

    /// What decides how an onboarding gets on, beside itself.
    pub(crate) async fn circumstances(
        &self,
        state: &State,
        as_of: AsOf,
    ) -> Result<Option<Circumstances>, Failure> {
        let accounts = vec![state.account_id.clone()];
        let mut around = self.circumstances_of_all(accounts, as_of).await?;
        Ok(around.pop().flatten())
    }

    /// What decides how onboardings of accounts get on, beside themselves: the read model is asked once.
    async fn circumstances_of_all(
        &self,
        accounts: Vec<String>,
        as_of: AsOf,
    ) -> Result<Vec<Option<Circumstances>>, Failure> {
        let ids = accounts.iter().map(|account| account.parse().ok());
        let ids: Vec<Option<AccountId>> = ids.collect();
        let aliases = ids.iter().map(|id| {
            let aliases = id.map(|id| self.book.with_aliases(id));
            aliases.unwrap_or_default()
        });
        let aliases: Vec<Vec<String>> = aliases.collect();
        let contacts = self
            .model
            .read(move |rows| {
                let contacts = aliases.iter().map(|ids| queries::contact(rows, ids, as_of));
                contacts.collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let around = |(id, contact): (Option<AccountId>, queries::Contact)| {
            let tier = self.tier_of(id?, as_of);
            Some(Circumstances {
                last_contact: contact.last,
                last_deed: contact.deed,
                deeds_count: contact.deeds_count,
                stalled_from: self.config.stalled_from(&tier),
                unreachable_after_months: self.config.unreachable_after_months,
                destination: self.config.unreachable_go_to.into(),
                working_days: Arc::clone(&self.working_days),
                coaching: coached::Around::default(),
                on: as_of.on,
            })
        };
        Ok(ids.into_iter().zip(contacts).map(around).collect())
    }

    /// An onboarding with its surroundings.
    pub(super) async fn show(
        &self,
        id: OnboardingId,
        fold: &Fold<State>,
        as_of: AsOf,
    ) -> Result<proto::Onboarding, Failure> {
        let survivor = self.book.survivor_of(&fold.state.account_id, as_of);
        let account: AccountId = survivor.parse().unwrap_or_else(|_| Uuid::nil().into());
        let (book, own) = (&self.change_freshness, &self.list_freshness);
        let name = account_names::known_to(book, &self.model, own, &survivor).await?;
        let template = fold
            .state
            .course
            .plan
            .template_id
            .parse()
            .unwrap_or_default();
        let template = self
            .templates
            .recall(&domain::template_stream(template))
            .await?;
        let around = Surroundings {
            account,
            account_name: name,
            tier: self.tier_of(account, as_of),
            progress: self.progress(&fold.state, as_of).await?,
            latest_version: template.state.latest(),
            working_days: self.calendar.working_days(),
            on: as_of.on,
        };
        Ok(resources::onboarding(id, fold, &around))
    }

    /// Makes sure that an onboarding belongs to the account that its name says, if it says one.
    pub(super) fn require_account(
        &self,
        id: OnboardingId,
        account: Option<AccountId>,
        state: &State,
    ) -> Result<(), Failure> {
        match account {
            Some(account) if !self.book.is_same_account(&state.account_id, account) => {
                Err(Failure::not_found(&names::onboarding(account, id)))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn get(
        &self,
        body: proto::GetOnboardingRequest,
    ) -> Result<proto::GetOnboardingResponse, Failure> {
        let mut violations = Violations::new();
        let name = violations.parse("name", names::parse_onboarding(&body.name));
        let (account, id) = violations.finish(name)?;
        let as_of = self.as_of(body.as_of.as_ref())?;
        self.wait(&body.consistency_tokens).await?;
        let stream = domain::onboarding_stream(id);
        let fold = self
            .onboardings
            .as_known_at(&stream, as_of.known_at)
            .await?;
        if !fold.state.exists() {
            return Err(Failure::not_found(&body.name));
        }
        self.require_account(id, account, &fold.state)?;
        Ok(proto::GetOnboardingResponse {
            onboarding: Some(self.show(id, &fold, as_of).await?),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    pub(super) async fn list(
        &self,
        body: proto::ListOnboardingsRequest,
    ) -> Result<proto::ListOnboardingsResponse, Failure> {
        let filter = body.filter.clone().unwrap_or_default();
        let binding = proto::ListOnboardingsRequest {
            filter: body.filter.clone(),
            ..proto::ListOnboardingsRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.wait(&body.consistency_tokens).await?;
        let found = self.find(&filter).await?;
        let mut onboardings = Vec::new();
        for (id, fold) in found.iter().skip(page.offset).take(page.size) {
            onboardings.push(self.show(*id, fold, self.book.now()).await?);
        }
        Ok(proto::ListOnboardingsResponse {
            onboardings,
            next_page_token: page.next(found.len()),
            total_size: i64::try_from(found.len()).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    /// The onboardings that fit, in the order in which somebody should look at them (ONB-8).
    async fn find(
        &self,
        filter: &proto::OnboardingFilter,
    ) -> Result<Vec<(OnboardingId, Arc<Fold<State>>)>, Failure> {
        let select = self.select(filter, "filter.")?;
        let now = self.book.now();
        let ids = self.model.read(move |rows| select.ids(rows)).await?;
        let mut folds = Vec::new();
        for id in ids.iter().filter_map(|id| id.parse::<OnboardingId>().ok()) {
            let stream = domain::onboarding_stream(id);
            folds.push((id, self.onboardings.recall(&stream).await?));
        }
        let accounts = folds.iter().map(|(_, fold)| fold.state.account_id.clone());
        let around = self.circumstances_of_all(accounts.collect(), now).await?;
        let mut found = Vec::new();
        for ((id, fold), around) in folds.into_iter().zip(around) {
            let state = resources::state_on(&fold.state, now.on);
            let progress = around.and_then(|around| stall::progress(&fold.state, &around));
            let standing = progress.map_or(0, |progress| progress.standing);
            let fits = |wanted: i32, is: i32| wanted == 0 || wanted == is;
            if fits(filter.state, state.into()) && fits(filter.standing, standing) {
                let place = (standing == 0, standing, fold.state.course.phase_since(), id);
                found.push((place, (id, fold)));
            }
        }
        found.sort_by_key(|(place, _)| *place);
        Ok(found
            .into_iter()
            .map(|(_, onboarding)| onboarding)
            .collect())
    }
}
