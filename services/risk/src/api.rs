//! Requests into commands: every violation at once.

use keizoku_core::RiskId;
use keizoku_proto::risk as proto;
use keizoku_runtime::Violations;
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};

use crate::domain::risk::{Completed, DescriptionChange};

/// `users/{user}` or `teams/{team}`; `None` when empty.
pub(crate) fn owner(
    violations: &mut Violations,
    field: &str,
    text: &str,
) -> Option<proto::RiskOwner> {
    if text.is_empty() {
        return None;
    }
    let owner = violations.parse(field, names::parse_owner(text))?;
    Some(match owner {
        Owner::User(user) => proto::RiskOwner {
            user_id: user.to_string(),
            team_id: String::new(),
        },
        Owner::Team(team) => proto::RiskOwner {
            user_id: String::new(),
            team_id: team.to_string(),
        },
    })
}

/// The flag, which must be stated: there is no "no" (RISK-1).
pub(crate) fn leads_to_churn(violations: &mut Violations, flag: i32) -> proto::LeadsToChurn {
    let flag = proto::LeadsToChurn::try_from(flag).unwrap_or_default();
    if flag == proto::LeadsToChurn::Unspecified {
        violations.add(
            "leads_to_churn",
            "must be LEADS_TO_CHURN or UNKNOWN_AT_PRESENT",
        );
    }
    flag
}

/// What is done next: a date, a text, or both.
pub(crate) fn next_action(
    violations: &mut Violations,
    action: Option<proto::NextAction>,
) -> Option<proto::NextAction> {
    let action = action?;
    let due = violations.day("next_action.due_date", action.due_date.as_ref());
    let text = violations.text("next_action.text", &action.text, SHORT_TEXT * 5);
    if due.is_none() && text.is_empty() {
        return None;
    }
    Some(proto::NextAction {
        due_date: due.map(Into::into),
        text,
    })
}

/// A completion: all three parts are mandatory (RISK-3).
pub(crate) fn completed(
    violations: &mut Violations,
    request: &proto::CloseRiskRequest,
) -> Option<Completed> {
    let completion = request.completion();
    if completion == proto::Completion::Unspecified {
        violations.add("completion", "must be COMPLETED, FAILED or NOT_A_RISK");
    }
    let date = violations.required_day("completion_date", request.completion_date.as_ref());
    let result = violations.required_text("result", &request.result, LONG_TEXT);
    Some(Completed {
        completion,
        date: date?,
        result,
    })
}

/// A risk to file. Type and owner are filled in where they are left out.
pub(crate) fn opened(
    violations: &mut Violations,
    request: &proto::OpenRiskRequest,
) -> (Option<RiskId>, proto::RiskOpened) {
    let id = (!request.risk_id.is_empty())
        .then(|| violations.parse("risk_id", request.risk_id.parse()))
        .flatten();
    let account = violations.parse("parent", names::parse_account(&request.parent));
    let description = proto::RiskDescription {
        display_name: violations.required_text("display_name", &request.display_name, SHORT_TEXT),
        r#type: violations.text("type", &request.r#type, SHORT_TEXT),
        detail: violations.text("detail", &request.detail, LONG_TEXT),
        remarks: violations.text("remarks", &request.remarks, LONG_TEXT),
    };
    let opened = proto::RiskOpened {
        account_id: account.map(|id| id.to_string()).unwrap_or_default(),
        description: Some(description),
        owner: owner(violations, "owner", &request.owner),
        leads_to_churn: leads_to_churn(violations, request.leads_to_churn).into(),
        next_action: next_action(violations, request.next_action.clone()),
        ..proto::RiskOpened::default()
    };
    (id, opened)
}

/// The parts of the description that an update names.
pub(crate) fn description_change(
    violations: &mut Violations,
    description: &proto::RiskDescription,
    mask: &[String],
) -> DescriptionChange {
    let mut change = DescriptionChange::default();
    violations.update_mask(mask, "UpdateRisk", |violations, path| {
        let field = format!("description.{path}");
        match path {
            "display_name" => {
                let text = &description.display_name;
                change.display_name = Some(violations.required_text(&field, text, SHORT_TEXT));
            }
            "type" => {
                let text = &description.r#type;
                change.r#type = Some(violations.required_text(&field, text, SHORT_TEXT));
            }
            "detail" => {
                change.detail = Some(violations.text(&field, &description.detail, LONG_TEXT));
            }
            "remarks" => {
                change.remarks = Some(violations.text(&field, &description.remarks, LONG_TEXT));
            }
            _ => return None,
        }
        Some(())
    });
    change
}
