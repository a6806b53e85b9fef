//! Why an onboarding is not changed.

use keizoku_core::Day;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

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
    /// Exit criteria that are not met, by the keys of their tasks (ONB-6).
    #[error(
        "not done yet: {}; do it, or move on with a reason (MoveOnboarding)",
        .0.join(", ")
    )]
    Unmet(Vec<String>),
    /// It pauses.
    #[error("the onboarding is on hold until {0}: resume it first")]
    OnHold(Day),
    /// It does not pause.
    #[error("the onboarding is not on hold")]
    NotOnHold,
    /// It is in the last phase.
    #[error("there is no phase after this one: complete the onboarding")]
    NoPhaseAfter,
    /// It is not in the last phase.
    #[error("the onboarding is in phase `{0}`: only in the last phase it can be completed")]
    LastPhaseNotReached(String),
    /// The plan has no such phase.
    #[error("the plan has no phase `{0}`: name one of its phases")]
    PhaseUnknown(String),
    /// The plan has no such task.
    #[error("the plan has no task `{0}`: name one of its tasks")]
    TaskUnknown(String),
    /// The kickoff comes after a complete hand-off (ONB-1).
    #[error(
        "the hand-off lacks {}: complete it, or say why it need not be (override_reason)",
        .0.join(", ")
    )]
    HandOffIncomplete(Vec<String>),
    /// It is done by recording what it is about.
    #[error("the task `{0}` is done by recording the kickoff, or by rating the expectation gap")]
    HasItsOwnCommand(String),
    /// A date in the future, or before what it follows.
    #[error("the date {0} lies in the future, or before what it follows")]
    ImpossibleDate(Day),
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Exists => Code::AlreadyExists,
            Self::Unknown | Self::TaskUnknown(_) => Code::NotFound,
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
            Self::Unmet(_) => ErrorReason::ExitCriteriaUnmet,
            Self::OnHold(_) => ErrorReason::OnboardingOnHold,
            Self::NotOnHold => ErrorReason::OnboardingNotOnHold,
            Self::LastPhaseNotReached(_) => ErrorReason::LastPhaseNotReached,
            Self::NoPhaseAfter | Self::PhaseUnknown(_) => ErrorReason::PhaseUnknown,
            Self::TaskUnknown(_) => ErrorReason::TaskUnknown,
            Self::ImpossibleDate(_) => ErrorReason::OnboardingDateImpossible,
            Self::HandOffIncomplete(_) => ErrorReason::HandOffIncomplete,
            Self::HasItsOwnCommand(_) => ErrorReason::TaskHasItsOwnCommand,
        }
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unmet(unmet) => vec![("unmet", unmet.join(","))],
            Self::HandOffIncomplete(missing) => vec![("missing", missing.join(","))],
            _ => Vec::new(),
        }
    }
}
