//! The same rules once more, read as naively as possible: whole history, day by day.

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, SubscriptionId};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{AccountAttributes, Terms};
use keizoku_proto::optional_day;

use crate::given::Written;

/// What is known at an instant.
pub(crate) struct Naive<'a> {
    known: Vec<&'a Written>,
}

/// A contract at the end of a day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NaiveContract {
    pub(crate) mrr: i64,
    terms: Terms,
}

/// An account on a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NaiveAccount {
    pub(crate) active: bool,
    pub(crate) mrr: i64,
    pub(crate) next_renewal: Option<Day>,
    pub(crate) announced: Vec<(Day, i64)>,
    pub(crate) rest: Option<(i64, Option<Day>)>,
}

/// No fact in a test is later.
const LAST: &str = "2029-01-01";

impl<'a> Naive<'a> {
    pub(crate) fn new(events: &'a [Written], known_at: Option<Timestamp>) -> Self {
        let is_known = |event: &&Written| known_at.is_none_or(|at| event.recorded_at <= at);
        Self {
            known: events.iter().filter(is_known).collect(),
        }
    }

    pub(crate) fn survivor(&self, account: AccountId) -> AccountId {
        let mut account = account.to_string();
        while let Some(survivor) = self.known.iter().find_map(|event| match &event.kind {
            Kind::AccountMerged(merge) if merge.duplicate_id == account => Some(&merge.survivor_id),
            _ => None,
        }) {
            account = survivor.clone();
        }
        account.parse().unwrap()
    }

    /// Subscriptions of an account and of everything that was merged into it.
    pub(crate) fn subscriptions(&self, account: AccountId) -> Vec<(SubscriptionId, String)> {
        let mut found = Vec::new();
        for event in &self.known {
            if let Kind::SubscriptionStarted(started) = &event.kind {
                let id: SubscriptionId = started.subscription_id.parse().unwrap();
                let of = self.survivor(started.account_id.parse().unwrap());
                if of == account && !found.iter().any(|(other, _)| *other == id) {
                    found.push((id, started.product.clone()));
                }
            }
        }
        found
    }

    fn facts(&self, id: SubscriptionId) -> Vec<(Day, u64, &Kind)> {
        let id = id.to_string();
        let mut facts = Vec::new();
        for event in &self.known {
            let (of, date) = match &event.kind {
                Kind::SubscriptionStarted(fact) => (&fact.subscription_id, &fact.effective_date),
                Kind::SubscriptionExpanded(fact) => (&fact.subscription_id, &fact.effective_date),
                Kind::SubscriptionDownsized(fact) => (&fact.subscription_id, &fact.effective_date),
                Kind::SubscriptionRenewed(fact) => (&fact.subscription_id, &fact.effective_date),
                Kind::CancellationAnnounced(fact) => (&fact.subscription_id, &fact.effective_date),
                Kind::SubscriptionChurned(fact) => (&fact.subscription_id, &fact.effective_date),
                Kind::SubscriptionReactivated(fact) => {
                    (&fact.subscription_id, &fact.effective_date)
                }
                Kind::SubscriptionTermsChanged(fact) => {
                    (&fact.subscription_id, &fact.effective_date)
                }
                _ => continue,
            };
            let is_void = self.known.iter().any(|other| match &other.kind {
                Kind::ContractFactVoided(void) => {
                    void.subscription_id == id && void.fact == event.revision.0
                }
                _ => false,
            });
            if *of == id && !is_void {
                let day = optional_day(date.as_ref()).unwrap().unwrap();
                facts.push((day, event.revision.0, &event.kind));
            }
        }
        facts.sort_by_key(|(day, revision, _)| (*day, *revision));
        facts
    }

    /// `None` unless it runs at the end of the day.
    pub(crate) fn contract(&self, id: SubscriptionId, on: Day) -> Option<NaiveContract> {
        let mut contract = None;
        for (day, _, kind) in self.facts(id) {
            if day > on {
                break;
            }
            match kind {
                Kind::SubscriptionStarted(fact) => {
                    let terms = fact.terms.unwrap();
                    contract = Some(NaiveContract {
                        mrr: fact.mrr,
                        terms,
                    });
                }
                Kind::SubscriptionReactivated(fact) => {
                    let terms = fact.terms.unwrap();
                    contract = Some(NaiveContract {
                        mrr: fact.mrr,
                        terms,
                    });
                }
                Kind::SubscriptionChurned(_) | Kind::CancellationAnnounced(_) => contract = None,
                _ => {}
            }
            let Some(running) = contract.as_mut() else {
                continue;
            };
            match kind {
                Kind::SubscriptionExpanded(fact) => running.mrr = fact.mrr,
                Kind::SubscriptionDownsized(fact) => running.mrr = fact.mrr,
                Kind::SubscriptionRenewed(fact) => {
                    running.mrr = fact.mrr;
                    running.terms = fact.terms.unwrap();
                }
                Kind::SubscriptionTermsChanged(fact) => running.terms = fact.terms.unwrap(),
                _ => {}
            }
        }
        contract
    }

    /// The first day after `on` on which it does not run, while it runs.
    fn announced_end(&self, id: SubscriptionId, on: Day) -> Option<Day> {
        let facts = self.facts(id);
        let mut days = facts.iter().map(|(day, _, _)| *day).filter(|day| *day > on);
        days.find(|day| self.contract(id, *day).is_none())
    }

    pub(crate) fn account(&self, id: AccountId, on: Day, product: Option<&str>) -> NaiveAccount {
        let mut account = NaiveAccount::default();
        for (subscription, of_product) in self.subscriptions(id) {
            if product.is_some_and(|product| product != of_product) {
                continue;
            }
            let Some(contract) = self.contract(subscription, on) else {
                continue;
            };
            let end = self.announced_end(subscription, on);
            let renewal = renewal(&contract.terms, end, on);
            account.active = true;
            account.mrr += contract.mrr;
            account.next_renewal = [account.next_renewal, renewal].into_iter().flatten().min();
            if let Some(end) = end {
                account.announced.push((end, contract.mrr));
            } else {
                let (mrr, earliest) = account.rest.unwrap_or_default();
                let earliest = [earliest, renewal].into_iter().flatten().min();
                account.rest = Some((mrr + contract.mrr, earliest));
            }
        }
        account.announced.sort_unstable();
        account
    }

    /// Attributes on a day; empty ones before the account was opened.
    pub(crate) fn attributes(&self, id: AccountId, on: Day) -> AccountAttributes {
        let id = id.to_string();
        let mut latest: Option<(Day, AccountAttributes)> = None;
        for event in &self.known {
            let (day, attributes) = match &event.kind {
                Kind::AccountOpened(opened) if opened.account_id == id => {
                    (Day::MIN, opened.attributes.clone())
                }
                Kind::AccountAttributesChanged(changed) if changed.account_id == id => (
                    optional_day(changed.effective_date.as_ref())
                        .unwrap()
                        .unwrap(),
                    changed.attributes.clone(),
                ),
                _ => continue,
            };
            if day <= on && latest.as_ref().is_none_or(|(other, _)| *other <= day) {
                latest = Some((day, attributes.unwrap()));
            }
        }
        latest.map(|(_, attributes)| attributes).unwrap_or_default()
    }

    /// The organisation's MRR at the end of a day.
    pub(crate) fn organisation(&self, on: Day) -> i64 {
        let mut ids: Vec<String> = Vec::new();
        for event in &self.known {
            if let Kind::SubscriptionStarted(started) = &event.kind {
                ids.push(started.subscription_id.clone());
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let mrr = |id: &String| {
            self.contract(id.parse().unwrap(), on)
                .map_or(0, |contract| contract.mrr)
        };
        ids.iter().map(mrr).sum()
    }
}

fn renewal(terms: &Terms, end: Option<Day>, on: Day) -> Option<Day> {
    let last: Day = LAST.parse().unwrap();
    let anchor = optional_day(terms.next_renewal_date.as_ref()).unwrap()?;
    if !terms.auto_renew || terms.term_months == 0 || end.is_some() || on > last {
        return Some(anchor);
    }
    (0..10_000)
        .map(|terms_later| anchor.plus_months(terms_later * terms.term_months).unwrap())
        .find(|day| *day >= on)
}
