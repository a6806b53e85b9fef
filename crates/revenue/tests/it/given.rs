//! Events, written as short as tests need them.

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, Revision, SubscriptionId, TeamId, UserId};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{
    AccountAttributes, AccountAttributesChanged, AccountMerged, AccountOpened, AccountProfile,
    AccountRevised, CancellationAnnounced, ContractFactVoided, SubscriptionChurned,
    SubscriptionDownsized, SubscriptionExpanded, SubscriptionReactivated, SubscriptionRenewed,
    SubscriptionStarted, SubscriptionTermsChanged, TeamDefined, Terms, UserRegistered,
    UserTeamChanged,
};
use keizoku_proto::date;
use keizoku_revenue::{AsOf, Book, Entry};
use std::collections::HashMap;
use uuid::Uuid;

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The instant at which the n-th second of the test begins.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
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

/// An event as the log holds it, with the stream that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) stream: String,
    pub(crate) revision: Revision,
    pub(crate) recorded_at: Timestamp,
    pub(crate) kind: Kind,
}

/// A log in which every stream counts its own revisions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) events: Vec<Written>,
    revisions: HashMap<String, u64>,
    second: i64,
}

impl Log {
    /// Records an event a second after the last one; answers its revision.
    pub(crate) fn write(&mut self, kind: Kind) -> u64 {
        self.second += 1;
        self.write_with_the_last(kind)
    }

    /// Records an event in the same transaction as the last one.
    pub(crate) fn write_with_the_last(&mut self, kind: Kind) -> u64 {
        let stream = stream_of(&kind);
        let revision = self.revisions.entry(stream.clone()).or_default();
        *revision += 1;
        let written = Written {
            stream,
            revision: Revision(*revision),
            recorded_at: at(self.second),
            kind,
        };
        let revision = written.revision.0;
        self.events.push(written);
        revision
    }

    /// The last revision of a stream; 0 where there is none.
    pub(crate) fn revision(&self, stream: &str) -> u64 {
        self.revisions.get(stream).copied().unwrap_or(0)
    }

    pub(crate) fn book(&self, today: Day) -> Book {
        book_of(&self.events, today)
    }
}

pub(crate) fn book_of(events: &[Written], today: Day) -> Book {
    let mut book = Book::new(today);
    for event in events {
        apply(&mut book, event);
    }
    book
}

pub(crate) fn apply(book: &mut Book, event: &Written) {
    let Written {
        revision,
        recorded_at,
        kind,
        ..
    } = event;
    let entry = Entry {
        recorded_at: *recorded_at,
        revision: *revision,
        imported: false,
        kind,
    };
    book.apply(entry).unwrap();
}

fn stream_of(kind: &Kind) -> String {
    match kind {
        Kind::TeamDefined(event) => format!("team-{}", event.team_id),
        Kind::UserRegistered(event) => format!("user-{}", event.user_id),
        Kind::UserTeamChanged(event) => format!("user-{}", event.user_id),
        Kind::AccountOpened(event) => format!("account-{}", event.account_id),
        Kind::AccountRevised(event) => format!("account-{}", event.account_id),
        Kind::AccountAttributesChanged(event) => format!("account-{}", event.account_id),
        Kind::AccountMerged(_) => "identity".to_owned(),
        Kind::SubscriptionStarted(event) => format!("subscription-{}", event.subscription_id),
        Kind::SubscriptionExpanded(event) => format!("subscription-{}", event.subscription_id),
        Kind::SubscriptionDownsized(event) => format!("subscription-{}", event.subscription_id),
        Kind::SubscriptionRenewed(event) => format!("subscription-{}", event.subscription_id),
        Kind::CancellationAnnounced(event) => format!("subscription-{}", event.subscription_id),
        Kind::SubscriptionChurned(event) => format!("subscription-{}", event.subscription_id),
        Kind::SubscriptionReactivated(event) => format!("subscription-{}", event.subscription_id),
        Kind::SubscriptionTermsChanged(event) => format!("subscription-{}", event.subscription_id),
        Kind::ContractFactVoided(event) => format!("subscription-{}", event.subscription_id),
        _ => "organisation".to_owned(),
    }
}

/// Attributes of an account: group, tier, owner; everything empty by default.
pub(crate) fn owned(group: &str, owner: Option<UserId>, pool: Option<TeamId>) -> AccountAttributes {
    AccountAttributes {
        group: group.to_owned(),
        tier: "Mid".to_owned(),
        owner_id: owner.map(|id| id.to_string()).unwrap_or_default(),
        pool_id: pool.map(|id| id.to_string()).unwrap_or_default(),
    }
}

pub(crate) fn profile(region: &str, industry: &str) -> AccountProfile {
    AccountProfile {
        region: region.to_owned(),
        industry: industry.to_owned(),
        sales_channel: "direct".to_owned(),
        ..AccountProfile::default()
    }
}

pub(crate) fn opened(id: AccountId, attributes: AccountAttributes) -> Kind {
    Kind::AccountOpened(AccountOpened {
        account_id: id.to_string(),
        profile: Some(profile("関東", "製造")),
        attributes: Some(attributes),
    })
}

pub(crate) fn revised(id: AccountId, profile: AccountProfile) -> Kind {
    Kind::AccountRevised(AccountRevised {
        account_id: id.to_string(),
        profile: Some(profile),
    })
}

pub(crate) fn attributes_changed(id: AccountId, attributes: AccountAttributes, on: Day) -> Kind {
    Kind::AccountAttributesChanged(AccountAttributesChanged {
        account_id: id.to_string(),
        attributes: Some(attributes),
        effective_date: Some(date(on)),
    })
}

pub(crate) fn merged(duplicate: AccountId, survivor: AccountId) -> Kind {
    Kind::AccountMerged(AccountMerged {
        duplicate_id: duplicate.to_string(),
        survivor_id: survivor.to_string(),
    })
}

pub(crate) fn team_defined(id: TeamId, parent: Option<TeamId>) -> Kind {
    Kind::TeamDefined(TeamDefined {
        team_id: id.to_string(),
        parent_team_id: parent.map(|id| id.to_string()).unwrap_or_default(),
        ..TeamDefined::default()
    })
}

pub(crate) fn registered(id: UserId, team: TeamId) -> Kind {
    Kind::UserRegistered(UserRegistered {
        user_id: id.to_string(),
        profile: None,
        team_id: team.to_string(),
    })
}

pub(crate) fn team_changed(id: UserId, team: TeamId, on: Day) -> Kind {
    Kind::UserTeamChanged(UserTeamChanged {
        user_id: id.to_string(),
        team_id: team.to_string(),
        effective_date: Some(date(on)),
    })
}

pub(crate) fn terms(renewal: Option<Day>, notice: Option<Day>, months: u32, auto: bool) -> Terms {
    Terms {
        next_renewal_date: renewal.map(date),
        notice_deadline: notice.map(date),
        term_months: months,
        auto_renew: auto,
    }
}

/// Renews on a date, not by itself.
pub(crate) fn renews(on: &str) -> Terms {
    terms(Some(day(on)), None, 12, false)
}

pub(crate) fn started(
    id: SubscriptionId,
    of: AccountId,
    product: &str,
    on: Day,
    mrr: i64,
    terms: Terms,
) -> Kind {
    Kind::SubscriptionStarted(SubscriptionStarted {
        subscription_id: id.to_string(),
        account_id: of.to_string(),
        product: product.to_owned(),
        external_id: String::new(),
        effective_date: Some(date(on)),
        mrr,
        terms: Some(terms),
    })
}

pub(crate) fn expanded(id: SubscriptionId, on: Day, mrr: i64) -> Kind {
    let subscription_id = id.to_string();
    Kind::SubscriptionExpanded(SubscriptionExpanded {
        subscription_id,
        effective_date: Some(date(on)),
        mrr,
    })
}

pub(crate) fn downsized(id: SubscriptionId, on: Day, mrr: i64) -> Kind {
    let subscription_id = id.to_string();
    Kind::SubscriptionDownsized(SubscriptionDownsized {
        subscription_id,
        effective_date: Some(date(on)),
        mrr,
    })
}

pub(crate) fn renewed(id: SubscriptionId, on: Day, mrr: i64, terms: Terms) -> Kind {
    Kind::SubscriptionRenewed(SubscriptionRenewed {
        subscription_id: id.to_string(),
        effective_date: Some(date(on)),
        mrr,
        terms: Some(terms),
    })
}

pub(crate) fn announced(id: SubscriptionId, end: Day) -> Kind {
    Kind::CancellationAnnounced(CancellationAnnounced {
        subscription_id: id.to_string(),
        effective_date: Some(date(end)),
        ..CancellationAnnounced::default()
    })
}

pub(crate) fn churned(id: SubscriptionId, end: Day) -> Kind {
    Kind::SubscriptionChurned(SubscriptionChurned {
        subscription_id: id.to_string(),
        effective_date: Some(date(end)),
        ..SubscriptionChurned::default()
    })
}

pub(crate) fn reactivated(id: SubscriptionId, on: Day, mrr: i64, terms: Terms) -> Kind {
    Kind::SubscriptionReactivated(SubscriptionReactivated {
        subscription_id: id.to_string(),
        effective_date: Some(date(on)),
        mrr,
        terms: Some(terms),
    })
}

pub(crate) fn terms_changed(id: SubscriptionId, on: Day, terms: Terms) -> Kind {
    Kind::SubscriptionTermsChanged(SubscriptionTermsChanged {
        subscription_id: id.to_string(),
        effective_date: Some(date(on)),
        terms: Some(terms),
    })
}

pub(crate) fn voided(id: SubscriptionId, fact: u64) -> Kind {
    Kind::ContractFactVoided(ContractFactVoided {
        subscription_id: id.to_string(),
        fact,
        reason: String::new(),
    })
}

/// MRR of an account on a date, as known now.
pub(crate) fn mrr(book: &Book, id: AccountId, on: &str) -> i64 {
    let account = book.account(id).unwrap();
    book.account_on(account, AsOf::now(day(on)), None)
        .mrr
        .minor()
}

/// Next renewal of an account on a date, as known now.
pub(crate) fn renewal(book: &Book, id: AccountId, on: &str) -> Option<Day> {
    let account = book.account(id).unwrap();
    book.account_on(account, AsOf::now(day(on)), None)
        .next_renewal
}
