//! Choice of the output, and journald's rate limit for it.

use std::io::{IsTerminal as _, stdout};
use std::os::fd::AsFd as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli;
use crate::config::Config;
use crate::exclude;
use crate::journald::{self, Allowance};
use crate::log;
use crate::output::own_file::OwnFile;
use crate::output::record::JournalRateLimit;
use crate::output::{self, Destination, Output, StreamChoice};
use crate::plan::Plan;
use crate::rpc::runtime_folder;

/// Opens the output that was asked for.
///
/// # Errors
/// Fails if journald does not listen, or standard output is closed.
pub fn open(asked: cli::OutputKind, plan: &Plan) -> Result<Output> {
    let choice = match resolve(asked) {
        cli::OutputKind::Text => StreamChoice::Text,
        cli::OutputKind::Trace => StreamChoice::Trace,
        cli::OutputKind::Json => StreamChoice::Json,
        cli::OutputKind::Export => StreamChoice::Export,
        cli::OutputKind::Journal | cli::OutputKind::Auto => {
            return Output::open(Destination::Journal(plan.socket.clone()));
        }
    };
    Output::open(Destination::Stream(standard_output()?, choice))
}

/// Opens the journal of the previous daemon, if journald listens there.
pub fn journal_of(plan: &Plan) -> Option<Output> {
    Output::open(Destination::Journal(plan.socket.clone())).ok()
}

/// Keeps the daemon's own records that journald does not accept in the runtime directory, and writes those that the
/// previous daemon left there.
pub fn keep_own(output: &mut Output) {
    if !output.is_journal() {
        return;
    }
    match OwnFile::open(&runtime_folder()) {
        Ok((file, entries)) => {
            output.keep_own(file, entries);
            // Entries that journald does not accept wait in front of the first record.
            let _ = output.flush();
        }
        Err(error) => tracing::warn!(
            "the last records of the previous run are lost, and those that wait if this one is killed: {error:#}"
        ),
    }
}

fn standard_output() -> Result<std::os::fd::OwnedFd> {
    stdout().as_fd().try_clone_to_owned().context("failed to open standard output")
}

/// Returns the output that `auto` is.
pub fn resolve(asked: cli::OutputKind) -> cli::OutputKind {
    match asked {
        cli::OutputKind::Auto if log::is_journal(stdout()) => cli::OutputKind::Journal,
        cli::OutputKind::Auto if stdout().is_terminal() => cli::OutputKind::Text,
        cli::OutputKind::Auto => cli::OutputKind::Json,
        explicit => explicit,
    }
}

/// Warns about the paths of `[exclude] exe` that exclude nothing. The default one is journald, which need not
/// be there if the records do not go to it.
pub fn warn_of_exclusions(output: &Output, plan: &Plan) {
    if output.is_journal() || plan.exclude != Config::default().exclude {
        exclude::warn(&plan.exclude);
    }
}

/// Returns the record about the rate limit that journald has for this unit, if `output` is the system's journald.
pub fn journal_rate_limit(output: &Output, plan: &Plan) -> Option<JournalRateLimit> {
    let is_system = output.is_journal() && plan.socket == Path::new(output::JOURNAL_SOCKET);
    let unit = journald::own_unit().filter(|_| is_system)?;
    let Allowance { interval, burst } = Allowance::of_unit(&unit)?;
    let interval_ns = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    Some(JournalRateLimit { unit, burst, interval_ns })
}
