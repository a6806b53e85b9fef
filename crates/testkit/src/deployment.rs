//! The real binary, in one process or in one per service over NATS: a scenario need not know which.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Output;

use keizoku_cli::client::{Connection, Endpoints};
use keizoku_cli::server::Role;

use crate::process::{connect, run_at};
use crate::{Exited, NatsServer, Process, Serve};

/// A deployment on one data directory.
#[derive(Debug)]
pub struct Deployment {
    data: PathBuf,
    /// By service; a single one when all are in it.
    processes: Vec<(Option<Role>, Process)>,
    nats: Option<NatsServer>,
    /// Variables in the environment of every process.
    environment: Vec<(&'static str, String)>,
}

impl Deployment {
    /// All services in one process, without NATS.
    #[must_use]
    pub fn whole(data: &Path) -> Self {
        let mut whole = Self {
            data: data.to_owned(),
            processes: Vec::new(),
            nats: None,
            environment: Vec::new(),
        };
        whole.start(None);
        whole
    }

    /// One process for each service, over a nats-server of their own.
    #[must_use]
    pub fn split(data: &Path) -> Self {
        Self::split_with(data, Vec::new())
    }

    /// The same, with variables in the environment of every process.
    #[must_use]
    pub fn split_with(data: &Path, environment: Vec<(&'static str, String)>) -> Self {
        let mut split = Self {
            data: data.to_owned(),
            processes: Vec::new(),
            nats: Some(NatsServer::start()),
            environment,
        };
        for role in Role::ALL {
            split.start(Some(role));
        }
        split
    }

    /// How to start a service of it, or all of them.
    #[must_use]
    pub fn serve(&self, role: Option<Role>) -> Serve {
        let environment = self.environment.iter();
        let serve = environment.fold(Serve::on(&self.data), |serve, (key, value)| {
            serve.env(key, value)
        });
        match (&self.nats, role) {
            (Some(nats), Some(role)) => serve.arg(role.name()).arg("--nats").arg(nats.url()),
            _ => serve,
        }
    }

    /// Starts one service, or the process that has all.
    pub fn start(&mut self, role: Option<Role>) {
        let process = self.serve(role).start();
        self.processes.push((role, process));
    }

    /// Takes a service's process out, to end it in one way or another.
    pub fn take(&mut self, role: Role) -> Process {
        let at = self.processes.iter().position(|(of, _)| *of == Some(role));
        self.processes.remove(at.expect("the service runs")).1
    }

    /// Services that start from now on are on another data directory.
    pub fn move_to(&mut self, data: &Path) {
        data.clone_into(&mut self.data);
    }

    /// What the services exchange events by.
    pub fn nats(&mut self) -> &mut NatsServer {
        self.nats.as_mut().expect("the deployment is split")
    }

    /// Where each service is.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        let of = |role| {
            let mut processes = self.processes.iter();
            let found = processes.find(|(of, _)| *of == Some(role));
            found.map(|(_, process)| process.endpoint())
        };
        let first = self.processes.first();
        let all = first.map(|(_, process)| process.endpoint());
        Endpoints {
            accounts: of(Role::Accounts),
            risk: of(Role::Risk),
            forecast: of(Role::Forecast),
            notification: of(Role::Notification),
            healthscore: of(Role::Healthscore),
            onboarding: of(Role::Onboarding),
            ..Endpoints::all_at(all.expect("something runs"))
        }
    }

    /// Clients of it, calling as `user`.
    pub async fn api(&self, user: &str) -> Connection {
        connect(&self.endpoints(), user).await
    }

    /// Runs the binary with `arguments` against it, to its end.
    pub async fn run<A: Into<OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        let endpoints = self.endpoints();
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        // Servers of this thread go on meanwhile.
        let running = tokio::task::spawn_blocking(move || run_at(&endpoints, arguments));
        running.await.expect("the binary can be started")
    }

    /// Stops every process, as an operator does; NATS goes on.
    pub async fn stop(&mut self) {
        for (_, process) in self.processes.drain(..) {
            let exited: Exited = process.stop().await;
            assert_eq!(exited.code(), Some(0), "{exited:?}");
        }
    }

    /// The same after a restart; clients must be made anew.
    #[must_use]
    pub async fn restarted(mut self) -> Self {
        let roles: Vec<_> = self.processes.iter().map(|(role, _)| *role).collect();
        self.stop().await;
        for role in roles {
            self.start(role);
        }
        self
    }
}
