//! Why a caller is not known.

use jiff::Timestamp;
use keizoku_proto::common::ErrorReason;
use tonic::Code;

use crate::DomainError;

/// Why a caller is not known: what to change, and no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unknown {
    #[error("the call carries no token; send it as `authorization: Bearer TOKEN`")]
    NoToken,
    #[error("the authorization header does not read `Bearer TOKEN`")]
    NotBearer,
    #[error("the token is not a JWT that is signed with HS256, RS256 or ES256")]
    Malformed,
    #[error("the token is signed with {0}, which no key of this server takes")]
    Algorithm(&'static str),
    #[error("the token is signed with a key that this server does not know")]
    Key,
    #[error("the token's signature does not fit")]
    Signature,
    #[error("the token's claim `{0}` is missing or of another type")]
    Claim(&'static str),
    #[error("the token was not issued by the issuer that this server trusts")]
    Issuer,
    #[error("the token is not meant for this server: its audience is another")]
    Audience,
    #[error("the token expired at {0}; get a fresh one")]
    Expired(Timestamp),
    #[error("the token is not valid before {0}")]
    TooEarly(Timestamp),
    #[error("the client certificate names nobody whom `access.certificate_roles` lists")]
    Certificate,
}

impl Unknown {
    /// For programs.
    fn problem(&self) -> &'static str {
        match self {
            Self::NoToken => "NO_TOKEN",
            Self::NotBearer => "NOT_BEARER",
            Self::Malformed => "MALFORMED",
            Self::Algorithm(_) => "ALGORITHM",
            Self::Key => "KEY",
            Self::Signature => "SIGNATURE",
            Self::Claim(_) => "CLAIM",
            Self::Issuer => "ISSUER",
            Self::Audience => "AUDIENCE",
            Self::Expired(_) => "EXPIRED",
            Self::TooEarly(_) => "TOO_EARLY",
            Self::Certificate => "CERTIFICATE",
        }
    }
}

impl DomainError for Unknown {
    fn code(&self) -> Code {
        Code::Unauthenticated
    }

    fn reason(&self) -> ErrorReason {
        ErrorReason::Unauthenticated
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("problem", self.problem().to_owned())]
    }
}
