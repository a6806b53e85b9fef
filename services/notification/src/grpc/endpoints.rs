//! Endpoints for outgoing webhooks over the API (NTF-3).

use keizoku_proto::notification as proto;
use keizoku_runtime::{Call, Failure, Violations};
use tonic::Request;

use crate::domain::{endpoint, endpoint_stream};
use crate::{Service, api, resources};

impl Service {
    pub(super) async fn endpoints(&self) -> Result<proto::ListEndpointsResponse, Failure> {
        let mut endpoints = Vec::new();
        for name in self.desk.config.endpoints.keys() {
            let fold = self.desk.endpoints.recall(&endpoint_stream(name)).await?;
            endpoints.push(resources::endpoint(name, &fold.state));
        }
        Ok(proto::ListEndpointsResponse { endpoints })
    }

    pub(super) async fn enable_one_endpoint(
        &self,
        request: Request<proto::EnableEndpointRequest>,
    ) -> Result<proto::EnableEndpointResponse, Failure> {
        let body = request.get_ref();
        let mut violations = Violations::new();
        let request_id = violations.request_id(&body.request_id);
        let name = api::endpoint(&mut violations, &body.name);
        let (request_id, name) = violations.finish(request_id.zip(name))?;
        if !self.desk.config.endpoints.contains_key(&name) {
            return Err(Failure::not_found(&body.name));
        }
        let call = Call::of("EnableEndpoint", &request, request_id, "")?;
        let stream = endpoint_stream(&name);
        let command = endpoint::Command::Enable { name: name.clone() };
        let outcome = self.desk.endpoints.execute(stream, command, call).await?;
        Ok(proto::EnableEndpointResponse {
            endpoint: Some(resources::endpoint(&name, &outcome.fold.state)),
            consistency_token: outcome.token.encode(),
        })
    }
}
