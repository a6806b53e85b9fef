//! What the risk service decides: one file per aggregate, each a [`keizoku_core::Decider`].

pub mod catalogue;
pub mod risk;
mod risk_import;
pub mod suggestion;

use keizoku_core::{AccountId, RiskId, StreamId, derive_id};
use uuid::Uuid;

/// The one stream of risk types.
pub const CATALOGUE: StreamId = StreamId::singleton("catalogue");

/// Stream of a risk.
#[must_use]
pub const fn risk_stream(id: RiskId) -> StreamId {
    StreamId::new("risk", id.uuid())
}

/// Stream of the suggestions of one cause for one account.
#[must_use]
pub const fn suggestion_stream(id: Uuid) -> StreamId {
    StreamId::new("suggestion", id)
}

/// Id of the suggestions of one cause for one account (RISK-9).
#[must_use]
pub fn suggestion_id(account: AccountId, cause: &str) -> Uuid {
    derive_id("suggestion", &[account.uuid().as_bytes(), cause.as_bytes()])
}
