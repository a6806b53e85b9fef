//! Renewals and notice deadlines ahead, at-risk accounts first (FC-13).

use keizoku_core::{AccountId, Day, Money, SubscriptionId};
use keizoku_revenue::{AccountIx, AsOf, Book, Row, SubscriptionView};

use crate::boards::Boards;
use crate::churn::sorted_page;
use crate::owner::OwnerId;
use crate::risks::OpenByAccount;
use crate::selection::{Filter, Selection};

/// What comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadlineKind {
    /// The last day on which notice can be given.
    Notice,
    /// The contract renews.
    Renewal,
}

/// Which deadlines somebody wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineQuestion {
    /// The two times.
    pub as_of: AsOf,
    /// How many days ahead, counted from `on`.
    pub within_days: u16,
    /// Which; `None` for both.
    pub kind: Option<DeadlineKind>,
    /// Which accounts; a product restricts their subscriptions, a risk type their risks.
    pub filter: Filter,
}

/// A renewal or notice deadline ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The account.
    pub account: AccountId,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Which.
    pub kind: DeadlineKind,
    /// When.
    pub date: Day,
    /// The smallest of 30, 60 and 90 days that it is within; 0 when further ahead.
    pub within: u32,
    /// MRR of the subscription.
    pub mrr: Money,
    /// Whether the account has an open risk that leads to churn.
    pub at_risk: bool,
    /// Who looks after the account.
    pub owner: OwnerId,
}

/// Some of the deadlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlinePage {
    /// At-risk accounts first, then by date.
    pub deadlines: Vec<Deadline>,
    /// How many there are in all.
    pub total: usize,
}

/// The deadlines ahead. A subscription whose end was announced has none: notice was given, and it
/// does not renew.
#[must_use]
pub fn deadlines<'a>(
    book: &Book,
    boards: impl Into<Boards<'a>>,
    question: &DeadlineQuestion,
    offset: usize,
    size: usize,
) -> DeadlinePage {
    let (as_of, boards) = (question.as_of, boards.into());
    let selection = Selection::of(&question.filter, book, boards, as_of);
    let open = OpenByAccount::of(
        boards.risks,
        book,
        as_of,
        question.filter.risk_type.as_deref(),
    );
    let mut found = Vec::new();
    book.scan(as_of, |account, row| {
        if !selection.includes(account, &row) {
            return;
        }
        book.for_each_active(account, as_of, |subscription| {
            if selection
                .product_number
                .is_some_and(|product| product != subscription.product)
            {
                return;
            }
            let at_risk = || open.get(book, account, row.marks).leads_to_churn > 0;
            push(
                &mut found,
                question,
                book,
                (account, &row),
                subscription,
                at_risk,
            );
        });
    });
    let total = found.len();
    let page = sorted_page(&mut found, offset, size, |deadline: &Deadline| {
        let Deadline {
            at_risk,
            date,
            account,
            subscription,
            kind,
            ..
        } = *deadline;
        (!at_risk, date, account, subscription, kind)
    });
    DeadlinePage {
        deadlines: page.to_vec(),
        total,
    }
}

fn push(
    found: &mut Vec<Deadline>,
    question: &DeadlineQuestion,
    book: &Book,
    (account, row): (AccountIx, &Row),
    subscription: &SubscriptionView,
    at_risk: impl Fn() -> bool,
) {
    if subscription.end.is_some() {
        return;
    }
    let on = question.as_of.on;
    let last = on.plus_days(i32::from(question.within_days));
    let dates = [
        (DeadlineKind::Notice, subscription.notice_deadline),
        (DeadlineKind::Renewal, subscription.next_renewal),
    ];
    for (kind, date) in dates {
        let Some(date) = date.filter(|date| on <= *date && *date <= last) else {
            continue;
        };
        if question.kind.is_some_and(|asked| asked != kind) {
            continue;
        }
        let ahead = date.days_since(on);
        found.push(Deadline {
            account: book.account_id(account),
            subscription: subscription.id,
            kind,
            date,
            within: [30, 60, 90]
                .into_iter()
                .find(|days| ahead <= *days)
                .map_or(0, i32::unsigned_abs),
            mrr: subscription.mrr,
            at_risk: at_risk(),
            owner: OwnerId::of(row.owner, book),
        });
    }
}
