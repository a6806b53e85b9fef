//! A server that remembers what it is sent, and that can be made to misbehave.
//!
//! It answers paths by hand instead of implementing the generated traits, so that a new RPC does
//! not concern it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{Stream, StreamExt as _};
use keizoku_proto::accounts::{
    GetOrganisationRequest, GetOrganisationResponse, ImportRecordsRequest, ImportRecordsResponse,
    Organisation,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::forecast::{GetForecastRequest, GetForecastResponse};
use keizoku_proto::risk::{ImportRisksRequest, ImportRisksResponse};
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// What the server was sent, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) records: HashMap<String, ImportRecordsRequest>,
    pub(crate) risks: HashMap<String, ImportRisksRequest>,
    /// Streams that were opened.
    pub(crate) streams: usize,
    /// Breaks the next stream after this many answers.
    pub(crate) break_after: Option<usize>,
    /// Rejects records with this external id.
    pub(crate) refuse: String,
    /// Refuses forecasts like this.
    pub(crate) forecast: Option<Status>,
    /// Forecasts that were asked for.
    pub(crate) forecasts: usize,
    /// Headers of the last forecast.
    pub(crate) headers: tonic::metadata::MetadataMap,
}

#[derive(Clone, Default)]
pub(crate) struct Fake(pub(crate) Arc<Mutex<State>>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Fake {
    /// Serves until the test ends; the answer is the endpoint.
    pub(crate) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let server =
            tonic::transport::Server::builder().serve_with_incoming(self.clone(), incoming);
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || runtime.block_on(server));
        endpoint
    }

    /// Whether the stream breaks instead of this answer.
    fn breaks(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        match state.break_after {
            Some(0) => state.break_after.take().is_some(),
            Some(left) => {
                state.break_after = Some(left - 1);
                false
            }
            None => false,
        }
    }

    fn record(&self, request: &ImportRecordsRequest) -> Result<ImportRecordsResponse, Status> {
        if self.breaks() {
            return Err(Status::unavailable("restarting"));
        }
        let mut state = self.0.lock().unwrap();
        let id = external_id(request);
        let answer = ImportRecordsResponse {
            row: request.row,
            ..ImportRecordsResponse::default()
        };
        if id == state.refuse {
            return Ok(ImportRecordsResponse {
                outcome: ImportOutcome::Rejected.into(),
                reason: "tier_unknown".to_owned(),
                message: "there is no such tier".to_owned(),
                ..answer
            });
        }
        let before = state.records.insert(id.clone(), request.clone());
        let outcome = match before {
            None => ImportOutcome::Created,
            Some(before) if before == *request => ImportOutcome::Unchanged,
            Some(_) => ImportOutcome::Updated,
        };
        Ok(ImportRecordsResponse {
            outcome: outcome.into(),
            name: format!("things/{id}"),
            consistency_token: format!("token-of-{id}"),
            ..answer
        })
    }

    fn risk(&self, request: ImportRisksRequest) -> ImportRisksResponse {
        let mut state = self.0.lock().unwrap();
        let (row, id) = (request.row, request.external_id.clone());
        let known = state.risks.insert(id, request).is_some();
        let outcome = if known {
            ImportOutcome::Unchanged
        } else {
            ImportOutcome::Created
        };
        ImportRisksResponse {
            row,
            outcome: outcome.into(),
            ..ImportRisksResponse::default()
        }
    }
}

pub(crate) fn external_id(request: &ImportRecordsRequest) -> String {
    use keizoku_proto::accounts::import_records_request::Record;
    match request.record.clone().unwrap() {
        Record::User(user) => user.external_id,
        Record::Account(account) => account.external_id,
        Record::Subscription(subscription) => subscription.external_id,
        Record::Deal(deal) => deal.external_id,
        Record::Contact(contact) => contact.external_id,
    }
}

impl StreamingService<ImportRecordsRequest> for Fake {
    type Response = ImportRecordsResponse;
    type ResponseStream = Answers<ImportRecordsResponse>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<ImportRecordsRequest>>) -> Self::Future {
        let fake = self.clone();
        fake.0.lock().unwrap().streams += 1;
        let answers = request.into_inner().map(move |row| fake.record(&row?));
        Box::pin(async move { Ok(Response::new(Box::pin(answers) as Self::ResponseStream)) })
    }
}

impl StreamingService<ImportRisksRequest> for Fake {
    type Response = ImportRisksResponse;
    type ResponseStream = Answers<ImportRisksResponse>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<ImportRisksRequest>>) -> Self::Future {
        let fake = self.clone();
        let answers = request.into_inner().map(move |row| Ok(fake.risk(row?)));
        Box::pin(async move { Ok(Response::new(Box::pin(answers) as Self::ResponseStream)) })
    }
}

impl UnaryService<GetOrganisationRequest> for Fake {
    type Response = GetOrganisationResponse;
    type Future = BoxFuture<'static, Result<Response<Self::Response>, Status>>;

    fn call(&mut self, _: Request<GetOrganisationRequest>) -> Self::Future {
        let organisation = Organisation {
            time_zone: "Asia/Tokyo".to_owned(),
            reporting_currency: "JPY".to_owned(),
            ..Organisation::default()
        };
        let answer = GetOrganisationResponse {
            organisation: Some(organisation),
        };
        Box::pin(async move { Ok(Response::new(answer)) })
    }
}

impl UnaryService<GetForecastRequest> for Fake {
    type Response = GetForecastResponse;
    type Future = BoxFuture<'static, Result<Response<Self::Response>, Status>>;

    fn call(&mut self, request: Request<GetForecastRequest>) -> Self::Future {
        let mut state = self.0.lock().unwrap();
        state.forecasts += 1;
        state.headers = request.metadata().clone();
        let refusal = state.forecast.clone();
        let answer = GetForecastResponse {
            active_accounts: 3,
            ..GetForecastResponse::default()
        };
        Box::pin(async move { refusal.map_or(Ok(Response::new(answer)), Err) })
    }
}

impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let fake = self.clone();
        Box::pin(async move {
            let path = request
                .uri()
                .path()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            Ok(match path.as_str() {
                "ImportRecords" => {
                    let codec =
                        ProstCodec::<ImportRecordsResponse, ImportRecordsRequest>::default();
                    Grpc::new(codec).streaming(fake, request).await
                }
                "ImportRisks" => {
                    let codec = ProstCodec::<ImportRisksResponse, ImportRisksRequest>::default();
                    Grpc::new(codec).streaming(fake, request).await
                }
                "GetOrganisation" => {
                    let codec =
                        ProstCodec::<GetOrganisationResponse, GetOrganisationRequest>::default();
                    Grpc::new(codec).unary(fake, request).await
                }
                "GetForecast" => {
                    let codec = ProstCodec::<GetForecastResponse, GetForecastRequest>::default();
                    Grpc::new(codec).unary(fake, request).await
                }
                _ => Status::unimplemented("the fake does not do that").into_http(),
            })
        })
    }
}

impl tonic::server::NamedService for Fake {
    const NAME: &'static str = "fake";
}
