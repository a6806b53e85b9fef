//! What every file goes through: rows are sifted into good, skipped and rejected ones.

use std::collections::{HashMap, HashSet};

use super::mapping::Format;
use super::report::{FileReport, Problem};
use super::source::{Row, Table};
use super::values;

/// Why a row does not go in.
pub(super) struct Rejection {
    pub(super) column: String,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Rejection {
    pub(super) fn new(column: &str, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            column: column.to_owned(),
            reason,
            message: message.into(),
        }
    }
}

/// A row that is ready to be sent.
pub(super) struct Ready<T> {
    pub(super) line: u64,
    /// Its id in the export.
    pub(super) id: String,
    pub(super) record: T,
}

/// A file's good rows, and the report on the others.
pub(super) struct Sifted<T> {
    pub(super) ready: Vec<Ready<T>>,
    pub(super) report: FileReport,
}

/// What is known of a record that went in.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Its resource name; empty without a server.
    pub(super) name: String,
    /// A question that takes it includes the record.
    pub(super) token: String,
}

/// The records of a file that went in, by their ids there.
pub(super) type KnownById = HashMap<String, Known>;

/// Reads every row that nothing general keeps out. The first row with an id wins, whatever became
/// of it; a skip comes before everything but a row that is not whole.
pub(super) fn sift<'t, T>(
    table: &'t Table,
    id_column: &str,
    skip: impl Fn(Row<'t>) -> Option<Rejection>,
    mut read: impl FnMut(Row<'t>, &mut FileReport) -> Result<T, Rejection>,
) -> Sifted<T> {
    let mut report = FileReport::new(&table.name);
    let mut ready = Vec::new();
    let mut seen: HashMap<&str, u64> = HashMap::new();
    for row in table.rows() {
        if !row.is_whole() {
            let cause = Rejection::new("", "column_count_wrong", row.wrong_count());
            report.rejected.push(Problem::of(row.line, cause));
            continue;
        }
        let id = row.get(id_column);
        if let Some(cause) = skip(row) {
            report.skipped.push(Problem::of(row.line, cause));
        } else {
            match check_id(id_column, id, &seen).and_then(|()| read(row, &mut report)) {
                Ok(record) => ready.push(Ready {
                    line: row.line,
                    id: id.to_owned(),
                    record,
                }),
                Err(cause) => report.rejected.push(Problem::of(row.line, cause)),
            }
        }
        seen.entry(id).or_insert(row.line);
    }
    Sifted { ready, report }
}

fn check_id(column: &str, id: &str, seen: &HashMap<&str, u64>) -> Result<(), Rejection> {
    if id.is_empty() {
        return Err(Rejection::new(column, "id_missing", "the row has no id"));
    }
    match seen.get(id) {
        Some(line) => {
            let message = format!("the id is that of line {line}");
            Err(Rejection::new(column, "duplicate_id", message))
        }
        None => Ok(()),
    }
}

/// What rows that hang on an account need to know of the accounts.
pub(super) struct Accounts {
    /// Those that went in.
    pub(super) known: KnownById,
    /// Ids of those that are deleted in the export.
    pub(super) deleted: HashSet<String>,
    /// Lines of those that were rejected.
    pub(super) rejected: HashMap<String, u64>,
    /// Name of their file.
    pub(super) file: String,
}

impl Accounts {
    /// Skips what hangs on a deleted account.
    pub(super) fn skip(&self, row: Row<'_>, column: &str) -> Option<Rejection> {
        self.deleted.contains(row.get(column)).then(|| {
            Rejection::new(
                column,
                "account_deleted",
                "its account is deleted in the export",
            )
        })
    }

    /// The account of a row.
    pub(super) fn of(&self, row: Row<'_>, column: &str) -> Result<&Known, Rejection> {
        let id = row.get(column);
        self.known.get(id).ok_or_else(|| {
            let message = match self.rejected.get(id) {
                Some(line) => format!("its account was rejected at {}:{line}", self.file),
                None if id.is_empty() => "the row names no account".to_owned(),
                None => format!(
                    "{} has no row with the id `{}`",
                    self.file,
                    values::shortened(id)
                ),
            };
            Rejection::new(column, "account_unknown", message)
        })
    }
}

/// A date that has to be there.
pub(super) fn date(
    row: Row<'_>,
    column: &str,
    reason: &'static str,
) -> Result<keizoku_core::Day, Rejection> {
    values::date(row.get(column)).map_err(|message| Rejection::new(column, reason, message))
}

/// A date that may be missing, and is where it means "none".
pub(super) fn optional_date(
    row: Row<'_>,
    column: &str,
    reason: &'static str,
    format: &Format,
) -> Result<Option<keizoku_core::Day>, Rejection> {
    let text = row.get(column);
    if text.is_empty() || format.no_date.iter().any(|none| none == text) {
        return Ok(None);
    }
    date(row, column, reason).map(Some)
}
