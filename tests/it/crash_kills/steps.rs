//! What a writer does, and what became of it.

use keizoku_cli::client::Connection;
use keizoku_proto::accounts::AssignAccountRequest;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::{CompleteTaskRequest, Onboarding, ReopenTaskRequest};
use keizoku_proto::risk::{CloseRiskRequest, OpenRiskRequest, Risk, ScheduleNextActionRequest};
use keizoku_testkit::Refusal;
use tonic::{Code, Status};

/// One request. The same one again is the same request id.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Files a risk.
    Open(OpenRiskRequest),
    /// Moves the next action of the writer's own risk.
    Schedule(ScheduleNextActionRequest),
    /// Closes the writer's own risk.
    Close(CloseRiskRequest),
    /// Changes the account's group from a date on: two events in one append.
    Regroup(AssignAccountRequest),
    /// Moves the next action of the risk that all quarrel about, at the etag last seen.
    Quarrel(ScheduleNextActionRequest),
    /// Says that a task of the writer's onboarding was done.
    Complete(CompleteTaskRequest),
    /// Says that it was not.
    Reopen(ReopenTaskRequest),
    /// Files a risk of a type that does not exist.
    Refused(OpenRiskRequest),
}

/// What became of a step.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It is on disk.
    Acknowledged(Answer),
    /// The service refused it.
    Refused(Refusal),
    /// The process died first: nobody knows.
    Unknown,
}

/// What an acknowledgement says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) etag: String,
    /// The risk's, where it is one.
    pub(crate) open_date: Option<Date>,
}

impl From<Option<Onboarding>> for Answer {
    fn from(onboarding: Option<Onboarding>) -> Self {
        Self {
            etag: onboarding.unwrap().etag,
            open_date: None,
        }
    }
}

impl From<Option<Risk>> for Answer {
    fn from(risk: Option<Risk>) -> Self {
        let risk = risk.unwrap();
        Self {
            etag: risk.etag,
            open_date: risk.open_date,
        }
    }
}

impl Step {
    pub(crate) async fn send(&self, api: &Connection) -> Fate {
        let answer = match self.clone() {
            Self::Open(request) | Self::Refused(request) => {
                let answer = api.risks().open_risk(request).await;
                answer.map(|answer| answer.into_inner().risk.into())
            }
            Self::Schedule(request) | Self::Quarrel(request) => {
                let answer = api.risks().schedule_next_action(request).await;
                answer.map(|answer| answer.into_inner().risk.into())
            }
            Self::Close(request) => {
                let answer = api.risks().close_risk(request).await;
                answer.map(|answer| answer.into_inner().risk.into())
            }
            Self::Complete(request) => {
                let answer = api.onboardings().complete_task(request).await;
                answer.map(|answer| answer.into_inner().onboarding.into())
            }
            Self::Reopen(request) => {
                let answer = api.onboardings().reopen_task(request).await;
                answer.map(|answer| answer.into_inner().onboarding.into())
            }
            Self::Regroup(request) => {
                let answer = api.accounts().assign_account(request).await;
                answer.map(|answer| Answer {
                    etag: answer.into_inner().account.unwrap().etag,
                    open_date: None,
                })
            }
        };
        match answer {
            Ok(answer) => Fate::Acknowledged(answer),
            Err(status) if died(&status) => Fate::Unknown,
            Err(status) => Fate::Refused(Refusal::from(&status)),
        }
    }

    pub(crate) fn request_id(&self) -> &str {
        match self {
            Self::Open(request) | Self::Refused(request) => &request.request_id,
            Self::Schedule(request) | Self::Quarrel(request) => &request.request_id,
            Self::Close(request) => &request.request_id,
            Self::Complete(request) => &request.request_id,
            Self::Reopen(request) => &request.request_id,
            Self::Regroup(request) => &request.request_id,
        }
    }

    /// Events that it must leave behind, all of them or none.
    pub(crate) fn events(&self) -> usize {
        match self {
            Self::Regroup(_) => 2,
            _ => 1,
        }
    }
}

/// Whether nobody answered: the connection broke, or the service says that it does not know.
pub(crate) fn died(status: &Status) -> bool {
    let from_service = Refusal::from(status).domain == "keizoku";
    match (from_service, status.code()) {
        (true, code) => code == Code::Unavailable,
        (false, Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal) => true,
        (false, _) => panic!("neither an answer nor a broken connection: {status:?}"),
    }
}
