//! What a fact says, and to whom it happened: from events and replicas to words.

mod onboardings;

use keizoku_core::{AccountId, Day, Money, Rate, SubscriptionId};
use keizoku_proto::notification::{Message, Trigger};
use keizoku_proto::{StoredEvent as _, accounts, onboarding, risk};
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::effect::NotYet;
use keizoku_runtime::intake::Fact;

use crate::message::template::{
    self, Action, Closed, Customer, Ending, Flag, Opened, Responsible, Suggested, Writer,
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
    Onboarding(onboarding::event::Kind),
    Ending {
        subscription: Option<SubscriptionId>,
        end: Option<Day>,
        reason: String,
    },
}

impl Happening {
    /// Reads a fact and what it is about.
    pub(crate) async fn of(fact: &Fact, queries: &Queries) -> Result<Self, NotYet> {
        if fact.source == projection::RISK {
            Self::of_risk(risk::event::Kind::from_bytes(&fact.data)?, queries).await
        } else if fact.source == projection::ONBOARDING {
            onboardings::read(onboarding::event::Kind::from_bytes(&fact.data)?)
        } else {
            Self::of_contract(accounts::event::Kind::from_bytes(&fact.data)?, queries).await
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
    pub(crate) fn owner(&self, book: &Book, today: Day) -> Owner {
        let of_account = || account_owner(book, self.account, today);
        match &self.kind {
            Kind::Risk(risk) => match (risk.1.owner_user.as_str(), risk.1.owner_team.as_str()) {
                ("", "") => of_account(),
                ("", team) => Owner::Team(team.to_owned()),
                (user, _) => Owner::User(user.to_owned()),
            },
            Kind::Onboarding(event) => onboardings::owner(event).unwrap_or_else(of_account),
            Kind::Suggestion(_) | Kind::Ending { .. } => of_account(),
        }
    }

    /// The words.
    pub(crate) fn write(
        &self,
        writer: &Writer,
        account_name: &str,
        book: &Book,
        directory: &Directory,
    ) -> Message {
        let customer = customer(book, self.account, account_name, writer.today);
        let owner = responsible(&self.owner(book, writer.today), directory);
        match &self.kind {
            Kind::Risk(risk) => write_risk(writer, &customer, risk, owner),
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
                let (product, lost) = ending(book, self.account, *subscription, *end);
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

/// Who looks after an account.
pub(crate) fn account_owner(book: &Book, account: AccountId, today: Day) -> Owner {
    let Some(ix) = book.account(account) else {
        return Owner::Nobody;
    };
    let (attributes, _) = book.attributes_on(ix, AsOf::now(today));
    let directory = book.directory();
    match (attributes.owner.as_user(), attributes.owner.as_pool()) {
        (Some(user), _) => Owner::User(directory.user_id(user).to_string()),
        (_, Some(team)) => Owner::Team(directory.team_id(team).to_string()),
        _ => Owner::Nobody,
    }
}

fn responsible(owner: &Owner, directory: &Directory) -> Responsible {
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

fn customer(book: &Book, account: AccountId, name: &str, today: Day) -> Customer {
    let as_of = AsOf::now(today);
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
        let opening_mrr = book.opening_mrr(today.month());
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
    subscription: Option<SubscriptionId>,
    end: Option<Day>,
) -> (String, Money) {
    let (Some(ix), Some(subscription), Some(end)) = (book.account(account), subscription, end)
    else {
        return (String::new(), Money::ZERO);
    };
    let last_day = AsOf::now(end.plus_days(-1));
    let views = book.subscriptions(ix, last_day);
    let view = views.iter().find(|view| view.id == subscription);
    view.map_or((String::new(), Money::ZERO), |view| {
        (book.products().name(view.product).to_owned(), view.mrr)
    })
}
