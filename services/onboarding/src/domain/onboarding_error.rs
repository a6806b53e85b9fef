//! Why an onboarding is not changed.

use keizoku_core::Day;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

use super::course::Refusal;

/// Why an onboarding is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The account has one for this product.
    #[error("the account has an onboarding for this product")]
    Exists,
    /// There is no such onboarding.
    #[error("the onboarding does not exist")]
    Unknown,
    /// Nothing of it changes any more.
    #[error("the onboarding is completed")]
    Closed,
    /// It was handed back, is dormant, or ended with its account.
    #[error("the onboarding was handed back, is dormant or ended: relaunch it first")]
    Left,
    /// It has not left.
    #[error("the onboarding goes on: there is nothing to relaunch")]
    GoesOn,
    /// There is no such goal, or it was reviewed (ONB-4).
    #[error("the onboarding has no open goal `{0}`: name one that it has")]
    GoalNotOpen(String),
    /// Its plan does not allow it.
    #[error(transparent)]
    Course(#[from] Refusal),
    /// It pauses.
    #[error("the onboarding is on hold until {0}: resume it first")]
    OnHold(Day),
    /// It does not pause.
    #[error("the onboarding is not on hold")]
    NotOnHold,
    /// The kickoff comes after a complete hand-off (ONB-1).
    #[error(
        "the hand-off lacks {}: complete it, or say why it need not be (override_reason)",
        .0.join(", ")
    )]
    HandOffIncomplete(Vec<String>),
    /// It is done by recording what it is about.
    #[error("the task `{0}` is done by recording the kickoff, or by rating the expectation gap")]
    HasItsOwnCommand(String),
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Exists => Code::AlreadyExists,
            Self::Unknown => Code::NotFound,
            Self::Course(refusal) => refusal.code(),
            _ => Code::FailedPrecondition,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Exists => ErrorReason::AlreadyExists,
            Self::Unknown => ErrorReason::NotFound,
            Self::Closed => ErrorReason::OnboardingClosed,
            Self::GoalNotOpen(_) => ErrorReason::GoalNotOpen,
            Self::Left => ErrorReason::OnboardingLeft,
            Self::GoesOn => ErrorReason::OnboardingGoesOn,
            Self::Course(refusal) => refusal.reason(),
            Self::OnHold(_) => ErrorReason::OnboardingOnHold,
            Self::NotOnHold => ErrorReason::OnboardingNotOnHold,
            Self::HandOffIncomplete(_) => ErrorReason::HandOffIncomplete,
            Self::HasItsOwnCommand(_) => ErrorReason::TaskHasItsOwnCommand,
        }
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Course(refusal) => refusal.metadata(),
            Self::HandOffIncomplete(missing) => vec![("missing", missing.join(","))],
            _ => Vec::new(),
        }
    }
}
