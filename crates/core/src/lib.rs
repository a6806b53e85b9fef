//! The pure vocabulary that every other crate shares.
//!
//! *Used by* all crates. *Guarantees*: no IO, no ambient clock or randomness, integer arithmetic
//! only. *Fails* only when a value cannot exist (a date outside [`Day`]'s range, an amount outside
//! [`Money`]'s): parsing refuses it, and after that an illegal value cannot be written down.

mod clock;
mod date;
mod decider;
mod envelope;
mod id;
mod money;
mod probe;
mod rate;
mod working_days;

pub use clock::{Clock, Entropy, ManualClock, Moved, SystemClock, SystemEntropy};
pub use date::{Day, DayOutOfRange, Month, NoMonth};
pub use decider::{Actor, Ctx, Decider, Given, Origin};
pub use envelope::{EventId, NewEvent, Position, Recorded, Revision, StreamId};
pub use id::{
    AccountId, ContactId, DealId, FactId, InitiativeId, InvalidId, OnboardingId, RiskId,
    SubscriptionId, TeamId, UserId, derive_id,
};
pub use money::{Money, MoneyOutOfRange};
pub use probe::{NoProbe, Probe};
pub use rate::{NoRate, Rate, div_half_even};
pub use working_days::{UnreadableHoliday, WorkingDays};
