//! What an operator may set, each with a default that works.

use std::net::SocketAddr;
use std::path::PathBuf;

use keizoku_runtime::config::ConfigError;
use keizoku_runtime::telemetry::LogFormat;
use serde::Deserialize;

/// Configuration of `keizoku serve`: a TOML file, then `KEIZOKU__KEY` in the environment, then the
/// command line.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory of logs and read models; created when its parent exists.
    pub data_dir: PathBuf,
    /// Address of the gRPC API. Off loopback is refused: there are no tokens yet.
    pub listen: SocketAddr,
    /// How the process's own log looks.
    pub log: LogConfig,
    /// What is written as soon as it is answered, and when it counts as written.
    pub storage: StorageConfig,
    /// Where messages go.
    pub notification: keizoku_notification::config::Config,
}

/// How the process's own log looks.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `plain` or `json`.
    pub format: LogFormat,
    /// Which lines: `warn`, or per module as `info,keizoku_log=debug`.
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
    /// When a file is missing or malformed, or a key does not exist.
    pub fn load(file: Option<&std::path::Path>) -> Result<Self, ConfigError> {
        keizoku_runtime::config::load(file)
    }
}
