//! What tests need around Keizoku: the real binary as a process, all services in this process on a
//! virtual clock, and data to ask them about.
//!
//! *Used by* tests only. *Guarantees*: nothing waits for time to pass, nothing is shared between
//! two tests, and what a test starts ends with it. *Fails* by panicking, which fails the test.
//!
//! ```text
//! Serve ──► Process    the binary on a directory, killed or signalled by its own handle
//! Cluster              the same services in this process, on a ManualClock
//! Scene                teams, accounts, subscriptions and risks through the API, with defaults
//! Deployment           the binary in one process, or in one per service over a NatsServer
//! peer                 Slack and a mail server, which do what the test says
//! refused, logs        what a refusal says; what is on disk
//! ```

#![expect(
    clippy::missing_panics_doc,
    reason = "a helper panics where a test would: that is its error"
)]

mod binary;
mod cluster;
mod deployment;
mod ids;
pub mod logs;
mod nats;
pub mod peer;
mod place;
mod process;
mod refusal;
mod scene;

pub use binary::keizoku;
pub use cluster::Cluster;
pub use deployment::Deployment;
pub use ids::RequestIds;
pub use nats::NatsServer;
pub use place::{SmallDisk, contents, repository};
pub use process::{Exited, Process, Serve, run, run_at};
pub use refusal::{Refusal, refused};
pub use scene::{Scene, day, yen};
