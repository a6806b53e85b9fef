//! The risk service's log as a model: every risk, as known at any instant.

mod board;
mod open;
mod reading;
mod version;

pub use board::{OpenRisks, RiskBoard, RiskIx, RiskMemory, RiskState};
pub(crate) use open::OpenByAccount;
pub use version::{Completion, Flag};
