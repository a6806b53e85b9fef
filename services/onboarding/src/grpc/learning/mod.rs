//! The RPCs about contents, seminars and coaching rules: parse, execute, reply (ONB-9).

mod coaching;
mod contents;
mod entries;
mod seminars;

use keizoku_proto::onboarding as proto;
use keizoku_proto::onboarding::Learner;
use keizoku_proto::onboarding::learning_service_server::LearningService;
use keizoku_runtime::Failure;
use tonic::{Request, Response, Status};

use super::reply;
use crate::{Onboardings, Service};

impl Onboardings {
    /// Makes sure that the accounts of learners are known, as far as the tokens say.
    async fn require_learners(
        &self,
        learners: impl Iterator<Item = &Learner>,
        tokens: &[String],
    ) -> Result<(), Failure> {
        self.change_freshness.wait(tokens).await?;
        for learner in learners {
            let account = learner.account_id.parse();
            if !account.is_ok_and(|account| self.book.has_account(account)) {
                return Err(Failure::not_found(&participant(&learner.account_id, "")));
            }
        }
        Ok(())
    }
}

/// `accounts/{account}`, or `accounts/{account}/contacts/{contact}`.
fn participant(account: &str, contact: &str) -> String {
    if contact.is_empty() {
        format!("accounts/{account}")
    } else {
        format!("accounts/{account}/contacts/{contact}")
    }
}

#[tonic::async_trait]
impl LearningService for Service {
    async fn publish_content(
        &self,
        request: Request<proto::PublishContentRequest>,
    ) -> Result<Response<proto::PublishContentResponse>, Status> {
        reply(self.0.publish_content(request).await)
    }
    async fn get_content(
        &self,
        request: Request<proto::GetContentRequest>,
    ) -> Result<Response<proto::GetContentResponse>, Status> {
        reply(self.0.get_content(request.into_inner()).await)
    }
    async fn list_contents(
        &self,
        request: Request<proto::ListContentsRequest>,
    ) -> Result<Response<proto::ListContentsResponse>, Status> {
        reply(self.0.list_contents(request.into_inner()).await)
    }
    async fn complete_content(
        &self,
        request: Request<proto::CompleteContentRequest>,
    ) -> Result<Response<proto::CompleteContentResponse>, Status> {
        reply(self.0.complete_content(request).await)
    }
    async fn schedule_seminar(
        &self,
        request: Request<proto::ScheduleSeminarRequest>,
    ) -> Result<Response<proto::ScheduleSeminarResponse>, Status> {
        reply(self.0.schedule_seminar(request).await)
    }
    async fn change_seminar(
        &self,
        request: Request<proto::ChangeSeminarRequest>,
    ) -> Result<Response<proto::ChangeSeminarResponse>, Status> {
        reply(self.0.change_seminar(request).await)
    }
    async fn cancel_seminar(
        &self,
        request: Request<proto::CancelSeminarRequest>,
    ) -> Result<Response<proto::CancelSeminarResponse>, Status> {
        reply(self.0.cancel_seminar(request).await)
    }
    async fn register_for_seminar(
        &self,
        request: Request<proto::RegisterForSeminarRequest>,
    ) -> Result<Response<proto::RegisterForSeminarResponse>, Status> {
        reply(self.0.register(request).await)
    }
    async fn withdraw_from_seminar(
        &self,
        request: Request<proto::WithdrawFromSeminarRequest>,
    ) -> Result<Response<proto::WithdrawFromSeminarResponse>, Status> {
        reply(self.0.withdraw(request).await)
    }
    async fn record_attendance(
        &self,
        request: Request<proto::RecordAttendanceRequest>,
    ) -> Result<Response<proto::RecordAttendanceResponse>, Status> {
        reply(self.0.record_attendance(request).await)
    }
    async fn get_seminar(
        &self,
        request: Request<proto::GetSeminarRequest>,
    ) -> Result<Response<proto::GetSeminarResponse>, Status> {
        reply(self.0.get_seminar(request.into_inner()).await)
    }
    async fn list_seminars(
        &self,
        request: Request<proto::ListSeminarsRequest>,
    ) -> Result<Response<proto::ListSeminarsResponse>, Status> {
        reply(self.0.list_seminars(request.into_inner()).await)
    }
    async fn list_learning(
        &self,
        request: Request<proto::ListLearningRequest>,
    ) -> Result<Response<proto::ListLearningResponse>, Status> {
        reply(self.0.list_learning(request.into_inner()).await)
    }
    async fn set_coaching_rule(
        &self,
        request: Request<proto::SetCoachingRuleRequest>,
    ) -> Result<Response<proto::SetCoachingRuleResponse>, Status> {
        reply(self.0.set_coaching_rule(request).await)
    }
    async fn list_coaching_rules(
        &self,
        request: Request<proto::ListCoachingRulesRequest>,
    ) -> Result<Response<proto::ListCoachingRulesResponse>, Status> {
        reply(self.0.list_coaching_rules(request.into_inner()).await)
    }
}
