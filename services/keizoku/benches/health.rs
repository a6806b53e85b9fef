//! Health scores: signals in beside the raw log, acknowledged to visible, a score among a million accounts,
//! what passing time costs, and a draft over all history (HLT-1, HLT-5, HLT-8).
//!
//! The server is a process of its own on a directory of its own. Run it with `./dev bench health`;
//! `KEIZOKU_BENCH_SCALE=0.01` tries it out.

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
    runtime.block_on(async {
        ingest::run().await?;
        scores::run().await?;
        what_if::run().await
    })
}
