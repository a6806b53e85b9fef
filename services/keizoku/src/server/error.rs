//! Why a server does not start.

use std::path::PathBuf;

use keizoku_bus::nats::ConnectError;
use keizoku_log::sqlite::OpenError;
use keizoku_runtime::access::AccessError;
use keizoku_runtime::server::{ServeError, TlsError};
use keizoku_runtime::telemetry::TelemetryError;

use super::config::{HolidaysError, NatsConfigError};

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
    /// Another process keeps its replicas there.
    #[error("{} is used by another process of the same service: choose another with --data", .0.display())]
    InUse(PathBuf),
    /// A log cannot be opened.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// A read model can neither be opened nor replaced.
    #[error("a read model in {} can neither be opened nor replaced", .0.display())]
    ReadModel(
        PathBuf,
        #[source] keizoku_runtime::read_model::rusqlite::Error,
    ),
    /// A service cannot be built.
    #[error("{0} cannot start")]
    Service(&'static str, #[source] keizoku_runtime::BuildError),
    /// A service reads events that do not get here.
    #[error(
        "{services} cannot run here alone: the events of {sources} come from other processes. Name \
         those services too, or say with --nats where NATS is"
    )]
    NeedsNats {
        /// What was to run.
        services: String,
        /// What it reads.
        sources: String,
    },
    /// The settings for NATS do not fit together.
    #[error(transparent)]
    NatsSettings(#[from] NatsConfigError),
    /// NATS can never be reached with these settings.
    #[error(transparent)]
    Nats(#[from] ConnectError),
    /// The system gives no thread for the exchange.
    #[error("the exchange with NATS cannot be started")]
    Thread(#[source] std::io::Error),
    /// Notifications cannot be sent as they are configured.
    #[error(transparent)]
    Notification(#[from] keizoku_notification::BuildError),
    /// Onboardings cannot be kept.
    #[error(transparent)]
    Onboarding(#[from] keizoku_onboarding::BuildError),
    /// The holiday calendar cannot be read.
    #[error(transparent)]
    Holidays(#[from] HolidaysError),
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
