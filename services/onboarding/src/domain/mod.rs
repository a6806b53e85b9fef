//! What the onboarding service decides: one file per aggregate, each a [`keizoku_core::Decider`].

pub mod goals;
pub mod handing_over;
pub mod leaving;
pub mod onboarding;
mod onboarding_error;
mod onboarding_state;
pub mod plan;
pub mod stall;
pub mod template;

use keizoku_core::{AccountId, OnboardingId, StreamId, derive_id};
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
