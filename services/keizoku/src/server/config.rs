//! What an operator may set, each with a default that works.

mod calendar;
mod nats;

use std::net::SocketAddr;
use std::path::PathBuf;

use keizoku_runtime::access::AccessConfig;
use keizoku_runtime::config::{ConfigError, Problems};
use keizoku_runtime::server::{LimitsConfig, Reflection, TlsConfig};
use keizoku_runtime::telemetry::{LogFormat, TelemetryConfig};
use serde::Deserialize;

pub use calendar::{CalendarConfig, HolidaysError};
pub use nats::{NatsConfig, NatsConfigError};

/// Configuration of `keizoku serve`: a TOML file, then `KEIZOKU__KEY` in the environment, then the
/// command line.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory of logs and read models; created when its parent exists.
    pub data_dir: PathBuf,
    /// Address of the gRPC API. Off loopback only with `tls` and `access`.
    pub listen: SocketAddr,
    /// How the process's own log looks.
    pub log: LogConfig,
    /// What is written as soon as it is answered, and when it counts as written.
    pub storage: StorageConfig,
    /// On which days people work.
    pub calendar: CalendarConfig,
    /// The exchange with services of other processes.
    pub nats: NatsConfig,
    /// Who may call the API, and how they are recognised.
    pub access: AccessConfig,
    /// Encryption, and the certificates of clients.
    pub tls: TlsConfig,
    /// Whether clients may ask which RPCs there are.
    pub reflection: Reflection,
    /// How much the process takes on.
    pub limits: LimitsConfig,
    /// Where traces and metrics go.
    pub telemetry: TelemetryConfig,
    /// When onboardings are stalled.
    pub onboarding: keizoku_onboarding::config::Config,
    /// Where messages go.
    pub notification: keizoku_notification::config::Config,
}

/// How the process's own log looks.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `plain` or `json`.
    pub format: LogFormat,
    /// Which lines: `warn`, or per module as `info,keizoku_log=debug`. What clients do wrong in HTTP/2 is
    /// left out unless it is asked for, as `warn,h2=warn`.
    pub filter: String,
}

/// When a change counts as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// For the test of durability alone: acknowledges before the data is on disk, so a power cut
    /// loses acknowledged changes.
    pub unsafe_no_sync: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 7420)),
            log: LogConfig::default(),
            storage: StorageConfig::default(),
            calendar: CalendarConfig::default(),
            nats: NatsConfig::default(),
            access: AccessConfig::default(),
            tls: TlsConfig::default(),
            reflection: Reflection::default(),
            limits: LimitsConfig::default(),
            telemetry: TelemetryConfig::default(),
            onboarding: keizoku_onboarding::config::Config::default(),
            notification: keizoku_notification::config::Config::default(),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Plain,
            filter: "warn".to_owned(),
        }
    }
}

impl Config {
    /// Reads file and environment.
    ///
    /// # Errors
    /// When a file is missing or malformed, a key does not exist, or values do not fit together:
    /// all of them then.
    pub fn load(file: Option<&std::path::Path>) -> Result<Self, ConfigError> {
        let config: Self = keizoku_runtime::config::load(file)?;
        let mut problems = Problems::default();
        config.access.validate(&mut problems);
        config.tls.validate(&mut problems);
        config.limits.validate(&mut problems);
        config.telemetry.validate(&mut problems);
        config.onboarding.validate(&mut problems);
        if !config.access.certificate_roles.is_empty() && !config.tls.knows_clients() {
            let why = "needs tls.client_ca_file, without which no certificate is trusted";
            problems.add("access.certificate_roles", why);
        }
        problems.check()?;
        Ok(config)
    }
}
