//! One risk, from filing to closing (RISK-1 to RISK-4).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::risk::event::Kind;
use keizoku_proto::risk::{
    ClosureAmended, Completion, FrozenImpact, LeadsToChurn, LeadsToChurnAssessed, NextAction,
    NextActionScheduled, RiskAssigned, RiskClosed, RiskClosureRequested, RiskDescription,
    RiskOpened, RiskOwner, RiskReopened, RiskRevised,
};
use keizoku_runtime::DomainError;
use tonic::Code;

/// Something that a CSM caught and that may end in churn.
pub struct Risk;

/// What is known of a risk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such risk.
    pub id: String,
    /// Id of the account that it was filed for.
    pub account_id: String,
    /// What it says.
    pub description: RiskDescription,
    /// Who works on it.
    pub owner: RiskOwner,
    /// Whether it is expected to end in churn.
    pub leads_to_churn: LeadsToChurn,
    /// What is done next.
    pub next_action: Option<NextAction>,
    /// When it was opened, as a local date.
    pub open_date: Option<Day>,
    /// Id in another system.
    pub external_id: String,
    /// How it ended; present exactly while it is closed (RISK-3).
    pub closure: Option<Closure>,
    /// Closures before it was reopened, with the reason, oldest first.
    pub earlier_closures: Vec<(Closure, String)>,
    /// How often the next action was moved to a later date since it was opened or reopened.
    pub postponements: u32,
    /// Whether it asks for closure, because its account has churned (RX-5).
    pub closure_request: Option<ClosureRequest>,
    /// Date of the third postponement and of every one after it.
    pub postponed_on: Option<Timestamp>,
}

/// Why it should be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosureRequest {
    /// The completion that is proposed.
    pub completion: Completion,
    /// The account's first day without MRR.
    pub churn_date: Day,
    /// When it was recorded.
    pub requested_at: Timestamp,
}

/// How a risk ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Closure {
    /// How.
    pub completion: Completion,
    /// When, as a local date.
    pub completion_date: Option<Day>,
    /// How it landed.
    pub result: String,
    /// The impact at the instant of closing.
    pub impact: FrozenImpact,
    /// When it was recorded.
    pub closed_at: Timestamp,
}

impl State {
    /// Whether the risk was opened at all.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.id.is_empty()
    }

    /// Whether it is being worked on; derived, never set (RISK-3).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.exists() && self.closure.is_none()
    }

    /// When the next action is due.
    #[must_use]
    pub fn due(&self) -> Option<Day> {
        due(self.next_action.as_ref())
    }

    /// Open, with a next action that was due before `today` (RISK-7).
    #[must_use]
    pub fn is_overdue(&self, today: Day) -> bool {
        self.is_open() && self.due().is_some_and(|due| due < today)
    }
}

fn due(action: Option<&NextAction>) -> Option<Day> {
    keizoku_proto::optional_day(action?.due_date.as_ref())
        .ok()
        .flatten()
}

/// A completion, as somebody enters it.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed {
    /// How it ended.
    pub completion: Completion,
    /// When, as a local date.
    pub date: Day,
    /// How it landed.
    pub result: String,
}

/// What of the description somebody changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DescriptionChange {
    /// What the problem is.
    pub display_name: Option<String>,
    /// Key of the type.
    pub r#type: Option<String>,
    /// At length.
    pub detail: Option<String>,
    /// Remarks.
    pub remarks: Option<String>,
}

/// What somebody wants of a risk.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Files it.
    Open(RiskOpened),
    /// Changes what it says.
    Revise(DescriptionChange),
    /// Hands it to somebody else.
    Assign(RiskOwner),
    /// Changes the expectation of churn.
    Assess(LeadsToChurn, String),
    /// Schedules, moves or clears the next action.
    Schedule(Option<NextAction>),
    /// Closes it, with the impact of this instant.
    Close(Completed, FrozenImpact),
    /// Asks a person to close it as failed: its account churned on this date (RX-5).
    RequestClosure(Day),
    /// Corrects the closure; what is absent stays.
    Amend {
        /// How it ended.
        completion: Option<Completion>,
        /// When.
        date: Option<Day>,
        /// How it landed.
        result: Option<String>,
    },
    /// Opens it again.
    Reopen(String),
    /// Makes it be like this, whatever it was (ACC-7).
    Import(Box<Import>),
}

/// A risk as another system holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The risk while it was open.
    pub opened: RiskOpened,
    /// How it ended, if it did, with the impact on that date.
    pub completed: Option<(Completed, FrozenImpact)>,
}

/// Why a risk is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The id is taken.
    #[error("the risk exists")]
    Exists,
    /// There is no such risk.
    #[error("the risk does not exist")]
    Unknown,
    /// Only its closure may be amended, or it may be reopened (RISK-4).
    #[error("the risk is closed: amend its closure, or reopen it")]
    Closed,
    /// There is no closure.
    #[error("the risk is open")]
    Open,
    /// Nothing completes in the future, or before it was opened.
    #[error("the completion date {0} lies in the future or before the risk was opened")]
    ImpossibleDate(Day),
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Exists => Code::AlreadyExists,
            Self::Unknown => Code::NotFound,
            Self::Closed | Self::Open | Self::ImpossibleDate(_) => Code::FailedPrecondition,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Exists => ErrorReason::AlreadyExists,
            Self::Unknown => ErrorReason::NotFound,
            Self::Closed => ErrorReason::RiskClosed,
            Self::Open => ErrorReason::RiskOpen,
            Self::ImpossibleDate(_) => ErrorReason::CompletionDateImpossible,
        }
    }
}

impl Decider for Risk {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let risk_id = || state.id.clone();
        match command {
            Command::Open(_) if state.exists() => Err(Error::Exists),
            Command::Open(opened) => Ok(vec![Kind::RiskOpened(opened)]),
            Command::Import(import) => Ok(super::risk_import::differences(state, *import)),
            _ if !state.exists() => Err(Error::Unknown),
            Command::Amend {
                completion,
                date,
                result,
            } => amend(state, completion, date, result, ctx),
            Command::Reopen(reason) if state.closure.is_some() => {
                Ok(vec![Kind::RiskReopened(RiskReopened {
                    risk_id: risk_id(),
                    reason,
                })])
            }
            Command::Reopen(_) => Err(Error::Open),
            Command::RequestClosure(churn_date) => Ok(request_closure(state, churn_date)),
            _ if state.closure.is_some() => Err(Error::Closed),
            Command::Revise(change) => Ok(revise(state, change)),
            Command::Assign(owner) if owner == state.owner => Ok(Vec::new()),
            Command::Assign(owner) => Ok(vec![Kind::RiskAssigned(RiskAssigned {
                risk_id: risk_id(),
                owner: Some(owner),
            })]),
            Command::Assess(flag, _) if flag == state.leads_to_churn => Ok(Vec::new()),
            Command::Assess(flag, reason) => Ok(vec![assessed(state, flag, reason)]),
            Command::Schedule(next_action) if next_action == state.next_action => Ok(Vec::new()),
            Command::Schedule(next_action) => Ok(vec![scheduled(state, next_action)]),
            Command::Close(completed, impact) => {
                possible(state, completed.date, ctx.today)?;
                Ok(vec![closed(state, completed, impact)])
            }
        }
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::RiskOpened(opened) => {
                state.id.clone_from(&opened.risk_id);
                state.account_id.clone_from(&opened.account_id);
                state.description = opened.description.clone().unwrap_or_default();
                state.owner = opened.owner.clone().unwrap_or_default();
                state.leads_to_churn = opened.leads_to_churn();
                state.next_action.clone_from(&opened.next_action);
                state.open_date = keizoku_proto::optional_day(opened.open_date.as_ref())
                    .ok()
                    .flatten();
                state.external_id.clone_from(&opened.external_id);
            }
            Kind::RiskRevised(e) => state.description = e.description.clone().unwrap_or_default(),
            Kind::RiskAssigned(e) => state.owner = e.owner.clone().unwrap_or_default(),
            Kind::LeadsToChurnAssessed(e) => state.leads_to_churn = e.leads_to_churn(),
            Kind::NextActionScheduled(e) => {
                if state
                    .due()
                    .is_some_and(|old| due(e.next_action.as_ref()) > Some(old))
                {
                    state.postponements += 1;
                    state.postponed_on = Some(at);
                }
                state.next_action.clone_from(&e.next_action);
            }
            Kind::RiskClosureRequested(e) => {
                let churn_date = keizoku_proto::optional_day(e.churn_date.as_ref());
                let request = |churn_date| ClosureRequest {
                    completion: e.completion(),
                    churn_date,
                    requested_at: at,
                };
                state.closure_request = churn_date.ok().flatten().map(request);
            }
            Kind::RiskClosed(e) => {
                state.closure_request = None;
                state.closure = Some(Closure {
                    completion: e.completion(),
                    completion_date: keizoku_proto::optional_day(e.completion_date.as_ref())
                        .ok()
                        .flatten(),
                    result: e.result.clone(),
                    impact: e.impact.unwrap_or_default(),
                    closed_at: at,
                });
            }
            Kind::ClosureAmended(e) => {
                if let Some(closure) = &mut state.closure {
                    closure.completion = e.completion();
                    closure.completion_date =
                        keizoku_proto::optional_day(e.completion_date.as_ref())
                            .ok()
                            .flatten();
                    closure.result.clone_from(&e.result);
                }
            }
            Kind::RiskReopened(e) => {
                state
                    .earlier_closures
                    .extend(state.closure.take().map(|c| (c, e.reason.clone())));
                state.postponements = 0;
                state.postponed_on = None;
            }
            _ => {}
        }
    }
}

fn possible(state: &State, date: Day, today: Day) -> Result<(), Error> {
    let too_early = state.open_date.is_some_and(|opened| date < opened);
    if date > today || too_early {
        Err(Error::ImpossibleDate(date))
    } else {
        Ok(())
    }
}

/// Whoever was faster closed it; and to ask once is enough.
fn request_closure(state: &State, churn_date: Day) -> Vec<Kind> {
    let asked = state.closure_request.map(|request| request.churn_date);
    if state.closure.is_some() || asked == Some(churn_date) {
        return Vec::new();
    }
    vec![Kind::RiskClosureRequested(RiskClosureRequested {
        risk_id: state.id.clone(),
        completion: Completion::Failed.into(),
        churn_date: Some(churn_date.into()),
    })]
}

fn revise(state: &State, change: DescriptionChange) -> Vec<Kind> {
    let known = &state.description;
    let description = RiskDescription {
        display_name: change
            .display_name
            .unwrap_or_else(|| known.display_name.clone()),
        r#type: change.r#type.unwrap_or_else(|| known.r#type.clone()),
        detail: change.detail.unwrap_or_else(|| known.detail.clone()),
        remarks: change.remarks.unwrap_or_else(|| known.remarks.clone()),
    };
    if description == *known {
        return Vec::new();
    }
    vec![Kind::RiskRevised(RiskRevised {
        risk_id: state.id.clone(),
        description: Some(description),
    })]
}

fn amend(
    state: &State,
    completion: Option<Completion>,
    date: Option<Day>,
    result: Option<String>,
    ctx: &Ctx,
) -> Result<Vec<Kind>, Error> {
    let known = state.closure.as_ref().ok_or(Error::Open)?;
    if let Some(date) = date {
        possible(state, date, ctx.today)?;
    }
    let completion = completion.unwrap_or(known.completion);
    let date = date.or(known.completion_date);
    let result = result.unwrap_or_else(|| known.result.clone());
    if (completion, date, &result) == (known.completion, known.completion_date, &known.result) {
        return Ok(Vec::new());
    }
    Ok(vec![amended(state, completion, date, result)])
}

pub(super) fn assessed(state: &State, flag: LeadsToChurn, reason: String) -> Kind {
    let risk_id = state.id.clone();
    Kind::LeadsToChurnAssessed(LeadsToChurnAssessed {
        risk_id,
        leads_to_churn: flag.into(),
        reason,
    })
}

pub(super) fn scheduled(state: &State, next_action: Option<NextAction>) -> Kind {
    Kind::NextActionScheduled(NextActionScheduled {
        risk_id: state.id.clone(),
        next_action,
    })
}

pub(super) fn closed(state: &State, completed: Completed, impact: FrozenImpact) -> Kind {
    Kind::RiskClosed(RiskClosed {
        risk_id: state.id.clone(),
        completion: completed.completion.into(),
        completion_date: Some(completed.date.into()),
        result: completed.result,
        impact: Some(impact),
    })
}

pub(super) fn amended(
    state: &State,
    completion: Completion,
    date: Option<Day>,
    result: String,
) -> Kind {
    Kind::ClosureAmended(ClosureAmended {
        risk_id: state.id.clone(),
        completion: completion.into(),
        completion_date: date.map(Into::into),
        result,
    })
}

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
