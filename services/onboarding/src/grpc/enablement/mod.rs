//! The RPCs about programmes for new members of the team: parse, execute, reply (ONB-10).

mod commands;
mod questions;
mod templates;

use keizoku_proto::onboarding as proto;
use keizoku_proto::onboarding::enablement_service_server::EnablementService;
use tonic::{Request, Response, Status};

use super::reply;
use crate::Service;

#[tonic::async_trait]
impl EnablementService for Service {
    async fn publish_programme_template(
        &self,
        request: Request<proto::PublishProgrammeTemplateRequest>,
    ) -> Result<Response<proto::PublishProgrammeTemplateResponse>, Status> {
        reply(self.0.publish_programme_template(request).await)
    }
    async fn get_programme_template(
        &self,
        request: Request<proto::GetProgrammeTemplateRequest>,
    ) -> Result<Response<proto::GetProgrammeTemplateResponse>, Status> {
        reply(self.0.get_programme_template(request.into_inner()).await)
    }
    async fn list_programme_templates(
        &self,
        request: Request<proto::ListProgrammeTemplatesRequest>,
    ) -> Result<Response<proto::ListProgrammeTemplatesResponse>, Status> {
        reply(self.0.list_programme_templates(request.into_inner()).await)
    }
    async fn start_programme(
        &self,
        request: Request<proto::StartProgrammeRequest>,
    ) -> Result<Response<proto::StartProgrammeResponse>, Status> {
        reply(self.0.start_programme(request).await)
    }
    async fn assign_programme(
        &self,
        request: Request<proto::AssignProgrammeRequest>,
    ) -> Result<Response<proto::AssignProgrammeResponse>, Status> {
        reply(self.0.assign_programme(request).await)
    }
    async fn complete_programme_task(
        &self,
        request: Request<proto::CompleteProgrammeTaskRequest>,
    ) -> Result<Response<proto::CompleteProgrammeTaskResponse>, Status> {
        reply(self.0.complete_programme_task(request).await)
    }
    async fn reopen_programme_task(
        &self,
        request: Request<proto::ReopenProgrammeTaskRequest>,
    ) -> Result<Response<proto::ReopenProgrammeTaskResponse>, Status> {
        reply(self.0.reopen_programme_task(request).await)
    }
    async fn advance_programme(
        &self,
        request: Request<proto::AdvanceProgrammeRequest>,
    ) -> Result<Response<proto::AdvanceProgrammeResponse>, Status> {
        reply(self.0.advance_programme(request).await)
    }
    async fn move_programme(
        &self,
        request: Request<proto::MoveProgrammeRequest>,
    ) -> Result<Response<proto::MoveProgrammeResponse>, Status> {
        reply(self.0.move_programme(request).await)
    }
    async fn change_programme_template(
        &self,
        request: Request<proto::ChangeProgrammeTemplateRequest>,
    ) -> Result<Response<proto::ChangeProgrammeTemplateResponse>, Status> {
        reply(self.0.change_programme_template(request).await)
    }
    async fn complete_programme(
        &self,
        request: Request<proto::CompleteProgrammeRequest>,
    ) -> Result<Response<proto::CompleteProgrammeResponse>, Status> {
        reply(self.0.complete_programme(request).await)
    }
    async fn end_programme(
        &self,
        request: Request<proto::EndProgrammeRequest>,
    ) -> Result<Response<proto::EndProgrammeResponse>, Status> {
        reply(self.0.end_programme(request).await)
    }
    async fn get_programme(
        &self,
        request: Request<proto::GetProgrammeRequest>,
    ) -> Result<Response<proto::GetProgrammeResponse>, Status> {
        reply(self.0.get_programme(request.into_inner()).await)
    }
    async fn list_programmes(
        &self,
        request: Request<proto::ListProgrammesRequest>,
    ) -> Result<Response<proto::ListProgrammesResponse>, Status> {
        reply(self.0.list_programmes(request.into_inner()).await)
    }
    async fn list_programme_tasks(
        &self,
        request: Request<proto::ListProgrammeTasksRequest>,
    ) -> Result<Response<proto::ListProgrammeTasksResponse>, Status> {
        reply(self.0.list_programme_tasks(request.into_inner()).await)
    }
}
