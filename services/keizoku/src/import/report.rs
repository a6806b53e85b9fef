//! What became of every row, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::rows::Rejection;
use super::source::Table;
use super::values::shortened;

/// What an import did, file by file, in the order in which the files went in.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Nothing was sent: what an import would send, as far as the files tell.
    pub dry_run: bool,
    /// From when changed amounts hold (YYYY-MM-DD); `None` for the server's today.
    pub date: Option<String>,
    /// The files.
    #[serde(rename = "import", serialize_with = "by_name")]
    pub files: Vec<FileReport>,
    /// Files that an import can do without, and did.
    pub absent: Vec<String>,
}

/// What became of the rows of one file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FileReport {
    /// The file's name.
    #[serde(skip)]
    pub name: String,
    /// Rows that went in: the sum of the next three, which only a server can tell apart.
    pub imported: u64,
    /// Recorded for the first time.
    pub created: u64,
    /// Differences were recorded.
    pub updated: u64,
    /// There was no difference.
    pub unchanged: u64,
    /// Rows left out without being wrong.
    #[serde(serialize_with = "lines_and_reasons")]
    pub skipped: Vec<Problem>,
    /// Rows that are wrong.
    #[serde(serialize_with = "lines_and_reasons")]
    pub rejected: Vec<Problem>,
    /// The rejected rows once more, in words.
    pub details: Vec<Problem>,
    /// What somebody should know of rows that went in.
    pub notes: Vec<String>,
    #[serde(skip)]
    collected: BTreeMap<(String, &'static str, String), Occurrences>,
}

/// A row that did not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line on which the record starts; the header is line 1.
    pub line: u64,
    /// The column; empty where the row as a whole is wrong.
    pub column: String,
    /// A stable word for programs.
    pub reason: String,
    /// The same for people.
    pub message: String,
}

#[derive(Debug, Clone, Default)]
struct Occurrences {
    first_line: u64,
    rows: u64,
}

impl Problem {
    pub(super) fn of(line: u64, cause: Rejection) -> Self {
        let Rejection {
            column,
            reason,
            message,
        } = cause;
        Self {
            line,
            column,
            reason: reason.to_owned(),
            message,
        }
    }
}

impl FileReport {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Notes something about a value of a row that goes in; the same about the same value once.
    pub(super) fn note(&mut self, line: u64, column: &str, problem: &'static str, value: &str) {
        let key = (column.to_owned(), problem, shortened(value));
        let found = self.collected.entry(key).or_insert(Occurrences {
            first_line: line,
            rows: 0,
        });
        found.rows += 1;
    }

    /// Notes columns that the mapping names and the file does not have.
    pub(super) fn note_missing_columns(&mut self, table: &Table, columns: &[&String]) {
        for column in columns
            .iter()
            .filter(|column| !column.is_empty() && !table.has(column))
        {
            self.notes.push(format!(
                "there is no column {column}: its values stay empty"
            ));
        }
    }

    /// Puts what was collected into its final order.
    pub(super) fn finish(&mut self) {
        for ((column, problem, value), found) in std::mem::take(&mut self.collected) {
            let Occurrences { first_line, rows } = found;
            let more = if rows > 1 {
                format!(" and {} more", rows - 1)
            } else {
                String::new()
            };
            self.notes.push(format!(
                "line {first_line}{more}: {column} `{value}` {problem}"
            ));
        }
        self.rejected.sort_by_key(|problem| problem.line);
        self.skipped.sort_by_key(|problem| problem.line);
        self.details.clone_from(&self.rejected);
    }
}

impl Report {
    /// Whether every row went in or was rightly left out.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.files.iter().all(|file| file.rejected.is_empty())
    }

    /// The report as one JSON document.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        text + "\n"
    }

    /// The report as people read it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = self.counts();
        for file in &self.files {
            let _ = write!(text, "{}", Rejected(file));
        }
        for file in &self.files {
            for note in &file.notes {
                let _ = writeln!(text, "note: {}: {note}", file.name);
            }
        }
        for name in &self.absent {
            let _ = writeln!(
                text,
                "note: there was no {name}; nothing of that kind was imported"
            );
        }
        let rejected: usize = self.files.iter().map(|file| file.rejected.len()).sum();
        let did = if self.dry_run {
            "Nothing was sent (dry run)."
        } else {
            "Everything else went in."
        };
        let _ = match (rejected, self.dry_run) {
            (0, false) => writeln!(text, "Every row went in or was rightly left out."),
            (0, true) => writeln!(text, "No row is wrong. {did}"),
            (1, _) => writeln!(
                text,
                "1 row was rejected. {did} Correct it and import again."
            ),
            (n, _) => writeln!(
                text,
                "{n} rows were rejected. {did} Correct them and import again."
            ),
        };
        text
    }

    fn counts(&self) -> String {
        let mut text = String::new();
        let width = self
            .files
            .iter()
            .map(|file| file.name.len())
            .max()
            .unwrap_or(0)
            .max(4);
        let _ = writeln!(
            text,
            "{:width$} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "File", "Imported", "Created", "Updated", "Unchanged", "Skipped", "Rejected",
        );
        for file in &self.files {
            let of_server = |count: u64| {
                if self.dry_run {
                    "-".to_owned()
                } else {
                    count.to_string()
                }
            };
            let _ = writeln!(
                text,
                "{:width$} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
                file.name,
                file.imported,
                of_server(file.created),
                of_server(file.updated),
                of_server(file.unchanged),
                file.skipped.len(),
                file.rejected.len(),
            );
        }
        text
    }
}

/// The rejected rows of a file, and how many were skipped for which reason.
struct Rejected<'a>(&'a FileReport);

impl std::fmt::Display for Rejected<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 20;
        let file = self.0;
        for problem in file.rejected.iter().take(SHOWN) {
            let Problem {
                line,
                column,
                reason,
                message,
            } = problem;
            let column = if column.is_empty() {
                String::new()
            } else {
                format!(" {column}:")
            };
            writeln!(
                out,
                "rejected: {}:{line}:{column} {message} ({reason})",
                file.name
            )?;
        }
        if file.rejected.len() > SHOWN {
            let more = file.rejected.len() - SHOWN;
            writeln!(
                out,
                "rejected: {}: {more} more; --report FILE.json lists them all",
                file.name
            )?;
        }
        let mut skipped: BTreeMap<&str, u64> = BTreeMap::new();
        for problem in &file.skipped {
            *skipped.entry(&problem.message).or_default() += 1;
        }
        for (message, count) in skipped {
            writeln!(out, "skipped:  {}: {count} rows: {message}", file.name)?;
        }
        Ok(())
    }
}

fn by_name<S: Serializer>(files: &[FileReport], out: S) -> Result<S::Ok, S::Error> {
    out.collect_map(files.iter().map(|file| (&file.name, file)))
}

fn lines_and_reasons<S: Serializer>(problems: &[Problem], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(
        problems
            .iter()
            .map(|problem| (problem.line, &problem.reason)),
    )
}
