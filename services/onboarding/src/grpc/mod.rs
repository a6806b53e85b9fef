//! The service's RPCs: parse, execute, reply.

mod commands;
mod enablement;
mod lead_times;
mod learning;
mod questions;
mod templates;

use keizoku_proto::common::ErrorReason;
use keizoku_proto::onboarding as proto;
use keizoku_proto::onboarding::onboarding_service_server::OnboardingService;
use keizoku_runtime::{DomainError, Failure};
use tonic::{Request, Response, Status};

use crate::Service;

/// The owner or specialist is not in the directory, as far as this service has read it.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not in the directory")]
struct OwnerUnknown(String);

impl DomainError for OwnerUnknown {
    fn reason(&self) -> ErrorReason {
        ErrorReason::OwnerUnknown
    }
}

/// Answers an RPC.
fn reply<T>(answer: Result<T, Failure>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl OnboardingService for Service {
    async fn publish_template(
        &self,
        request: Request<proto::PublishTemplateRequest>,
    ) -> Result<Response<proto::PublishTemplateResponse>, Status> {
        reply(self.0.publish_template(request).await)
    }
    async fn get_template(
        &self,
        request: Request<proto::GetTemplateRequest>,
    ) -> Result<Response<proto::GetTemplateResponse>, Status> {
        reply(self.0.get_template(request.into_inner()).await)
    }
    async fn list_templates(
        &self,
        request: Request<proto::ListTemplatesRequest>,
    ) -> Result<Response<proto::ListTemplatesResponse>, Status> {
        reply(self.0.list_templates(request.into_inner()).await)
    }
    async fn start_onboarding(
        &self,
        request: Request<proto::StartOnboardingRequest>,
    ) -> Result<Response<proto::StartOnboardingResponse>, Status> {
        reply(self.0.start(request).await)
    }
    async fn record_hand_off(
        &self,
        request: Request<proto::RecordHandOffRequest>,
    ) -> Result<Response<proto::RecordHandOffResponse>, Status> {
        reply(self.0.hand_off(request).await)
    }
    async fn record_kickoff(
        &self,
        request: Request<proto::RecordKickoffRequest>,
    ) -> Result<Response<proto::RecordKickoffResponse>, Status> {
        reply(self.0.kickoff(request).await)
    }
    async fn rate_expectation_gap(
        &self,
        request: Request<proto::RateExpectationGapRequest>,
    ) -> Result<Response<proto::RateExpectationGapResponse>, Status> {
        reply(self.0.rate(request).await)
    }
    async fn assign_onboarding(
        &self,
        request: Request<proto::AssignOnboardingRequest>,
    ) -> Result<Response<proto::AssignOnboardingResponse>, Status> {
        reply(self.0.assign(request).await)
    }
    async fn complete_task(
        &self,
        request: Request<proto::CompleteTaskRequest>,
    ) -> Result<Response<proto::CompleteTaskResponse>, Status> {
        reply(self.0.complete_task(request).await)
    }
    async fn reopen_task(
        &self,
        request: Request<proto::ReopenTaskRequest>,
    ) -> Result<Response<proto::ReopenTaskResponse>, Status> {
        reply(self.0.reopen_task(request).await)
    }
    async fn advance_onboarding(
        &self,
        request: Request<proto::AdvanceOnboardingRequest>,
    ) -> Result<Response<proto::AdvanceOnboardingResponse>, Status> {
        reply(self.0.advance(request).await)
    }
    async fn move_onboarding(
        &self,
        request: Request<proto::MoveOnboardingRequest>,
    ) -> Result<Response<proto::MoveOnboardingResponse>, Status> {
        reply(self.0.move_to(request).await)
    }
    async fn hold_onboarding(
        &self,
        request: Request<proto::HoldOnboardingRequest>,
    ) -> Result<Response<proto::HoldOnboardingResponse>, Status> {
        reply(self.0.hold(request).await)
    }
    async fn resume_onboarding(
        &self,
        request: Request<proto::ResumeOnboardingRequest>,
    ) -> Result<Response<proto::ResumeOnboardingResponse>, Status> {
        reply(self.0.resume(request).await)
    }
    async fn change_template_version(
        &self,
        request: Request<proto::ChangeTemplateVersionRequest>,
    ) -> Result<Response<proto::ChangeTemplateVersionResponse>, Status> {
        reply(self.0.change_template(request).await)
    }
    async fn complete_onboarding(
        &self,
        request: Request<proto::CompleteOnboardingRequest>,
    ) -> Result<Response<proto::CompleteOnboardingResponse>, Status> {
        reply(self.0.complete(request).await)
    }
    async fn declare_goal(
        &self,
        request: Request<proto::DeclareGoalRequest>,
    ) -> Result<Response<proto::DeclareGoalResponse>, Status> {
        reply(self.0.declare(request).await)
    }
    async fn review_goal(
        &self,
        request: Request<proto::ReviewGoalRequest>,
    ) -> Result<Response<proto::ReviewGoalResponse>, Status> {
        reply(self.0.review(request).await)
    }
    async fn relaunch_onboarding(
        &self,
        request: Request<proto::RelaunchOnboardingRequest>,
    ) -> Result<Response<proto::RelaunchOnboardingResponse>, Status> {
        reply(self.0.relaunch(request).await)
    }
    async fn get_onboarding(
        &self,
        request: Request<proto::GetOnboardingRequest>,
    ) -> Result<Response<proto::GetOnboardingResponse>, Status> {
        reply(self.0.get(request.into_inner()).await)
    }
    async fn get_lead_times(
        &self,
        request: Request<proto::GetLeadTimesRequest>,
    ) -> Result<Response<proto::GetLeadTimesResponse>, Status> {
        reply(self.0.lead_times(request.into_inner()).await)
    }
    async fn list_onboardings(
        &self,
        request: Request<proto::ListOnboardingsRequest>,
    ) -> Result<Response<proto::ListOnboardingsResponse>, Status> {
        reply(self.0.list(request.into_inner()).await)
    }
}
