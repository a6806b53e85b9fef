//! Charters of initiatives (FC-12) as known at any instant.

use std::collections::BTreeMap;

use keizoku_core::{AccountId, Day, InitiativeId, Revision, TeamId};
use keizoku_proto::accounts;

use crate::entry::{self, Unreadable};
use crate::time::Known;

/// An initiative, as its charter was written last.
#[derive(Debug, Clone, PartialEq)]
pub struct Initiative {
    /// Id.
    pub id: InitiativeId,
    /// Where the charter stands in its stream.
    pub revision: Revision,
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
    /// For which accounts.
    pub cohort: Cohort,
    /// As it was written; `name` and `etag` are empty.
    pub charter: accounts::Initiative,
}

/// Which accounts an initiative is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cohort {
    /// These.
    Accounts(Vec<AccountId>),
    /// Customers for whom every condition holds that is given.
    Conditions {
        /// The account owner's team, with subteams.
        team: Option<TeamId>,
        /// Key of the tier.
        tier: Option<String>,
        /// Product.
        product: Option<String>,
        /// Region.
        region: Option<String>,
        /// Sales channel.
        sales_channel: Option<String>,
        /// Industry.
        industry: Option<String>,
    },
}

impl Initiative {
    pub(crate) fn of(
        id: InitiativeId,
        revision: Revision,
        charter: accounts::Initiative,
    ) -> Result<Self, Unreadable> {
        let cohort = Cohort::of(&charter.cohort.clone().unwrap_or_default())?;
        Ok(Self {
            id,
            revision,
            first: entry::day(charter.first_date.as_ref(), "first_date")?,
            last: entry::day(charter.last_date.as_ref(), "last_date")?,
            cohort,
            charter,
        })
    }

    /// Whether it was given up.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        !self.charter.withdrawal_reason.is_empty()
    }
}

impl Cohort {
    fn of(cohort: &accounts::Cohort) -> Result<Self, Unreadable> {
        if !cohort.accounts.is_empty() {
            let ids = cohort.accounts.iter().map(|account| {
                entry::id(account.trim_start_matches("accounts/"), "cohort.accounts")
            });
            return ids.collect::<Result<_, _>>().map(Self::Accounts);
        }
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        let team = cohort.team.trim_start_matches("teams/");
        Ok(Self::Conditions {
            team: entry::optional_id(team, "cohort.team")?,
            tier: text(&cohort.tier),
            product: text(&cohort.product),
            region: text(&cohort.region),
            sales_channel: text(&cohort.sales_channel),
            industry: text(&cohort.industry),
        })
    }
}

/// Every initiative's charters, each with when it was recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Initiatives {
    charters: BTreeMap<InitiativeId, Vec<(i64, Initiative)>>,
}

impl Initiatives {
    pub(crate) fn record(&mut self, initiative: Initiative, recorded: i64) {
        let charters = self.charters.entry(initiative.id).or_default();
        charters.push((recorded, initiative));
    }

    pub(crate) fn find(&self, id: InitiativeId, known: Known) -> Option<&Initiative> {
        last(self.charters.get(&id)?, known)
    }

    pub(crate) fn all(&self, known: Known) -> impl Iterator<Item = &Initiative> {
        let charters = self.charters.values();
        charters.filter_map(move |charters| last(charters, known))
    }
}

fn last(charters: &[(i64, Initiative)], known: Known) -> Option<&Initiative> {
    let mut newest = charters.iter().rev();
    let (_, found) = newest.find(|(recorded, _)| known.includes(*recorded))?;
    Some(found)
}
