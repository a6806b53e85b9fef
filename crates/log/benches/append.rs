//! How fast events are acknowledged, beside what the disk itself allows: the same bytes in the
//! same groups, written to a plain file with one `fdatasync` per group. The two take turns, so that
//! a slow moment of the machine meets both.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use keizoku_core::{NewEvent, Probe, Revision, StreamId, SystemClock, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use tokio::task::JoinSet;
use uuid::Uuid;

/// The allocator that the binary uses: a rebuild allocates in one thread and frees in another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
/// Data and metadata: 300 bytes together.
const DATA: usize = 200;
const METADATA: usize = 100;
/// What else is stored of an event: stream, id, kind, position, revision and time.
const ENVELOPE: usize = 90;
/// Events per stream, as short as real ones.
const STREAM: u64 = 8;

fn main() {
    compare("64 writers", 64, 1_500);
    compare("1 writer", 1, 2_000);
}

fn compare(name: &str, writers: u64, events: u64) {
    let (mut logs, mut files, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut groups = Vec::new();
    for _ in 0..ROUNDS {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let (log, sizes) = append_to_log(home.path(), writers, events);
        let file = append_to_file(&home.path().join("plain"), &sizes);
        groups.push(sizes.iter().sum::<usize>() / sizes.len());
        logs.push(log);
        files.push(file);
        ratios.push(log / file);
    }
    groups.sort_unstable();
    println!(
        "append, {name}: log {} events/s, plain file {} events/s, ratio {}, events per group {}",
        spread(&mut logs, 0),
        spread(&mut files, 0),
        spread(&mut ratios, 2),
        groups[ROUNDS / 2],
    );
}

/// Minimum, median and maximum.
fn spread(values: &mut [f64], digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let [min, .., max] = values else {
        return "none".to_owned();
    };
    let (min, max) = (*min, *max);
    format!(
        "{min:.digits$} / {:.digits$} / {max:.digits$}",
        values[values.len() / 2]
    )
}

/// Events per second, and the size of each group.
fn append_to_log(home: &Path, writers: u64, events: u64) -> (f64, Vec<usize>) {
    let groups = Arc::new(Groups::default());
    let clock = Arc::new(SystemClock);
    let mut options = SqliteOptions::new(home.join("log"), clock, Arc::new(SystemEntropy));
    options.probe = Arc::clone(&groups) as Arc<dyn Probe>;
    let log = Arc::new(SqliteLog::open(options).expect("opens"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let start = Instant::now();
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for writer in 0..writers {
            let log = Arc::clone(&log);
            tasks.spawn(async move {
                for event in 0..events {
                    append(&log, writer, event).await;
                }
            });
        }
        tasks.join_all().await;
    });
    let speed = rate(writers * events, start);
    runtime.block_on(log.close());
    let sizes = std::mem::take(&mut *groups.sizes.lock().expect("not poisoned"));
    (speed, sizes)
}

async fn append(log: &SqliteLog, writer: u64, event: u64) {
    let stream = StreamId::new("bench", id(writer, event / STREAM));
    let expected = Revision(event % STREAM);
    let event = NewEvent {
        id: id(writer, event),
        kind: "something_happened",
        data: vec![b'd'; DATA],
        metadata: vec![b'm'; METADATA],
    };
    log.append(&stream, expected, vec![event])
        .await
        .expect("appended");
}

/// Spread like random ids, as those of real streams are.
fn id(writer: u64, number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::from_u64_pair(writer, number), b"bench")
}

fn append_to_file(path: &Path, groups: &[usize]) -> f64 {
    let mut file = File::create(path).expect("a file");
    let bytes = vec![b'x'; (DATA + METADATA + ENVELOPE) * groups.iter().max().expect("a group")];
    let start = Instant::now();
    for events in groups {
        file.write_all(&bytes[..events * (DATA + METADATA + ENVELOPE)])
            .expect("written");
        file.sync_data().expect("synced");
    }
    rate(groups.iter().sum::<usize>() as u64, start)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
fn rate(events: u64, start: Instant) -> f64 {
    events as f64 / start.elapsed().as_secs_f64()
}

/// Counts the appends between two commits.
#[derive(Default)]
struct Groups {
    open: AtomicUsize,
    sizes: Mutex<Vec<usize>>,
}

impl Probe for Groups {
    fn reached(&self, point: &'static str) {
        match point {
            "log.append.received" => {
                self.open.fetch_add(1, Ordering::Relaxed);
            }
            "log.commit.before" => {
                let size = self.open.swap(0, Ordering::Relaxed);
                self.sizes.lock().expect("not poisoned").push(size);
            }
            _ => {}
        }
    }
}
