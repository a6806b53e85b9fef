//! Imports that left rows out (FC-10).

use super::issue::{Finder, Fixer, Issue, IssueKind};

pub(super) fn find(
    finder: &Finder<'_>,
    wanted: &impl Fn(IssueKind) -> bool,
    issues: &mut Vec<Issue>,
) {
    if !wanted(IssueKind::FailedImport) {
        return;
    }
    for failed in finder.book.failed_imports(finder.as_of.known_at) {
        issues.push(Issue {
            kind: IssueKind::FailedImport,
            account: None,
            risk: None,
            others: Vec::new(),
            shared: failed.system.to_owned(),
            since: finder.day(failed.since.as_microsecond()),
            mrr: 0,
            fixer: Fixer::Ops,
        });
    }
}
