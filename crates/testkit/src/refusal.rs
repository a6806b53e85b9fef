//! What a refusal says, in a shape that a test can compare.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// A refusal and its details.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The gRPC code.
    pub code: Code,
    /// `ErrorInfo.reason`; empty where there is none.
    pub reason: String,
    /// `ErrorInfo.domain`.
    pub domain: String,
    /// `ErrorInfo.metadata`.
    pub metadata: HashMap<String, String>,
    /// The fields that `BadRequest` names, sorted.
    pub fields: Vec<String>,
    /// `RetryInfo`.
    pub retry_after: Option<Duration>,
    /// Whether `PreconditionFailure` says what is in the way.
    pub names_precondition: bool,
    /// For people.
    pub message: String,
}

impl From<&Status> for Refusal {
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let mut fields: Vec<String> = details
            .bad_request()
            .map(|bad| &bad.field_violations)
            .into_iter()
            .flatten()
            .map(|violation| violation.field.clone())
            .collect();
        fields.sort();
        Self {
            code: status.code(),
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            domain: info.map(|info| info.domain.clone()).unwrap_or_default(),
            metadata: info.map(|info| info.metadata.clone()).unwrap_or_default(),
            fields,
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            names_precondition: details
                .precondition_failure()
                .is_some_and(|failure| !failure.violations.is_empty()),
            message: status.message().to_owned(),
        }
    }
}

impl Refusal {
    /// Code and reason, to be compared at once.
    #[must_use]
    pub fn kind(&self) -> (Code, &str) {
        (self.code, &self.reason)
    }
}

/// The refusal that a call must be answered with.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> Refusal {
    match answer {
        Err(status) => Refusal::from(&status),
        Ok(answer) => panic!("expected a refusal, got {:?}", answer.into_inner()),
    }
}
