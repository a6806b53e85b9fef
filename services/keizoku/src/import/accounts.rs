//! Accounts: causes in the order duplicate id, name, corporate number, owner, parent.

use std::collections::{HashMap, HashSet};

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{AccountProfile, ImportRecordsRequest, ImportedAccount, TouchModel};

use super::Unusable;
use super::mapping::{AccountMapping, Format, Mapping, Touch};
use super::report::FileReport;
use super::rows::{KnownById, Rejection, Sifted, sift};
use super::source::{Row, Table};
use super::values::{self, shortened, single_line};

pub(super) fn check(table: &Table, mapping: &AccountMapping) -> Result<(), Unusable> {
    table.require(&[&mapping.id, &mapping.name, &mapping.owner])
}

/// Which accounts belong together: the chains of parents over all rows of the file, whatever
/// became of those rows. Where an id is on several rows, the first one counts.
pub(super) struct Families<'t> {
    parents: HashMap<&'t str, &'t str>,
    with_children: HashSet<&'t str>,
    roots: HashMap<&'t str, Option<&'t str>>,
    /// Ids of the accounts that are deleted in the export.
    pub(super) deleted: HashSet<&'t str>,
}

impl<'t> Families<'t> {
    pub(super) fn of(table: &'t Table, mapping: &AccountMapping, format: &Format) -> Self {
        let mut parents = HashMap::new();
        let mut deleted = HashSet::new();
        for row in table.rows().filter(|row| row.is_whole()) {
            let id = row.get(&mapping.id);
            if id.is_empty() || parents.contains_key(id) {
                continue;
            }
            parents.insert(id, row.get(&mapping.parent));
            if format.is_true(row.get(&mapping.deleted)) {
                deleted.insert(id);
            }
        }
        let with_children = table.values_of(&mapping.parent);
        Self {
            parents,
            with_children,
            roots: HashMap::new(),
            deleted,
        }
    }

    /// The last row that exists on the way up; `None` if there is no end.
    fn root(&mut self, id: &'t str) -> Option<&'t str> {
        let mut way: Vec<&'t str> = Vec::new();
        let mut on_the_way: HashSet<&'t str> = HashSet::new();
        let mut here = id;
        let root = loop {
            if let Some(known) = self.roots.get(here) {
                break *known;
            }
            if !on_the_way.insert(here) {
                break None;
            }
            way.push(here);
            match self.parents.get(here) {
                Some(parent) if self.parents.contains_key(parent) => here = parent,
                _ => break Some(here),
            }
        };
        self.roots
            .extend(way.into_iter().map(|passed| (passed, root)));
        root
    }

    /// Key of the group; empty for an account without parent and children.
    fn group(&mut self, row: Row<'t>, mapping: &AccountMapping) -> Result<String, Rejection> {
        let (id, parent) = (row.get(&mapping.id), row.get(&mapping.parent));
        if !parent.is_empty() && !self.parents.contains_key(parent) {
            let message = format!("no row of the file has the id `{}`", shortened(parent));
            return Err(Rejection::new(&mapping.parent, "parent_unknown", message));
        }
        let root = self.root(id).ok_or_else(|| {
            let message = "the chain of parents leads into a circle";
            Rejection::new(&mapping.parent, "parent_cycle", message)
        })?;
        let alone = parent.is_empty() && !self.with_children.contains(id);
        Ok(if alone {
            String::new()
        } else {
            root.to_owned()
        })
    }
}

pub(super) fn sift_accounts<'t>(
    table: &'t Table,
    mapping: &AccountMapping,
    format: &Format,
    users: &KnownById,
    families: &mut Families<'t>,
) -> Sifted<ImportRecordsRequest> {
    let deleted = |row: Row<'t>| {
        format.is_true(row.get(&mapping.deleted)).then(|| {
            Rejection::new(
                &mapping.deleted,
                "deleted",
                "the account is deleted in the export",
            )
        })
    };
    let mut sifted = sift(table, &mapping.id, deleted, |row, report| {
        let account = account(row, mapping, format, users, families, report)?;
        Ok(ImportRecordsRequest {
            row: row.line,
            record: Some(Record::Account(account)),
        })
    });
    let columns = [
        &mapping.parent,
        &mapping.corporate_number,
        &mapping.tier,
        &mapping.touch_model,
        &mapping.industry,
        &mapping.region,
        &mapping.sales_channel,
        &mapping.deleted,
    ];
    sifted.report.note_missing_columns(table, &columns);
    sifted
}

fn account<'t>(
    row: Row<'t>,
    mapping: &AccountMapping,
    format: &Format,
    users: &KnownById,
    families: &mut Families<'t>,
    report: &mut FileReport,
) -> Result<ImportedAccount, Rejection> {
    let display_name = single_line(row.get(&mapping.name));
    if display_name.is_empty() {
        return Err(Rejection::new(
            &mapping.name,
            "name_missing",
            "the account has no name",
        ));
    }
    let corporate_number = match row.get(&mapping.corporate_number) {
        "" => String::new(),
        text => values::corporate_number(text).map_err(|message| {
            Rejection::new(
                &mapping.corporate_number,
                "corporate_number_invalid",
                message,
            )
        })?,
    };
    let owner = row.get(&mapping.owner);
    if !users.contains_key(owner) {
        let message = match owner {
            "" => "the account has no owner".to_owned(),
            id => format!("no user that went in has the id `{}`", shortened(id)),
        };
        return Err(Rejection::new(&mapping.owner, "owner_unknown", message));
    }
    let group = families.group(row, mapping)?;
    Ok(ImportedAccount {
        external_id: format.external_id(row.get(&mapping.id)),
        profile: Some(AccountProfile {
            display_name,
            kana: single_line(row.get(&mapping.kana)),
            corporate_number,
            touch_model: touch_model(row, mapping, report).into(),
            industry: single_line(row.get(&mapping.industry)),
            region: single_line(row.get(&mapping.region)),
            sales_channel: sales_channel(row, mapping),
            ..AccountProfile::default()
        }),
        group,
        tier: Mapping::translated(&mapping.tiers, row.get(&mapping.tier)),
        owner_external_id: format.external_id(owner),
    })
}

fn touch_model(row: Row<'_>, mapping: &AccountMapping, report: &mut FileReport) -> TouchModel {
    let text = row.get(&mapping.touch_model);
    match mapping.touch_models.get(text) {
        Some(Touch::High) => TouchModel::High,
        Some(Touch::Mid) => TouchModel::Mid,
        Some(Touch::Low) => TouchModel::Low,
        Some(Touch::Tech) => TouchModel::Tech,
        None => {
            if !text.is_empty() {
                report.note(
                    row.line,
                    &mapping.touch_model,
                    "is not in the mapping and left out",
                    text,
                );
            }
            TouchModel::Unspecified
        }
    }
}

/// `direct`, or `partner:` and a name.
fn sales_channel(row: Row<'_>, mapping: &AccountMapping) -> String {
    let channel = Mapping::translated(
        &mapping.sales_channels,
        &single_line(row.get(&mapping.sales_channel)),
    );
    if channel.is_empty() || channel == "direct" || channel.starts_with("partner:") {
        channel
    } else {
        format!("partner:{channel}")
    }
}
