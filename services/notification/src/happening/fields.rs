//! What a happening says in the fields that rules can name.

use std::collections::HashMap;

use keizoku_core::AccountId;
use keizoku_proto::healthscore::Band;
use keizoku_proto::risk;
use keizoku_revenue::{AsOf, Book};

use super::{Happening, Kind, RiskRow, ending};
use crate::fields::Values;
use crate::queries::Directory;
use crate::route::Owner;

impl Happening {
    /// The fields of its trigger; figures are those of `as_of`.
    pub(crate) fn values(
        &self,
        account_name: &str,
        book: &Book,
        directory: &Directory,
        team_of: &HashMap<String, String>,
        as_of: AsOf,
    ) -> Values {
        let mut values = Values::default();
        customer(&mut values, (self.account, account_name), book, as_of);
        let owner = self.owner(book, as_of);
        owned_by(&mut values, &owner, directory, team_of);
        match &self.kind {
            Kind::Risk(found) => of_risk(&mut values, &found.0, &found.1),
            Kind::Suggestion(suggested) => {
                values.text("suggestion.name", &suggested.display_name);
                values.text("suggestion.cause", &suggested.cause);
                values.text("suggestion.detail", &suggested.detail);
            }
            Kind::Onboarding(event) => super::onboardings::values(&mut values, event),
            Kind::Band(changed) => {
                values.number("health.score", changed.score.unwrap_or_default());
                values.text("health.band", band(changed.to()));
                values.text("health.previous_band", band(changed.from()));
            }
            Kind::Ending {
                subscription,
                end,
                reason,
            } => {
                let (product, lost) = ending(book, self.account, (*subscription, *end), as_of);
                values.text("contract.product", &product);
                values.money("contract.mrr_lost", lost);
                values.date("contract.end", *end);
                values.days_to("contract.days_to_end", *end, as_of.on);
                values.text("contract.reason", reason);
            }
        }
        values
    }
}

fn band(band: Band) -> &'static str {
    match band {
        Band::Unspecified => "",
        Band::Red => "red",
        Band::Yellow => "yellow",
        Band::Green => "green",
    }
}

/// An account and what it pays.
pub(crate) fn customer(
    values: &mut Values,
    (account, name): (AccountId, &str),
    book: &Book,
    as_of: AsOf,
) {
    values.text("account.id", &account.to_string());
    values.text("account.name", name);
    let Some(ix) = book.account(account) else {
        return;
    };
    let found = book.summary_on(ix, as_of);
    let tier = match found.attributes.tier {
        0 => "",
        tier => book.tiers().name(tier.into()),
    };
    values.text("account.tier", tier);
    values.money("account.mrr", found.mrr);
    values.money("account.group_mrr", book.group_mrr(ix, as_of));
    values.date("account.next_renewal", found.next_renewal);
    values.days_to("account.days_to_renewal", found.next_renewal, as_of.on);
}

/// Who owns it, and the owner's team.
pub(crate) fn owned_by(
    values: &mut Values,
    owner: &Owner,
    directory: &Directory,
    team_of: &HashMap<String, String>,
) {
    let (user, team) = match owner {
        Owner::User(user) => (format!("users/{user}"), team_of.get(user)),
        Owner::Team(team) => (String::new(), Some(team)),
        Owner::Nobody => (String::new(), None),
    };
    values.text("owner.user", &user);
    let name = team.and_then(|team| directory.teams.get(team));
    let name = name.map_or("", |found| found.display_name.as_str());
    values.text("owner.team_name", name);
    let team = team.map_or_else(String::new, |team| format!("teams/{team}"));
    values.text("owner.team", &team);
}

/// A risk, and what is done about it next.
pub(crate) fn open_risk(values: &mut Values, row: &RiskRow) {
    values.text("risk.id", &row.id);
    values.text("risk.name", &row.display_name);
    values.text("risk.next_action", &row.action);
    values.date("risk.next_action_due", row.due);
}

fn of_risk(values: &mut Values, event: &risk::event::Kind, row: &RiskRow) {
    use risk::event::Kind as Event;
    open_risk(values, row);
    let leads = |flag| flag == risk::LeadsToChurn::LeadsToChurn;
    match event {
        Event::RiskOpened(e) => values.flag("risk.leads_to_churn", leads(e.leads_to_churn())),
        Event::LeadsToChurnAssessed(e) => {
            values.flag("risk.leads_to_churn", leads(e.leads_to_churn()));
        }
        Event::RiskClosed(e) => {
            let completion = e.completion().as_str_name();
            let completion = completion.trim_start_matches("COMPLETION_").to_lowercase();
            values.text("risk.completion", &completion);
            values.text("risk.result", &e.result);
        }
        _ => {}
    }
}
