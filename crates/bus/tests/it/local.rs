//! The bus of a single process keeps to the suite.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use keizoku_bus::conformance::Backend;
use keizoku_bus::{Bus, LocalBus};
use keizoku_log::EventLog;

struct Local(BTreeMap<&'static str, Arc<dyn EventLog>>);

#[async_trait]
impl Backend for Local {
    async fn fresh() -> Self {
        Self(BTreeMap::new())
    }

    async fn offer(&mut self, source: &'static str, log: Arc<dyn EventLog>) {
        self.0.insert(source, log);
    }

    async fn bus(&self) -> Arc<dyn Bus> {
        let offered = self.0.iter();
        Arc::new(offered.fold(LocalBus::new(), |bus, (source, log)| {
            bus.with(source, Arc::clone(log))
        }))
    }
}

keizoku_bus::conformance_suite!(Local);
