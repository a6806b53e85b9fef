//! What a scorecard would have said over all history, and what really became of the customers (HLT-8).
//!
//! Scores are computed as if each signal had been recorded when it occurred, and the scorecard had been in
//! effect from the beginning; tiers and contracts are those that are known now. So history that was brought
//! in later counts as well; how much of it came late is told, because nobody could have seen it.
//!
//! ```text
//! scan     reads the log once, and follows all accounts at the same time
//! part     those of them that one thread follows
//! reading  what it reads of an event
//! observed signals that wait, in little memory
//! traced   how the score of one account went
//! figures  who was red before the churn, who was red and stayed
//! ```

mod figures;
mod observed;
mod part;
mod reading;
mod scan;
mod traced;

pub(crate) use figures::{Churn, Figures, Outlook};
pub(crate) use scan::Scan;
pub(crate) use traced::{Applies, Traced};
