//! Requests into values: every violation is collected, then all are refused at once.

use jiff::Timestamp;
use keizoku_core::{Day, Money};
use keizoku_proto::google::r#type::Date;
use tonic_types::FieldViolation;
use uuid::Uuid;

use crate::Failure;

/// Longest short text, such as a name, in characters; what common CRMs allow.
pub const SHORT_TEXT: usize = 255;
/// Longest long text, such as a detail, in characters; what common CRMs allow.
pub const LONG_TEXT: usize = 131_072;

/// Collects what is wrong with a request, field by field.
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<FieldViolation>,
}

impl Violations {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes what is wrong with a field.
    pub fn add(&mut self, field: &str, description: impl Into<String>) {
        self.found.push(FieldViolation::new(field, description));
    }

    /// The value, if nothing was wrong with any field.
    ///
    /// # Errors
    /// All violations, when there are any. `value` is `None` only when there are.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Failure> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(Failure::invalid(self.found)),
        }
    }

    /// What was found, for a caller that knows that something was.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        Failure::invalid(self.found)
    }

    /// All violations, when there are any.
    ///
    /// # Errors
    /// All violations.
    pub fn check(self) -> Result<(), Failure> {
        self.finish(Some(()))
    }

    /// A value that must parse.
    pub fn parse<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        parsed: Result<T, E>,
    ) -> Option<T> {
        parsed
            .map_err(|error| self.add(field, error.to_string()))
            .ok()
    }

    /// An idempotency key.
    pub fn request_id(&mut self, text: &str) -> Option<Uuid> {
        if text.is_empty() {
            self.add("request_id", "is required: a fresh UUID for every change");
            return None;
        }
        self.parse(
            "request_id",
            Uuid::try_parse(text).map_err(|_| "is not a UUID"),
        )
    }

    /// A text that may be empty.
    pub fn text(&mut self, field: &str, text: &str, longest: usize) -> String {
        // Bytes first: counting the characters of a megabyte is not needed to refuse it.
        if text.len() > longest * 4 || text.chars().count() > longest {
            self.add(field, format!("is longer than {longest} characters"));
        } else if text
            .chars()
            .any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
        {
            self.add(field, "contains control characters");
        }
        text.trim().to_owned()
    }

    /// A text that must say something.
    pub fn required_text(&mut self, field: &str, text: &str, longest: usize) -> String {
        let text = self.text(field, text, longest);
        if text.is_empty() {
            self.add(field, "is required");
        }
        text
    }

    /// The changes that an update mask asks for. `change` reads one from the name of a field;
    /// `None` where `method` does not change that field.
    pub fn update_mask<T>(
        &mut self,
        mask: &[String],
        method: &str,
        mut change: impl FnMut(&mut Self, &str) -> Option<T>,
    ) -> Vec<T> {
        if mask.is_empty() {
            self.add(
                "update_mask",
                "is required: the names of the fields to change",
            );
        }
        let mut changes = Vec::with_capacity(mask.len());
        for path in mask {
            match change(self, path) {
                Some(change) => changes.push(change),
                None => self.add(
                    "update_mask",
                    format!("`{path}` is not a field that {method} changes"),
                ),
            }
        }
        changes
    }

    /// A date that may be absent.
    pub fn day(&mut self, field: &str, date: Option<&Date>) -> Option<Day> {
        let date = date?;
        self.parse(field, keizoku_proto::day(date))
    }

    /// A date that must be there.
    pub fn required_day(&mut self, field: &str, date: Option<&Date>) -> Option<Day> {
        if date.is_none() {
            self.add(field, "is required");
        }
        self.day(field, date)
    }

    /// An instant that may be absent.
    pub fn instant(
        &mut self,
        field: &str,
        at: Option<&prost_reflect::prost_types::Timestamp>,
    ) -> Option<Timestamp> {
        let at = at?;
        let instant = Timestamp::new(at.seconds, at.nanos).ok();
        if instant.is_none() {
            self.add(field, "is not an instant");
        }
        instant
    }

    /// An amount of MRR in minor units.
    pub fn mrr(&mut self, field: &str, minor: i64) -> Option<Money> {
        self.parse(field, Money::mrr(minor))
    }
}
