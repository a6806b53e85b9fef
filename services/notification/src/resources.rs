//! States as the resources that clients see.

use keizoku_proto::notification as proto;
use keizoku_runtime::{Fold, call};

use crate::domain::delivery::{Phase, State};
use crate::domain::{endpoint, rule};
use crate::message;
use crate::projection::resource_state;

/// Collections of names.
pub(crate) const RULES: &str = "rules/";
pub(crate) const DELIVERIES: &str = "deliveries/";
pub(crate) const ENDPOINTS: &str = "endpoints/";

/// A rule.
pub(crate) fn rule(key: &str, fold: &Fold<rule::State>) -> proto::Rule {
    let current = fold.state.current().cloned();
    let since = current.as_ref().map(|(since, _)| *since);
    proto::Rule {
        name: format!("{RULES}{key}"),
        active_since: since.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
        built_in: rule::is_built_in(key),
        retired: fold.state.is_retired(),
        ..current.map_or_else(|| rule::terms_of(key), |(_, terms)| terms)
    }
}

/// A delivery.
pub(crate) fn delivery(fold: &Fold<State>) -> proto::Delivery {
    let state = &fold.state;
    let planned = state.planned.clone().unwrap_or_default();
    let prefixed = |prefix: &str, id: &str| {
        if id.is_empty() {
            String::new()
        } else {
            format!("{prefix}{id}")
        }
    };
    let suppression = match state.phase {
        Phase::Suppressed(reason) => reason,
        _ => proto::SuppressionReason::Unspecified,
    };
    let next_attempt = match state.phase {
        Phase::Pending(due) => Some(keizoku_proto::timestamp(due)),
        _ => None,
    };
    proto::Delivery {
        name: format!("{DELIVERIES}{}", planned.delivery_id),
        rule: prefixed(RULES, &planned.rule),
        trigger: planned.trigger,
        subject: planned.subject,
        account: prefixed("accounts/", &planned.account_id),
        recipient: planned.recipient,
        message: message::group::of(state),
        state: resource_state(state.phase).into(),
        attempts: state.attempts,
        ambiguous_attempts: u32::try_from(state.ambiguous.len()).unwrap_or(u32::MAX),
        problem: state.problem.clone(),
        suppression_reason: suppression.into(),
        next_attempt_time: next_attempt,
        create_time: fold.created_at.map(keizoku_proto::timestamp),
        update_time: fold.updated_at.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
        fields_json: planned.fields_json,
        event_time: planned.event_time,
        fact_count: u32::try_from(state.messages().count()).unwrap_or(u32::MAX),
    }
}

/// An endpoint.
pub(crate) fn endpoint(name: &str, state: &endpoint::State) -> proto::Endpoint {
    let disabled = state.disabled.clone();
    proto::Endpoint {
        name: format!("{ENDPOINTS}{name}"),
        enabled: disabled.is_none(),
        disable_time: disabled
            .as_ref()
            .map(|(at, _)| keizoku_proto::timestamp(*at)),
        problem: disabled.map(|(_, problem)| problem).unwrap_or_default(),
    }
}
