//! A model whose sources are not all the logs that it knew.

use std::sync::Arc;
use std::time::Duration;

use keizoku_bus::LocalBus;
use keizoku_bus::conformance::{append, block_on, open_log};
use keizoku_core::{Position, Recorded};
use keizoku_runtime::Lifecycle;
use keizoku_runtime::projector::project;
use keizoku_runtime::read_model::rusqlite::{Connection, Transaction};
use keizoku_runtime::read_model::{HandlerError, Projected, ReadModel};

const PATIENCE: Duration = Duration::from_secs(30);

fn handle(rows: &Transaction<'_>, source: &str, _: &Recorded) -> Result<(), HandlerError> {
    rows.execute("INSERT INTO rows VALUES (?1)", [source])?;
    Ok(())
}

#[test]
fn when_one_source_has_another_log_what_was_read_of_a_silent_one_is_read_again() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let [silent, former, restored] = ["silent", "former", "restored"].map(|name| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            open_log(&path)
        });
        append(&*silent, 0..20).await;
        append(&*former, 0..3).await;
        append(&*restored, 0..2).await;
        let schema = ["CREATE TABLE rows (source TEXT NOT NULL);"];
        let model = ReadModel::open(&folder.path().join("model"), &schema, handle).unwrap();
        let follow = |lifecycle: &Lifecycle, source, log| {
            let bus = Arc::new(LocalBus::new().with(source, Arc::clone(log)));
            let projected = Arc::new(Projected(Arc::clone(&model)));
            project(lifecycle, bus, source, projected, Duration::ZERO)
        };
        let before = Lifecycle::new();
        follow(&before, "other", &former).reach(Position(3)).await;
        before.stop();
        assert!(before.drained().await);

        let lifecycle = Lifecycle::new();
        let quiet = follow(&lifecycle, "silent", &silent);
        assert!(quiet.reach(Position(20)).await);
        assert!(
            follow(&lifecycle, "other", &restored)
                .reach(Position(2))
                .await
        );
        let counted = |rows: &Connection| {
            let sql = "SELECT count(*) FROM rows WHERE source = 'silent'";
            rows.query_row(sql, [], |row| row.get::<_, i64>(0))
        };
        let mut progress = quiet.progress.clone();
        let read_again = async {
            while model.read(counted).await.ok() != Some(20) {
                progress.changed().await.unwrap();
            }
        };
        let read_again = tokio::time::timeout(PATIENCE, read_again).await;
        assert!(read_again.is_ok(), "it goes on without what it had");
        lifecycle.stop();
        assert!(lifecycle.drained().await);
        for log in [silent, former, restored] {
            log.close().await;
        }
    });
}
