//! `keizoku backup` and `keizoku restore`: to be written.

use std::process::ExitCode;

/// Arguments of `keizoku backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {}

/// Arguments of `keizoku restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {}

pub(crate) fn back_up(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let BackupArgs {} = args;
    anyhow::bail!("`keizoku backup` is not there yet")
}

pub(crate) fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let RestoreArgs {} = args;
    anyhow::bail!("`keizoku restore` is not there yet")
}
