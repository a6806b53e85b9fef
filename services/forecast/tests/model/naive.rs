//! A forecast the obvious way: account by account, list by list.

use std::collections::{BTreeMap, BTreeSet};

use keizoku_core::{AccountId, Day};
use keizoku_forecast::churn::{Basis, BucketKey, Question, Scenario};
use keizoku_forecast::{Filter, OwnerFilter};
use keizoku_proto::risk::LeadsToChurn;
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_revenue::{AccountIx, AccountView, AsOf, Book};

use crate::given::{Event, History};

/// By bucket: how many, and their MRR.
pub(crate) type Buckets = BTreeMap<BucketKey, (i64, i64)>;

struct NaiveRisk {
    account: AccountId,
    leads: bool,
    kind: String,
    opened: Day,
    completed: Option<Day>,
}

/// Everything that is active on the date, and what the question is about.
pub(crate) struct Naive<'a> {
    book: &'a Book,
    question: &'a Question,
    risks: Vec<NaiveRisk>,
    today: Day,
    views: Vec<AccountView>,
}

impl<'a> Naive<'a> {
    pub(crate) fn new(history: &History, book: &'a Book, question: &'a Question) -> Self {
        let as_of = question.as_of;
        let product = question
            .filter
            .product
            .as_ref()
            .map(|name| book.products().find(name));
        let numbers = (0..u32::try_from(book.len()).unwrap()).map(AccountIx);
        let survivors = numbers.filter(|number| book.survivor(*number, as_of.known_at) == *number);
        let views = survivors
            // A product that nobody has leaves no account.
            .filter(|_| product != Some(None))
            .map(|number| book.account_on(number, as_of, product.flatten()))
            .filter(|view| view.active)
            .collect();
        let today = book.today_at(as_of.known_at);
        Self {
            book,
            question,
            risks: risks(history, as_of),
            today,
            views,
        }
    }

    pub(crate) fn buckets(&self) -> Buckets {
        match self.question.basis {
            Basis::Account => self.parts(&self.selected(), true),
            Basis::Group => self.group_parts(),
        }
    }

    /// MRR, number, and number at risk of the accounts that the filter leaves.
    pub(crate) fn figures(&self) -> (i64, i64, i64) {
        let selected = self.selected();
        let mrr = selected.iter().map(|view| view.mrr.minor()).sum();
        let at_risk = selected.iter().filter(|view| self.has_open(view, true));
        (
            mrr,
            i64::try_from(selected.len()).unwrap(),
            i64::try_from(at_risk.count()).unwrap(),
        )
    }

    fn selected(&self) -> Vec<&AccountView> {
        self.views
            .iter()
            .filter(|view| self.includes(view))
            .collect()
    }

    fn includes(&self, view: &AccountView) -> bool {
        let Filter {
            team,
            owner,
            tier,
            region,
            ..
        } = &self.question.filter;
        let directory = self.book.directory();
        let as_of = self.question.as_of;
        let segment = self.book.segments().all()[view.segment as usize];
        let user = view.attributes.owner.as_user();
        let is_in = |team| {
            let own = directory.team_of_owner(view.attributes.owner, as_of);
            let mut chain = std::iter::successors(own, |team| directory.parent_of(*team, as_of));
            chain.any(|other| directory.team_id(other) == team)
        };
        let name_of_tier = self.book.tiers().name(view.attributes.tier.into());
        team.is_none_or(is_in)
            && owner.is_none_or(|owner| match owner {
                OwnerFilter::User(id) => user.is_some_and(|user| directory.user_id(user) == id),
                OwnerFilter::Pool(_) => false,
            })
            && tier.as_ref().is_none_or(|tier| tier == name_of_tier)
            && region
                .as_ref()
                .is_none_or(|region| self.book.segments().regions.name(segment.region) == region)
    }

    fn has_open(&self, view: &AccountView, only_leading: bool) -> bool {
        let known_at = self.question.as_of.known_at;
        self.risks.iter().any(|risk| {
            let on = self.question.as_of.on;
            let is_open = if on >= self.today {
                risk.completed.is_none()
            } else {
                risk.opened <= on && risk.completed.is_none_or(|completed| completed > on)
            };
            let account = self.book.account(risk.account).unwrap();
            let of_type = &self.question.filter.risk_type;
            is_open
                && self.book.survivor(account, known_at) == view.account
                && (risk.leads || !only_leading)
                && of_type.as_ref().is_none_or(|kind| *kind == risk.kind)
        })
    }

    fn at_risk(&self, view: &AccountView) -> bool {
        match self.question.scenario {
            Scenario::Announced => false,
            Scenario::LeadsToChurn => self.has_open(view, true),
            // Nobody has a score in these histories.
            Scenario::UnknownAtPresent | Scenario::Red => self.has_open(view, false),
        }
    }

    fn parts(&self, accounts: &[&AccountView], with_rest: bool) -> Buckets {
        let on = self.question.as_of.on;
        let mut parts: BTreeMap<BucketKey, (BTreeSet<AccountIx>, i64)> = BTreeMap::new();
        for view in accounts {
            let mut add = |date, mrr: i64| {
                let bucket = parts.entry(BucketKey::of(date, on)).or_default();
                bucket.0.insert(view.account);
                bucket.1 += mrr;
            };
            for part in view.split.announced() {
                add(Some(part.end), part.mrr.minor());
            }
            if let (true, true, Some(rest)) = (with_rest, self.at_risk(view), view.split.rest) {
                add(rest.next_renewal, rest.mrr.minor());
            }
        }
        let counted = |(accounts, mrr): (BTreeSet<AccountIx>, i64)| {
            (i64::try_from(accounts.len()).unwrap(), mrr)
        };
        parts
            .into_iter()
            .map(|(key, part)| (key, counted(part)))
            .collect()
    }

    fn group_parts(&self) -> Buckets {
        let selected = self.selected();
        let at_risk: Vec<&AccountView> = selected
            .iter()
            .copied()
            .filter(|view| self.at_risk(view))
            .collect();
        let groups: BTreeSet<_> = at_risk.iter().map(|view| group(view)).collect();
        let others: Vec<&AccountView> = selected
            .into_iter()
            .filter(|view| !groups.contains(&group(view)))
            .collect();
        let mut buckets = self.parts(&others, false);
        for of in groups {
            let members = self.views.iter().filter(|view| group(view) == of);
            let ends = members
                .clone()
                .flat_map(|view| view.split.announced())
                .map(|part| part.end);
            let rests = at_risk
                .iter()
                .filter(|view| group(view) == of)
                .filter_map(|view| view.split.rest);
            let date = rests.filter_map(|rest| rest.next_renewal).chain(ends).min();
            let bucket = buckets
                .entry(BucketKey::of(date, self.question.as_of.on))
                .or_default();
            bucket.0 += 1;
            bucket.1 += members.map(|view| view.mrr.minor()).sum::<i64>();
        }
        buckets
    }
}

/// The group, or the account where it has none.
fn group(view: &AccountView) -> (u32, Option<AccountIx>) {
    let group = view.attributes.group;
    (group, (group == 0).then_some(view.account))
}

fn risks(history: &History, as_of: AsOf) -> Vec<NaiveRisk> {
    let mut risks: BTreeMap<String, NaiveRisk> = BTreeMap::new();
    for (recorded_at, event) in &history.events {
        if as_of
            .known_at
            .is_some_and(|known_at| *recorded_at > known_at)
        {
            continue;
        }
        let day = |date: &Option<_>| keizoku_proto::optional_day(date.as_ref()).unwrap();
        let leads = i32::from(LeadsToChurn::LeadsToChurn);
        match event {
            Event::Risk(RiskKind::RiskOpened(event)) => {
                let risk = NaiveRisk {
                    account: event.account_id.parse().unwrap(),
                    leads: event.leads_to_churn == leads,
                    kind: event.description.clone().unwrap().r#type,
                    opened: day(&event.open_date).unwrap(),
                    completed: None,
                };
                risks.entry(event.risk_id.clone()).or_insert(risk);
            }
            Event::Risk(RiskKind::LeadsToChurnAssessed(event)) => {
                if let Some(risk) = risks.get_mut(&event.risk_id) {
                    risk.leads = event.leads_to_churn == leads;
                }
            }
            Event::Risk(RiskKind::RiskClosed(event)) => {
                if let Some(risk) = risks.get_mut(&event.risk_id) {
                    risk.completed = day(&event.completion_date);
                }
            }
            Event::Risk(RiskKind::RiskReopened(event)) => {
                if let Some(risk) = risks.get_mut(&event.risk_id) {
                    risk.completed = None;
                }
            }
            _ => {}
        }
    }
    risks.into_values().collect()
}
