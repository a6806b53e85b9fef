//! How fast a read model can be rebuilt: reading every event of a log, page by page.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use keizoku_core::{NewEvent, Position, Revision, StreamId, SystemClock, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use uuid::Uuid;

/// The allocator that the binary uses: a rebuild allocates in one thread and frees in another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: u64 = 1_000_000;
const PER_STREAM: u64 = 500;
const ROUNDS: usize = 5;

fn main() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(run(home.path()));
}

async fn run(home: &Path) {
    let clock = Arc::new(SystemClock);
    let options = SqliteOptions::new(home.join("log"), clock, Arc::new(SystemEntropy));
    let log = SqliteLog::open(options).expect("opens");
    let start = Instant::now();
    for stream in 0..EVENTS / PER_STREAM {
        fill(&log, stream).await;
    }
    println!(
        "fill, {PER_STREAM} events per append: {:.0} events/s",
        rate(start)
    );
    for page in [200, 1_000, 5_000] {
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(read(&log, page).await);
        }
        rates.sort_by(f64::total_cmp);
        let (min, median, max) = (rates[0], rates[ROUNDS / 2], rates[ROUNDS - 1]);
        println!("rebuild, pages of {page}: {min:.0} / {median:.0} / {max:.0} events/s");
    }
    log.close().await;
}

async fn fill(log: &SqliteLog, stream: u64) {
    let id = |number| Uuid::new_v5(&Uuid::from_u64_pair(stream, number), b"bench");
    let event = |number| NewEvent {
        id: id(number),
        kind: "something_happened",
        data: vec![b'd'; 200],
        metadata: vec![b'm'; 100],
    };
    let name = StreamId::new("bench", id(PER_STREAM));
    log.append(&name, Revision::NONE, (0..PER_STREAM).map(event).collect())
        .await
        .expect("appended");
}

async fn read(log: &SqliteLog, page: usize) -> f64 {
    let start = Instant::now();
    let (mut after, mut seen) = (Position::START, 0);
    loop {
        let events = log.read_all(after, page).await.expect("read");
        let Some(last) = events.last() else { break };
        after = last.position;
        seen += events.len() as u64;
    }
    assert_eq!(seen, EVENTS);
    rate(start)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
fn rate(start: Instant) -> f64 {
    EVENTS as f64 / start.elapsed().as_secs_f64()
}
