//! The least that a gRPC server can do with a message: send it back.

use std::convert::Infallible;
use std::error::Error;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use keizoku_proto::risk::OpenRiskRequest;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// Environment variable that makes the benchmark the server.
pub(crate) const ROLE: &str = "KEIZOKU_BENCH_ROLE";
const PATH: &str = "/keizoku.bench.Echo/Echo";

pub(crate) fn is_server() -> bool {
    std::env::var_os(ROLE).is_some()
}

/// Serves until the process is ended, on one thread, as Keizoku does.
pub(crate) fn serve() -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        let server = Server::builder().add_service(Echo);
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        Ok(server.serve_with_incoming(incoming).await?)
    })
}

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "keizoku.bench.Echo";
}

struct SendBack;

impl UnaryService<OpenRiskRequest> for SendBack {
    type Response = OpenRiskRequest;
    type Future = std::future::Ready<Result<Response<OpenRiskRequest>, Status>>;

    fn call(&mut self, request: Request<OpenRiskRequest>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_inner())))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<OpenRiskRequest, OpenRiskRequest>::default());
            Ok(grpc.unary(SendBack, request).await)
        })
    }
}

/// Client of the echo.
#[derive(Clone)]
pub(crate) struct EchoClient(tonic::client::Grpc<Channel>);

impl EchoClient {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(tonic::client::Grpc::new(channel))
    }

    pub(crate) async fn echo(
        &mut self,
        request: OpenRiskRequest,
    ) -> Result<OpenRiskRequest, Status> {
        self.0
            .ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<OpenRiskRequest, OpenRiskRequest>::default();
        let path = http::uri::PathAndQuery::from_static(PATH);
        Ok(self
            .0
            .unary(Request::new(request), path, codec)
            .await?
            .into_inner())
    }
}
