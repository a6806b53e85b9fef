//! Tables that stay aligned, whatever the width of a character is.

use unicode_width::UnicodeWidthStr as _;

use super::output::Style;

/// Widest cell on a terminal; programs get whole values.
const WIDEST: usize = 44;

/// Rows under a header; a heading that starts with `>` is of a column aligned to the right.
pub(super) struct Table {
    headings: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<const N: usize>(headings: [&str; N]) -> Self {
        let heading = |text: &str| match text.strip_prefix('>') {
            Some(text) => (text.to_owned(), true),
            None => (text.to_owned(), false),
        };
        Self {
            headings: headings.into_iter().map(heading).collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn render(&self, style: Style) -> String {
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| shown(cell, style)).collect())
            .collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].width());
            cells
                .chain([self.headings[column].0.width()])
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let headings: Vec<String> = self.headings.iter().map(|(text, _)| text.clone()).collect();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&rows) {
            let mut line = String::new();
            for ((cell, width), (_, right)) in row.iter().zip(&widths).zip(&self.headings) {
                if !line.is_empty() {
                    line.push_str("  ");
                }
                line.push_str(&padded(cell, *width, *right));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A text with spaces up to a width.
pub(super) fn padded(text: &str, width: usize, right: bool) -> String {
    let spaces = " ".repeat(width.saturating_sub(text.width()));
    if right {
        spaces + text
    } else {
        text.to_owned() + &spaces
    }
}

fn shown(cell: &str, style: Style) -> String {
    let line = cell.replace(char::is_control, " ");
    if style.unicode && line.width() > WIDEST {
        cut(&line, WIDEST)
    } else {
        line
    }
}

/// The beginning of a text, ended by an ellipsis, within a width.
fn cut(text: &str, width: usize) -> String {
    let mut cut = String::new();
    for letter in text.chars() {
        let next = format!("{cut}{letter}");
        if next.width() >= width {
            break;
        }
        cut = next;
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_aligned_with_wide_characters() {
        let mut table = Table::new(["Account", ">MRR"]);
        table.row(["(株)緑川印刷".to_owned(), "1,200".to_owned()]);
        table.row(["ABC".to_owned(), "900".to_owned()]);
        assert_eq!(
            table.render(Style::ASCII),
            "Account         MRR\n(株)緑川印刷  1,200\nABC             900\n"
        );
    }

    #[test]
    fn long_cells_are_cut_on_terminals_only() {
        let mut table = Table::new(["Name"]);
        table.row(["あ".repeat(40)]);
        assert!(table.render(Style::ASCII).contains(&"あ".repeat(40)));
        let cut = table.render(Style::UNICODE);
        assert!(
            cut.ends_with("…\n") && cut.lines().all(|line| line.width() <= WIDEST),
            "{cut}"
        );
    }
}
