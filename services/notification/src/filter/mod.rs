//! A rule's filter: an expression in CEL over the fields of its trigger (NTF-2).
//!
//! What can be known to be wrong is refused when the rule is written: what does not compile, names a
//! field or function that there is not, compares what cannot be compared, or may take too long.
//! Whatever passes ends: it has no more steps than [`check::MOST_STEPS`], on texts of bounded length.
//! What only a fact shows (a division by zero, a value that is not there) is a [`Problem`]: whoever
//! asks tells the fact all the same, and says so, because a message too many is better than one too few.

mod check;

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::parser::Expression;
use cel::{Context, Env};
use keizoku_proto::notification::Trigger;

use crate::fields::{self, Value, Values};

/// Longest filter, in bytes.
pub(crate) const LONGEST: usize = 1_000;
/// Deepest nesting that is parsed.
const DEEPEST: u16 = 32;

/// The functions and types that CEL comes with.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A filter that was checked.
#[derive(Debug)]
pub(crate) struct Filter(Expression);

/// Why a text is no filter, in words for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Invalid(String);

/// Why a filter could not be evaluated for a fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Problem(String);

impl Filter {
    /// Reads a filter over the fields of a trigger.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(crate) fn read(source: &str, trigger: Trigger) -> Result<Self, Invalid> {
        if source.len() > LONGEST {
            return Err(Invalid(format!("is longer than {LONGEST} bytes")));
        }
        let deepest = deepest_brackets(source);
        if deepest > usize::from(DEEPEST) {
            return Err(Invalid(format!(
                "is nested {deepest} deep, more than {DEEPEST}"
            )));
        }
        // Whatever a parser makes of what somebody typed, it is that text's fault.
        let parse = || {
            let parser = STANDARD.parser().enable_optional_syntax(false);
            parser.max_recursion_depth(DEEPEST * 2).parse(source)
        };
        let expression = catch_unwind(AssertUnwindSafe(parse))
            .map_err(|_| Invalid("does not compile".to_owned()))?
            .map_err(|errors| Invalid(in_one_line(&errors)))?;
        check::check(&expression, &fields::of(trigger)).map_err(Invalid)?;
        Ok(Self(expression))
    }

    /// Whether a fact passes.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub(crate) fn passes(&self, values: &Values) -> Result<bool, Problem> {
        let evaluate = || cel::Value::resolve(&self.0, &context(values));
        match catch_unwind(AssertUnwindSafe(evaluate)) {
            Ok(Ok(cel::Value::Bool(passes))) => Ok(passes),
            Ok(Ok(_)) => Err(Problem("it says neither yes nor no".to_owned())),
            Ok(Err(error)) => Err(Problem(shortened(&error.to_string()))),
            Err(_) => Err(Problem("its evaluation panicked".to_owned())),
        }
    }
}

/// How deep brackets are nested; those in texts count as well.
fn deepest_brackets(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for letter in source.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What the compiler says: where and what, without the source again.
fn in_one_line(errors: &cel::ParseErrors) -> String {
    let places = errors.errors.iter().take(3).map(|error| {
        let (line, column) = error.pos;
        let what = error.msg.lines().next().unwrap_or_default();
        format!("line {line}, column {column}: {what}")
    });
    let places: Vec<String> = places.collect();
    shortened(&format!("does not compile: {}", places.join("; ")))
}

fn shortened(text: &str) -> String {
    let line = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(300).collect()
}

/// Fields by the name before their dot: `account`, `risk` and so on.
fn context(values: &Values) -> Context<'static, 'static> {
    let mut groups: BTreeMap<&str, HashMap<String, cel::Value>> = BTreeMap::new();
    for (name, value) in values.iter() {
        let Some((group, name)) = name.split_once('.') else {
            continue;
        };
        let value = match value {
            Value::Text(text) => cel::Value::from(text.as_str()),
            Value::Number(number) => cel::Value::Int(*number),
            Value::Flag(flag) => cel::Value::Bool(*flag),
            Value::Money(amount) => cel::Value::Int(amount.minor()),
            Value::Date(day) => cel::Value::from(day.to_string()),
        };
        groups
            .entry(group)
            .or_default()
            .insert(name.to_owned(), value);
    }
    let mut context = Context::with_env(Arc::clone(&STANDARD));
    for (group, fields) in groups {
        context.add_variable_from_value(group, cel::Value::from(fields));
    }
    context
}

#[cfg(test)]
mod tests;
