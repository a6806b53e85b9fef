//! A risk as another system holds it, against what is known: only differences are recorded
//! (ACC-7). History from elsewhere may also say what a person could not: changes of closed risks.

use keizoku_proto::risk::event::Kind;
use keizoku_proto::risk::{RiskAssigned, RiskReopened, RiskRevised};

use super::risk::{Import, State, amended, assessed, closed, scheduled};

const REASON: &str = "open again in the system that it was imported from";

/// The events that make the risk be like the import says.
pub(super) fn differences(state: &State, import: Import) -> Vec<Kind> {
    let Import { opened, completed } = import;
    if !state.exists() {
        let fresh = State {
            id: opened.risk_id.clone(),
            ..State::default()
        };
        let mut events = vec![Kind::RiskOpened(opened)];
        events.extend(completed.map(|(completed, impact)| closed(&fresh, completed, impact)));
        return events;
    }
    let mut events = Vec::new();
    let risk_id = || state.id.clone();
    if state.closure.is_some() && completed.is_none() {
        events.push(Kind::RiskReopened(RiskReopened {
            risk_id: risk_id(),
            reason: REASON.to_owned(),
        }));
    }
    let flag = opened.leads_to_churn();
    if flag != state.leads_to_churn {
        events.push(assessed(state, flag, String::new()));
    }
    let description = opened.description.unwrap_or_default();
    if description != state.description {
        let description = Some(description);
        events.push(Kind::RiskRevised(RiskRevised {
            risk_id: risk_id(),
            description,
        }));
    }
    let owner = opened.owner.unwrap_or_default();
    if owner != state.owner {
        events.push(Kind::RiskAssigned(RiskAssigned {
            risk_id: risk_id(),
            owner: Some(owner),
        }));
    }
    if opened.next_action != state.next_action {
        events.push(scheduled(state, opened.next_action));
    }
    match (&state.closure, completed) {
        (None, Some((completed, impact))) => events.push(closed(state, completed, impact)),
        (Some(known), Some((completed, _))) => {
            let wanted = (
                completed.completion,
                Some(completed.date),
                &completed.result,
            );
            if wanted != (known.completion, known.completion_date, &known.result) {
                let (completion, date) = (completed.completion, Some(completed.date));
                events.push(amended(state, completion, date, completed.result));
            }
        }
        (_, None) => {}
    }
    events
}
