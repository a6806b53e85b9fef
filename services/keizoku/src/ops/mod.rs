//! What an operator does with the files of a server: look into its logs, check and copy them, put a
//! copy in place, and have the read models built again.
//!
//! *Used by* the binary and by tests. *Guarantees*: a log is read, copied or made anew, never
//! changed; nothing is ever overwritten; what is only read or copied may belong to a running
//! server. *Fails* with [`Refusal`], which says what to do next.

pub mod backup;
pub mod config;
pub mod export;
pub mod manifest;
pub mod rebuild;
pub mod restore;
pub mod tail;
pub mod token;
pub mod verify;

mod data;
mod event;
mod log_file;
mod meter;
mod nearest;
mod refusal;
mod summary;

use std::io::{self, Write as _};

use clap::Subcommand;
use keizoku_core::{SystemClock, SystemEntropy};

pub use data::{DataDirectory, Service};
pub use refusal::Refusal;

/// The commands that work on files.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look into the logs, beside a running server or without one
    #[command(subcommand)]
    Log(LogCommand),
    /// Copy the logs of a running or stopped server
    Backup(backup::Args),
    /// Put a backup in place, in an empty data directory
    Restore(restore::Args),
    /// Have the read models of a stopped server built again at its next start
    Rebuild(rebuild::Args),
    /// Print the configuration in effect, every key explained
    Config(config::Args),
    /// Print a token for development, signed with the server's own secret
    Token(token::Args),
}

/// The commands that look into logs.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Show the newest events, and those that come
    Tail(tail::Args),
    /// Write events as JSON, one object a line
    Export(export::Args),
    /// Check logs, or a backup, from end to end
    Verify(verify::Args),
}

/// Runs a command; the answer is the exit status of the process.
///
/// # Errors
/// When it cannot be done; the message says what to do next.
pub fn run(command: &Command) -> Result<u8, Refusal> {
    match command {
        Command::Log(LogCommand::Tail(args)) => args.run(),
        Command::Log(LogCommand::Export(args)) => args.run(),
        Command::Log(LogCommand::Verify(args)) => return args.run(),
        Command::Backup(args) => args.run(&SystemClock),
        Command::Restore(args) => args.run(&SystemEntropy),
        Command::Rebuild(args) => args.run(),
        Command::Config(args) => args.run(),
        Command::Token(args) => args.run(&SystemClock),
    }
    .map(|()| 0)
}

/// Prints a text. A reader that has gone (`| head`) has seen enough; the answer is whether there is
/// still one.
fn print(text: &str) -> Result<bool, Refusal> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Refusal::io("standard output cannot be written", error)),
    }
}
