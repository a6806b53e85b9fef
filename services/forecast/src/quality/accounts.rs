//! What is wrong with accounts themselves.

use keizoku_core::Day;
use keizoku_revenue::{AccountIx, Owner, Row};

use super::issue::{Finder, Fixer, Issue, IssueKind};
use crate::health::HealthBoard;

pub(super) fn find(
    finder: &Finder<'_>,
    health: &HealthBoard,
    wanted: &impl Fn(IssueKind) -> bool,
    issues: &mut Vec<Issue>,
) {
    let Finder { book, as_of, .. } = finder;
    let silences = wanted(IssueKind::SignalsSilent).then(|| health.silences(book, *as_of));
    book.scan(*as_of, |account, row| {
        let of = |kind, since| finder.of_account(kind, account, row.owner, row.mrr, since);
        if row.owner == Owner::NOBODY && wanted(IssueKind::NoOwner) {
            let since = book.owner_since(account, *as_of);
            issues.push(of(IssueKind::NoOwner, since));
        }
        if wanted(IssueKind::DepartedOwner)
            && let Some(since) = finder.departed_on(row.owner)
        {
            issues.push(of(IssueKind::DepartedOwner, Some(since)));
        }
        if wanted(IssueKind::RenewalPassed)
            && let Some(renewal) = passed_renewal(finder, account, &row)
        {
            issues.push(of(IssueKind::RenewalPassed, Some(renewal)));
        }
        if row.mrr == 0 && wanted(IssueKind::NoMrr) {
            let since = zero_since(finder, account);
            issues.push(of(IssueKind::NoMrr, since));
        }
        let silent = silences.as_ref().and_then(|of| of[account.0 as usize]);
        if let Some(since) = silent {
            issues.push(of(IssueKind::SignalsSilent, finder.day(since)));
        }
    });
    if wanted(IssueKind::NoMrr) {
        without_contracts(finder, issues);
    }
}

/// The renewal of what has no announced end, if it has passed.
fn passed_renewal(finder: &Finder<'_>, account: AccountIx, row: &Row) -> Option<Day> {
    let Finder { book, as_of, .. } = finder;
    let renewal = if row.has_announced_end() {
        let rest = book.split_on(account, *as_of, None).rest;
        rest.and_then(|rest| rest.next_renewal)
    } else {
        book.next_renewal(account, &row.core(), as_of.on)
    };
    renewal.filter(|renewal| *renewal < as_of.on)
}

/// Since when an active account has had no MRR.
fn zero_since(finder: &Finder<'_>, account: AccountIx) -> Option<Day> {
    let Finder { book, as_of, .. } = finder;
    let mut since: Option<Day> = None;
    book.for_each_active(account, *as_of, |view| since = since.max(view.start));
    book.for_each_contract(account, as_of.known_at, None, |steps| {
        let last = steps.take_while(|(day, _)| *day <= as_of.on).last();
        since = since.max(last.map(|(day, _)| day));
    });
    since
}

/// Accounts for which nobody has ever recorded a contract, not even one that has ended.
fn without_contracts(finder: &Finder<'_>, issues: &mut Vec<Issue>) {
    let Finder { book, as_of, .. } = finder;
    for account in book.survivors(as_of.known_at) {
        if !book.is_opened(account, as_of.known_at) || book.has_contracts(account, as_of.known_at) {
            continue;
        }
        let since = book.opened_on(account, as_of.known_at);
        if since.is_some_and(|since| since > as_of.on) {
            continue;
        }
        let owner = finder.owner(account);
        let issue = finder.of_account(IssueKind::NoMrr, account, owner, 0, since);
        issues.push(Issue {
            // Who has no owner yet has just been brought in.
            fixer: if owner == Owner::NOBODY {
                Fixer::Ops
            } else {
                issue.fixer
            },
            ..issue
        });
    }
}
