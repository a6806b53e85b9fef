//! Requests about data quality.

use keizoku_proto::forecast as proto;
use keizoku_revenue::Book;
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::{Failure, Violations};

use super::as_of;
use crate::quality::{Fixer, IssueKind, QualityQuestion};

/// CS Ops, as the one who should mend something.
pub(crate) const OPS: &str = "roles/ops";

/// Which issues somebody wants to see.
pub(crate) fn quality_question(
    book: &Book,
    request: &proto::ListQualityIssuesRequest,
) -> Result<QualityQuestion, Failure> {
    let mut violations = Violations::new();
    let as_of = as_of(&mut violations, book, request.as_of.as_ref());
    let mut kinds = Vec::new();
    for (place, asked) in request.kinds.iter().enumerate() {
        match kind(*asked) {
            Some(kind) => kinds.push(kind),
            None => violations.add(
                &format!("kinds[{place}]"),
                "is not a kind that this version knows",
            ),
        }
    }
    let team = (!request.team.is_empty())
        .then(|| violations.parse("team", names::parse_team(&request.team)))
        .flatten();
    if team.is_some_and(|team| book.directory().team(team).is_none()) {
        violations.add("team", "is not in the directory");
    }
    let fixer = match request.fixer.as_str() {
        "" => None,
        OPS => Some(Fixer::Ops),
        name => {
            let owner = violations.parse("fixer", names::parse_owner(name));
            owner.map(|owner| match owner {
                Owner::User(user) => Fixer::User(user),
                Owner::Team(team) => Fixer::Team(team),
            })
        }
    };
    let directory = book.directory();
    let is_unknown = match fixer {
        Some(Fixer::User(user)) => directory.user(user).is_none(),
        Some(Fixer::Team(team)) => directory.team(team).is_none(),
        Some(Fixer::Ops) | None => false,
    };
    if is_unknown {
        violations.add("fixer", "is not in the directory");
    }
    violations.finish(Some(QualityQuestion {
        as_of,
        kinds,
        team,
        fixer,
        at_least_days: request.at_least_days,
    }))
}

fn kind(asked: i32) -> Option<IssueKind> {
    use proto::QualityIssueKind as Asked;
    Some(match Asked::try_from(asked).ok()? {
        Asked::Unspecified => return None,
        Asked::DuplicateCorporateNumber => IssueKind::DuplicateCorporateNumber,
        Asked::DuplicateName => IssueKind::DuplicateName,
        Asked::DuplicateDomain => IssueKind::DuplicateDomain,
        Asked::NoOwner => IssueKind::NoOwner,
        Asked::DepartedOwner => IssueKind::DepartedOwner,
        Asked::RenewalPassed => IssueKind::RenewalPassed,
        Asked::NoMrr => IssueKind::NoMrr,
        Asked::RiskOnInactiveAccount => IssueKind::RiskOnInactiveAccount,
        Asked::RiskWithoutNextAction => IssueKind::RiskWithoutNextAction,
        Asked::RiskPostponed => IssueKind::RiskPostponed,
        Asked::RiskUntouched => IssueKind::RiskUntouched,
        Asked::FailedImport => IssueKind::FailedImport,
        Asked::SignalsSilent => IssueKind::SignalsSilent,
    })
}
