//! All services in one process: wired by hand, top to bottom.

pub mod config;
mod probe;
mod sample;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use keizoku_bus::{Bus, LocalBus};
use keizoku_core::{Clock, Entropy, Probe};
use keizoku_log::EventLog;
use keizoku_log::sqlite::{OpenError, SqliteLog, SqliteOptions, Synchronous};
use keizoku_runtime::access::{AccessError, Authentication};
use keizoku_runtime::book::{self, BookModel};
use keizoku_runtime::server::{self as grpc, ServeError, TlsError};
use keizoku_runtime::telemetry::{self, Telemetry, TelemetryError};
use keizoku_runtime::{Calendar, Freshness, Lifecycle, projector};
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;

use config::Config;

pub use probe::CrashAt;
pub use sample::import as import_sample;

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

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory cannot be made, or is something else.
    #[error(
        "{} cannot be the data directory: correct the path, or choose another with --data",
        .0.display()
    )]
    DataDirectory(PathBuf, #[source] std::io::Error),
    /// Nothing is created in a place that does not exist: it may be a mistyped or unmounted one.
    #[error("{} does not exist: create it, or choose another data directory with --data", .0.display())]
    NoPlace(PathBuf),
    /// A log cannot be opened.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// A read model can neither be opened nor replaced.
    #[error("a read model in {} can neither be opened nor replaced", .0.display())]
    ReadModel(
        PathBuf,
        #[source] keizoku_runtime::read_model::rusqlite::Error,
    ),
    /// Callers cannot be recognised as configured.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Connections cannot be encrypted as configured.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The collector cannot be used as configured.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The address is taken, or would expose the server.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// A server that runs.
pub struct Server {
    /// Where its API is.
    pub address: SocketAddr,
    /// Whether nothing had ever been recorded when it started.
    pub is_new: bool,
    lifecycle: Lifecycle,
    freshness: Vec<Freshness>,
    logs: Vec<Arc<dyn EventLog>>,
    serving: tokio::task::JoinHandle<Result<(), ServeError>>,
}

/// Starts every service on the embedded logs.
///
/// # Errors
/// When the address or the data directory cannot be used; nothing was changed then.
pub async fn start(config: &Config, ambient: &Ambient) -> Result<Server, StartError> {
    let settings = settings(config, ambient)?;
    let telemetry = Telemetry::configured(&config.telemetry)?;
    // The port first: a second start by mistake must not touch the data.
    let listener = grpc::listen(config.listen, &settings).await?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let folder = config.data_dir.as_path();
    create(folder)?;
    let unusable = |error| StartError::ReadModel(folder.to_owned(), error);

    let open_log = |service| open_log(folder, service, config, ambient, &telemetry);
    let accounts_log = open_log(keizoku_accounts::SOURCE)?;
    let risk_log = open_log(keizoku_risk::SOURCE)?;
    let is_new = accounts_log.head().borrow().recorded_at.is_none();
    let bus: Arc<dyn Bus> = Arc::new(
        LocalBus::new()
            .with(keizoku_accounts::SOURCE, Arc::clone(&accounts_log))
            .with(keizoku_risk::SOURCE, Arc::clone(&risk_log)),
    );

    let lifecycle = Lifecycle::probed(Arc::clone(&ambient.probe)).measured(telemetry);
    let calendar = Calendar::new(Arc::clone(&ambient.clock), default_zone());
    let book = BookModel::new(calendar.clone());
    let book_freshness = Freshness::default();
    let follower = Arc::clone(&book);
    let progress = projector::project(
        &lifecycle,
        Arc::clone(&bus),
        book::SOURCE,
        follower,
        Duration::ZERO,
    );
    book_freshness.add(book::SOURCE, progress);

    let accounts = keizoku_accounts::build(
        keizoku_accounts::Deps {
            log: Arc::clone(&accounts_log),
            bus: Arc::clone(&bus),
            book: Arc::clone(&book),
            book_freshness: book_freshness.clone(),
            calendar: calendar.clone(),
            entropy: Arc::clone(&ambient.entropy),
            lifecycle: lifecycle.clone(),
        },
        folder,
    )
    .map_err(unusable)?;
    let risk = keizoku_risk::build(
        keizoku_risk::Deps {
            log: Arc::clone(&risk_log),
            bus: Arc::clone(&bus),
            book: Arc::clone(&book),
            book_freshness: book_freshness.clone(),
            calendar: calendar.clone(),
            entropy: Arc::clone(&ambient.entropy),
            lifecycle: lifecycle.clone(),
        },
        folder,
    )
    .map_err(unusable)?;
    let forecast = keizoku_forecast::build(
        keizoku_forecast::Deps {
            bus: Arc::clone(&bus),
            book: Arc::clone(&book),
            book_freshness: book_freshness.clone(),
            lifecycle: lifecycle.clone(),
        },
        folder,
    )
    .map_err(unusable)?;

    let mut routes = RoutesBuilder::default();
    accounts.serve(&mut routes);
    risk.serve(&mut routes);
    forecast.serve(&mut routes);
    let part = |package, freshness: Freshness| grpc::Part {
        package,
        freshness: vec![book_freshness.clone(), freshness],
    };
    let parts = vec![
        part("keizoku.accounts.v1", accounts.freshness()),
        part("keizoku.risk.v1", risk.freshness()),
        part("keizoku.forecast.v1", forecast.freshness()),
    ];
    let serving = serve(listener, routes, parts, settings, lifecycle.clone());
    let freshness = vec![
        book_freshness,
        accounts.freshness(),
        risk.freshness(),
        forecast.freshness(),
        forecast.names_freshness(),
    ];
    let logs = vec![accounts_log, risk_log];
    Ok(Server {
        address,
        is_new,
        lifecycle,
        freshness,
        logs,
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
        for log in &self.logs {
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
        tls: config.tls.load()?,
        limits: config.limits.clone(),
        reflection: config.reflection.is_on(config.listen),
    })
}

fn create(folder: &Path) -> Result<(), StartError> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = folder.parent().unwrap_or(folder);
            Err(StartError::NoPlace(parent.to_owned()))
        }
        created => created.map_err(|error| StartError::DataDirectory(folder.to_owned(), error)),
    }
}

fn open_log(
    folder: &Path,
    service: &'static str,
    config: &Config,
    ambient: &Ambient,
    telemetry: &Telemetry,
) -> Result<Arc<dyn EventLog>, OpenError> {
    let path = log_path(folder, service);
    let mut options = SqliteOptions::new(
        path,
        Arc::clone(&ambient.clock),
        Arc::clone(&ambient.entropy),
    );
    options.probe = Arc::clone(&ambient.probe);
    if config.storage.unsafe_no_sync {
        tracing::error!("storage.unsafe_no_sync is set: a power cut loses acknowledged changes");
        options.synchronous = Synchronous::Off;
    }
    let log = Arc::new(SqliteLog::open(options)?);
    Ok(telemetry::observed(telemetry, service, log))
}

/// File of a service's log.
#[must_use]
pub fn log_path(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("{service}.log.sqlite"))
}

/// The organisation's zone until it says otherwise (GEN-1).
fn default_zone() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC)
}
