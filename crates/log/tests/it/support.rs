//! What several modules need.

use std::path::Path;
use std::sync::Arc;

use keizoku_core::{SystemClock, SystemEntropy};
use keizoku_log::sqlite::{SqliteLog, SqliteOptions, verify};

/// The options that a service would have, except that a fatal failure is a failed test.
pub(crate) fn options(path: &Path) -> SqliteOptions {
    let mut options = SqliteOptions::new(path, Arc::new(SystemClock), Arc::new(SystemEntropy));
    options.on_fatal = Arc::new(|error| panic!("fatal: {error}"));
    options
}

pub(crate) fn open(path: &Path) -> Arc<SqliteLog> {
    Arc::new(SqliteLog::open(options(path)).expect("the log opens"))
}

/// Panics with what is wrong in the log, if anything is.
pub(crate) fn assert_sound(path: &Path) {
    let found = verify(path, |_| {}).expect("the log can be read");
    assert_eq!(found.problems, Vec::<String>::new());
    assert!(found.is_sound());
}

/// Runs a future as a service does: on one thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(future)
}
