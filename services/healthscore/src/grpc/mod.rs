//! The service's RPCs: parse, execute, reply.

mod adoption;
mod goals;
mod list;
mod overrides;
mod questions;
mod releases;
mod reports;
mod scorecards;
mod trials;

use futures::stream::BoxStream;
use keizoku_proto::healthscore as proto;
use keizoku_proto::healthscore::health_score_service_server::HealthScoreService;
use keizoku_runtime::Failure;
use tonic::{Request, Response, Status, Streaming};

use crate::Service;

pub(crate) use trials::rate;

/// Answers an RPC.
fn reply<T>(answer: Result<T, Failure>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl HealthScoreService for Service {
    type TryScorecardStream = BoxStream<'static, Result<proto::TryScorecardResponse, Status>>;
    type IngestSignalsStream = BoxStream<'static, Result<proto::IngestSignalsResponse, Status>>;

    async fn ingest_signals(
        &self,
        request: Request<Streaming<proto::IngestSignalsRequest>>,
    ) -> Result<Response<Self::IngestSignalsStream>, Status> {
        Ok(Response::new(self.0.clone().ingest(request)))
    }
    async fn get_health(
        &self,
        request: Request<proto::GetHealthRequest>,
    ) -> Result<Response<proto::GetHealthResponse>, Status> {
        reply(self.0.get(request.into_inner()).await)
    }
    async fn list_health(
        &self,
        request: Request<proto::ListHealthRequest>,
    ) -> Result<Response<proto::ListHealthResponse>, Status> {
        reply(self.0.list(request.into_inner()).await)
    }
    async fn compare_health(
        &self,
        request: Request<proto::CompareHealthRequest>,
    ) -> Result<Response<proto::CompareHealthResponse>, Status> {
        reply(self.0.compare(request.into_inner()).await)
    }
    async fn list_health_history(
        &self,
        request: Request<proto::ListHealthHistoryRequest>,
    ) -> Result<Response<proto::ListHealthHistoryResponse>, Status> {
        reply(self.0.steps(request.into_inner()).await)
    }
    async fn override_health(
        &self,
        request: Request<proto::OverrideHealthRequest>,
    ) -> Result<Response<proto::OverrideHealthResponse>, Status> {
        reply(self.0.override_health(request).await)
    }
    async fn clear_health_override(
        &self,
        request: Request<proto::ClearHealthOverrideRequest>,
    ) -> Result<Response<proto::ClearHealthOverrideResponse>, Status> {
        reply(self.0.clear_override(request).await)
    }
    async fn list_scorecards(
        &self,
        _request: Request<proto::ListScorecardsRequest>,
    ) -> Result<Response<proto::ListScorecardsResponse>, Status> {
        reply(self.0.list_scorecards().await)
    }
    async fn draft_scorecard(
        &self,
        request: Request<proto::DraftScorecardRequest>,
    ) -> Result<Response<proto::DraftScorecardResponse>, Status> {
        reply(self.0.draft(request).await)
    }
    async fn publish_scorecard(
        &self,
        request: Request<proto::PublishScorecardRequest>,
    ) -> Result<Response<proto::PublishScorecardResponse>, Status> {
        reply(self.0.publish(request).await)
    }
    async fn roll_back_scorecard(
        &self,
        request: Request<proto::RollBackScorecardRequest>,
    ) -> Result<Response<proto::RollBackScorecardResponse>, Status> {
        reply(self.0.roll_back(request).await)
    }
    async fn try_scorecard(
        &self,
        request: Request<proto::TryScorecardRequest>,
    ) -> Result<Response<Self::TryScorecardStream>, Status> {
        reply(self.0.clone().try_scorecard(request.into_inner()).await)
    }
    async fn get_roi_report(
        &self,
        request: Request<proto::GetRoiReportRequest>,
    ) -> Result<Response<proto::GetRoiReportResponse>, Status> {
        reply(self.0.roi_report(request.into_inner()).await)
    }
    async fn compare_goals(
        &self,
        request: Request<proto::CompareGoalsRequest>,
    ) -> Result<Response<proto::CompareGoalsResponse>, Status> {
        reply(self.0.compare_goals(request.into_inner()).await)
    }
    async fn record_release(
        &self,
        request: Request<proto::RecordReleaseRequest>,
    ) -> Result<Response<proto::RecordReleaseResponse>, Status> {
        reply(self.0.record_release(request).await)
    }
    async fn void_release(
        &self,
        request: Request<proto::VoidReleaseRequest>,
    ) -> Result<Response<proto::VoidReleaseResponse>, Status> {
        reply(self.0.void_release(request).await)
    }
    async fn list_releases(
        &self,
        request: Request<proto::ListReleasesRequest>,
    ) -> Result<Response<proto::ListReleasesResponse>, Status> {
        reply(self.0.list_releases(request.into_inner()).await)
    }
    async fn get_release_adoption(
        &self,
        request: Request<proto::GetReleaseAdoptionRequest>,
    ) -> Result<Response<proto::GetReleaseAdoptionResponse>, Status> {
        reply(self.0.release_adoption(request.into_inner()).await)
    }
}
