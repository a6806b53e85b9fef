//! Health scores: signals in beside the raw log, acknowledged to visible, a score among a million accounts,
//! what passing time costs, and a draft over all history (HLT-1, HLT-5, HLT-8).
//!
//! The server is a process of its own on a directory of its own. Run it with `./dev bench health`, one part of
//! it with `./dev bench ingest`, `scores` or `what_if`; `KEIZOKU_BENCH_SCALE=0.01` tries it out.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

#[path = "health/customers.rs"]
mod customers;
#[path = "health/ingest.rs"]
mod ingest;
#[path = "health/scores.rs"]
mod scores;
#[path = "health/what_if.rs"]
mod what_if;

use support::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let parts: Vec<&String> = parts
        .iter()
        .filter(|part| !part.starts_with("--"))
        .collect();
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(&**part));
    runtime.block_on(async {
        if wanted("ingest") {
            ingest::run().await?;
        }
        if wanted("scores") {
            scores::run().await?;
        }
        if wanted("what_if") {
            what_if::run().await?;
        }
        Ok(())
    })
}
