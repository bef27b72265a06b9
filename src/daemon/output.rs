//! Choice of the output, and journald's rate limit for it.

use std::io::{IsTerminal as _, stdout};
use std::os::fd::AsFd as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli;
use crate::journald::{self, Allowance};
use crate::log;
use crate::output::record::JournalRateLimit;
use crate::output::{self, Sink};
use crate::plan::Plan;

/// Opens the output that was asked for.
///
/// # Errors
/// When journald does not listen, or standard output is closed.
pub fn open(asked: cli::Output, plan: &Plan) -> Result<Sink> {
    Sink::open(match resolve(asked) {
        cli::Output::Text => output::Destination::Text(standard_output()?),
        cli::Output::Json => output::Destination::Json(standard_output()?),
        cli::Output::Journal | cli::Output::Auto => {
            output::Destination::Journal(plan.socket.clone())
        }
    })
}

fn standard_output() -> Result<std::os::fd::OwnedFd> {
    stdout().as_fd().try_clone_to_owned().context("failed to open standard output")
}

fn resolve(asked: cli::Output) -> cli::Output {
    match asked {
        cli::Output::Auto if log::is_journal(stdout()) => cli::Output::Journal,
        cli::Output::Auto if stdout().is_terminal() => cli::Output::Text,
        cli::Output::Auto => cli::Output::Json,
        explicit => explicit,
    }
}

/// Returns the record about the rate limit that journald has for this unit, if `sink` is the system's journald.
pub fn journal_rate_limit(sink: &Sink, plan: &Plan) -> Option<JournalRateLimit> {
    let is_system = sink.is_journal() && plan.socket == Path::new(output::JOURNAL_SOCKET);
    let unit = journald::own_unit().filter(|_| is_system)?;
    let Allowance { interval, burst } = Allowance::of_unit(&unit)?;
    let interval_ns = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    Some(JournalRateLimit { unit, burst, interval_ns })
}
