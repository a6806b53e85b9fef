//! What a customer set out to do in a year, how it used the product and what came of it (HLT-10): a document
//! that a CSM can hand to the customer.
//!
//! It says nothing that is for colleagues only: no score, no pulse, no gap.

mod html;
mod use_of;

use std::sync::Arc;

use jiff::tz::TimeZone;
use keizoku_core::Day;

use crate::goals;
use crate::scoring::Signal;

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

/// What a customer declared that it wants to use (ONB-4), and what became of it in the year.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) feature: String,
    pub(crate) due: Option<Day>,
    /// What it was to look like.
    pub(crate) looks_like: String,
    /// Whether it is met, since when, and with what use, in words; none until somebody reviewed it.
    pub(crate) found: Option<Found>,
    /// The use that signals knew of when it was declared, and at the end.
    pub(crate) used: [Option<i64>; 2],
}

/// What was found of a declared goal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) met: bool,
    pub(crate) date: Option<Day>,
    pub(crate) used: String,
}

impl Declared {
    /// A declared goal as it belongs into the report of the days from one to another: it was declared by
    /// the last, and not reviewed before the first. What is found later is of a later report.
    pub(crate) fn of(
        goal: &goals::Goal,
        signals: &[Arc<Signal>],
        [first, last]: [Day; 2],
        zone: &TimeZone,
    ) -> Option<Self> {
        let end = last.last_instant(zone)?;
        if goal.declared_at > end {
            return None;
        }
        let reviewed = goal.review.as_ref();
        let found = reviewed.map(|review| Found {
            met: review.met,
            date: Some(
                review
                    .date
                    .unwrap_or_else(|| Day::of(review.recorded_at, zone)),
            ),
            used: review.used.clone(),
        });
        if found.as_ref().is_some_and(|found| found.date < Some(first)) {
            return None;
        }
        let value = |at| goal.use_at(signals, at).map(|signal| signal.value);
        Some(Self {
            feature: goal.feature.clone(),
            due: goal.due,
            looks_like: goal.looks_like.clone(),
            found: found.filter(|found| found.date <= Some(last)),
            used: [value(goal.declared_at), value(end)],
        })
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
    /// In the order in which they are due.
    pub(crate) declared: Vec<Declared>,
    pub(crate) series: Vec<Series>,
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn goal(reviewed: Option<&str>) -> goals::Goal {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        goals::Goal {
            onboarding: Uuid::nil().into(),
            account_id: String::new(),
            id: "g".to_owned(),
            product: "Core".to_owned(),
            feature: "申請".to_owned(),
            due: "2026-12-31".parse().ok(),
            looks_like: String::new(),
            // The first of January in Tokyo.
            declared_at: at("2025-12-31T15:00:00Z"),
            review: reviewed.map(|date| goals::Review {
                met: true,
                recorded_at: at("2027-02-01T00:00:00Z"),
                date: date.parse().ok(),
                used: String::new(),
            }),
        }
    }

    /// In which of three years a report tells of a goal, and whether it says what was found.
    fn told(goal: &goals::Goal) -> [Option<bool>; 3] {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        [2025, 2026, 2027].map(|year| {
            let day = |month, day| Day::from_ymd(year, month, day).unwrap();
            let of = Declared::of(goal, &[], [day(1, 1), day(12, 31)], &tokyo);
            of.map(|declared| declared.found.is_some())
        })
    }

    #[test]
    fn hlt_10_a_declared_goal_is_of_the_years_from_its_declaration_to_its_review() {
        assert_eq!(told(&goal(None)), [None, Some(false), Some(false)]);
        assert_eq!(told(&goal(Some("2026-12-31"))), [None, Some(true), None]);
        assert_eq!(
            told(&goal(Some("2027-01-01"))),
            [None, Some(false), Some(true)]
        );
    }
}
