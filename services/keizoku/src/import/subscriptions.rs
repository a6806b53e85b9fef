//! Subscriptions: causes in the order account, currency, amount, dates, end.

use keizoku_core::Day;
use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{ImportRecordsRequest, ImportedSubscription, Terms};

use super::mapping::{Format, Mapping, SubscriptionMapping};
use super::report::FileReport;
use super::rows::{Accounts, Rejection, Sifted, date, optional_date, sift};
use super::source::{Row, Table};
use super::values::{self, half_width, shortened, single_line};
use super::{Settings, Unusable};

/// Longest term that a contract can have.
const MAX_TERM_MONTHS: u32 = 120;

pub(super) fn check(table: &Table, mapping: &SubscriptionMapping) -> Result<(), Unusable> {
    table.require(&[
        &mapping.id,
        &mapping.account,
        &mapping.mrr,
        &mapping.start_date,
    ])
}

pub(super) fn sift_subscriptions(
    table: &Table,
    mapping: &SubscriptionMapping,
    format: &Format,
    settings: &Settings,
    accounts: &Accounts,
) -> Sifted<ImportRecordsRequest> {
    let has_currency = table.has(&mapping.currency);
    let skip = |row| accounts.skip(row, &mapping.account);
    let mut sifted = sift(table, &mapping.id, skip, |row, report| {
        accounts.of(row, &mapping.account)?;
        if has_currency {
            check_currency(row, mapping, settings)?;
        }
        let subscription = subscription(row, mapping, format, settings, report)?;
        Ok(ImportRecordsRequest {
            row: row.line,
            record: Some(Record::Subscription(subscription)),
        })
    });
    let columns = [
        &mapping.product,
        &mapping.next_renewal_date,
        &mapping.end_date,
        &mapping.status,
        &mapping.currency,
        &mapping.reason_code,
    ];
    sifted.report.note_missing_columns(table, &columns);
    sifted
}

fn check_currency(
    row: Row<'_>,
    mapping: &SubscriptionMapping,
    settings: &Settings,
) -> Result<(), Rejection> {
    let currency = row.get(&mapping.currency);
    if currency == settings.currency {
        return Ok(());
    }
    let message = format!(
        "`{}` is not the reporting currency {}",
        shortened(currency),
        settings.currency
    );
    Err(Rejection::new(
        &mapping.currency,
        "currency_unsupported",
        message,
    ))
}

fn subscription(
    row: Row<'_>,
    mapping: &SubscriptionMapping,
    format: &Format,
    settings: &Settings,
    report: &mut FileReport,
) -> Result<ImportedSubscription, Rejection> {
    let mrr = values::amount(row.get(&mapping.mrr))
        .map_err(|message| Rejection::new(&mapping.mrr, "mrr_invalid", message))?;
    let start = date(row, &mapping.start_date, "date_invalid")?;
    let renewal = optional_date(row, &mapping.next_renewal_date, "date_invalid", format)?;
    let end = optional_date(row, &mapping.end_date, "date_invalid", format)?;
    let notice = optional_date(row, &mapping.notice_deadline, "date_invalid", format)?;
    let change = optional_date(row, &mapping.change_date, "date_invalid", format)?;
    let end = end_of(row, mapping, start, end)?;
    Ok(ImportedSubscription {
        external_id: format.external_id(row.get(&mapping.id)),
        account_external_id: format.external_id(row.get(&mapping.account)),
        product: product(row, mapping),
        start_date: Some(start.into()),
        mrr,
        terms: Some(Terms {
            next_renewal_date: renewal.map(Into::into),
            notice_deadline: notice.map(Into::into),
            term_months: term_months(row, mapping, report),
            auto_renew: format.is_true(row.get(&mapping.auto_renew)),
        }),
        end_date: end.map(Into::into),
        reason_code: if end.is_some() {
            reason_code(row, mapping)
        } else {
            String::new()
        },
        change_effective_date: change.or(settings.date).map(Into::into),
        reason: if end.is_some() {
            single_line(row.get(&mapping.reason_code))
        } else {
            String::new()
        },
    })
}

/// The first day without MRR.
fn end_of(
    row: Row<'_>,
    mapping: &SubscriptionMapping,
    start: Day,
    end: Option<Day>,
) -> Result<Option<Day>, Rejection> {
    let refused = |reason, message: String| Err(Rejection::new(&mapping.end_date, reason, message));
    let Some(stated) = end else {
        let status = row.get(&mapping.status);
        if mapping
            .cancelled
            .iter()
            .any(|cancelled| cancelled == status)
        {
            return refused("end_date_missing", format!("`{status}` needs an end date"));
        }
        return Ok(None);
    };
    let end = if mapping.end_date_is_last_day {
        stated.plus_days(1)
    } else {
        stated
    };
    if end < start {
        return refused(
            "end_before_start",
            format!("the end {stated} is before the start {start}"),
        );
    }
    Ok(Some(end))
}

fn product(row: Row<'_>, mapping: &SubscriptionMapping) -> String {
    match row.get(&mapping.product) {
        "" => mapping.default_product.clone(),
        product => single_line(product),
    }
}

fn reason_code(row: Row<'_>, mapping: &SubscriptionMapping) -> String {
    match row.get(&mapping.reason_code) {
        "" => mapping.default_reason_code.clone(),
        reason => Mapping::translated(&mapping.reason_codes, &single_line(reason)),
    }
}

/// Length of a term; 0, and a note, where it is not one.
fn term_months(row: Row<'_>, mapping: &SubscriptionMapping, report: &mut FileReport) -> u32 {
    let text = row.get(&mapping.term_months);
    match half_width(text).parse() {
        Ok(months) if months <= MAX_TERM_MONTHS => months,
        _ => {
            if !text.is_empty() {
                let problem = "is not a number of months up to 120 and left out";
                report.note(row.line, &mapping.term_months, problem, text);
            }
            0
        }
    }
}
