//! All services in this process, on a virtual clock.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::{Timestamp, Zoned};
use keizoku_cli::client::{Connection, Endpoints};
use keizoku_cli::server::config::Config;
use keizoku_cli::server::{self, Ambient, Role, Roles, Server};
use keizoku_core::{ManualClock, NoProbe, SystemEntropy};
use keizoku_runtime::Lifecycle;
use tempfile::TempDir;

use crate::NatsServer;
use crate::process::connect;

/// Says which bus clusters are on: `nats` for services that exchange events over NATS, each as if it
/// were a process of its own. Otherwise all services share one.
const BUS: &str = "KEIZOKU_TEST_BUS";

/// Every service of a deployment, on a clock that the test moves.
///
/// Only time that a figure depends on is virtual: what waits for another thread waits for real.
pub struct Cluster {
    clock: Arc<ManualClock>,
    folder: TempDir,
    nats: Option<NatsServer>,
    /// One that has all services, or one for each, in the order of [`Role::ALL`].
    servers: Vec<Server>,
    config: Box<Config>,
}

impl Cluster {
    /// A new deployment; the clock shows `now`, such as `2026-11-22T09:00[Asia/Tokyo]`.
    pub async fn at(now: &str) -> Self {
        Self::configured(now, |_, _| {}).await
    }

    /// The same, with what `change` does to its configuration; it may put files into the directory.
    pub async fn configured(now: &str, change: impl FnOnce(&Path, &mut Config)) -> Self {
        let is_split = std::env::var(BUS).is_ok_and(|bus| bus == "nats");
        let nats = is_split.then(NatsServer::start);
        Self::on(nats, now, change).await
    }

    /// The same over NATS, each service as if it were a process of its own, whatever the environment
    /// says.
    pub async fn split(now: &str, change: impl FnOnce(&Path, &mut Config)) -> Self {
        Self::on(Some(NatsServer::start()), now, change).await
    }

    async fn on(
        nats: Option<NatsServer>,
        now: &str,
        change: impl FnOnce(&Path, &mut Config),
    ) -> Self {
        let clock = Arc::new(ManualClock::at(instant(now)));
        let folder = TempDir::new().expect("there is a place for temporary files");
        let mut config = Box::new(Config {
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Config::default()
        });
        change(folder.path(), &mut config);
        Self::start(clock, folder, nats, config).await
    }

    async fn start(
        clock: Arc<ManualClock>,
        folder: TempDir,
        nats: Option<NatsServer>,
        mut config: Box<Config>,
    ) -> Self {
        let ambient = Ambient {
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SystemEntropy),
            probe: Arc::new(NoProbe),
        };
        let mut processes = vec![Roles::all()];
        if let Some(nats) = &nats {
            config.nats.url = nats.url();
            processes = Role::ALL.map(|role| Roles::of(&[role])).to_vec();
        }
        let mut servers = Vec::new();
        for roles in processes {
            let server = server::start(&config, &roles, &ambient)
                .await
                .expect("a new directory and a free port are all it needs");
            servers.push(server);
        }
        for server in &servers {
            server.ready_with_others().await;
        }
        Self {
            clock,
            folder,
            nats,
            servers,
            config,
        }
    }

    /// Moves the clock.
    pub fn set(&self, now: &str) {
        self.clock.set(instant(now));
    }

    /// Where its API is; on NATS, that of the first service.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.servers[0].address
    }

    /// How it was configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The handle that stops it; on NATS, that of the first service.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.servers[0].lifecycle()
    }

    /// Its data directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where each service is.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        let places: Vec<_> = self.servers.iter().map(|one| one.address).collect();
        let place = |address: &SocketAddr| format!("http://{address}");
        match places.as_slice() {
            [
                accounts,
                risk,
                forecast,
                notification,
                onboarding,
                healthscore,
            ] => Endpoints {
                accounts: Some(place(accounts)),
                risk: Some(place(risk)),
                forecast: Some(place(forecast)),
                notification: Some(place(notification)),
                onboarding: Some(place(onboarding)),
                healthscore: Some(place(healthscore)),
                ..Endpoints::all_at(place(accounts))
            },
            _ => Endpoints::all_at(place(&self.address())),
        }
    }

    /// Clients of it, calling as `user`.
    pub async fn api(&self, user: &str) -> Connection {
        connect(&self.endpoints(), user).await
    }

    /// Stops it and starts it again on the same directory; clients must be made anew.
    #[must_use]
    pub async fn restart(self) -> Self {
        self.restart_after(|_, _| {}).await
    }

    /// The same, after `between` did something to the directory of the stopped deployment, or to its
    /// configuration.
    #[must_use]
    pub async fn restart_after(mut self, between: impl FnOnce(&Path, &mut Config)) -> Self {
        self.end().await;
        between(self.folder.path(), &mut self.config);
        Self::start(self.clock, self.folder, self.nats, self.config).await
    }

    /// The same, and the clock shows `now` when it starts.
    #[must_use]
    pub async fn restart_at(mut self, now: &str) -> Self {
        self.end().await;
        self.set(now);
        self.restart().await
    }

    /// Stops it; what is on disk stays until the directory is dropped.
    pub async fn stop(mut self) -> TempDir {
        self.end().await;
        self.folder
    }

    async fn end(&mut self) {
        for server in &self.servers {
            server.lifecycle().stop();
        }
        for server in self.servers.drain(..) {
            server.run().await.expect("it stops in order");
        }
    }
}

fn instant(text: &str) -> Timestamp {
    match text.parse::<Zoned>() {
        Ok(zoned) => zoned.timestamp(),
        Err(error) => panic!("`{text}` is not like 2026-11-22T09:00[Asia/Tokyo]: {error}"),
    }
}
