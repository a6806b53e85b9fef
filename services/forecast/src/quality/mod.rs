//! Data quality (FC-10): what is wrong with records, since when, and who should mend it.

mod accounts;
mod imports;
mod issue;
mod likeness;
mod risks;

pub use issue::{Fixer, Issue, IssueKind};
pub use likeness::{Shared, SharedKey, domain, plain_name};

use std::cmp::Reverse;

use keizoku_core::TeamId;
use keizoku_revenue::{AccountIx, AsOf, Book, OwnerScope};

use crate::boards::Boards;
use issue::Finder;

/// Which issues somebody wants to see; conditions combine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityQuestion {
    /// The two times.
    pub as_of: AsOf,
    /// Which kinds; empty for all.
    pub kinds: Vec<IssueKind>,
    /// Of accounts of this team, with subteams.
    pub team: Option<TeamId>,
    /// Only what this one should mend.
    pub fixer: Option<Fixer>,
    /// Only what has been wrong for so many days.
    pub at_least_days: u32,
}

/// Issues, and how many there are of each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quality {
    /// By kind, then the account with the most MRR first, then by id.
    pub issues: Vec<Issue>,
    /// How many of each kind there are.
    pub counts: Vec<(IssueKind, usize)>,
}

/// All issues that a question is about. `shared` has what accounts share that ought to tell them
/// apart, as known at the same instant.
#[must_use]
pub fn quality(
    book: &Book,
    boards: Boards<'_>,
    question: &QualityQuestion,
    shared: &[Shared],
) -> Quality {
    let as_of = question.as_of;
    let finder = Finder::of(book, as_of);
    let wanted = |kind| question.kinds.is_empty() || question.kinds.contains(&kind);
    let mut issues = Vec::new();
    likeness::find(&finder, shared, &wanted, &mut issues);
    accounts::find(&finder, boards.health, &wanted, &mut issues);
    risks::find(&finder, boards.risks, &wanted, &mut issues);
    imports::find(&finder, &wanted, &mut issues);
    let scope = question.team.map(|team| {
        let team = book.directory().team(team);
        team.map(|team| book.directory().owners_in(team, as_of))
    });
    issues.retain(|issue| {
        let is_old = issue.age_days(as_of.on) >= i64::from(question.at_least_days);
        let is_theirs = question.fixer.is_none_or(|fixer| fixer == issue.fixer);
        is_old && is_theirs && is_of(book, as_of, scope.as_ref(), issue)
    });
    issues.sort_by_cached_key(|issue| {
        let account = issue.account.map(|account| book.account_id(account));
        let risk = issue.risk.map(|risk| boards.risks.names(risk).0);
        (
            issue.kind,
            Reverse(issue.mrr),
            account,
            risk,
            issue.shared.clone(),
        )
    });
    let mut counts: Vec<(IssueKind, usize)> = Vec::new();
    for issue in &issues {
        match counts.last_mut() {
            Some((kind, count)) if *kind == issue.kind => *count += 1,
            _ => counts.push((issue.kind, 1)),
        }
    }
    Quality { issues, counts }
}

/// Whether one of an issue's accounts is of a team.
fn is_of(book: &Book, as_of: AsOf, scope: Option<&Option<OwnerScope>>, issue: &Issue) -> bool {
    let Some(scope) = scope else { return true };
    let Some(scope) = scope else { return false };
    let contains = |account: &AccountIx| {
        let (attributes, _) = book.attributes_on(*account, as_of);
        scope.contains(attributes.owner)
    };
    issue.account.iter().chain(&issue.others).any(contains)
}
