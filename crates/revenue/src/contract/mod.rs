//! Contract facts (ACC-5) and what they say about a date.

mod arena;
mod fact;
mod fold;

pub(crate) use arena::{CompactedFacts, Contracts, READ_AHEAD, Subscription};
pub(crate) use fact::{Fact, FactKind};
pub use fold::Terms;
pub(crate) use fold::{Contract, Level, Steps, terms_until};
