//! Where the events of a process come from: its own logs, and replicas of those of others.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use keizoku_bus::nats::{NatsBus, NatsOptions};
use keizoku_bus::{Bus, LocalBus};
use keizoku_log::EventLog;
use keizoku_runtime::Lifecycle;
use keizoku_runtime::replica::Replica;
use keizoku_runtime::telemetry::{self, Telemetry};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::config::Config;
use super::{Ambient, Roles, StartError, storage};

/// The sources of a process.
pub(super) struct Exchange {
    /// The logs of its own services, by name.
    pub(super) logs: BTreeMap<&'static str, Arc<dyn EventLog>>,
    /// Everything that its services read.
    pub(super) bus: Arc<dyn Bus>,
    _nats: Option<Nats>,
    _claim: Option<File>,
}

/// The connection to NATS, on a thread of its own: to send a long history once more must not keep the
/// thread busy that serves.
pub(super) struct Nats {
    bus: NatsBus,
    thread: Thread,
}

/// A thread that runs tasks until it is dropped. They may be stopped at any time.
struct Thread(Option<Runtime>);

impl Nats {
    async fn connect(options: NatsOptions) -> Result<Self, StartError> {
        let thread = Thread::start()?;
        let connecting = thread.spawn(async move { NatsBus::connect(&options).await });
        let bus = connecting
            .await
            .map_err(|error| StartError::Thread(error.into()))??;
        Ok(Self { bus, thread })
    }

    /// Publishes a log until it is closed.
    fn publish(&self, source: &'static str, log: &Arc<dyn EventLog>, telemetry: &Telemetry) {
        let relay = self.bus.relay(source, Arc::clone(log));
        self.thread
            .spawn(telemetry.relayed(source, log, relay).run());
    }
}

impl Thread {
    fn start() -> Result<Self, StartError> {
        let mut thread = Builder::new_multi_thread();
        let thread = thread.worker_threads(1).thread_name("nats").enable_all();
        let thread = thread.build().map_err(StartError::Thread)?;
        Ok(Self(Some(thread)))
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        // It is there until it is dropped.
        let thread = self.0.as_ref().map(Runtime::handle);
        thread
            .map_or_else(Handle::current, Handle::clone)
            .spawn(task)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Nobody may wait here.
        if let Some(thread) = self.0.take() {
            thread.shutdown_background();
        }
    }
}

/// Connects to NATS, where it is configured.
pub(super) async fn connect(config: &Config, roles: &Roles) -> Result<Option<Nats>, StartError> {
    let Some(options) = config.nats.options()? else {
        let foreign = Vec::from_iter(roles.foreign_sources());
        if foreign.is_empty() {
            return Ok(None);
        }
        return Err(StartError::NeedsNats {
            services: roles.names(),
            sources: foreign.join(", "),
        });
    };
    Nats::connect(options).await.map(Some)
}

impl Exchange {
    /// Opens the own logs and publishes them; keeps replicas of those that are read and not here.
    pub(super) fn open(
        config: &Config,
        roles: &Roles,
        ambient: &Ambient,
        nats: Option<Nats>,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StartError> {
        let folder = config.data_dir.as_path();
        let mut logs = BTreeMap::new();
        let mut bus = LocalBus::new();
        for source in roles.own_sources() {
            let log = storage::open_log(folder, source, config, ambient)?;
            let log = telemetry::observed(lifecycle.telemetry(), source, log);
            bus = bus.with(source, Arc::clone(&log));
            logs.insert(source, log);
        }
        let mut claim = None;
        if let Some(nats) = &nats {
            for (source, log) in &logs {
                nats.publish(source, log, lifecycle.telemetry());
            }
            let foreign = roles.foreign_sources();
            if !foreign.is_empty() {
                claim = Some(storage::claim(folder, roles)?);
            }
            for source in foreign {
                let path = storage::replica_path(folder, roles, source);
                let replica = Replica::open(&path, source, Arc::new(nats.bus.clone()), lifecycle)
                    .map_err(|error| StartError::ReadModel(folder.to_owned(), error))?;
                bus = bus.with_remote(source, Arc::new(replica));
            }
        }
        Ok(Self {
            logs,
            bus: Arc::new(bus),
            _nats: nats,
            _claim: claim,
        })
    }
}
