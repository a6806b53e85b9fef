//! How imports ended (FC-10).

use keizoku_proto::accounts as proto;
use keizoku_runtime::{Call, Failure, Violations};
use tonic::Request;

use crate::{Accounts, api, domain};

impl Accounts {
    pub(super) async fn report_import(
        &self,
        request: Request<proto::ReportImportRequest>,
    ) -> Result<proto::ReportImportResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let reported = api::import_reported(&mut violations, body);
        let request_id = violations.finish(request_id)?;
        let call = Call::of("ReportImport", &request, request_id, "")?;
        let stream = domain::import_stream(&reported.system);
        let outcome = self.imports.execute(stream, reported, call).await?;
        Ok(proto::ReportImportResponse {
            consistency_token: outcome.token.encode(),
        })
    }
}
