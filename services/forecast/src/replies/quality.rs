//! Issues of data quality.

use keizoku_core::Money;
use keizoku_proto::forecast as proto;
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::names;

use super::money;
use crate::api::OPS;
use crate::quality::{Fixer, Issue, IssueKind};
use crate::risks::RiskBoard;

/// An issue; names of accounts are added by the caller.
pub(crate) fn issue(
    book: &Book,
    board: &RiskBoard,
    issue: &Issue,
    as_of: AsOf,
    currency: &str,
) -> proto::QualityIssue {
    let AsOf { known_at, on } = as_of;
    let duplicate = |account| proto::DuplicateAccount {
        account: names::account(book.account_id(account)),
        account_display_name: String::new(),
    };
    let risk = issue.risk.map(|risk| {
        let (id, account) = board.names(risk);
        names::risk(book.account_id(account), id)
    });
    let mut failed = book.failed_imports(known_at);
    let failed = failed.find(|failed| issue.account.is_none() && failed.system == issue.shared);
    let rejected = failed.map_or_else(Vec::new, |failed| failed.rejected.to_vec());
    proto::QualityIssue {
        kind: kind(issue.kind).into(),
        account: issue
            .account
            .map(|account| names::account(book.account_id(account)))
            .unwrap_or_default(),
        account_display_name: String::new(),
        risk: risk.unwrap_or_default(),
        duplicates: issue.others.iter().copied().map(duplicate).collect(),
        shared: issue.shared.clone(),
        since: issue.since.map(Into::into),
        age_days: issue.age_days(on),
        fixer: match issue.fixer {
            Fixer::User(user) => names::user(user),
            Fixer::Team(team) => names::team(team),
            Fixer::Ops => OPS.to_owned(),
        },
        mrr: Some(money(Money::from_minor(issue.mrr), currency)),
        rejected,
    }
}

/// How many issues there are of a kind.
pub(crate) fn issue_count((of, count): &(IssueKind, usize)) -> proto::QualityIssueCount {
    proto::QualityIssueCount {
        kind: kind(*of).into(),
        count: i64::try_from(*count).unwrap_or(i64::MAX),
    }
}

fn kind(kind: IssueKind) -> proto::QualityIssueKind {
    use proto::QualityIssueKind as Shown;
    match kind {
        IssueKind::DuplicateCorporateNumber => Shown::DuplicateCorporateNumber,
        IssueKind::DuplicateName => Shown::DuplicateName,
        IssueKind::DuplicateDomain => Shown::DuplicateDomain,
        IssueKind::NoOwner => Shown::NoOwner,
        IssueKind::DepartedOwner => Shown::DepartedOwner,
        IssueKind::RenewalPassed => Shown::RenewalPassed,
        IssueKind::NoMrr => Shown::NoMrr,
        IssueKind::RiskOnInactiveAccount => Shown::RiskOnInactiveAccount,
        IssueKind::RiskWithoutNextAction => Shown::RiskWithoutNextAction,
        IssueKind::RiskPostponed => Shown::RiskPostponed,
        IssueKind::RiskUntouched => Shown::RiskUntouched,
        IssueKind::FailedImport => Shown::FailedImport,
        IssueKind::SignalsSilent => Shown::SignalsSilent,
    }
}
