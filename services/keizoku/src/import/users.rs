//! Users: anybody with an id goes in.

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{ImportRecordsRequest, ImportedUser, UserProfile};

use super::mapping::{Format, UserMapping};
use super::rows::{Sifted, sift};
use super::source::{Row, Table};
use super::values::single_line;

pub(super) fn check(table: &Table, mapping: &UserMapping) -> Result<(), super::Unusable> {
    table.require(&[&mapping.id])?;
    let names: Vec<&str> = mapping.names.iter().map(String::as_str).collect();
    let names_one = names.iter().any(|name| table.has(name));
    if names_one {
        Ok(())
    } else {
        table.require(&names)
    }
}

pub(super) fn sift_users(
    table: &Table,
    mapping: &UserMapping,
    format: &Format,
) -> Sifted<ImportRecordsRequest> {
    let mut sifted = sift(
        table,
        &mapping.id,
        |_| None,
        |row, _| {
            let user = user(row, mapping, format);
            Ok(ImportRecordsRequest {
                row: row.line,
                record: Some(Record::User(user)),
            })
        },
    );
    let columns = [
        &mapping.email,
        &mapping.active,
        &mapping.team,
        &mapping.slack_member_id,
    ];
    sifted.report.note_missing_columns(table, &columns);
    sifted
}

fn user(row: Row<'_>, mapping: &UserMapping, format: &Format) -> ImportedUser {
    let email = row.get(&mapping.email).to_owned();
    let names: Vec<&str> = mapping
        .names
        .iter()
        .map(|column| row.get(column))
        .filter(|name| !name.is_empty())
        .collect();
    let mut display_name = single_line(&names.join(" "));
    if display_name.is_empty() {
        let instead = if email.is_empty() {
            row.get(&mapping.id)
        } else {
            &email
        };
        instead.clone_into(&mut display_name);
    }
    let active = row.get(&mapping.active);
    ImportedUser {
        external_id: format.external_id(row.get(&mapping.id)),
        profile: Some(UserProfile {
            display_name,
            email,
            slack_member_id: row.get(&mapping.slack_member_id).to_owned(),
            role: mapping.role.clone(),
            ..UserProfile::default()
        }),
        team: single_line(row.get(&mapping.team)),
        active: active.is_empty() || format.is_true(active),
    }
}
