//! The gRPC server of a process: one listener, access in front, every limit set.

mod conduct;
mod encryption;
mod health;
mod limits;
mod pace;
mod places;
mod silence;
mod tls;

use std::future::ready;
use std::net::SocketAddr;
use std::time::Duration;

use futures::{FutureExt as _, Stream, TryStreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep_until};
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic::transport::server::{Connected, TcpIncoming};
use tower::util::option_layer;

use crate::Lifecycle;
use crate::access::{AccessLayer, Authentication};
use crate::socket::Socket;
use crate::telemetry::RpcLayer;
use limits::LimitLayer;
use pace::Pace;
use places::Places;
use silence::Attentive;

pub(crate) use conduct::Conduct;
pub use encryption::Encryption;
pub use health::Part;
pub use limits::LimitsConfig;
pub use tls::{TlsConfig, TlsError};

/// Largest message that is read, in bytes. Compressed ones are not: what they grow to is the
/// sender's choice.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// Largest message that is sent, in bytes; a page that would be larger is asked for in smaller ones.
pub const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// At least so many connections may come at once, however few there may be at the same time.
const CONNECTIONS_AT_ONCE: usize = 512;
/// Requests in flight on one connection.
const STREAMS_PER_CONNECTION: u32 = 512;
/// Largest list of headers, in bytes.
const MAX_HEADERS: u32 = 16 * 1024;
/// Requests that were reset before anybody looked at them; a client with more of them is cut off.
const RESET_UNSEEN: usize = 32;
/// Requests that we had to reset; a client that causes more of them is cut off.
const RESET_BY_US: usize = 256;

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
    pub tls: Option<Encryption>,
    /// How much is taken on.
    pub limits: LimitsConfig,
    /// Whether clients may ask which RPCs there are.
    pub reflection: bool,
}

/// Whether clients may ask which RPCs there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reflection {
    /// On loopback only.
    #[default]
    Auto,
    /// Everywhere.
    On,
    /// Nowhere.
    Off,
}

impl Reflection {
    /// What that means for a server at this address.
    #[must_use]
    pub fn is_on(self, address: SocketAddr) -> bool {
        match self {
            Self::Auto => address.ip().is_loopback(),
            Self::On => true,
            Self::Off => false,
        }
    }
}

impl Default for Settings {
    /// On loopback, where nobody has to say who they are.
    fn default() -> Self {
        Self {
            authentication: Authentication::Loopback,
            tls: None,
            limits: LimitsConfig::default(),
            reflection: true,
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
    mut services: RoutesBuilder,
    parts: Vec<Part>,
    mut settings: Settings,
    lifecycle: &Lifecycle,
) -> Result<(), ServeError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| ServeError::Server(error);
    services.add_service(health::report(parts, lifecycle).await);
    if settings.reflection {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(keizoku_proto::DESCRIPTORS)
            .build_v1()
            .map_err(|error| failed(error.into()))?;
        services.add_service(reflection);
    }
    // So that the first caller need not wait, and a wrong address shows at the start.
    let authentication = settings.authentication.clone();
    lifecycle.until_stop(async move { authentication.read_keys().await });
    let (limits, tls) = (settings.limits.clone(), settings.tls.take());
    let connections = connections(listener, &limits);
    let routes = services.routes();
    let served = if let Some(tls) = tls {
        let encrypted = connections
            .map_ok(|stream| tls.accept(stream).map(Ok))
            .try_buffer_unordered(limits.connections)
            .try_filter_map(async |stream| Ok(stream));
        answer(encrypted, routes, settings, lifecycle).await
    } else {
        answer(connections, routes, settings, lifecycle).await
    };
    served.map_err(|error| failed(error.into()))
}

/// Connections as they come in, as long as there are places for them: at a pace, because to set one up
/// costs more than most requests, and whoever misuses one is cut off and comes back at once. Those that are
/// ahead of it wait in the listener's queue, and who is connected does not notice.
fn connections(
    listener: TcpListener,
    limits: &LimitsConfig,
) -> impl Stream<Item = std::io::Result<Attentive>> + use<> {
    let places = Places::new(limits.connections);
    let at_once = u32::try_from(limits.connections.max(CONNECTIONS_AT_ONCE));
    let mut turns = Pace::new(at_once.unwrap_or(u32::MAX), Instant::now());
    let silent = 2 * Duration::from_secs(limits.keepalive_seconds);
    // The builder's own setting does not reach a listener that it did not open: without it every
    // answer may wait 40 ms for the client's delayed acknowledgement.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let paced = incoming.and_then(move |stream| {
        let now = Instant::now();
        let turn = turns.next(now);
        async move {
            // To sleep until now takes until the timer's next tick.
            if turn > now {
                Box::pin(sleep_until(turn)).await;
            }
            Ok(stream)
        }
    });
    paced.try_filter_map(move |stream| {
        let place = places.take();
        ready(Ok(
            place.map(|place| Attentive::to(Socket(stream), silent, place))
        ))
    })
}

/// Answers what comes over the connections, until the process stops.
async fn answer<C>(
    connections: impl Stream<Item = std::io::Result<C>>,
    routes: Routes,
    settings: Settings,
    lifecycle: &Lifecycle,
) -> Result<(), tonic::transport::Error>
where
    C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    let limits = settings.limits;
    let keepalive = Duration::from_secs(limits.keepalive_seconds);
    Server::builder()
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_connection_age(Duration::from_secs(limits.connection_age_seconds))
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_max_pending_accept_reset_streams(Some(RESET_UNSEEN))
        .http2_max_local_error_reset_streams(Some(RESET_BY_US))
        .http2_keepalive_interval(Some(keepalive))
        .http2_keepalive_timeout(Some(keepalive))
        .initial_connection_window_size(4 * 1024 * 1024)
        .initial_stream_window_size(1024 * 1024)
        .layer(option_layer(RpcLayer::of(lifecycle.telemetry())))
        .layer(AccessLayer::new(settings.authentication))
        .layer(LimitLayer::new(&limits))
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, lifecycle.stopped())
        .await
}
