//! The gRPC server of a process: one listener, access in front, every limit set.

mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_stream::StreamExt as _;
use tonic::service::RoutesBuilder;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Server, ServerTlsConfig};

use crate::Lifecycle;
use crate::access::{AccessLayer, Authentication};
use crate::socket::Socket;

pub use tls::{TlsConfig, TlsError};

/// Largest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// Requests in flight on one connection.
const STREAMS_PER_CONNECTION: u32 = 512;
/// Longest time for one RPC, unless it streams.
const DEADLINE_CAP: Duration = Duration::from_secs(30);
/// Largest list of headers, in bytes.
const MAX_HEADERS: u32 = 16 * 1024;

/// Why a server did not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is in use or not ours.
    #[error("cannot listen on {address}; is another keizoku running? choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Off loopback, everybody could do everything, or read along.
    #[error(
        "refusing to listen on {address}, which others can reach, without {missing}; \
         `keizoku config` explains the keys, and a loopback address needs none of it"
    )]
    Unprotected {
        /// The address.
        address: SocketAddr,
        /// What would have to be configured.
        missing: &'static str,
    },
    /// Reflection or the transport failed.
    #[error("the gRPC server failed")]
    Server(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// How a process serves.
pub struct Settings {
    /// How callers are recognised.
    pub authentication: Authentication,
    /// Encryption, if any.
    pub tls: Option<ServerTlsConfig>,
}

impl Default for Settings {
    /// On loopback, where nobody has to say who they are.
    fn default() -> Self {
        Self {
            authentication: Authentication::Loopback,
            tls: None,
        }
    }
}

impl Settings {
    /// What is missing before others may reach the server.
    fn missing_protection(&self) -> Option<&'static str> {
        match (&self.tls, self.authentication.is_required()) {
            (Some(_), true) => None,
            (None, true) => Some("TLS (tls.certificate_file and tls.key_file)"),
            (Some(_), false) => {
                Some("callers that say who they are (access.issuer, access.audience and a key)")
            }
            (None, false) => Some(
                "TLS (tls.certificate_file and tls.key_file) and callers that say who they are \
                 (access.issuer, access.audience and a key)",
            ),
        }
    }
}

/// Binds the address, before any serious work is done.
///
/// # Errors
/// When the address is taken, or would expose an unprotected server.
pub async fn listen(address: SocketAddr, settings: &Settings) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback()
        && let Some(missing) = settings.missing_protection()
    {
        return Err(ServeError::Unprotected { address, missing });
    }
    TcpListener::bind(address)
        .await
        .map_err(|cause| ServeError::Listen { address, cause })
}

/// Serves until the process stops.
///
/// # Errors
/// When the transport fails.
pub async fn serve(
    listener: TcpListener,
    services: RoutesBuilder,
    settings: Settings,
    lifecycle: &Lifecycle,
) -> Result<(), ServeError> {
    let failed = |error: tonic_reflection::server::Error| ServeError::Server(Box::new(error));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(keizoku_proto::DESCRIPTORS)
        .build_v1()
        .map_err(failed)?;
    let (health, health_service) = tonic_health::server::health_reporter();
    health
        .set_service_status("", tonic_health::ServingStatus::Serving)
        .await;

    let mut services = services;
    services.add_service(reflection).add_service(health_service);
    // The builder's own setting does not reach a listener that it did not open: without it every
    // answer may wait 40 ms for the client's delayed acknowledgement.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let incoming = incoming.map(|accepted| accepted.map(Socket));
    let mut server = Server::builder();
    if let Some(tls) = settings.tls {
        server = server
            .tls_config(tls)
            .map_err(|error| ServeError::Server(Box::new(error)))?;
    }
    server
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .initial_connection_window_size(4 * 1024 * 1024)
        .initial_stream_window_size(1024 * 1024)
        .layer(AccessLayer::new(settings.authentication))
        .add_routes(services.routes())
        .serve_with_incoming_shutdown(incoming, lifecycle.stopped())
        .await
        .map_err(|error| ServeError::Server(Box::new(error)))
}

/// Bounds an RPC that does not stream.
///
/// # Errors
/// `DEADLINE_EXCEEDED` after the cap.
pub async fn within_deadline<T>(
    rpc: impl Future<Output = Result<T, tonic::Status>>,
) -> Result<T, tonic::Status> {
    tokio::time::timeout(DEADLINE_CAP, rpc)
        .await
        .unwrap_or_else(|_| {
            Err(tonic::Status::deadline_exceeded(
                "the RPC took longer than 30 s",
            ))
        })
}
