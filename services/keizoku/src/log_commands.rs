//! `keizoku log`: to be written.

use std::process::ExitCode;

/// Arguments of `keizoku log`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    anyhow::bail!("`keizoku log` is not there yet")
}
