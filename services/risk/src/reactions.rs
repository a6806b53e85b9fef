//! What the service does about events of the accounts service: pure (RX-5, RX-6, RX-8).

use keizoku_core::{AccountId, Day, RiskId};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{ContactDeparted, ContactRole};
use keizoku_proto::risk::RiskSuggested;

use crate::domain::suggestion_id;

/// What the service knows when it reacts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Language of what is written for people: `ja` or `en`.
    pub(crate) locale: String,
    /// Key of the type for somebody who left.
    pub(crate) leaver_type: String,
    /// Open risks of the account, and of what was merged into it.
    pub(crate) open_risks: Vec<RiskId>,
    /// Account of the contact, if it is a decision-maker or administrator who left.
    pub(crate) account_of_contact: Option<AccountId>,
}

/// What follows from an event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Intent {
    /// A risk is suggested.
    Suggest(RiskSuggested),
    /// The condition behind a suggestion no longer holds.
    ClearCause { account: AccountId, cause: String },
    /// A risk asks for closure: the account churned on this date.
    RequestClosure { risk: RiskId, churn_date: Day },
}

/// Whether the departure of a contact is worth a suggestion.
pub(crate) fn matters(departed: &ContactDeparted) -> bool {
    role_of(departed).is_some()
}

/// What follows from an event of the accounts service.
pub(crate) fn react(event: &Kind, known: &Known) -> Vec<Intent> {
    match event {
        Kind::ContactDeparted(departed) => suggest(departed, known).into_iter().collect(),
        Kind::ContactReturned(returned) => {
            let cause = cause_of(&returned.contact_id);
            let clear = |account| Intent::ClearCause { account, cause };
            known.account_of_contact.map(clear).into_iter().collect()
        }
        Kind::AccountChurned(churned) => {
            let date = keizoku_proto::optional_day(churned.churn_date.as_ref());
            let Ok(Some(churn_date)) = date else {
                return Vec::new();
            };
            let ask = |risk: &RiskId| Intent::RequestClosure {
                risk: *risk,
                churn_date,
            };
            known.open_risks.iter().map(ask).collect()
        }
        _ => Vec::new(),
    }
}

/// Each person is a cause of its own: the next decision-maker may leave, too.
fn cause_of(contact: &str) -> String {
    format!("contact_left:{contact}")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaver {
    DecisionMaker,
    Administrator,
    Both,
}

fn role_of(departed: &ContactDeparted) -> Option<Leaver> {
    let has = |role: ContactRole| departed.roles().any(|held| held == role);
    match (
        has(ContactRole::DecisionMaker),
        has(ContactRole::Administrator),
    ) {
        (true, true) => Some(Leaver::Both),
        (true, false) => Some(Leaver::DecisionMaker),
        (false, true) => Some(Leaver::Administrator),
        (false, false) => None,
    }
}

fn suggest(departed: &ContactDeparted, known: &Known) -> Option<Intent> {
    let leaver = role_of(departed)?;
    let account: AccountId = departed.account_id.parse().ok()?;
    let date = keizoku_proto::optional_day(departed.departure_date.as_ref());
    let (display_name, detail) = words(leaver, date.ok().flatten(), &known.locale);
    let cause = cause_of(&departed.contact_id);
    Some(Intent::Suggest(RiskSuggested {
        suggestion_id: suggestion_id(account, &cause).to_string(),
        account_id: departed.account_id.clone(),
        cause,
        display_name,
        detail,
        r#type: known.leaver_type.clone(),
    }))
}

/// What people read. Who it was is not said: names are in the streams of contacts only.
fn words(leaver: Leaver, date: Option<Day>, locale: &str) -> (String, String) {
    let date = date.map(|date| date.to_string());
    if locale == "en" {
        let who = match leaver {
            Leaver::DecisionMaker => "Decision-maker",
            Leaver::Administrator => "Administrator",
            Leaver::Both => "Decision-maker and administrator",
        };
        let from = date.map_or_else(String::new, |date| format!(" from {date}"));
        let detail = format!(
            "A contact of the customer is no longer there{from}. Find out who takes over, and \
             arrange to meet."
        );
        return (format!("{who} left"), detail);
    }
    let who = match leaver {
        Leaver::DecisionMaker => "意思決定者",
        Leaver::Administrator => "管理者",
        Leaver::Both => "意思決定者・管理者",
    };
    let from = date.map_or_else(String::new, |date| format!("（{date}付け）"));
    let detail = format!("先方の{who}が離任{from}。後任を確かめ、引き継ぎの場を設けてください。");
    (format!("{who}の離任"), detail)
}

#[cfg(test)]
#[path = "reactions_tests.rs"]
mod tests;
