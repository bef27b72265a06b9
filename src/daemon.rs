//! The daemon, which is not built on this branch.

use std::process::ExitCode;

use anyhow::bail;

use crate::cli::RunOptions;

/// Runs until a signal ends it.
///
/// # Errors
///
/// Always: the daemon is not built on this branch.
pub fn run(_options: &RunOptions) -> anyhow::Result<ExitCode> {
    bail!("failed to run: not built on this branch")
}
