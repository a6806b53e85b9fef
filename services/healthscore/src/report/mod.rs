//! What a customer set out to do in a year, how it used the product and what came of it (HLT-10): a document
//! that a CSM can hand to the customer.
//!
//! It says nothing that is for colleagues only: no score, no pulse, no gap.

mod html;
mod use_of;

use keizoku_core::Day;

pub(crate) use html::{Words, render};
pub(crate) use use_of::{Series, series};

/// An onboarding, as far as the customer has a part in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The product.
    pub(crate) product: String,
    /// What the customer wanted, as it confirmed it.
    pub(crate) wanted: String,
    /// When it began, and when it was complete.
    pub(crate) start: Option<Day>,
    pub(crate) completed: Option<Day>,
    /// That the issue was set, that the product is used, and that the effect is felt.
    pub(crate) evidence: [String; 3],
}

impl Goal {
    /// Whether it belongs into the report of a year: it had begun, and was not complete before.
    pub(crate) fn is_of(&self, year: i16) -> bool {
        let year_of = |day: Day| day.month().year();
        let begun = self.start.is_none_or(|start| year_of(start) <= year);
        begun
            && self
                .completed
                .is_none_or(|completed| year_of(completed) >= year)
    }
}

/// A report.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) customer: String,
    pub(crate) year: i16,
    /// The last day that it looks at.
    pub(crate) until: Day,
    pub(crate) goals: Vec<Goal>,
    pub(crate) series: Vec<Series>,
}
