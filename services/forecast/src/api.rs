//! Requests into questions: every violation at once.

mod hindsight;
mod quality;

pub(crate) use hindsight::backtest_question;
pub(crate) use quality::{OPS, quality_question};

use keizoku_core::{InitiativeId, Month, TeamId};
use keizoku_proto::common;
use keizoku_proto::forecast as proto;
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::{Failure, Violations};

use crate::churn::{Basis, Question, Scenario};
use crate::deadlines::{DeadlineKind, DeadlineQuestion};
use crate::health::{Band, BandFilter};
use crate::onboardings::{OnboardingFilter, OnboardingState};
use crate::report::ReportFilter;
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
        onboarding: onboarding(violations, filter.onboarding),
        band: band(violations, filter.band),
    }
}

fn onboarding(violations: &mut Violations, asked: i32) -> Option<OnboardingFilter> {
    use proto::OnboardingFilter as Asked;
    let state = match Asked::try_from(asked) {
        Ok(Asked::Unspecified) => return None,
        Ok(Asked::None) => return Some(OnboardingFilter::None),
        Ok(Asked::InProgress) => OnboardingState::InProgress,
        Ok(Asked::OnHold) => OnboardingState::OnHold,
        Ok(Asked::Completed) => OnboardingState::Completed,
        Ok(Asked::Returned) => OnboardingState::Returned,
        Ok(Asked::Dormant) => OnboardingState::Dormant,
        Ok(Asked::Ended) => OnboardingState::Ended,
        Err(_) => {
            violations.add(
                "filter.onboarding",
                "is not a state that this version knows",
            );
            return None;
        }
    };
    Some(OnboardingFilter::Some(state))
}

fn band(violations: &mut Violations, asked: i32) -> Option<BandFilter> {
    use proto::BandFilter as Asked;
    let band = match Asked::try_from(asked) {
        Ok(Asked::Unspecified) => return None,
        Ok(Asked::None) => return Some(BandFilter::None),
        Ok(Asked::Red) => Band::Red,
        Ok(Asked::Yellow) => Band::Yellow,
        Ok(Asked::Green) => Band::Green,
        Err(_) => {
            violations.add("filter.band", "is not a band that this version knows");
            return None;
        }
    };
    Some(BandFilter::Some(band))
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
    let question = Question {
        as_of: as_of(&mut violations, book, request.as_of.as_ref()),
        basis,
        scenario: scenario(&mut violations, request.scenario),
        filter: filter(&mut violations, request.filter.as_ref()),
    };
    require_known(&mut violations, book, &question.filter);
    violations.finish(Some(question))
}

fn scenario(violations: &mut Violations, scenario: i32) -> Scenario {
    match proto::Scenario::try_from(scenario) {
        Ok(proto::Scenario::Announced) => Scenario::Announced,
        Ok(proto::Scenario::Unspecified | proto::Scenario::LeadsToChurn) => Scenario::LeadsToChurn,
        Ok(proto::Scenario::UnknownAtPresent) => Scenario::UnknownAtPresent,
        Ok(proto::Scenario::Red) => Scenario::Red,
        Err(_) => {
            violations.add("scenario", "is not a scenario that this version knows");
            Scenario::LeadsToChurn
        }
    }
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

/// A month as `2026-11`; by default that of `on`.
pub(crate) fn month(
    violations: &mut Violations,
    field: &str,
    text: &str,
    as_of: AsOf,
) -> Option<Month> {
    if text.is_empty() {
        return Some(as_of.on.month());
    }
    violations.parse(field, text.parse())
}

/// Whose risks a report is about.
pub(crate) fn report_filter(
    violations: &mut Violations,
    book: &Book,
    request: &proto::GetRiskReportRequest,
) -> ReportFilter {
    let team = (!request.team.is_empty())
        .then(|| violations.parse("team", names::parse_team(&request.team)))
        .flatten();
    let owner = (!request.owner.is_empty())
        .then(|| violations.parse("owner", names::parse_user(&request.owner)))
        .flatten();
    if team.is_some_and(|team| book.directory().team(team).is_none()) {
        violations.add("team", "is not in the directory");
    }
    if owner.is_some_and(|owner| book.directory().user(owner).is_none()) {
        violations.add("owner", "is not in the directory");
    }
    ReportFilter { team, owner }
}

/// The two times of a question about targets, and the team that they are set for.
pub(crate) fn target_question(
    book: &Book,
    request: &proto::GetTargetsRequest,
) -> Result<(AsOf, Option<TeamId>), Failure> {
    let mut violations = Violations::new();
    let as_of = as_of(&mut violations, book, request.as_of.as_ref());
    let team = (!request.team.is_empty())
        .then(|| violations.parse("team", names::parse_team(&request.team)))
        .flatten();
    if team.is_some_and(|team| book.directory().team(team).is_none()) {
        violations.add("team", "is not in the directory");
    }
    violations.finish(Some((as_of, team)))
}

/// The two times of a question about an initiative, and which one.
pub(crate) fn initiative_question(
    book: &Book,
    request: &proto::GetInitiativeRequest,
) -> Result<(AsOf, InitiativeId), Failure> {
    let mut violations = Violations::new();
    let as_of = as_of(&mut violations, book, request.as_of.as_ref());
    let id = violations.parse("name", names::parse_initiative(&request.name));
    violations.finish(Some(as_of).zip(id))
}

/// Days ahead unless asked otherwise, and at most.
const DEADLINE_DAYS: (u32, u32) = (90, 366);

/// Which deadlines somebody wants to see.
pub(crate) fn deadline_question(
    book: &Book,
    request: &proto::ListDeadlinesRequest,
) -> Result<DeadlineQuestion, Failure> {
    let mut violations = Violations::new();
    let (default, most) = DEADLINE_DAYS;
    let days = if request.within_days == 0 {
        default
    } else {
        request.within_days
    };
    if days > most {
        violations.add("within_days", format!("is more than {most}"));
    }
    let kind = match proto::DeadlineKind::try_from(request.kind) {
        Ok(proto::DeadlineKind::Unspecified) => None,
        Ok(proto::DeadlineKind::Renewal) => Some(DeadlineKind::Renewal),
        Ok(proto::DeadlineKind::Notice) => Some(DeadlineKind::Notice),
        Err(_) => {
            violations.add("kind", "is not a kind that this version knows");
            None
        }
    };
    let question = DeadlineQuestion {
        as_of: as_of(&mut violations, book, request.as_of.as_ref()),
        within_days: u16::try_from(days).unwrap_or(u16::MAX),
        kind,
        filter: filter(&mut violations, request.filter.as_ref()),
    };
    require_known(&mut violations, book, &question.filter);
    violations.finish(Some(question))
}
