//! The refusal that every aggregate shares: it is there already, or it is not there.

use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

/// Why something is neither added nor changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Existence {
    /// The id is taken.
    #[error("the {kind} {id} exists")]
    Exists {
        /// What it is.
        kind: &'static str,
        /// Its id as text.
        id: String,
    },
    /// There is no such thing.
    #[error("the {0} does not exist")]
    Unknown(&'static str),
}

impl Existence {
    pub(super) fn exists(kind: &'static str, id: &str) -> Self {
        let id = id.to_owned();
        Self::Exists { kind, id }
    }
}

impl DomainError for Existence {
    fn code(&self) -> Code {
        match self {
            Self::Exists { .. } => Code::AlreadyExists,
            Self::Unknown(_) => Code::NotFound,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Exists { .. } => ErrorReason::AlreadyExists,
            Self::Unknown(_) => ErrorReason::NotFound,
        }
    }
}
