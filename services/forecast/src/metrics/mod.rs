//! Revenue metrics (FC-8): movements of MRR between the two ends of a month, what follows, and how many
//! onboardings are completed in time.

mod completions;
mod dictionary;
mod figures;
mod movements;
mod restatement;
mod window;

pub use dictionary::{DEFINITIONS, Definition};
pub use figures::{Figure, Metric, NoValue, RevenueMetrics, Value};
pub(crate) use figures::{VERSION, of_movement};
pub(crate) use movements::{AccountMrr, Movement};
pub use restatement::{Difference, as_reported};
pub use window::MonthAhead;

use std::ops::RangeInclusive;

use keizoku_core::Month;
use keizoku_revenue::{AsOf, Book, TargetMetric};

use crate::boards::Boards;
use crate::selection::{Filter, Selection};
use completions::Completions;
use movements::Movements;
use window::Window;

/// Figures of a month and of the twelve that end with it, as the dictionary defines them.
///
/// Attributes that the filter looks at are those on `on`, for both ends of every month, so that a
/// transfer is never churn; a product restricts MRR. Folds every account that the filter leaves.
///
/// # Errors
/// When the month begins after `on`.
pub fn revenue_metrics<'a>(
    book: &Book,
    boards: impl Into<Boards<'a>>,
    as_of: AsOf,
    month: Month,
    filter: &Filter,
) -> Result<RevenueMetrics, MonthAhead> {
    let (window, boards) = (Window::of(book, as_of, month)?, boards.into());
    let selection = Selection::of(filter, book, boards, as_of);
    let movements = Movements::of(book, boards, &window, &selection, filter);
    let completions = Completions::of(book, boards, &window, &selection, filter.product.as_deref());
    Ok(figures::figures(book, &window, &movements, &completions))
}

/// One figure over months in a row, 12 at most, as the dictionary defines it for the trailing twelve;
/// `None` when the last one begins after `on`.
pub(crate) fn figure_of_period(
    book: &Book,
    boards: Boards<'_>,
    as_of: AsOf,
    months: RangeInclusive<Month>,
    filter: &Filter,
    metric: TargetMetric,
) -> Option<Figure> {
    let window = Window::of_period(book, as_of, &months).ok()?;
    let selection = Selection::of(filter, book, boards, as_of);
    let movements = Movements::of(book, boards, &window, &selection, filter);
    Some(figures::of_period(&window, &movements, metric))
}
