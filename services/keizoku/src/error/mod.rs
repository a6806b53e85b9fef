//! What can go wrong at a terminal, and how it is told.

mod advice;

use std::fmt::Write as _;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::import::Unusable;

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody answers.
    #[error("nobody answers at {endpoint}")]
    Unreachable {
        /// Where it was tried.
        endpoint: String,
        /// Why.
        source: Box<tonic::transport::Error>,
    },
    /// The server refuses, or broke off.
    #[error("{}", .status.message())]
    Refused {
        /// What it says.
        #[source]
        status: Box<Status>,
        /// The file that was being imported; empty otherwise.
        file: String,
    },
    /// The arguments do not make sense together.
    #[error("{0}")]
    Usage(String),
    /// The arguments name something that does not exist, or several things.
    #[error("{0}")]
    Lookup(String),
    /// The answer makes no sense to this version.
    #[error("{0}")]
    Answer(String),
    /// The files of an import cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// Nothing can be written.
    #[error("cannot write {place}")]
    Write {
        /// Where.
        place: String,
        /// Why.
        source: std::io::Error,
    },
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Refused {
            status: Box::new(status),
            file: String::new(),
        }
    }
}

impl Failure {
    /// 2 where the caller has to change what was handed in, 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Unusable(_) => 2,
            _ => 1,
        }
    }

    /// Names the file that was being imported.
    #[must_use]
    pub(crate) fn while_importing(self, name: &str) -> Self {
        match self {
            Self::Refused { status, .. } => Self::Refused {
                status,
                file: name.to_owned(),
            },
            other => other,
        }
    }

    /// The whole story on several lines: what, which fields, why, and what to do next.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = format!("error: {self}\n");
        match self {
            Self::Unreachable { endpoint, source } => {
                let _ = writeln!(text, "  why: {}", innermost(source.as_ref()));
                if endpoint.starts_with("https:") {
                    text.push_str(
                        "  try: name the authority that signed its certificate with --ca\n",
                    );
                }
                text.push_str("  try: start the server with `./dev run` or `keizoku serve`, or name another one\n");
                text.push_str("       with --endpoint or KEIZOKU_ENDPOINT\n");
            }
            Self::Refused { status, file } => {
                explain_status(&mut text, status);
                if !file.is_empty() {
                    let _ = writeln!(
                        text,
                        "  in:  {file}; what went in stays in, and the same import again goes on from there"
                    );
                }
            }
            Self::Write { source, .. } => {
                let _ = writeln!(text, "  why: {source}");
            }
            Self::Usage(_) | Self::Lookup(_) | Self::Answer(_) | Self::Unusable(_) => {}
        }
        text
    }
}

fn explain_status(text: &mut String, status: &Status) {
    if let Some(request) = status.get_details_bad_request() {
        // The message lists the fields once more: a line for each reads better.
        "error: the request is not valid\n".clone_into(text);
        for violation in request.field_violations {
            let _ = writeln!(text, "  {}: {}", violation.field, violation.description);
        }
    } else if status.message().is_empty() {
        *text = format!("error: {}\n", status.code().description());
    }
    let code = code_name(status.code());
    let reason = reason_of(status);
    let _ = match &reason {
        Some(reason) if *reason != code => writeln!(text, "  why: {reason} ({code})"),
        _ => writeln!(text, "  why: {code}"),
    };
    if let Some(delay) = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay)
    {
        let _ = writeln!(text, "  try: again in {} s", delay.as_secs().max(1));
    } else if let Some(advice) = advice::of(reason.as_deref().unwrap_or_default(), status.code()) {
        let _ = writeln!(text, "  try: {advice}");
    }
}

/// The stable reason of a refusal.
pub(crate) fn reason_of(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The code as the protocol spells it.
fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, FieldViolation};

    use super::*;

    #[test]
    fn every_field_gets_its_line() {
        let mut details = ErrorDetails::new();
        details.set_error_info(
            "INVALID_FIELDS",
            "keizoku",
            std::collections::HashMap::new(),
        );
        details.set_bad_request(vec![
            FieldViolation::new("display_name", "is required"),
            FieldViolation::new("leads_to_churn", "is required"),
        ]);
        let status = Status::with_error_details(Code::InvalidArgument, "a; b", details);
        assert_eq!(
            Failure::from(status).explain(),
            "error: the request is not valid\n  display_name: is required\n  leads_to_churn: is required\n  \
             why: INVALID_FIELDS (INVALID_ARGUMENT)\n  try: correct the values above\n"
        );
    }

    #[test]
    fn a_closed_risk_says_what_can_be_done() {
        let mut details = ErrorDetails::new();
        details.set_error_info("RISK_CLOSED", "keizoku", std::collections::HashMap::new());
        let status =
            Status::with_error_details(Code::FailedPrecondition, "the risk is closed", details);
        let told = Failure::from(status).explain();
        assert!(told.contains("keizoku risk reopen"), "{told}");
        assert!(told.contains("RISK_CLOSED (FAILED_PRECONDITION)"), "{told}");
    }
}
