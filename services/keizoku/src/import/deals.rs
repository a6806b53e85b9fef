//! Deals: causes in the order account, amount, close date.

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{DealTerms, ImportRecordsRequest, ImportedDeal};

use super::Unusable;
use super::mapping::{DealMapping, Format};
use super::rows::{Accounts, KnownById, Rejection, Sifted, date, sift};
use super::source::{Row, Table};
use super::values::{self, single_line};

pub(super) fn check(table: &Table, mapping: &DealMapping) -> Result<(), Unusable> {
    table.require(&[
        &mapping.id,
        &mapping.account,
        &mapping.stage,
        &mapping.close_date,
    ])
}

pub(super) fn sift_deals(
    table: &Table,
    mapping: &DealMapping,
    format: &Format,
    users: &KnownById,
    accounts: &Accounts,
) -> Sifted<ImportRecordsRequest> {
    let skip = |row| accounts.skip(row, &mapping.account);
    let mut sifted = sift(table, &mapping.id, skip, |row, _| {
        accounts.of(row, &mapping.account)?;
        let deal = deal(row, mapping, format, users)?;
        Ok(ImportRecordsRequest {
            row: row.line,
            record: Some(Record::Deal(deal)),
        })
    });
    let columns = [
        &mapping.name,
        &mapping.amount,
        &mapping.product,
        &mapping.salesperson,
    ];
    sifted.report.note_missing_columns(table, &columns);
    sifted
}

fn deal(
    row: Row<'_>,
    mapping: &DealMapping,
    format: &Format,
    users: &KnownById,
) -> Result<ImportedDeal, Rejection> {
    let amount = match row.get(&mapping.amount) {
        "" => None,
        text => Some(
            values::amount(text)
                .map_err(|message| Rejection::new(&mapping.amount, "amount_invalid", message))?,
        ),
    };
    let close_date = date(row, &mapping.close_date, "date_invalid")?;
    let stage = row.get(&mapping.stage);
    let id = row.get(&mapping.id);
    let name = single_line(row.get(&mapping.name));
    let salesperson = row.get(&mapping.salesperson);
    Ok(ImportedDeal {
        external_id: format.external_id(id),
        account_external_id: format.external_id(row.get(&mapping.account)),
        terms: Some(DealTerms {
            display_name: if name.is_empty() { id.to_owned() } else { name },
            stage: single_line(stage),
            kind: single_line(row.get(&mapping.kind)),
            close_date: Some(close_date.into()),
            amount,
            product: single_line(row.get(&mapping.product)),
            salesperson_id: String::new(),
        }),
        // A salesperson that did not go in is nobody's business: the deal goes in without.
        salesperson_external_id: if users.contains_key(salesperson) {
            format.external_id(salesperson)
        } else {
            String::new()
        },
        won: mapping.won.iter().any(|won| won == stage),
    })
}
