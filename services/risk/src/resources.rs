//! States as the resources that clients see.

use jiff::Timestamp;
use keizoku_core::{AccountId, Money, Rate};
use keizoku_proto::common::{self, NoValueReason};
use keizoku_proto::risk as proto;
use keizoku_proto::risk::{FrozenImpact, WarningKind};
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::{Fold, call, names};

use crate::domain::catalogue;
use crate::domain::risk::{Closure, State};
use crate::domain::suggestion::{Settled, State as SuggestionState};

/// Postponements from which on it is worth a warning (RISK-7).
const MANY_POSTPONEMENTS: u32 = 3;
/// Days without a change from which on it is worth a warning (RISK-7).
const UNTOUCHED_DAYS: i32 = 30;

/// An impact as a rate.
pub(crate) fn rate(impact: FrozenImpact) -> common::Rate {
    let rate = Rate::new(impact.group_mrr, impact.opening_mrr);
    common::Rate {
        numerator: impact.group_mrr,
        denominator: impact.opening_mrr,
        ppm: rate.ok().map(Rate::ppm),
        no_value_reason: match rate {
            Ok(_) => NoValueReason::Unspecified.into(),
            Err(_) => NoValueReason::ZeroDenominator.into(),
        },
    }
}

/// Group-total MRR ÷ the organisation's opening MRR of the month of `on` (RISK-2).
pub(crate) fn impact(book: &Book, account: AccountId, as_of: AsOf) -> FrozenImpact {
    let group_mrr = book
        .account(account)
        .map_or(Money::ZERO, |ix| book.group_mrr(ix, as_of));
    let opening_mrr = book.opening_mrr_at(as_of.on.month(), as_of.known_at);
    FrozenImpact {
        group_mrr: group_mrr.minor(),
        opening_mrr: opening_mrr.minor(),
    }
}

/// What a risk needs besides its own state.
pub(crate) struct Surroundings<'a> {
    /// The accounts.
    pub(crate) book: &'a Book,
    /// The types.
    pub(crate) catalogue: &'a catalogue::State,
    /// The account's name, where it has been read.
    pub(crate) account_name: String,
    /// Both times of the question.
    pub(crate) as_of: AsOf,
}

/// A risk.
pub(crate) fn risk(
    id: keizoku_core::RiskId,
    fold: &Fold<State>,
    around: &Surroundings<'_>,
) -> proto::Risk {
    let (state, as_of) = (&fold.state, around.as_of);
    let account: AccountId = state
        .account_id
        .parse()
        .unwrap_or_else(|_| uuid::Uuid::nil().into());
    let live = || impact(around.book, account, as_of);
    let frozen = state.closure.as_ref().map(|closure| closure.impact);
    let known_type = around.catalogue.by_key(&state.description.r#type);
    proto::Risk {
        name: names::risk(account, id),
        display_name: state.description.display_name.clone(),
        owner: owner(&state.owner),
        leads_to_churn: state.leads_to_churn.into(),
        r#type: state.description.r#type.clone(),
        detail: state.description.detail.clone(),
        next_action: state.next_action.clone(),
        remarks: state.description.remarks.clone(),
        state: if state.is_open() {
            proto::RiskState::Open
        } else {
            proto::RiskState::Closed
        }
        .into(),
        closure: state.closure.as_ref().map(|known| closure(known, "")),
        earlier_closures: state
            .earlier_closures
            .iter()
            .map(|(known, why)| closure(known, why))
            .collect(),
        group_mrr_impact: Some(rate(frozen.unwrap_or_else(live))),
        open_date: state.open_date.map(Into::into),
        overdue: state.is_overdue(as_of.on),
        warnings: warnings(fold, around, account),
        account: Some(account_summary(around, account)),
        manual_url: known_type
            .map(|known| known.manual_url.clone())
            .unwrap_or_default(),
        external_id: state.external_id.clone(),
        create_time: fold.created_at.map(keizoku_proto::timestamp),
        update_time: fold.updated_at.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
        closure_request: closure_request(state, around, account),
    }
}

/// Why it should be closed, unless the account came back.
fn closure_request(
    state: &State,
    around: &Surroundings<'_>,
    account: AccountId,
) -> Option<proto::ClosureRequest> {
    let asked = state.closure_request?;
    book_says_inactive(around, account).then(|| proto::ClosureRequest {
        completion: asked.completion.into(),
        churn_date: Some(asked.churn_date.into()),
        request_time: Some(keizoku_proto::timestamp(asked.requested_at)),
    })
}

/// `users/{user}`, `teams/{team}`, or nothing.
pub(crate) fn owner(owner: &proto::RiskOwner) -> String {
    match (owner.user_id.as_str(), owner.team_id.as_str()) {
        ("", "") => String::new(),
        ("", team) => format!("teams/{team}"),
        (user, _) => format!("users/{user}"),
    }
}

fn closure(closure: &Closure, reopen_reason: &str) -> proto::Closure {
    proto::Closure {
        completion: closure.completion.into(),
        completion_date: closure.completion_date.map(Into::into),
        result: closure.result.clone(),
        group_mrr_impact: Some(rate(closure.impact)),
        close_time: Some(keizoku_proto::timestamp(closure.closed_at)),
        reopen_reason: reopen_reason.to_owned(),
    }
}

fn account_summary(around: &Surroundings<'_>, account: AccountId) -> proto::AccountSummary {
    let Surroundings { book, as_of, .. } = *around;
    let currency = &book.settings_at(as_of.known_at).currency;
    let money = |amount: Money| common::Money {
        minor_units: amount.minor(),
        currency_code: currency.clone(),
    };
    let display_name = around.account_name.clone();
    let Some(ix) = book.account(account) else {
        let name = names::account(account);
        return proto::AccountSummary {
            name,
            display_name,
            ..proto::AccountSummary::default()
        };
    };
    let view = book.summary_on(ix, as_of);
    let attributes = view.attributes;
    let directory = book.directory();
    let owner = match (attributes.owner.as_user(), attributes.owner.as_pool()) {
        (Some(user), _) => names::user(directory.user_id(user)),
        (_, Some(team)) => names::team(directory.team_id(team)),
        _ => String::new(),
    };
    proto::AccountSummary {
        name: names::account(book.account_id(view.account)),
        display_name,
        active: view.active,
        mrr: Some(money(view.mrr)),
        group_mrr: Some(money(book.group_mrr(ix, as_of))),
        next_renewal_date: view.next_renewal.map(Into::into),
        tier: book.tiers().name(attributes.tier.into()).to_owned(),
        owner,
    }
}

/// What somebody should mend (RISK-7).
fn warnings(
    fold: &Fold<State>,
    around: &Surroundings<'_>,
    account: AccountId,
) -> Vec<proto::DataQualityWarning> {
    let state = &fold.state;
    let today = around.as_of.on;
    if !state.is_open() {
        return Vec::new();
    }
    let zone = around.book.zone_at(around.as_of.known_at);
    let day_of = |at: Timestamp| keizoku_core::Day::of(at, zone);
    let changed = fold.updated_at.map(day_of);
    let inactive = book_says_inactive(around, account);
    let found = [
        (WarningKind::NoNextAction, state.due().is_none(), changed),
        (
            WarningKind::PostponedRepeatedly,
            state.postponements >= MANY_POSTPONEMENTS,
            state.postponed_on.map(day_of),
        ),
        (
            WarningKind::Untouched,
            changed.is_some_and(|day| today.days_since(day) >= UNTOUCHED_DAYS),
            changed.map(|day| day.plus_days(UNTOUCHED_DAYS)),
        ),
        (WarningKind::AccountInactive, inactive, None),
    ];
    found
        .into_iter()
        .filter(|(_, applies, _)| *applies)
        .map(|(kind, _, since)| proto::DataQualityWarning {
            kind: kind.into(),
            since: since.map(Into::into),
        })
        .collect()
}

fn book_says_inactive(around: &Surroundings<'_>, account: AccountId) -> bool {
    let ix = around.book.account(account);
    ix.is_some_and(|ix| !around.book.is_active(ix, around.as_of))
}

/// A suggestion.
pub(crate) fn suggestion(fold: &Fold<SuggestionState>) -> proto::Suggestion {
    let suggested = fold.state.suggested.clone().unwrap_or_default();
    let account = &suggested.account_id;
    let mut shown = proto::Suggestion {
        name: format!("accounts/{account}/suggestions/{}", suggested.suggestion_id),
        cause: suggested.cause.clone(),
        display_name: suggested.display_name.clone(),
        detail: suggested.detail.clone(),
        r#type: suggested.r#type.clone(),
        state: proto::SuggestionState::Pending.into(),
        create_time: fold.state.suggested_at.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
        ..proto::Suggestion::default()
    };
    match &fold.state.settled {
        Some(Settled::Accepted(risk, _)) => {
            shown.state = proto::SuggestionState::Accepted.into();
            shown.risk = format!("accounts/{account}/risks/{risk}");
        }
        Some(Settled::Dismissed(reason, _)) => {
            shown.state = proto::SuggestionState::Dismissed.into();
            shown.dismissal_reason.clone_from(reason);
        }
        None => {}
    }
    shown
}
