use keizoku_core::{Day, Money};
use keizoku_revenue::{AsOf, Book};

use super::buckets::{Bucket, BucketKey, Sums};
use super::parts::{Asked, Basis, Part, Scenario, Take, Whose};
use crate::boards::Boards;
use crate::risks::OpenByAccount;
use crate::selection::{Filter, Selection};

/// What somebody wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The two times (FC-6).
    pub as_of: AsOf,
    /// What to count by.
    pub basis: Basis,
    /// Which losses.
    pub scenario: Scenario,
    /// Which accounts, and which of their risks.
    pub filter: Filter,
}

/// The churn forecast by renewal month (FC-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// OVERDUE, then the months in order, then UNKNOWN; both ends are always there.
    pub buckets: Vec<Bucket>,
    /// The sum over all buckets.
    pub total: Bucket,
    /// The organisation's opening MRR of the month of `on`, whatever the filter.
    pub opening_mrr: Money,
    /// MRR of the accounts that the filter leaves, at risk or not.
    pub current_mrr: Money,
    /// Active accounts that the filter leaves, at risk or not.
    pub active_accounts: i64,
    /// Active accounts that the filter leaves with an open `LEADS_TO_CHURN` risk (FC-1).
    pub at_risk_accounts: i64,
    /// The local date that it holds for.
    pub on: Day,
}

/// Answers a question from history as far as it was read: FC-1 to FC-6.
///
/// As known now this scans the rows of the book; as known at an instant it folds every account.
#[must_use]
pub fn forecast<'a>(
    book: &'a Book,
    boards: impl Into<Boards<'a>>,
    question: &Question,
) -> Forecast {
    let asked = Asked::of(book, boards.into(), question);
    let on = question.as_of.on;
    let none = || Sums::new(on);
    let (taken, figures) = match question.basis {
        Basis::Account => asked.by_account(none),
        Basis::Group => asked.by_group(none),
    };
    let mut sums = none();
    for taken in &taken {
        sums.join(taken);
    }
    let opening_mrr = book.opening_mrr_at(on.month(), question.as_of.known_at);
    let (buckets, total) = sums.into_buckets(opening_mrr);
    Forecast {
        buckets,
        total,
        opening_mrr,
        current_mrr: Money::from_minor(figures.mrr),
        active_accounts: figures.active,
        at_risk_accounts: figures.at_risk,
        on,
    }
}

impl<'a> Asked<'a> {
    pub(crate) fn of(book: &'a Book, boards: Boards<'a>, question: &Question) -> Self {
        let Question {
            as_of,
            scenario,
            filter,
            ..
        } = question;
        Asked {
            book,
            open: OpenByAccount::of(boards.risks, book, *as_of, filter.risk_type.as_deref()),
            selection: Selection::of(filter, book, boards, *as_of),
            as_of: *as_of,
            scenario: *scenario,
            red: (*scenario == Scenario::Red).then(|| boards.health.red(book, *as_of)),
        }
    }
}

/// Each account or group counts once in each bucket that it has a part in.
impl Take for Sums {
    fn take(&mut self, _: Whose, parts: &[Part]) {
        let on = self.on();
        for (number, part) in parts.iter().enumerate() {
            let key = BucketKey::of(part.date, on);
            let is_first = !parts[..number]
                .iter()
                .any(|other| BucketKey::of(other.date, on) == key);
            self.add(part.date, part.mrr, i64::from(is_first));
        }
    }
}
