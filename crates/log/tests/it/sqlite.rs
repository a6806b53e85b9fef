//! The SQLite log keeps every promise of the suite.

use std::sync::Arc;

use async_trait::async_trait;
use keizoku_core::{Clock, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::conformance::Backend;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use tempfile::TempDir;

struct Sqlite(TempDir);

#[async_trait]
impl Backend for Sqlite {
    fn fresh() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    async fn open(&self, clock: Arc<dyn Clock>) -> Arc<dyn EventLog> {
        let path = self.0.path().join("log");
        let options = SqliteOptions::new(path, clock, Arc::new(SystemEntropy));
        Arc::new(SqliteLog::open(options).expect("the log opens"))
    }
}

keizoku_log::conformance_suite!(Sqlite);
