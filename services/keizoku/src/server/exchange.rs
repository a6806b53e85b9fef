//! Where the events of a process come from: its own logs, and replicas of those of others.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use keizoku_bus::nats::NatsBus;
use keizoku_bus::{Bus, LocalBus};
use keizoku_log::EventLog;
use keizoku_runtime::Lifecycle;
use keizoku_runtime::replica::Replica;

use super::config::Config;
use super::{Ambient, Roles, StartError, storage};

/// The sources of a process.
pub(super) struct Exchange {
    /// The logs of its own services, by name.
    pub(super) logs: BTreeMap<&'static str, Arc<dyn EventLog>>,
    /// Everything that its services read.
    pub(super) bus: Arc<dyn Bus>,
    _claim: Option<File>,
}

/// Connects to NATS, where it is configured.
pub(super) async fn connect(config: &Config, roles: &Roles) -> Result<Option<NatsBus>, StartError> {
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
    Ok(Some(NatsBus::connect(&options).await?))
}

impl Exchange {
    /// Opens the own logs and publishes them; keeps replicas of those that are read and not here.
    pub(super) fn open(
        config: &Config,
        roles: &Roles,
        ambient: &Ambient,
        nats: Option<&NatsBus>,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StartError> {
        let folder = config.data_dir.as_path();
        let mut logs = BTreeMap::new();
        let mut bus = LocalBus::new();
        for source in roles.own_sources() {
            let log = storage::open_log(folder, source, config, ambient)?;
            bus = bus.with(source, Arc::clone(&log));
            logs.insert(source, log);
        }
        let mut claim = None;
        if let Some(nats) = nats {
            for (source, log) in &logs {
                lifecycle.until_stop(nats.relay(source, Arc::clone(log)).run());
            }
            let foreign = roles.foreign_sources();
            if !foreign.is_empty() {
                claim = Some(storage::claim(folder, roles)?);
            }
            for source in foreign {
                let path = storage::replica_path(folder, roles, source);
                let replica = Replica::open(&path, source, Arc::new(nats.clone()), lifecycle)
                    .map_err(|error| StartError::ReadModel(folder.to_owned(), error))?;
                bus = bus.with_remote(source, Arc::new(replica));
            }
        }
        Ok(Self {
            logs,
            bus: Arc::new(bus),
            _claim: claim,
        })
    }
}
