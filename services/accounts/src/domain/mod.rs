//! What the accounts service decides: one file per aggregate, each a [`keizoku_core::Decider`].

pub mod account;
pub mod caller;
pub mod churn;
pub mod claim;
pub mod contact;
pub mod contact_log;
pub mod deal;
mod existence;
pub mod identity;
pub mod import_report;
pub mod initiative;
pub mod organisation;
pub mod subscription;
mod subscription_import;
pub mod team;
pub mod user;

pub use existence::Existence;
use keizoku_core::{
    AccountId, ContactId, DealId, InitiativeId, StreamId, SubscriptionId, TeamId, UserId, derive_id,
};
use uuid::Uuid;

/// The one stream of the organisation's settings.
pub const ORGANISATION: StreamId = StreamId::singleton("organisation");
/// The one stream of merges: its exact revision keeps them free of cycles.
pub const IDENTITY: StreamId = StreamId::singleton("identity");

/// Stream of an account.
#[must_use]
pub const fn account_stream(id: AccountId) -> StreamId {
    StreamId::new("account", id.uuid())
}

/// Stream of a subscription.
#[must_use]
pub const fn subscription_stream(id: SubscriptionId) -> StreamId {
    StreamId::new("subscription", id.uuid())
}

/// Stream of an account's churn, as it was recorded when its date came.
#[must_use]
pub const fn churn_stream(id: AccountId) -> StreamId {
    StreamId::new("churn", id.uuid())
}

/// Stream of a deal.
#[must_use]
pub const fn deal_stream(id: DealId) -> StreamId {
    StreamId::new("deal", id.uuid())
}

/// Stream of a contact.
#[must_use]
pub const fn contact_stream(id: ContactId) -> StreamId {
    StreamId::new("contact", id.uuid())
}

/// Stream of an entry of the contact log. What people write there may name somebody, and personal
/// data is in `user-*` and `contact-*` streams only.
#[must_use]
pub const fn contact_log_stream(id: Uuid) -> StreamId {
    StreamId::new("contact-log", id)
}

/// Stream of a user.
#[must_use]
pub const fn user_stream(id: UserId) -> StreamId {
    StreamId::new("user", id.uuid())
}

/// Stream of a team.
#[must_use]
pub const fn team_stream(id: TeamId) -> StreamId {
    StreamId::new("team", id.uuid())
}

/// Stream of an initiative.
#[must_use]
pub const fn initiative_stream(id: InitiativeId) -> StreamId {
    StreamId::new("initiative", id.uuid())
}

/// Stream of how the imports of a system ended.
#[must_use]
pub fn import_stream(system: &str) -> StreamId {
    StreamId::new("import", derive_id("import", &[system.as_bytes()]))
}

/// Stream of the claim to an external id.
#[must_use]
pub fn claim_stream(external_id: &str) -> StreamId {
    StreamId::new("claim", derive_id("claim", &[external_id.as_bytes()]))
}

/// Stream of the claim to be the caller with a subject.
#[must_use]
pub fn caller_stream(subject: &str) -> StreamId {
    StreamId::new("claim", derive_id("caller", &[subject.as_bytes()]))
}
