//! All services in this process, on a virtual clock.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::{Timestamp, Zoned};
use keizoku_cli::client::Connection;
use keizoku_cli::server::config::Config;
use keizoku_cli::server::{self, Ambient, Server};
use keizoku_core::{ManualClock, NoProbe, SystemEntropy};
use tempfile::TempDir;

use crate::process::connect;

/// Every service of a deployment, on a clock that the test moves.
///
/// Only time that a figure depends on is virtual: what waits for another thread waits for real.
pub struct Cluster {
    clock: Arc<ManualClock>,
    config: Box<Config>,
    folder: TempDir,
    server: Server,
}

impl Cluster {
    /// A new deployment; the clock shows `now`, such as `2026-11-22T09:00[Asia/Tokyo]`.
    pub async fn at(now: &str) -> Self {
        Self::configured(now, |_| {}).await
    }

    /// The same, with what `change` does to the configuration.
    pub async fn configured(now: &str, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(ManualClock::at(instant(now)));
        let folder = TempDir::new().expect("there is a place for temporary files");
        let mut config = Config {
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Config::default()
        };
        change(&mut config);
        Self::start(clock, config, folder).await
    }

    async fn start(clock: Arc<ManualClock>, config: Config, folder: TempDir) -> Self {
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
            config: Box::new(config),
            folder,
            server,
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
        self.restart_after(|_, _| {}).await
    }

    /// The same, after `between` did something to the directory of the stopped deployment, or to its
    /// configuration.
    #[must_use]
    pub async fn restart_after(self, between: impl FnOnce(&Path, &mut Config)) -> Self {
        let (clock, mut config) = (Arc::clone(&self.clock), *self.config.clone());
        let folder = self.stop().await;
        between(folder.path(), &mut config);
        Self::start(clock, config, folder).await
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
