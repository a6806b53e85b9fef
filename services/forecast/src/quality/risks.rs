//! What is wrong with open risks.

use super::issue::{Finder, Issue, IssueKind};
use crate::risks::{RiskBoard, RiskIx};

/// Postponements from which on it is worth a warning (RISK-7).
const MANY_POSTPONEMENTS: u32 = 3;

/// Days without a change after which it is (RISK-7).
const UNTOUCHED_DAYS: i32 = 30;

pub(super) fn find(
    finder: &Finder<'_>,
    board: &RiskBoard,
    wanted: &impl Fn(IssueKind) -> bool,
    issues: &mut Vec<Issue>,
) {
    let Finder { book, as_of, .. } = finder;
    let today = book.today_at(as_of.known_at);
    board.for_each(as_of.known_at, |risk: RiskIx, account, facts| {
        if !facts.is_open(as_of.on, today) {
            return;
        }
        let survivor = book.survivor(account, as_of.known_at);
        let Some(upkeep) = board.upkeep(risk, as_of.known_at) else {
            return;
        };
        let changed = finder.day(upkeep.changed);
        let has_been_left = |day| as_of.on.days_since(day) >= UNTOUCHED_DAYS;
        let found = [
            (
                IssueKind::RiskOnInactiveAccount,
                !book.is_active(survivor, *as_of),
                book.churned_on(survivor, *as_of).or(changed),
            ),
            (
                IssueKind::RiskWithoutNextAction,
                facts.next_action.is_none(),
                changed,
            ),
            (
                IssueKind::RiskPostponed,
                upkeep.postponements >= MANY_POSTPONEMENTS,
                upkeep.postponed.and_then(|at| finder.day(at)),
            ),
            (
                IssueKind::RiskUntouched,
                changed.is_some_and(has_been_left),
                changed.map(|day| day.plus_days(UNTOUCHED_DAYS)),
            ),
        ];
        for (kind, applies, since) in found {
            if applies && wanted(kind) {
                issues.push(Issue {
                    kind,
                    account: Some(survivor),
                    risk: Some(risk),
                    others: Vec::new(),
                    shared: String::new(),
                    since,
                    mrr: finder.mrr(survivor),
                    fixer: finder.fixer_of(board.owner(facts.owner)),
                });
            }
        }
    });
}
