//! Contacts: causes in the order account, name, role (ACC-11).

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{ContactProfile, ContactRole, ImportRecordsRequest, ImportedContact};

use super::Unusable;
use super::mapping::{ContactMapping, Format, Role};
use super::rows::{Accounts, Rejection, Sifted, sift};
use super::source::{Row, Table};
use super::values::{shortened, single_line};

pub(super) fn check(table: &Table, mapping: &ContactMapping) -> Result<(), Unusable> {
    table.require(&[&mapping.id, &mapping.account])
}

pub(super) fn sift_contacts(
    table: &Table,
    mapping: &ContactMapping,
    format: &Format,
    accounts: &Accounts,
) -> Sifted<ImportRecordsRequest> {
    let skip = |row: Row<'_>| {
        if format.is_true(row.get(&mapping.deleted)) {
            let message = "the contact is deleted in the export";
            return Some(Rejection::new(&mapping.deleted, "contact_deleted", message));
        }
        accounts.skip(row, &mapping.account)
    };
    sift(table, &mapping.id, skip, |row, _| {
        accounts.of(row, &mapping.account)?;
        let contact = contact(row, mapping, format)?;
        Ok(ImportRecordsRequest {
            row: row.line,
            record: Some(Record::Contact(contact)),
        })
    })
}

fn contact(
    row: Row<'_>,
    mapping: &ContactMapping,
    format: &Format,
) -> Result<ImportedContact, Rejection> {
    let names = mapping.names.iter().map(|column| row.get(column));
    let display_name = single_line(&names.collect::<Vec<_>>().join(" "));
    if display_name.is_empty() {
        let column = mapping.names.first().map_or("", String::as_str);
        return Err(Rejection::new(
            column,
            "name_missing",
            "the contact has no name",
        ));
    }
    let departed = row.get(&mapping.departed);
    Ok(ImportedContact {
        external_id: format.external_id(row.get(&mapping.id)),
        account_external_id: format.external_id(row.get(&mapping.account)),
        profile: Some(ContactProfile {
            display_name,
            title: single_line(row.get(&mapping.title)),
            email: single_line(row.get(&mapping.email)),
            phone: single_line(row.get(&mapping.phone)),
            roles: roles(row, mapping)?,
            external_id: String::new(),
        }),
        departed: (!departed.is_empty()).then(|| format.is_true(departed)),
    })
}

fn roles(row: Row<'_>, mapping: &ContactMapping) -> Result<Vec<i32>, Rejection> {
    let texts = row.get(&mapping.roles).split(';').map(str::trim);
    let stated = texts.filter(|text| !text.is_empty());
    let role = |text: &str| match mapping.role_values.get(text) {
        Some(Role::DecisionMaker) => Ok(ContactRole::DecisionMaker.into()),
        Some(Role::Administrator) => Ok(ContactRole::Administrator.into()),
        Some(Role::User) => Ok(ContactRole::User.into()),
        None => {
            let mut known: Vec<&str> = mapping.role_values.keys().map(String::as_str).collect();
            known.sort_unstable();
            let message = format!("`{}` is not one of {}", shortened(text), known.join(", "));
            Err(Rejection::new(&mapping.roles, "role_invalid", message))
        }
    };
    stated.map(role).collect()
}
