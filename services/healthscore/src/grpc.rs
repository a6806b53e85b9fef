//! The service's RPCs: parse, execute, reply.

use futures::stream::BoxStream;
use keizoku_proto::healthscore as proto;
use keizoku_proto::healthscore::health_score_service_server::HealthScoreService;
use tonic::{Request, Response, Status, Streaming};

use crate::Service;

#[tonic::async_trait]
impl HealthScoreService for Service {
    type IngestSignalsStream = BoxStream<'static, Result<proto::IngestSignalsResponse, Status>>;

    async fn ingest_signals(
        &self,
        request: Request<Streaming<proto::IngestSignalsRequest>>,
    ) -> Result<Response<Self::IngestSignalsStream>, Status> {
        Ok(Response::new(self.0.clone().ingest(request)))
    }
}
