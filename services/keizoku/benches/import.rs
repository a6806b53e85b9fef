//! The import of 100,000 accounts with their subscriptions into an empty server, and the same
//! import again, which changes nothing: the real binary on both sides, from its start to its end.
//!
//! Run it with `./dev bench import`; `KEIZOKU_BENCH_SCALE=0.01` tries it out with 1,000 accounts.

mod export;
#[path = "support/mod.rs"]
#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use support::scale::scaled;
use support::{Child, Failure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNTS: u64 = 100_000;

fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let directory = folder.path().join("export");
    let rows = export::write(&directory, scaled(ACCOUNTS))?;
    let server = Child::keizoku(&folder.path().join("data"))?;
    println!("server: VmRSS {} MB before", server.memory("VmRSS")? >> 20);
    for (name, goal) in [
        ("import, first", "  (goal ≥ 20,000/s)"),
        ("import, the same again", ""),
    ] {
        let (took, report) = import(&server, &directory)?;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = rows as f64 / took.as_secs_f64();
        println!("{report}");
        println!("{name:<28} {rate:.0} rows/s: {rows} rows in {took:.2?}{goal}");
        println!(
            "   server: VmRSS {} MB, at its peak VmHWM {} MB",
            server.memory("VmRSS")? >> 20,
            server.memory("VmHWM")? >> 20
        );
    }
    Ok(())
}

/// What it took, and what it reported.
fn import(server: &Child, directory: &Path) -> Result<(Duration, String), Failure> {
    let endpoint = format!("http://{}", server.address());
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_keizoku"))
        .args(["--endpoint", &endpoint, "import", "salesforce"])
        .arg(directory)
        .output()?;
    let took = began.elapsed();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
}
