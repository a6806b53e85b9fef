//! The services of a deployment, some or all of them in this process.
//!
//! ```text
//! roles      which services run here, and what they read
//! storage    the data directory and its logs
//! exchange   the own logs, published where there is NATS, and replicas of those of others
//! services   what answers, wired by hand
//! ```

pub mod config;
mod error;
mod exchange;
mod probe;
mod roles;
mod sample;
mod services;
mod storage;

use std::net::SocketAddr;
use std::sync::Arc;

use keizoku_core::{Clock, Entropy, Probe};
use keizoku_runtime::access::Authentication;
use keizoku_runtime::server::{self as grpc, Encryption, ServeError};
use keizoku_runtime::telemetry::Telemetry;
use keizoku_runtime::{Freshness, Lifecycle};
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;

use config::Config;
use exchange::Exchange;
use services::Services;

pub use error::StartError;
pub use probe::CrashAt;
pub use roles::{Role, Roles};
pub use sample::import as import_sample;
pub use storage::log_path;

/// What a process takes from the machine.
#[derive(Clone)]
pub struct Ambient {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of random ids.
    pub entropy: Arc<dyn Entropy>,
    /// Told about the points at which tests stop the process.
    pub probe: Arc<dyn Probe>,
}

/// A server that runs.
pub struct Server {
    /// Where its API is.
    pub address: SocketAddr,
    /// Whether it has logs, and nothing had ever been recorded there when it started.
    pub is_new: bool,
    lifecycle: Lifecycle,
    freshness: Vec<Freshness>,
    of_others: Vec<Freshness>,
    exchange: Exchange,
    serving: tokio::task::JoinHandle<Result<(), ServeError>>,
}

/// Starts services on the embedded logs.
///
/// # Errors
/// When the address, NATS or the data directory cannot be used; nothing was changed then.
pub async fn start(
    config: &Config,
    roles: &Roles,
    ambient: &Ambient,
) -> Result<Server, StartError> {
    let settings = settings(config, ambient)?;
    let telemetry = Telemetry::configured(&config.telemetry)?;
    // The port first: a second start by mistake must not touch the data.
    let listener = grpc::listen(config.listen, &settings).await?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let nats = exchange::connect(config, roles).await?;
    let folder = config.data_dir.as_path();
    storage::create(folder)?;

    let lifecycle = Lifecycle::probed(Arc::clone(&ambient.probe)).measured(telemetry);
    let exchange = Exchange::open(config, roles, ambient, nats, &lifecycle)?;
    let accounts = exchange.logs.get(keizoku_accounts::SOURCE);
    let is_new = accounts.is_some_and(|log| log.head().borrow().recorded_at.is_none());
    let Services {
        routes,
        parts,
        freshness,
        of_others,
    } = services::build(roles, &exchange, config, ambient, &lifecycle).await?;
    let serving = serve(listener, routes, parts, settings, lifecycle.clone());
    Ok(Server {
        address,
        is_new,
        lifecycle,
        freshness,
        of_others,
        exchange,
        serving,
    })
}

impl Server {
    /// Waits until every read model has read what was recorded before the start.
    pub async fn ready(&self) {
        for freshness in &self.freshness {
            freshness.ready().await;
        }
    }

    /// The same for what services elsewhere recorded, too: it waits until they have started.
    pub async fn ready_with_others(&self) {
        self.ready().await;
        for freshness in &self.of_others {
            freshness.ready().await;
        }
    }

    /// The handle that stops it.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.clone()
    }

    /// Serves until it is stopped, then drains: what was accepted is finished and answered.
    ///
    /// # Errors
    /// When the transport fails.
    pub async fn run(self) -> Result<(), ServeError> {
        let mut serving = self.serving;
        let served = tokio::select! {
            ended = &mut serving => ended,
            () = self.lifecycle.stopped() => {
                tokio::time::timeout(keizoku_runtime::lifecycle::DRAIN, serving).await.unwrap_or(Ok(Ok(())))
            }
        };
        self.lifecycle.stop();
        if !self.lifecycle.drained().await {
            tracing::warn!("some work did not end in time and is abandoned");
        }
        for log in self.exchange.logs.values() {
            log.close().await;
        }
        self.lifecycle.telemetry().shut_down().await;
        served.unwrap_or_else(|error| Err(ServeError::Server(Box::new(error))))
    }
}

fn serve(
    listener: TcpListener,
    routes: RoutesBuilder,
    parts: Vec<grpc::Part>,
    settings: grpc::Settings,
    lifecycle: Lifecycle,
) -> tokio::task::JoinHandle<Result<(), ServeError>> {
    let task = async move { grpc::serve(listener, routes, parts, settings, &lifecycle).await };
    // Not tracked: draining waits for the work, and this ends when the work may not come in.
    #[expect(
        clippy::disallowed_methods,
        reason = "`Server::run` waits for it itself"
    )]
    tokio::spawn(task)
}

/// How the configuration wants it to be served; secrets and certificates are read here.
fn settings(config: &Config, ambient: &Ambient) -> Result<grpc::Settings, StartError> {
    Ok(grpc::Settings {
        authentication: Authentication::configured(&config.access, &ambient.clock)?,
        tls: Encryption::configured(&config.tls)?,
        limits: config.limits.clone(),
        reflection: config.reflection.is_on(config.listen),
    })
}
