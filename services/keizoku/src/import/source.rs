//! The files of an export: found, decoded and cut into rows.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};

use super::Unusable;
use super::decode::decode;
use super::values::shortened;

/// The CSV files of a directory, by their names in lower case.
pub(super) struct Export {
    directory: PathBuf,
    files: HashMap<String, PathBuf>,
}

/// One CSV file: its header and its records.
pub(super) struct Table {
    /// Name of the file, as it is found.
    pub(super) name: String,
    header: Vec<String>,
    columns: HashMap<String, usize>,
    records: Vec<(u64, StringRecord)>,
    /// Whether a quotation mark stays open until the end of the file.
    unclosed_quote: bool,
}

/// One record of a file.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    table: &'t Table,
    /// The line on which the record starts; the header is line 1.
    pub(super) line: u64,
    fields: &'t StringRecord,
}

impl Export {
    /// The files of a directory.
    pub(super) fn open(directory: &Path) -> Result<Self, Unusable> {
        let entries = fs::read_dir(directory).map_err(|error| {
            Unusable::new(
                directory.display(),
                format!("cannot be read as a directory: {error}"),
                "name the directory that holds the CSV files of the export",
            )
        })?;
        let files = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file())
            .filter_map(|path| Some((path.file_name()?.to_str()?.to_lowercase(), path)))
            .collect();
        Ok(Self {
            directory: directory.to_owned(),
            files,
        })
    }

    /// Says which of the files that an import cannot do without are not there.
    pub(super) fn require(&self, names: &[&str]) -> Result<(), Unusable> {
        let missing: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !self.files.contains_key(&name.to_lowercase()))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut present: Vec<&str> = self
            .files
            .values()
            .filter_map(|path| path.file_name()?.to_str())
            .collect();
        present.sort_unstable();
        present.truncate(10);
        let present = if present.is_empty() {
            "no file at all".to_owned()
        } else {
            format!("only {}", present.join(", "))
        };
        Err(Unusable::new(
            self.directory.display(),
            format!("holds no {}, {present}", missing.join(", no ")),
            "export the missing objects into the same directory, or name their files in a --mapping",
        ))
    }

    /// Reads a file; `None` when it is not there.
    pub(super) fn table(&self, name: &str) -> Result<Option<Table>, Unusable> {
        self.files
            .get(&name.to_lowercase())
            .map(|path| Table::read(path))
            .transpose()
    }
}

impl Table {
    fn read(path: &Path) -> Result<Self, Unusable> {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        let bytes = fs::read(path).map_err(|error| {
            Unusable::new(
                &name,
                format!("cannot be read: {error}"),
                "check the file's permissions",
            )
        })?;
        let text = decode(&name, bytes)?;
        Self::parse(name, &text)
    }

    /// Cuts a text into records.
    pub(super) fn parse(name: String, text: &str) -> Result<Self, Unusable> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut lines = LineCounter {
            text: text.as_bytes(),
            offset: 0,
            line: 1,
        };
        let mut records = Vec::new();
        let mut record = StringRecord::new();
        let mut last_start = 0;
        while reader
            .read_record(&mut record)
            .map_err(|error| broken(&name, &error))?
        {
            let start = record.position().map_or(0, csv::Position::byte);
            let line = lines.of_record_at(usize::try_from(start).unwrap_or(usize::MAX));
            last_start = lines.offset;
            records.push((line, record.clone()));
        }
        if records.is_empty() {
            return Err(Unusable::new(
                format!("{name}:1"),
                "the file is empty",
                "export it again; the first line holds the names of the columns",
            ));
        }
        let unclosed_quote = text[last_start..].matches('"').count() % 2 == 1;
        let (_, header) = records.remove(0);
        let header: Vec<String> = header
            .iter()
            .map(|column| column.trim().to_owned())
            .collect();
        let columns = header
            .iter()
            .enumerate()
            .map(|(i, column)| (column.to_lowercase(), i))
            .collect();
        Ok(Self {
            name,
            header,
            columns,
            records,
            unclosed_quote,
        })
    }

    /// Refuses a file of another kind: one that lacks a column which an import cannot do without.
    pub(super) fn require(&self, columns: &[&str]) -> Result<(), Unusable> {
        let missing: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|column| !self.has(column))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let header = shortened(&self.header.join(", "));
        let problem = if missing.len() == columns.len() {
            format!(
                "is another kind of file: its first line `{header}` names none of {}",
                columns.join(", ")
            )
        } else {
            format!(
                "has no column {}; its first line is `{header}`",
                missing.join(" and no column ")
            )
        };
        let advice = if self.header.len() == 1 && self.header[0].contains([';', '\t']) {
            "separate the columns with commas"
        } else {
            "export it again with these columns, or name yours in a --mapping"
        };
        Err(Unusable::new(format!("{}:1", self.name), problem, advice))
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains_key(&column.to_lowercase())
    }

    /// All records, in the order of the file.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|(line, fields)| Row {
            table: self,
            line: *line,
            fields,
        })
    }

    /// The values of a column that occur in it.
    pub(super) fn values_of<'t>(&'t self, column: &str) -> HashSet<&'t str> {
        self.rows()
            .filter(|row| row.is_whole())
            .map(|row| row.get(column))
            .collect()
    }
}

impl<'t> Row<'t> {
    /// Whether the record has as many fields as the header.
    pub(super) fn is_whole(self) -> bool {
        self.fields.len() == self.table.header.len()
    }

    /// What is wrong with a record that is not whole.
    pub(super) fn wrong_count(self) -> String {
        let (found, wanted) = (self.fields.len(), self.table.header.len());
        let last = self
            .table
            .records
            .last()
            .is_some_and(|(line, _)| *line == self.line);
        let cause = match (last, self.table.unclosed_quote) {
            (true, true) => "; a quotation mark in it is never closed",
            (true, false) if found < wanted => "; was the file cut off here?",
            _ if found > wanted => "; a comma in a value needs quotation marks around the value",
            _ => "",
        };
        format!("the row has {found} fields where the first line has {wanted}{cause}")
    }

    /// The value in a column, without white space around it; empty where there is no such column.
    pub(super) fn get(self, column: &str) -> &'t str {
        let index = match self.table.columns.get(column) {
            Some(index) => Some(index),
            None => self.table.columns.get(&column.to_lowercase()),
        };
        index
            .and_then(|index| self.fields.get(*index))
            .unwrap_or_default()
            .trim()
    }
}

/// Counts lines up to the start of each record; `csv` counts the end of a CRLF to the next record.
struct LineCounter<'t> {
    text: &'t [u8],
    offset: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn of_record_at(&mut self, start: usize) -> u64 {
        while let Some(byte) = self.text.get(self.offset) {
            let is_break = matches!(byte, b'\n' | b'\r');
            if self.offset >= start && !is_break {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.offset += 1;
        }
        self.line
    }
}

fn broken(name: &str, error: &csv::Error) -> Unusable {
    let line = error.position().map_or(1, csv::Position::line);
    Unusable::new(
        format!("{name}:{line}"),
        error.to_string(),
        "export the file again as CSV",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::parse("file.csv".to_owned(), text).unwrap()
    }

    #[test]
    fn line_is_where_the_record_starts() {
        for text in [
            "Id,Note\r\n1,\"a\r\nb, \"\"c\"\"\nd\"\r\n\r\n2,e\r\n3\r\n",
            "Id,Note\n1,\"a\nb, \"\"c\"\"\nd\"\n\n2,e\n3",
        ] {
            let table = table(text);
            let lines: Vec<(u64, bool)> =
                table.rows().map(|row| (row.line, row.is_whole())).collect();
            assert_eq!(lines, [(2, true), (6, true), (7, false)], "{text:?}");
            assert_eq!(table.rows().next().unwrap().get("note").lines().count(), 3);
        }
    }

    #[test]
    fn a_row_that_is_not_whole_says_what_may_be_wrong() {
        let message = |text: &str| table(text).rows().last().unwrap().wrong_count();
        assert!(message("a,b\n1,2\n3").ends_with("was the file cut off here?"));
        assert!(message("a,b\n1,2\n\"3,4\n").ends_with("never closed"));
        assert!(message("a,b\n1,2,3\n").contains("quotation marks around"));
    }

    #[test]
    fn a_file_of_another_kind_is_named() {
        let message = table("x;y\n1;2\n")
            .require(&["Id", "Name"])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("file.csv:1: is another kind of file"),
            "{message}"
        );
        assert!(message.contains("commas"), "{message}");
        let message = table("Id,y\n")
            .require(&["Id", "Name"])
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("has no column Name; its first line is `Id, y`"),
            "{message}"
        );
    }
}
