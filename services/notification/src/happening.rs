//! What a fact says, and to whom it happened: from events and replicas to words and fields.

pub(crate) mod fields;

mod onboardings;

use keizoku_core::{AccountId, Day, Money, Rate, SubscriptionId};
use keizoku_proto::notification::{Message, Trigger};
use keizoku_proto::{StoredEvent as _, accounts, healthscore, onboarding, risk};
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::effect::NotYet;

use crate::message::template::{
    self, Action, BandChange, Closed, Customer, Ending, Flag, Opened, Responsible, Suggested,
    Writer,
};
use crate::projection;
use crate::queries::{Directory, Queries, RiskRow};
use crate::route::Owner;

/// A fact that somebody may be told about, with what it is about.
pub(crate) struct Happening {
    pub(crate) trigger: Trigger,
    /// Resource name of the record.
    pub(crate) subject: String,
    pub(crate) account: AccountId,
    kind: Kind,
}

enum Kind {
    Risk(Box<(risk::event::Kind, RiskRow)>),
    Suggestion(risk::RiskSuggested),
    Band(healthscore::HealthBandChanged),
    Onboarding(onboarding::event::Kind),
    Ending {
        subscription: Option<SubscriptionId>,
        end: Option<Day>,
        reason: String,
    },
}

impl Happening {
    /// Reads a fact, an event of some source, and what it is about.
    pub(crate) async fn of(source: &str, data: &[u8], queries: &Queries) -> Result<Self, NotYet> {
        if source == projection::RISK {
            Self::of_risk(risk::event::Kind::from_bytes(data)?, queries).await
        } else if source == projection::HEALTHSCORE {
            Self::of_health(healthscore::event::Kind::from_bytes(data)?)
        } else if source == projection::ONBOARDING {
            onboardings::read(onboarding::event::Kind::from_bytes(data)?)
        } else {
            Self::of_contract(accounts::event::Kind::from_bytes(data)?, queries).await
        }
    }

    async fn of_risk(event: risk::event::Kind, queries: &Queries) -> Result<Self, NotYet> {
        use risk::event::Kind as Event;
        let (trigger, id) = match &event {
            Event::RiskOpened(e) => (Trigger::RiskOpened, e.risk_id.clone()),
            Event::RiskClosed(e) => (Trigger::RiskClosed, e.risk_id.clone()),
            Event::LeadsToChurnAssessed(e) => (Trigger::LeadsToChurnChanged, e.risk_id.clone()),
            Event::RiskSuggested(e) => {
                let account = parsed(&e.account_id)?;
                return Ok(Self {
                    trigger: Trigger::SuggestionMade,
                    subject: format!("accounts/{account}/suggestions/{}", e.suggestion_id),
                    account,
                    kind: Kind::Suggestion(e.clone()),
                });
            }
            _ => return Err(NotYet::Unread),
        };
        let row = queries.risk(id).await?.ok_or(NotYet::Unread)?;
        let account = parsed(&row.account_id)?;
        Ok(Self {
            trigger,
            subject: format!("accounts/{account}/risks/{}", row.id),
            account,
            kind: Kind::Risk(Box::new((event, row))),
        })
    }

    fn of_health(event: healthscore::event::Kind) -> Result<Self, NotYet> {
        let healthscore::event::Kind::HealthBandChanged(changed) = event else {
            return Err(NotYet::Unread);
        };
        let account = parsed(&changed.account_id)?;
        Ok(Self {
            trigger: Trigger::HealthBandChanged,
            subject: format!("accounts/{account}"),
            account,
            kind: Kind::Band(changed),
        })
    }

    async fn of_contract(event: accounts::event::Kind, queries: &Queries) -> Result<Self, NotYet> {
        use accounts::event::Kind as Event;
        let (trigger, id, date, reason) = match event {
            Event::CancellationAnnounced(e) => (
                Trigger::CancellationAnnounced,
                e.subscription_id,
                e.effective_date,
                e.reason,
            ),
            Event::SubscriptionChurned(e) => (
                Trigger::Churned,
                e.subscription_id,
                e.effective_date,
                e.reason,
            ),
            _ => return Err(NotYet::Unread),
        };
        let account = queries
            .account_of(id.clone())
            .await?
            .ok_or(NotYet::Unread)?;
        let account = parsed(&account)?;
        Ok(Self {
            trigger,
            subject: format!("accounts/{account}/subscriptions/{id}"),
            account,
            kind: Kind::Ending {
                subscription: id.parse().ok(),
                end: keizoku_proto::optional_day(date.as_ref()).ok().flatten(),
                reason,
            },
        })
    }

    /// Who owns it: the risk's owner, the onboarding's, or the account's.
    pub(crate) fn owner(&self, book: &Book, as_of: AsOf) -> Owner {
        let of_account = || account_owner(book, self.account, as_of);
        match &self.kind {
            Kind::Risk(risk) => risk_owner(&risk.1, of_account),
            Kind::Onboarding(event) => onboardings::owner(event).unwrap_or_else(of_account),
            Kind::Suggestion(_) | Kind::Band(_) | Kind::Ending { .. } => of_account(),
        }
    }

    /// The words; figures are those of `as_of`.
    pub(crate) fn write(
        &self,
        writer: &Writer,
        account_name: &str,
        book: &Book,
        directory: &Directory,
        as_of: AsOf,
    ) -> Message {
        let customer = customer(book, self.account, account_name, as_of);
        let owner = responsible(&self.owner(book, as_of), directory);
        match &self.kind {
            Kind::Risk(risk) => write_risk(writer, &customer, risk, owner),
            Kind::Band(changed) => {
                let change = BandChange {
                    from: changed.from(),
                    to: changed.to(),
                    score: changed.score.unwrap_or_default(),
                    owner,
                };
                template::health_band_changed(writer, &customer, &change)
            }
            Kind::Onboarding(event) => {
                onboardings::write(writer, &customer, &self.subject, event, owner, directory)
            }
            Kind::Suggestion(suggested) => {
                let suggested = Suggested {
                    name: suggested.display_name.clone(),
                    detail: suggested.detail.clone(),
                    owner,
                };
                template::suggestion_made(writer, &customer, &suggested)
            }
            Kind::Ending {
                subscription,
                end,
                reason,
            } => {
                let (product, lost) = ending(book, self.account, (*subscription, *end), as_of);
                let ending = Ending {
                    product,
                    end: *end,
                    lost,
                    reason: reason.clone(),
                    owner,
                };
                if self.trigger == Trigger::Churned {
                    template::churned(writer, &customer, &ending)
                } else {
                    template::cancellation_announced(writer, &customer, &ending)
                }
            }
        }
    }
}

/// The words about a risk.
fn write_risk(
    writer: &Writer,
    customer: &Customer,
    (event, row): &(risk::event::Kind, RiskRow),
    owner: Responsible,
) -> Message {
    use risk::event::Kind as Event;
    let (id, name) = (row.id.clone(), row.display_name.clone());
    let action = Action {
        text: row.action.clone(),
        due: row.due,
    };
    match event {
        Event::RiskClosed(e) => {
            let impact = e.impact.unwrap_or_default();
            let closed = Closed {
                id,
                name,
                completion: e.completion(),
                result: e.result.clone(),
                owner,
                impact: Rate::new(impact.group_mrr, impact.opening_mrr).ok(),
            };
            template::risk_closed(writer, customer, &closed)
        }
        Event::LeadsToChurnAssessed(e) => {
            let flag = Flag {
                id,
                name,
                now: e.leads_to_churn(),
                reason: e.reason.clone(),
                owner,
                action,
            };
            template::leads_to_churn_changed(writer, customer, &flag)
        }
        event => {
            let opened = match event {
                Event::RiskOpened(e) => e.clone(),
                _ => risk::RiskOpened::default(),
            };
            let described = opened.description.clone().unwrap_or_default();
            let opened = Opened {
                id,
                name: described.display_name,
                detail: described.detail,
                leads_to_churn: opened.leads_to_churn(),
                owner,
                action,
            };
            template::risk_opened(writer, customer, &opened)
        }
    }
}

fn parsed(account: &str) -> Result<AccountId, NotYet> {
    account.parse().map_err(|_| NotYet::Unread)
}

/// Who owns a risk: its own owner, or the account's.
pub(crate) fn risk_owner(row: &RiskRow, of_account: impl FnOnce() -> Owner) -> Owner {
    match (row.owner_user.as_str(), row.owner_team.as_str()) {
        ("", "") => of_account(),
        ("", team) => Owner::Team(team.to_owned()),
        (user, _) => Owner::User(user.to_owned()),
    }
}

/// Who looks after an account.
pub(crate) fn account_owner(book: &Book, account: AccountId, as_of: AsOf) -> Owner {
    let Some(ix) = book.account(account) else {
        return Owner::Nobody;
    };
    let (attributes, _) = book.attributes_on(ix, as_of);
    let directory = book.directory();
    match (attributes.owner.as_user(), attributes.owner.as_pool()) {
        (Some(user), _) => Owner::User(directory.user_id(user).to_string()),
        (_, Some(team)) => Owner::Team(directory.team_id(team).to_string()),
        _ => Owner::Nobody,
    }
}

pub(crate) fn responsible(owner: &Owner, directory: &Directory) -> Responsible {
    match owner {
        Owner::User(user) => Responsible::User(format!("users/{user}")),
        Owner::Team(team) => {
            let name = directory
                .teams
                .get(team)
                .map(|team| team.display_name.clone());
            Responsible::Team(name.unwrap_or_default())
        }
        Owner::Nobody => Responsible::Nobody,
    }
}

pub(crate) fn customer(book: &Book, account: AccountId, name: &str, as_of: AsOf) -> Customer {
    let mut customer = Customer {
        id: account,
        name: name.to_owned(),
        mrr: Money::ZERO,
        next_renewal: None,
        impact: None,
    };
    if let Some(ix) = book.account(account) {
        let view = book.summary_on(ix, as_of);
        let group_mrr = book.group_mrr(ix, as_of);
        let opening_mrr = book.opening_mrr_at(as_of.on.month(), as_of.known_at);
        customer.mrr = view.mrr;
        customer.next_renewal = view.next_renewal;
        customer.impact = Rate::new(group_mrr.minor(), opening_mrr.minor()).ok();
    }
    customer
}

/// Product of a contract that ends, and what it paid on its last day.
fn ending(
    book: &Book,
    account: AccountId,
    (subscription, end): (Option<SubscriptionId>, Option<Day>),
    as_of: AsOf,
) -> (String, Money) {
    let (Some(ix), Some(subscription), Some(end)) = (book.account(account), subscription, end)
    else {
        return (String::new(), Money::ZERO);
    };
    let last_day = AsOf {
        on: end.plus_days(-1),
        ..as_of
    };
    let views = book.subscriptions(ix, last_day);
    let view = views.iter().find(|view| view.id == subscription);
    view.map_or((String::new(), Money::ZERO), |view| {
        (book.products().name(view.product).to_owned(), view.mrr)
    })
}
