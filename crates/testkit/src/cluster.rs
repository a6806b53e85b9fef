//! All services in this process, on a virtual clock.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::{Timestamp, Zoned};
use keizoku_cli::client::Connection;
use keizoku_cli::server::config::Config;
use keizoku_cli::server::{self, Ambient, Server};
use keizoku_core::{ManualClock, NoProbe, SystemEntropy};
use keizoku_runtime::Lifecycle;
use tempfile::TempDir;

use crate::process::connect;

/// Every service of a deployment, on a clock that the test moves.
///
/// Only time that a figure depends on is virtual: what waits for another thread waits for real.
pub struct Cluster {
    clock: Arc<ManualClock>,
    folder: TempDir,
    server: Server,
    config: Box<Config>,
}

impl Cluster {
    /// A new deployment; the clock shows `now`, such as `2026-11-22T09:00[Asia/Tokyo]`.
    pub async fn at(now: &str) -> Self {
        Self::configured(now, |_, _| {}).await
    }

    /// The same, with what `change` does to its configuration; it may put files into the directory.
    pub async fn configured(now: &str, change: impl FnOnce(&Path, &mut Config)) -> Self {
        let clock = Arc::new(ManualClock::at(instant(now)));
        let folder = TempDir::new().expect("there is a place for temporary files");
        let mut config = Box::new(Config {
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Config::default()
        });
        change(folder.path(), &mut config);
        Self::start(clock, folder, config).await
    }

    async fn start(clock: Arc<ManualClock>, folder: TempDir, config: Box<Config>) -> Self {
        let ambient = Ambient {
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SystemEntropy),
            probe: Arc::new(NoProbe),
        };
        let server = server::start(&config, &ambient)
            .await
            .expect("a new directory and a free port are all it needs");
        server.ready().await;
        Self {
            clock,
            folder,
            server,
            config,
        }
    }

    /// Moves the clock.
    pub fn set(&self, now: &str) {
        self.clock.set(instant(now));
    }

    /// Where its API is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// How it was configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The handle that stops it.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.server.lifecycle()
    }

    /// Its data directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Clients of it, calling as `user`.
    pub async fn api(&self, user: &str) -> Connection {
        connect(self.server.address, user).await
    }

    /// Stops it and starts it again on the same directory; clients must be made anew.
    #[must_use]
    pub async fn restart(self) -> Self {
        let (clock, config) = (Arc::clone(&self.clock), self.config.clone());
        let folder = self.stop().await;
        Self::start(clock, folder, config).await
    }

    /// Stops it; what is on disk stays until the directory is dropped.
    pub async fn stop(self) -> TempDir {
        self.server.lifecycle().stop();
        self.server.run().await.expect("it stops in order");
        self.folder
    }
}

fn instant(text: &str) -> Timestamp {
    match text.parse::<Zoned>() {
        Ok(zoned) => zoned.timestamp(),
        Err(error) => panic!("`{text}` is not like 2026-11-22T09:00[Asia/Tokyo]: {error}"),
    }
}
