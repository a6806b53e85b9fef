//! Risks: causes in the order account, leads to churn, completion, result, completed date, next
//! action, creation.

use keizoku_proto::risk::{
    Completion, ImportRisksRequest, LeadsToChurn, NextAction, RiskDescription,
};

use super::mapping::{Ending, Flag, Format, Mapping, RiskMapping};
use super::report::FileReport;
use super::rows::{Accounts, Known, KnownById, Rejection, Sifted, date, optional_date, sift};
use super::source::{Row, Table};
use super::values::{self, long_text, shortened, single_line};
use super::{Settings, Unusable};

pub(super) fn check(table: &Table, mapping: &RiskMapping) -> Result<(), Unusable> {
    table.require(&[
        &mapping.id,
        &mapping.account,
        &mapping.leads_to_churn,
        &mapping.completion,
        &mapping.completion_date,
        &mapping.result,
        &mapping.created,
    ])
}

/// What a risk needs to know of everything before it.
pub(super) struct Before<'a> {
    pub(super) settings: &'a Settings,
    pub(super) users: &'a KnownById,
    pub(super) accounts: &'a Accounts,
    /// Covers what was imported last, so that impacts include it.
    pub(super) token: &'a str,
}

pub(super) fn sift_risks(
    table: &Table,
    mapping: &RiskMapping,
    format: &Format,
    before: &Before<'_>,
) -> Sifted<ImportRisksRequest> {
    let skip = |row| before.accounts.skip(row, &mapping.account);
    let mut sifted = sift(table, &mapping.id, skip, |row, report| {
        let account = before.accounts.of(row, &mapping.account)?;
        risk(row, mapping, format, before, account, report)
    });
    let columns = [
        &mapping.name,
        &mapping.owner,
        &mapping.r#type,
        &mapping.detail,
        &mapping.next_action_date,
        &mapping.next_action_text,
        &mapping.remarks,
    ];
    sifted.report.note_missing_columns(table, &columns);
    sifted
}

fn risk(
    row: Row<'_>,
    mapping: &RiskMapping,
    format: &Format,
    before: &Before<'_>,
    account: &Known,
    report: &mut FileReport,
) -> Result<ImportRisksRequest, Rejection> {
    let leads_to_churn = leads_to_churn(row, mapping)?;
    let closure = closure(row, mapping)?;
    let due_date = optional_date(
        row,
        &mapping.next_action_date,
        "next_action_date_invalid",
        format,
    )?;
    let opened = opened(row, mapping, before.settings)?;
    let text = long_text(row.get(&mapping.next_action_text));
    let planned = due_date.is_some() || !text.is_empty();
    let (completion, completion_date, result) = closure.unwrap_or_default();
    Ok(ImportRisksRequest {
        row: row.line,
        external_id: format.external_id(row.get(&mapping.id)),
        account: account.name.clone(),
        description: Some(RiskDescription {
            display_name: name(row, mapping),
            r#type: Mapping::translated(&mapping.types, &single_line(row.get(&mapping.r#type))),
            detail: long_text(row.get(&mapping.detail)),
            remarks: long_text(row.get(&mapping.remarks)),
        }),
        owner: owner(row, mapping, before.users, report),
        leads_to_churn: leads_to_churn.into(),
        next_action: planned.then(|| NextAction {
            due_date: due_date.map(Into::into),
            text,
        }),
        open_date: Some(opened.into()),
        completion: completion.into(),
        completion_date,
        result,
        consistency_tokens: tokens(account, before.token),
    })
}

fn leads_to_churn(row: Row<'_>, mapping: &RiskMapping) -> Result<LeadsToChurn, Rejection> {
    let column = &mapping.leads_to_churn;
    match mapping.leads_to_churn_values.get(row.get(column)) {
        Some(Flag::Leads) => Ok(LeadsToChurn::LeadsToChurn),
        Some(Flag::Unknown) => Ok(LeadsToChurn::UnknownAtPresent),
        None => {
            let mut values: Vec<&str> = mapping
                .leads_to_churn_values
                .keys()
                .map(String::as_str)
                .collect();
            values.sort_unstable();
            let message = format!(
                "`{}` is not {}",
                shortened(row.get(column)),
                values.join(" or ")
            );
            Err(Rejection::new(column, "leads_to_churn_invalid", message))
        }
    }
}

type Closure = (
    Completion,
    Option<keizoku_proto::google::r#type::Date>,
    String,
);

/// `None` while the risk is open; a closed one needs a result and a date (RISK-3).
fn closure(row: Row<'_>, mapping: &RiskMapping) -> Result<Option<Closure>, Rejection> {
    let stated = row.get(&mapping.completion);
    if stated.is_empty() {
        return Ok(None);
    }
    let completion = match mapping.completions.get(stated) {
        Some(Ending::Completed) => Completion::Completed,
        Some(Ending::Failed) => Completion::Failed,
        Some(Ending::NotARisk) => Completion::NotARisk,
        None => {
            let mut values: Vec<&str> = mapping.completions.keys().map(String::as_str).collect();
            values.sort_unstable();
            let message = format!(
                "`{}` is not one of {}",
                shortened(stated),
                values.join(", ")
            );
            return Err(Rejection::new(
                &mapping.completion,
                "completion_invalid",
                message,
            ));
        }
    };
    let result = long_text(row.get(&mapping.result));
    if result.is_empty() {
        let message = format!("a risk that ended as {stated} needs a result");
        return Err(Rejection::new(&mapping.result, "result_missing", message));
    }
    let column = &mapping.completion_date;
    if row.get(column).is_empty() {
        let message = format!("a risk that ended as {stated} needs a completed date");
        return Err(Rejection::new(column, "completed_date_missing", message));
    }
    let day = date(row, column, "completed_date_invalid")?;
    Ok(Some((completion, Some(day.into()), result)))
}

/// The local date on which the risk was opened.
fn opened(
    row: Row<'_>,
    mapping: &RiskMapping,
    settings: &Settings,
) -> Result<keizoku_core::Day, Rejection> {
    let instant = values::instant(row.get(&mapping.created))
        .map_err(|message| Rejection::new(&mapping.created, "created_date_invalid", message))?;
    Ok(keizoku_core::Day::of(instant, &settings.time_zone))
}

/// What the risk is called; without a name, the first line of its detail, or its id.
fn name(row: Row<'_>, mapping: &RiskMapping) -> String {
    let detail = long_text(row.get(&mapping.detail));
    let candidates = [
        row.get(&mapping.name),
        detail.lines().next().unwrap_or_default(),
    ];
    candidates
        .into_iter()
        .map(single_line)
        .find(|name| !name.is_empty())
        .map_or_else(
            || row.get(&mapping.id).to_owned(),
            |name| shortened_name(&name),
        )
}

/// A detail in place of a name may be long.
fn shortened_name(name: &str) -> String {
    const LONGEST: usize = 200;
    name.chars().take(LONGEST).collect()
}

/// The owner's resource name; empty, for the account's owner, where the export names nobody known.
fn owner(
    row: Row<'_>,
    mapping: &RiskMapping,
    users: &KnownById,
    report: &mut FileReport,
) -> String {
    let id = row.get(&mapping.owner);
    if let Some(user) = users.get(id) {
        return user.name.clone();
    }
    if !id.is_empty() {
        let problem = "is no user that went in: the account's owner takes the risk";
        report.note(row.line, &mapping.owner, problem, id);
    }
    String::new()
}

fn tokens(account: &Known, latest: &str) -> Vec<String> {
    let mut tokens = vec![account.token.clone(), latest.to_owned()];
    tokens.retain(|token| !token.is_empty());
    tokens.dedup();
    tokens
}
