//! What is true today, as somebody would keep it in tables: no history, simplified in favour of the
//! tables.

use std::collections::HashMap;

use keizoku_core::{Day, Month};
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::{AccountAttributes, Terms};
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::{google, optional_day};

use crate::population::{self, INDUSTRIES, PRODUCTS, REGIONS, TIERS, TYPES, USERS};

/// Number of the month before all others: renewals that are overdue.
const OVERDUE: u16 = 0;

#[derive(Default)]
pub(crate) struct Account {
    /// Number of the group, or below zero the account's own.
    pub(crate) group: i64,
    pub(crate) owner: u64,
    pub(crate) tier: usize,
    pub(crate) region: usize,
    pub(crate) industry: usize,
}

pub(crate) struct Subscription {
    pub(crate) account: usize,
    pub(crate) product: usize,
    pub(crate) mrr: i64,
    /// Month of the renewal, or of the announced end.
    pub(crate) month: Option<u16>,
    pub(crate) announced: bool,
    since: Day,
}

pub(crate) struct Risk {
    pub(crate) account: usize,
    pub(crate) kind: usize,
    pub(crate) flag: i32,
}

/// Rows, and where to find them by id.
#[derive(Default)]
pub(crate) struct Now {
    pub(crate) accounts: Vec<Account>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) risks: Vec<Risk>,
    account_of: HashMap<String, usize>,
    subscription_of: HashMap<String, usize>,
    user_of: HashMap<String, u64>,
}

impl Now {
    pub(crate) fn new() -> Self {
        let users = (0..USERS).map(|number| (population::user(number).to_string(), number));
        Self {
            user_of: users.collect(),
            ..Self::default()
        }
    }

    pub(crate) fn take_accounts(&mut self, kind: &AccountsKind, today: Day) {
        match kind {
            AccountsKind::AccountOpened(event) => {
                let place = self.accounts.len();
                self.account_of.insert(event.account_id.clone(), place);
                let profile = event.profile.clone().unwrap_or_default();
                self.accounts.push(Account {
                    region: number(&REGIONS, &profile.region),
                    industry: number(&INDUSTRIES, &profile.industry),
                    ..Account::default()
                });
                self.assign(place, event.attributes.as_ref());
            }
            AccountsKind::AccountAttributesChanged(event) => {
                let place = self.account_of.get(&event.account_id).copied();
                let holds = day(event.effective_date).is_some_and(|day| day <= today);
                if let Some(place) = place.filter(|_| holds) {
                    self.assign(place, event.attributes.as_ref());
                }
            }
            AccountsKind::SubscriptionStarted(event) => {
                let place = self.subscriptions.len();
                self.subscription_of
                    .insert(event.subscription_id.clone(), place);
                self.subscriptions.push(Subscription {
                    account: self.account_of.get(&event.account_id).copied().unwrap_or(0),
                    product: number(&PRODUCTS, &event.product),
                    mrr: event.mrr,
                    month: renewal(event.terms.as_ref(), today),
                    announced: false,
                    since: day(event.effective_date).unwrap_or(Day::MIN),
                });
            }
            AccountsKind::SubscriptionExpanded(event) => {
                let since = day(event.effective_date).unwrap_or(Day::MAX);
                if let Some(row) = self.subscription(&event.subscription_id)
                    && (row.since..=today).contains(&since)
                {
                    (row.since, row.mrr) = (since, event.mrr);
                }
            }
            AccountsKind::CancellationAnnounced(event) => {
                let end = day(event.effective_date).unwrap_or(Day::MAX);
                if let Some(row) = self.subscription(&event.subscription_id)
                    && end > row.since
                {
                    if end <= today {
                        (row.since, row.mrr) = (end, 0);
                    } else {
                        (row.announced, row.month) = (true, Some(end.month().number()));
                    }
                }
            }
            // Teams and users are numbers.
            _ => {}
        }
    }

    pub(crate) fn take_risk(&mut self, kind: &RiskKind) {
        // All of them stay open, so that nothing else happens to them.
        if let RiskKind::RiskOpened(event) = kind {
            let description = event.description.clone().unwrap_or_default();
            self.risks.push(Risk {
                account: self.account_of.get(&event.account_id).copied().unwrap_or(0),
                kind: number(&TYPES, &description.r#type),
                flag: event.leads_to_churn,
            });
        }
    }

    fn subscription(&mut self, id: &str) -> Option<&mut Subscription> {
        let place = *self.subscription_of.get(id)?;
        self.subscriptions.get_mut(place)
    }

    fn assign(&mut self, place: usize, attributes: Option<&AccountAttributes>) {
        let Some(attributes) = attributes else { return };
        let own = -1 - i64::try_from(place).unwrap_or(0);
        let group = attributes.group.strip_prefix("group-");
        let row = &mut self.accounts[place];
        row.group = group.and_then(|group| group.parse().ok()).unwrap_or(own);
        row.owner = self.user_of.get(&attributes.owner_id).copied().unwrap_or(0);
        row.tier = number(&TIERS, &attributes.tier);
    }
}

fn number(names: &[&str], name: &str) -> usize {
    names.iter().position(|known| *known == name).unwrap_or(0)
}

fn day(date: Option<google::r#type::Date>) -> Option<Day> {
    optional_day(date.as_ref()).ok().flatten()
}

fn renewal(terms: Option<&Terms>, today: Day) -> Option<u16> {
    let terms = terms?;
    let day = day(terms.next_renewal_date)?;
    let mut month: Month = day.month();
    if day >= today {
        return Some(month.number());
    }
    if !terms.auto_renew {
        return Some(OVERDUE);
    }
    while month < today.month() {
        month = month.plus(12);
    }
    Some(month.number())
}
