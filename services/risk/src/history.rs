//! Every change of every field: who, when, from what, to what (RISK-5).

use keizoku_core::{Decider as _, Recorded, Revision};
use keizoku_proto::risk::event::Kind;
use keizoku_proto::risk::{Completion, LeadsToChurn, RiskChange};
use keizoku_proto::{StoredEvent as _, common};
use keizoku_runtime::Failure;
use prost::Message as _;

use crate::domain::risk::{Risk, State};
use crate::resources;

/// The changes that the events of one risk made, newest first.
pub(crate) fn changes(events: &[Recorded]) -> Result<Vec<RiskChange>, Failure> {
    let mut state = State::default();
    let mut changes = Vec::new();
    for event in events {
        let kind = Kind::from_bytes(&event.data).map_err(|error| Failure::internal(&error))?;
        let metadata = common::EventMetadata::decode(event.metadata.as_slice())
            .map_err(|error| Failure::internal(&error))?;
        let before = fields(&state);
        Risk::evolve(&mut state, &kind, event.recorded_at);
        let stated = reason(&kind).map(|reason| ("reason", reason));
        let differences = before
            .into_iter()
            .zip(fields(&state))
            .filter(|(old, new)| old.1 != new.1);
        let told = differences
            .map(|(old, new)| (new.0, old.1, new.1))
            .chain(stated.map(|(field, reason)| (field, String::new(), reason)));
        for (field, old_value, new_value) in told {
            changes.push(RiskChange {
                change_time: Some(keizoku_proto::timestamp(event.recorded_at)),
                actor: metadata.actor.clone(),
                origin: metadata.origin,
                action: event.kind.clone(),
                field: field.to_owned(),
                old_value,
                new_value,
            });
        }
    }
    changes.reverse();
    Ok(changes)
}

/// Where the reading of a stream begins.
pub(crate) const BEGINNING: Revision = Revision::NONE;

/// Why, where the event says it.
fn reason(event: &Kind) -> Option<String> {
    let reason = match event {
        Kind::LeadsToChurnAssessed(assessed) => &assessed.reason,
        Kind::RiskReopened(reopened) => &reopened.reason,
        _ => return None,
    };
    (!reason.is_empty()).then(|| reason.clone())
}

/// Every field of a risk as text; always the same fields in the same order.
fn fields(state: &State) -> [(&'static str, String); 15] {
    let closure = state.closure.as_ref();
    let due = state.due().map(|due| due.to_string()).unwrap_or_default();
    let flag = match state.leads_to_churn {
        LeadsToChurn::Unspecified => "",
        LeadsToChurn::LeadsToChurn => "LEADS_TO_CHURN",
        LeadsToChurn::UnknownAtPresent => "UNKNOWN_AT_PRESENT",
    };
    let completion = closure.map_or("", |closure| named(closure.completion));
    let request = state.closure_request;
    let request = request.map(|asked| format!("{} {}", named(asked.completion), asked.churn_date));
    let text = |text: &str| text.to_owned();
    [
        ("account", text(&state.account_id)),
        ("display_name", text(&state.description.display_name)),
        ("type", text(&state.description.r#type)),
        ("detail", text(&state.description.detail)),
        ("remarks", text(&state.description.remarks)),
        ("owner", resources::owner(&state.owner)),
        ("leads_to_churn", text(flag)),
        ("next_action.due_date", due),
        (
            "next_action.text",
            state
                .next_action
                .as_ref()
                .map(|action| action.text.clone())
                .unwrap_or_default(),
        ),
        (
            "open_date",
            state
                .open_date
                .map(|date| date.to_string())
                .unwrap_or_default(),
        ),
        ("closure_request", request.unwrap_or_default()),
        ("completion", text(completion)),
        (
            "completion_date",
            closure
                .and_then(|closure| closure.completion_date)
                .map(|date| date.to_string())
                .unwrap_or_default(),
        ),
        (
            "result",
            closure
                .map(|closure| closure.result.clone())
                .unwrap_or_default(),
        ),
        // While it is open the impact is live: it changes without anybody changing the risk.
        ("group_mrr_impact", closure.map(frozen).unwrap_or_default()),
    ]
}

fn named(completion: Completion) -> &'static str {
    match completion {
        Completion::Unspecified => "",
        Completion::Completed => "COMPLETED",
        Completion::Failed => "FAILED",
        Completion::NotARisk => "NOT_A_RISK",
    }
}

fn frozen(closure: &crate::domain::risk::Closure) -> String {
    let impact = closure.impact;
    let ppm = resources::rate(impact).ppm;
    let ppm = ppm.map_or_else(|| "no rate".to_owned(), |ppm| format!("{ppm} ppm"));
    format!("{} / {} = {ppm}", impact.group_mrr, impact.opening_mrr)
}
