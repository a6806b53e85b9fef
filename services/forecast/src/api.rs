//! Requests into questions: every violation at once.

use keizoku_proto::common;
use keizoku_proto::forecast as proto;
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::{Failure, Violations};

use crate::churn::{Basis, Question, Scenario};
use crate::selection::{Filter, OwnerFilter};

/// Both times of a question.
pub(crate) fn as_of(
    violations: &mut Violations,
    book: &Book,
    as_of: Option<&common::AsOf>,
) -> AsOf {
    let known_at =
        as_of.and_then(|as_of| violations.instant("as_of.known_at", as_of.known_at.as_ref()));
    let on = as_of.and_then(|as_of| violations.day("as_of.on", as_of.on.as_ref()));
    AsOf {
        known_at,
        on: on.unwrap_or_else(|| book.today_at(known_at)),
    }
}

/// Which accounts, and which of their risks.
pub(crate) fn filter(
    violations: &mut Violations,
    filter: Option<&proto::ForecastFilter>,
) -> Filter {
    let Some(filter) = filter else {
        return Filter::default();
    };
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    let team = text(&filter.team)
        .and_then(|team| violations.parse("filter.team", names::parse_team(&team)));
    let owner = text(&filter.owner)
        .and_then(|owner| violations.parse("filter.owner", names::parse_owner(&owner)));
    Filter {
        team,
        owner: owner.map(|owner| match owner {
            Owner::User(user) => OwnerFilter::User(user),
            Owner::Team(team) => OwnerFilter::Pool(team),
        }),
        tier: text(&filter.tier),
        product: text(&filter.product),
        region: text(&filter.region),
        sales_channel: text(&filter.sales_channel),
        industry: text(&filter.industry),
        risk_type: text(&filter.risk_type),
    }
}

/// What a forecast is asked.
pub(crate) fn question(
    book: &Book,
    request: &proto::GetForecastRequest,
) -> Result<Question, Failure> {
    let mut violations = Violations::new();
    let basis = match proto::Basis::try_from(request.basis) {
        Ok(proto::Basis::Unspecified | proto::Basis::Account) => Basis::Account,
        Ok(proto::Basis::Group) => Basis::Group,
        Err(_) => {
            violations.add("basis", "is not a basis that this version knows");
            Basis::Account
        }
    };
    let scenario = match proto::Scenario::try_from(request.scenario) {
        Ok(proto::Scenario::Announced) => Scenario::Announced,
        Ok(proto::Scenario::Unspecified | proto::Scenario::LeadsToChurn) => Scenario::LeadsToChurn,
        Ok(proto::Scenario::UnknownAtPresent) => Scenario::UnknownAtPresent,
        Err(_) => {
            violations.add("scenario", "is not a scenario that this version knows");
            Scenario::LeadsToChurn
        }
    };
    let question = Question {
        as_of: as_of(&mut violations, book, request.as_of.as_ref()),
        basis,
        scenario,
        filter: filter(&mut violations, request.filter.as_ref()),
    };
    require_known(&mut violations, book, &question.filter);
    violations.finish(Some(question))
}

/// A team or user that nobody has recorded is a mistake: an empty forecast would hide it.
pub(crate) fn require_known(violations: &mut Violations, book: &Book, filter: &Filter) {
    let directory = book.directory();
    if filter
        .team
        .is_some_and(|team| directory.team(team).is_none())
    {
        violations.add("filter.team", "is not in the directory");
    }
    let owner_is_unknown = match filter.owner {
        Some(OwnerFilter::User(user)) => directory.user(user).is_none(),
        Some(OwnerFilter::Pool(team)) => directory.team(team).is_none(),
        None => false,
    };
    if owner_is_unknown {
        violations.add("filter.owner", "is not in the directory");
    }
}
