//! What one rule says about one fact: whether its filter lets it through, and in which words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keizoku_proto::notification::{Message, Rule as Terms};

use crate::fields::Values;
use crate::filter::{Filter, Invalid};
use crate::message::template::Writer;
use crate::message::words;

/// Filters kept ready; a deployment has fewer rules, and trials bring others.
const KEPT: usize = 500;

/// What a rule's filter says about a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is told.
    Tells,
    /// It is not.
    FilteredOut,
    /// It cannot be said, for this reason: the fact is told all the same.
    Failed(String),
}

impl Verdict {
    /// Why the filter could not be evaluated; empty when it could.
    pub(crate) fn problem(&self) -> &str {
        match self {
            Self::Failed(problem) => problem,
            Self::Tells | Self::FilteredOut => "",
        }
    }
}

type Read = Arc<Result<Filter, Invalid>>;

/// Filters that were read before, by trigger and text.
#[derive(Default)]
pub(crate) struct Filters(Mutex<HashMap<(i32, String), Read>>);

impl Filters {
    /// Asks a rule's filter about a fact.
    pub(crate) fn judge(&self, terms: &Terms, values: &Values) -> Verdict {
        if terms.filter.is_empty() {
            return Verdict::Tells;
        }
        // A filter that was good when it was written and is not any more is no reason to be silent.
        let passes = match &*self.read(terms) {
            Ok(filter) => filter.passes(values).map_err(|problem| problem.to_string()),
            Err(invalid) => Err(invalid.to_string()),
        };
        match passes {
            Ok(true) => Verdict::Tells,
            Ok(false) => Verdict::FilteredOut,
            Err(problem) => Verdict::Failed(problem),
        }
    }

    fn read(&self, terms: &Terms) -> Read {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() > KEPT {
            kept.clear();
        }
        let key = (terms.trigger, terms.filter.clone());
        let read = || Arc::new(Filter::read(&terms.filter, terms.trigger()));
        Arc::clone(kept.entry(key).or_insert_with(read))
    }
}

/// A trigger's message in the words of a rule, with a note where its filter could not be evaluated.
pub(crate) fn in_words_of(
    rule: &str,
    terms: &Terms,
    problem: &str,
    mut message: Message,
    (values, writer): (&Values, &Writer),
) -> Message {
    if let Some(template) = &terms.template {
        words::apply(&mut message, template, values, writer);
    }
    if !problem.is_empty() {
        let note = writer.locale.filter_failed(rule, problem);
        let separator = if message.footer.is_empty() { "" } else { " " };
        message.footer = format!("{}{separator}{note}", message.footer);
    }
    message
}
