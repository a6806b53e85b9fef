//! A process that is killed, at any moment or at a named point, loses nothing that it acknowledged
//! and leaves no append half written.

use std::path::Path;

use keizoku_log::EventLog;
use keizoku_log::conformance::{assert_in_order, read_everything};

use crate::child::{BATCH, Order, acknowledged};
use crate::support::{assert_sound, block_on, open};

type Acknowledged = Vec<(String, u64, uuid::Uuid)>;

/// How many of the acknowledged events the log at `path` lacks; it must be in order in any case.
pub(crate) fn missing(path: &Path, lines: &[String]) -> usize {
    let acknowledged: Acknowledged = lines.iter().filter_map(|line| acknowledged(line)).collect();
    assert!(!acknowledged.is_empty(), "something was acknowledged");
    let stored = block_on(async {
        let log = open(path);
        let stored = read_everything(&*log).await;
        log.close().await;
        stored
    });
    assert_sound(path);
    assert_in_order(&stored);
    assert_eq!(stored.len() as u64 % BATCH, 0, "no append is half written");
    let stored: std::collections::HashSet<_> = stored
        .into_iter()
        .map(|event| (event.stream, event.revision.0, event.id))
        .collect();
    acknowledged
        .iter()
        .filter(|event| !stored.contains(event))
        .count()
}

#[test]
fn a_killed_process_loses_nothing_wherever_it_is_killed() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let points = [
        "log.append.received",
        "log.commit.before",
        "log.commit.after",
    ];
    let mut lines = Vec::new();
    for (run, (point, times)) in
        (0..).zip(points.iter().flat_map(|point| [(point, 40), (point, 173)]))
    {
        let order = Order {
            task: "append",
            log: path.clone(),
            run,
            stop_at: Some((point, times)),
            ..Order::default()
        };
        let mut child = order.start(|_| {});
        while let Some(line) = child.line()
            && line != "child stopped"
        {
            lines.push(line);
        }
        lines.extend(child.kill());
        assert_eq!(missing(&path, &lines), 0, "killed at {point}");
    }
}
