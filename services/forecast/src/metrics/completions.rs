//! Onboardings that were to be completed in a window's months.

use keizoku_core::Day;
use keizoku_revenue::Book;

use super::window::{MONTHS, Window};
use crate::boards::Boards;
use crate::selection::Selection;

/// Onboardings with a target date in one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    /// Those that count: of a running month those whose target has passed.
    pub(crate) due: i64,
    /// Those of them that were completed on or before it.
    pub(crate) in_time: i64,
    /// All that are completed, late ones and those whose target is ahead included.
    pub(crate) completed: i64,
}

/// The same of a window's months, the oldest first.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Completions {
    months: [Completion; MONTHS],
}

impl Completions {
    pub(crate) fn of(
        book: &Book,
        boards: Boards<'_>,
        window: &Window,
        selection: &Selection,
        product: Option<&str>,
    ) -> Self {
        let mut completions = Self::default();
        let last = window.last();
        let is_due = |target: Day| {
            if window.provisional {
                target < last
            } else {
                target <= last
            }
        };
        let (known_at, working_days) = (window.known_at, boards.working_days);
        let onboardings = boards.onboardings;
        onboardings.for_each_target(book, known_at, working_days, product, |one| {
            let months_before =
                i32::from(window.month.number()) - i32::from(one.target.month().number());
            let place = usize::try_from(months_before).ok();
            let Some(place) = place.and_then(|before| (MONTHS - 1).checked_sub(before)) else {
                return;
            };
            let (attributes, segment) = book.attributes_on(one.account, window.as_of);
            if !selection.includes_account(one.account, attributes.owner, attributes.tier, segment)
            {
                return;
            }
            let month = &mut completions.months[place];
            let completed = one.completed.filter(|completed| *completed <= last);
            month.completed += i64::from(completed.is_some());
            if is_due(one.target) {
                month.due += 1;
                month.in_time += i64::from(completed.is_some_and(|done| done <= one.target));
            }
        });
        completions
    }

    /// Those of the month that the window ends with.
    pub(crate) fn month(&self) -> &Completion {
        &self.months[MONTHS - 1]
    }

    /// Those of all twelve months.
    pub(crate) fn sum(&self) -> Completion {
        let plus = |sum: Completion, of: &Completion| Completion {
            due: sum.due + of.due,
            in_time: sum.in_time + of.in_time,
            completed: sum.completed + of.completed,
        };
        self.months.iter().fold(Completion::default(), plus)
    }
}
