//! What the onboarding service decides: one file per aggregate, each a [`keizoku_core::Decider`].

pub mod coached;
pub mod coaching;
pub mod completion;
pub mod content;
pub mod course;
pub mod goals;
pub mod handing_over;
pub mod leaving;
pub mod onboarding;
mod onboarding_error;
mod onboarding_state;
pub mod plan;
pub mod programme;
pub mod seminar;
pub mod stall;
pub mod template;

use keizoku_core::{AccountId, OnboardingId, StreamId, UserId, derive_id};
use keizoku_proto::onboarding::Learner;
use uuid::Uuid;

/// Stream of an onboarding.
#[must_use]
pub const fn onboarding_stream(id: OnboardingId) -> StreamId {
    StreamId::new("onboarding", id.uuid())
}

/// Id of the onboarding of an account and product: there is one.
#[must_use]
pub fn onboarding_id(account: AccountId, product: &str) -> OnboardingId {
    derive_id(
        "onboarding",
        &[account.uuid().as_bytes(), product.as_bytes()],
    )
    .into()
}

/// Stream of a template.
#[must_use]
pub const fn template_stream(id: Uuid) -> StreamId {
    StreamId::new("template", id)
}

/// Id of the template of a product and tier, each empty for all without their own (ONB-3).
#[must_use]
pub fn template_id(product: &str, tier: &str) -> Uuid {
    derive_id("template", &[product.as_bytes(), tier.as_bytes()])
}

/// Id of the template of a kind of programme (ONB-10).
#[must_use]
pub fn programme_template_id(key: &str) -> Uuid {
    derive_id("programme-template", &[key.as_bytes()])
}

/// Stream of a programme.
#[must_use]
pub const fn programme_stream(id: Uuid) -> StreamId {
    StreamId::new("programme", id)
}

/// Id of the programme of a member and kind: there is one.
#[must_use]
pub fn programme_id(member: UserId, key: &str) -> Uuid {
    derive_id("programme", &[member.uuid().as_bytes(), key.as_bytes()])
}

/// Stream of the coaching rules: there is one.
#[must_use]
pub fn coaching_stream() -> StreamId {
    StreamId::new("coaching", derive_id("coaching", &[]))
}

/// Stream of a content.
#[must_use]
pub const fn content_stream(id: Uuid) -> StreamId {
    StreamId::new("content", id)
}

/// Id of the content of a key.
#[must_use]
pub fn content_id(key: &str) -> Uuid {
    derive_id("content", &[key.as_bytes()])
}

/// Stream of somebody's completion of a content: a short one for each, however many there are.
#[must_use]
pub fn completion_stream(content: Uuid, learner: &Learner) -> StreamId {
    let (account, contact) = (learner.account_id.as_bytes(), learner.contact_id.as_bytes());
    let parts = [&content.as_bytes()[..], account, contact];
    StreamId::new("completion", derive_id("completion", &parts))
}

/// Stream of a seminar.
#[must_use]
pub const fn seminar_stream(id: Uuid) -> StreamId {
    StreamId::new("seminar", id)
}
