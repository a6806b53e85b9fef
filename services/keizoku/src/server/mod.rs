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
use keizoku_runtime::access::Authentication;
use keizoku_runtime::book::{self, BookModel};
use keizoku_runtime::server::{self as grpc, ServeError};
use keizoku_runtime::{Calendar, Freshness, Lifecycle, SharedBook, projector};
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
    /// Notifications cannot be sent as they are configured.
    #[error(transparent)]
    Notification(#[from] keizoku_notification::BuildError),
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
    // The port first: a second start by mistake must not touch the data.
    let listener = grpc::listen(config.listen).await?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let folder = config.data_dir.as_path();
    create(folder)?;
    let unusable = |error| StartError::ReadModel(folder.to_owned(), error);

    let accounts_log = open_log(folder, keizoku_accounts::SOURCE, config, ambient)?;
    let risk_log = open_log(folder, keizoku_risk::SOURCE, config, ambient)?;
    let notification_log = open_log(folder, keizoku_notification::SOURCE, config, ambient)?;
    let is_new = accounts_log.head().borrow().recorded_at.is_none();
    let bus: Arc<dyn Bus> = Arc::new(
        LocalBus::new()
            .with(keizoku_accounts::SOURCE, Arc::clone(&accounts_log))
            .with(keizoku_risk::SOURCE, Arc::clone(&risk_log))
            .with(keizoku_notification::SOURCE, Arc::clone(&notification_log)),
    );

    let lifecycle = Lifecycle::probed(Arc::clone(&ambient.probe));
    let calendar = Calendar::new(Arc::clone(&ambient.clock), default_zone());
    let (book, book_freshness) = follow_book(&lifecycle, &bus, &calendar);

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

    let notification = keizoku_notification::build(
        keizoku_notification::Deps {
            log: Arc::clone(&notification_log),
            bus: Arc::clone(&bus),
            book: Arc::clone(&book),
            book_freshness: book_freshness.clone(),
            calendar: calendar.clone(),
            entropy: Arc::clone(&ambient.entropy),
            lifecycle: lifecycle.clone(),
        },
        config.notification.clone(),
        folder,
    )
    .await?;

    let mut routes = RoutesBuilder::default();
    accounts.serve(&mut routes);
    risk.serve(&mut routes);
    forecast.serve(&mut routes);
    notification.serve(&mut routes);
    let serving = spawn_serving(listener, routes, &lifecycle);
    let freshness = vec![
        book_freshness,
        accounts.freshness(),
        risk.freshness(),
        forecast.freshness(),
        forecast.names_freshness(),
        notification.freshness(),
    ];
    let logs = vec![accounts_log, risk_log, notification_log];
    Ok(Server {
        address,
        is_new,
        lifecycle,
        freshness,
        logs,
        serving,
    })
}

/// Serves until the process stops. Not tracked: draining waits for the work, and this ends when the
/// work may not come in.
fn spawn_serving(
    listener: TcpListener,
    routes: RoutesBuilder,
    lifecycle: &Lifecycle,
) -> tokio::task::JoinHandle<Result<(), ServeError>> {
    let lifecycle = lifecycle.clone();
    let task =
        async move { grpc::serve(listener, routes, Authentication::Loopback, &lifecycle).await };
    #[expect(
        clippy::disallowed_methods,
        reason = "`Server::run` waits for it itself"
    )]
    tokio::spawn(task)
}

/// The process's book, and how far it has been read.
fn follow_book(
    lifecycle: &Lifecycle,
    bus: &Arc<dyn Bus>,
    calendar: &Calendar,
) -> (SharedBook, Freshness) {
    let book = BookModel::new(calendar.clone());
    let freshness = Freshness::default();
    let (bus, follower) = (Arc::clone(bus), Arc::clone(&book));
    let progress = projector::project(lifecycle, bus, book::SOURCE, follower, Duration::ZERO);
    freshness.add(book::SOURCE, progress);
    (book, freshness)
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
        served.unwrap_or_else(|error| Err(ServeError::Server(Box::new(error))))
    }
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
    service: &str,
    config: &Config,
    ambient: &Ambient,
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
    Ok(Arc::new(SqliteLog::open(options)?))
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
