//! One thing with its fields, a line each.

use unicode_width::UnicodeWidthStr as _;

use super::table::padded;

/// A title and labelled values; empty values are left out, long ones are indented.
pub(super) struct Card {
    title: String,
    fields: Vec<(&'static str, String)>,
}

impl Card {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            fields: Vec::new(),
        }
    }

    pub(super) fn field(&mut self, label: &'static str, value: impl Into<String>) -> &mut Self {
        self.fields.push((label, value.into()));
        self
    }

    pub(super) fn render(&self) -> String {
        let shown: Vec<&(&str, String)> = self
            .fields
            .iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        let width = shown
            .iter()
            .map(|(label, _)| label.width())
            .max()
            .unwrap_or(0);
        let mut text = format!("{}\n", self.title);
        for (label, value) in shown {
            for (number, line) in value.trim_end().lines().enumerate() {
                let label = if number == 0 { label } else { "" };
                let line = line.replace(char::is_control, " ");
                let line = format!("  {}  {line}", padded(label, width, false));
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_left_out_and_long_ones_indented() {
        let mut card = Card::new("title");
        card.field("owner", "木村")
            .field("tier", "")
            .field("detail", "一\n二");
        assert_eq!(
            card.render(),
            "title\n  owner   木村\n  detail  一\n          二\n"
        );
    }
}
