//! Charters of initiatives (FC-12).

use keizoku_core::{AccountId, TeamId};
use keizoku_proto::accounts as proto;
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT, Violations};

/// A cohort of more accounts is described by conditions.
const MOST_ACCOUNTS: usize = 1_000;

/// A charter, and what it names that must be there.
#[derive(Debug)]
pub(crate) struct Chartered {
    /// As it is stored.
    pub(crate) charter: proto::Initiative,
    pub(crate) owner: Owner,
    pub(crate) team: Option<TeamId>,
    pub(crate) accounts: Vec<AccountId>,
}

/// The charter that a request states; `None` where something is wrong with it.
pub(crate) fn charter(
    violations: &mut Violations,
    stated: &proto::Initiative,
) -> Option<Chartered> {
    let first = violations.required_day("initiative.first_date", stated.first_date.as_ref());
    let last = violations.required_day("initiative.last_date", stated.last_date.as_ref());
    if first.zip(last).is_some_and(|(first, last)| last < first) {
        violations.add("initiative.last_date", "is before the first day");
    }
    let owner = violations.parse("initiative.owner", names::parse_owner(&stated.owner));
    let required = |violations: &mut Violations, field: &str, text: &str, longest| {
        violations.required_text(&format!("initiative.{field}"), text, longest)
    };
    let display_name = required(violations, "display_name", &stated.display_name, SHORT_TEXT);
    let purpose = required(violations, "purpose", &stated.purpose, LONG_TEXT);
    let expected_effect = required(
        violations,
        "expected_effect",
        &stated.expected_effect,
        LONG_TEXT,
    );
    let withdrawal_reason = violations.text(
        "initiative.withdrawal_reason",
        &stated.withdrawal_reason,
        LONG_TEXT,
    );
    let (cohort, team, accounts) = cohort(violations, stated.cohort.as_ref());
    let charter = proto::Initiative {
        display_name,
        purpose,
        owner: stated.owner.clone(),
        first_date: first.map(Into::into),
        last_date: last.map(Into::into),
        cohort: Some(cohort),
        expected_effect,
        withdrawal_reason,
        ..proto::Initiative::default()
    };
    Some(Chartered {
        charter,
        owner: owner?,
        team,
        accounts,
    })
}

fn cohort(
    violations: &mut Violations,
    stated: Option<&proto::Cohort>,
) -> (proto::Cohort, Option<TeamId>, Vec<AccountId>) {
    let stated = stated.cloned().unwrap_or_default();
    let team = (!stated.team.is_empty())
        .then(|| violations.parse("initiative.cohort.team", names::parse_team(&stated.team)))
        .flatten();
    let mut text = |field: &str, text: &str| {
        violations.text(&format!("initiative.cohort.{field}"), text, SHORT_TEXT)
    };
    let conditions = proto::Cohort {
        accounts: Vec::new(),
        team: stated.team.clone(),
        tier: text("tier", &stated.tier),
        product: text("product", &stated.product),
        region: text("region", &stated.region),
        sales_channel: text("sales_channel", &stated.sales_channel),
        industry: text("industry", &stated.industry),
    };
    let has_conditions = conditions != proto::Cohort::default();
    let field = "initiative.cohort.accounts";
    match (stated.accounts.is_empty(), has_conditions) {
        (true, false) => violations.add(
            "initiative.cohort",
            "names neither accounts nor a condition: everybody is no cohort",
        ),
        (false, true) => violations.add(field, "are listed, or described by conditions: not both"),
        _ => {}
    }
    if stated.accounts.len() > MOST_ACCOUNTS {
        violations.add(
            field,
            format!("are more than {MOST_ACCOUNTS}: describe them by conditions"),
        );
        return (conditions, team, Vec::new());
    }
    let mut accounts: Vec<AccountId> = Vec::with_capacity(stated.accounts.len());
    for (place, account) in stated.accounts.iter().enumerate() {
        let field = format!("{field}[{place}]");
        accounts.extend(violations.parse(&field, names::parse_account(account)));
    }
    accounts.sort_unstable();
    accounts.dedup();
    let cohort = proto::Cohort {
        accounts: accounts
            .iter()
            .map(|account| names::account(*account))
            .collect(),
        ..conditions
    };
    (cohort, team, accounts)
}
