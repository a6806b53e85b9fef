//! A unique external id is a stream of its own: whoever writes it first has it (ACC-1).

use jiff::Timestamp;
use keizoku_core::{AccountId, Ctx, Decider};
use keizoku_proto::accounts::ExternalIdClaimed;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

/// The claim to one external id.
pub struct Claim;

/// Who has the external id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The account; `None` while nobody has it.
    pub account: Option<AccountId>,
}

/// Claims the external id for an account.
#[derive(Debug, Clone)]
pub struct Command {
    /// The external id.
    pub external_id: String,
    /// Who claims it.
    pub account: AccountId,
    /// The account that has the claim, if it does not carry the id: its claim was left over by a
    /// command that went no further, and may be taken over.
    pub abandoned_by: Option<AccountId>,
}

/// The external id belongs to another account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the external id `{external_id}` belongs to accounts/{account}")]
pub struct Taken {
    /// The external id.
    pub external_id: String,
    /// The account that carries it.
    pub account: AccountId,
}

impl DomainError for Taken {
    fn code(&self) -> Code {
        Code::AlreadyExists
    }
    fn reason(&self) -> ErrorReason {
        ErrorReason::ExternalIdTaken
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![
            ("external_id", self.external_id.clone()),
            ("account", self.account.to_string()),
        ]
    }
}

impl Decider for Claim {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Taken;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Taken> {
        match state.account {
            Some(account) if account == command.account => Ok(Vec::new()),
            Some(account) if command.abandoned_by != Some(account) => Err(Taken {
                external_id: command.external_id,
                account,
            }),
            _ => Ok(vec![Kind::ExternalIdClaimed(ExternalIdClaimed {
                external_id: command.external_id,
                account_id: command.account.to_string(),
            })]),
        }
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::ExternalIdClaimed(claimed) = event {
            state.account = claimed.account_id.parse().ok();
        }
    }
}
