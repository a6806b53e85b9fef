//! What happened, written as short as tests need it.

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, Revision, RiskId, SubscriptionId, TeamId, UserId};
use keizoku_forecast::churn::{Basis, Question, Scenario};
use keizoku_forecast::risks::RiskBoard;
use keizoku_forecast::{Board as _, Filter};
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::{accounts, date, risk};
use keizoku_revenue::{AsOf, Book, Entry};
use std::collections::HashMap;
use uuid::Uuid;

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The n-th second of the test; noon of 2026-11-22 in Tokyo is a little before its first.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_316_400 + second).unwrap()
}

pub(crate) fn account(number: u128) -> AccountId {
    Uuid::from_u128(0xacc0_0000 + number).into()
}

pub(crate) fn subscription(number: u128) -> SubscriptionId {
    Uuid::from_u128(0x50b0_0000 + number).into()
}

pub(crate) fn user(number: u128) -> UserId {
    Uuid::from_u128(0x05e0_0000 + number).into()
}

pub(crate) fn team(number: u128) -> TeamId {
    Uuid::from_u128(0x7ea0_0000 + number).into()
}

pub(crate) fn risk_id(number: u128) -> RiskId {
    Uuid::from_u128(0x0515_0000 + number).into()
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    Accounts(Revision, AccountsKind),
    Risk(RiskKind),
}

/// Two logs on one clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) events: Vec<(Timestamp, Event)>,
    revisions: HashMap<String, u64>,
    pub(crate) second: i64,
}

impl History {
    pub(crate) fn accounts(&mut self, kind: AccountsKind) -> u64 {
        self.second += 1;
        let revision = self.revisions.entry(subscription_of(&kind)).or_default();
        *revision += 1;
        let revision = *revision;
        self.events
            .push((at(self.second), Event::Accounts(Revision(revision), kind)));
        revision
    }

    pub(crate) fn risk(&mut self, kind: RiskKind) {
        self.second += 1;
        self.events.push((at(self.second), Event::Risk(kind)));
    }

    pub(crate) fn revision(&self, id: SubscriptionId) -> u64 {
        self.revisions.get(&id.to_string()).copied().unwrap_or(0)
    }

    /// Everything that was recorded by an instant, read on a day.
    pub(crate) fn known_at(&self, known_at: Timestamp, today: Day) -> (Book, RiskBoard) {
        let events = self
            .events
            .iter()
            .filter(|(recorded_at, _)| *recorded_at <= known_at);
        read(events, today)
    }

    pub(crate) fn read(&self, today: Day) -> (Book, RiskBoard) {
        read(self.events.iter(), today)
    }
}

pub(crate) fn read<'a>(
    events: impl Iterator<Item = &'a (Timestamp, Event)>,
    today: Day,
) -> (Book, RiskBoard) {
    let (mut book, mut board) = (Book::new(today), RiskBoard::default());
    for (recorded_at, event) in events {
        apply(&mut book, &mut board, *recorded_at, event);
    }
    (book, board)
}

pub(crate) fn apply(book: &mut Book, board: &mut RiskBoard, recorded_at: Timestamp, event: &Event) {
    match event {
        Event::Accounts(revision, kind) => {
            book.apply(Entry {
                recorded_at,
                revision: *revision,
                imported: false,
                kind,
            })
            .unwrap();
        }
        Event::Risk(kind) => board
            .apply(recorded_at, kind, |id| book.intern(id))
            .unwrap(),
    }
}

/// Only subscriptions need their revisions counted.
fn subscription_of(kind: &AccountsKind) -> String {
    match kind {
        AccountsKind::SubscriptionStarted(event) => event.subscription_id.clone(),
        AccountsKind::SubscriptionExpanded(event) => event.subscription_id.clone(),
        AccountsKind::SubscriptionChurned(event) => event.subscription_id.clone(),
        AccountsKind::CancellationAnnounced(event) => event.subscription_id.clone(),
        AccountsKind::SubscriptionReactivated(event) => event.subscription_id.clone(),
        AccountsKind::SubscriptionTermsChanged(event) => event.subscription_id.clone(),
        AccountsKind::ContractFactVoided(event) => event.subscription_id.clone(),
        _ => String::new(),
    }
}

pub(crate) fn team_defined(id: TeamId, parent: Option<TeamId>) -> AccountsKind {
    AccountsKind::TeamDefined(accounts::TeamDefined {
        team_id: id.to_string(),
        parent_team_id: parent.map(|id| id.to_string()).unwrap_or_default(),
        ..accounts::TeamDefined::default()
    })
}

pub(crate) fn registered(id: UserId, team: TeamId) -> AccountsKind {
    AccountsKind::UserRegistered(accounts::UserRegistered {
        user_id: id.to_string(),
        profile: None,
        team_id: team.to_string(),
    })
}

pub(crate) fn attributes(group: &str, tier: &str, owner: UserId) -> accounts::AccountAttributes {
    accounts::AccountAttributes {
        group: group.to_owned(),
        tier: tier.to_owned(),
        owner_id: owner.to_string(),
        pool_id: String::new(),
    }
}

pub(crate) fn opened(
    id: AccountId,
    attributes: accounts::AccountAttributes,
    region: &str,
) -> AccountsKind {
    AccountsKind::AccountOpened(accounts::AccountOpened {
        account_id: id.to_string(),
        profile: Some(accounts::AccountProfile {
            region: region.to_owned(),
            sales_channel: "direct".to_owned(),
            ..accounts::AccountProfile::default()
        }),
        attributes: Some(attributes),
    })
}

pub(crate) fn attributes_changed(
    id: AccountId,
    attributes: accounts::AccountAttributes,
    on: Day,
) -> AccountsKind {
    AccountsKind::AccountAttributesChanged(accounts::AccountAttributesChanged {
        account_id: id.to_string(),
        attributes: Some(attributes),
        effective_date: Some(date(on)),
    })
}

pub(crate) fn merged(duplicate: AccountId, survivor: AccountId) -> AccountsKind {
    AccountsKind::AccountMerged(accounts::AccountMerged {
        duplicate_id: duplicate.to_string(),
        survivor_id: survivor.to_string(),
    })
}

/// Renews on a date; by itself where there is a term.
pub(crate) fn terms(renewal: Option<Day>, auto_renew_months: u32) -> accounts::Terms {
    accounts::Terms {
        next_renewal_date: renewal.map(date),
        notice_deadline: renewal.map(|renewal| date(renewal.plus_days(-30))),
        term_months: auto_renew_months,
        auto_renew: auto_renew_months > 0,
    }
}

pub(crate) fn started(
    id: SubscriptionId,
    of: AccountId,
    product: &str,
    on: Day,
    mrr: i64,
    terms: accounts::Terms,
) -> AccountsKind {
    AccountsKind::SubscriptionStarted(accounts::SubscriptionStarted {
        subscription_id: id.to_string(),
        account_id: of.to_string(),
        product: product.to_owned(),
        external_id: String::new(),
        effective_date: Some(date(on)),
        mrr,
        terms: Some(terms),
    })
}

pub(crate) fn expanded(id: SubscriptionId, on: Day, mrr: i64) -> AccountsKind {
    AccountsKind::SubscriptionExpanded(accounts::SubscriptionExpanded {
        subscription_id: id.to_string(),
        effective_date: Some(date(on)),
        mrr,
    })
}

pub(crate) fn announced(id: SubscriptionId, end: Day) -> AccountsKind {
    AccountsKind::CancellationAnnounced(accounts::CancellationAnnounced {
        subscription_id: id.to_string(),
        effective_date: Some(date(end)),
        ..accounts::CancellationAnnounced::default()
    })
}

pub(crate) fn churned(id: SubscriptionId, end: Day) -> AccountsKind {
    AccountsKind::SubscriptionChurned(accounts::SubscriptionChurned {
        subscription_id: id.to_string(),
        effective_date: Some(date(end)),
        ..accounts::SubscriptionChurned::default()
    })
}

pub(crate) fn reactivated(id: SubscriptionId, on: Day, mrr: i64) -> AccountsKind {
    AccountsKind::SubscriptionReactivated(accounts::SubscriptionReactivated {
        subscription_id: id.to_string(),
        effective_date: Some(date(on)),
        mrr,
        terms: Some(terms(Some(on.plus_days(365)), 0)),
    })
}

pub(crate) fn voided(id: SubscriptionId, fact: u64) -> AccountsKind {
    AccountsKind::ContractFactVoided(accounts::ContractFactVoided {
        subscription_id: id.to_string(),
        fact,
        reason: String::new(),
    })
}

pub(crate) const LEADS: risk::LeadsToChurn = risk::LeadsToChurn::LeadsToChurn;
pub(crate) const UNKNOWN: risk::LeadsToChurn = risk::LeadsToChurn::UnknownAtPresent;

pub(crate) fn risk_opened(
    id: RiskId,
    of: AccountId,
    flag: risk::LeadsToChurn,
    kind: &str,
    on: Day,
) -> RiskKind {
    RiskKind::RiskOpened(risk::RiskOpened {
        risk_id: id.to_string(),
        account_id: of.to_string(),
        description: Some(risk::RiskDescription {
            display_name: format!("risk {id}"),
            r#type: kind.to_owned(),
            ..risk::RiskDescription::default()
        }),
        owner: None,
        leads_to_churn: flag.into(),
        next_action: None,
        open_date: Some(date(on)),
        external_id: String::new(),
    })
}

pub(crate) fn assessed(id: RiskId, flag: risk::LeadsToChurn) -> RiskKind {
    RiskKind::LeadsToChurnAssessed(risk::LeadsToChurnAssessed {
        risk_id: id.to_string(),
        leads_to_churn: flag.into(),
        reason: String::new(),
    })
}

pub(crate) fn risk_closed(id: RiskId, completion: risk::Completion, on: Day) -> RiskKind {
    RiskKind::RiskClosed(risk::RiskClosed {
        risk_id: id.to_string(),
        completion: completion.into(),
        completion_date: Some(date(on)),
        result: "landed".to_owned(),
        impact: None,
    })
}

pub(crate) fn risk_reopened(id: RiskId) -> RiskKind {
    RiskKind::RiskReopened(risk::RiskReopened {
        risk_id: id.to_string(),
        reason: "again".to_owned(),
    })
}

/// The default question about a date, as known now.
pub(crate) fn on(text: &str) -> Question {
    Question {
        as_of: AsOf::now(day(text)),
        basis: Basis::Account,
        scenario: Scenario::LeadsToChurn,
        filter: Filter::default(),
    }
}
