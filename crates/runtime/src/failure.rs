//! Errors on their way out: the one place that builds a gRPC `Status`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use keizoku_proto::common::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// Domain of every reason, as `ErrorInfo` wants one.
const DOMAIN: &str = "keizoku";

/// Longest message, longest other text and all violations together, in bytes. They travel in
/// headers, of which some clients take no more than 8 KiB; and what a client sent comes back in them.
const LONGEST_MESSAGE: usize = 1_500;
const LONGEST_TEXT: usize = 800;
const VIOLATIONS: usize = 2_400;

/// What a domain error says to the outside; its `Display` is the message.
pub trait DomainError: std::error::Error + Send + Sync + 'static {
    /// The gRPC code.
    fn code(&self) -> Code {
        Code::FailedPrecondition
    }
    /// The stable reason.
    fn reason(&self) -> ErrorReason;
    /// What a program may want to read.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A refusal or failure, ready to become a `Status`.
#[derive(Debug, Clone)]
pub struct Failure {
    code: Code,
    reason: ErrorReason,
    message: String,
    metadata: Vec<(&'static str, String)>,
    violations: Vec<FieldViolation>,
    retry_after: Option<Duration>,
}

impl Failure {
    /// A failure with its message for people.
    #[must_use]
    pub fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            metadata: Vec::new(),
            violations: Vec::new(),
            retry_after: None,
        }
    }

    /// Fields of the request are invalid: all of them.
    #[must_use]
    pub fn invalid(violations: Vec<FieldViolation>) -> Self {
        let listed: Vec<String> = violations
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description))
            .collect();
        let mut failure = Self::new(
            Code::InvalidArgument,
            ErrorReason::InvalidFields,
            listed.join("; "),
        );
        failure.violations = violations;
        failure
    }

    /// There is no such resource, as far as this service has read.
    #[must_use]
    pub fn not_found(name: &str) -> Self {
        Self::new(
            Code::NotFound,
            ErrorReason::NotFound,
            format!("{name} does not exist"),
        )
        .with("resource", name)
    }

    /// Nothing to be had just now; worth another try after `retry_after`.
    #[must_use]
    pub fn unavailable(reason: ErrorReason, message: impl Into<String>) -> Self {
        let mut failure = Self::new(Code::Unavailable, reason, message);
        failure.retry_after = Some(Duration::from_secs(1));
        failure
    }

    /// More is asked for at the same time than this process takes on; worth another try after
    /// `retry_after`.
    #[must_use]
    pub fn overloaded(retry_after: Duration) -> Self {
        let message = "there is too much to do just now; nothing was done, try again";
        let mut failure = Self::new(Code::ResourceExhausted, ErrorReason::Overloaded, message);
        failure.retry_after = Some(retry_after);
        failure
    }

    /// A bug or broken file: the chain is logged, the client learns no internals.
    #[must_use]
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain = format!("{chain}: {cause}");
            source = cause.source();
        }
        tracing::error!(error = %chain, "internal error");
        Self::new(
            Code::Internal,
            ErrorReason::Internal,
            "internal error; the server's log has it",
        )
    }

    /// Adds something that a program may want to read.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.metadata.push((key, value.into()));
        self
    }

    /// The gRPC code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether the request itself is at fault: trying again changes nothing.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self.code,
            Code::Unavailable | Code::ResourceExhausted | Code::Internal
        )
    }

    /// The stable reason as clients see it: `STALE_ETAG`.
    #[must_use]
    pub fn reason_name(&self) -> &'static str {
        let name = self.reason.as_str_name();
        name.strip_prefix("ERROR_REASON_").unwrap_or(name)
    }

    /// The stable reason.
    #[must_use]
    pub fn reason(&self) -> ErrorReason {
        self.reason
    }

    /// The message for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The error of a decision that refuses nothing: there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("never happens")]
pub struct Never(Infallible);

impl DomainError for Never {
    fn reason(&self) -> ErrorReason {
        match self.0 {}
    }
}

impl<E: DomainError> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut failure = Self::new(error.code(), error.reason(), error.to_string());
        failure.metadata = error.metadata();
        failure
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let reason = failure.reason_name();
        let metadata: HashMap<String, String> = failure
            .metadata
            .into_iter()
            .map(|(key, value)| (key.to_owned(), shortened(value, LONGEST_TEXT)))
            .collect();
        let message = shortened(failure.message, LONGEST_MESSAGE);
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, DOMAIN, metadata);
        if !failure.violations.is_empty() {
            details.set_bad_request(fitting(failure.violations));
        }
        if failure.code == Code::FailedPrecondition {
            details.add_precondition_failure_violation(reason, "", message.clone());
        }
        if let Some(delay) = failure.retry_after {
            details.set_retry_info(Some(delay));
        }
        Self::with_error_details(failure.code, message, details)
    }
}

/// The text, cut where it would not fit into `longest` bytes.
fn shortened(mut text: String, longest: usize) -> String {
    const CUT: &str = "…";
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest - CUT.len()));
        text.push_str(CUT);
    }
    text
}

/// All violations, or as many as fit and how many more there are.
fn fitting(violations: Vec<FieldViolation>) -> Vec<FieldViolation> {
    let count = violations.len();
    let mut room = VIOLATIONS;
    let mut shown = Vec::new();
    for mut violation in violations {
        violation.field = shortened(violation.field, LONGEST_TEXT);
        violation.description = shortened(violation.description, LONGEST_TEXT);
        let size = violation.field.len() + violation.description.len();
        if size > room {
            let more = format!("and {} more", count - shown.len());
            shown.push(FieldViolation::new("", more));
            break;
        }
        room -= size;
        shown.push(violation);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sent_does_not_come_back_in_full() {
        let long = "長".repeat(100_000);
        let violations = vec![FieldViolation::new("names", long.clone()); 1_000];
        let status = Status::from(Failure::invalid(violations).with("id", long));
        assert!(status.message().len() <= LONGEST_MESSAGE);
        assert!(status.details().len() < 6_000, "{}", status.details().len());
        let details = status.get_error_details();
        let shown = &details.bad_request().unwrap().field_violations;
        assert_eq!(shown.last().unwrap().description, "and 998 more");
    }
}
