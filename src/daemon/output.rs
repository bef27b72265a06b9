//! Choice of the output, and the reports about it: a rate limit of journald, and the end of an outage.

use std::io::{IsTerminal as _, stdout};
use std::os::fd::AsFd as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Daemon;
use crate::cli;
use crate::clock;
use crate::journald::{self, Allowance};
use crate::log;
use crate::output::record::{Body, JournalRateLimit, OutputRestored};
use crate::output::{self, Sink};
use crate::pipeline::writer::WriterState;
use crate::plan::Plan;

/// Shortest outage that is recorded, in ns: a burst fills journald's queue for a moment without consequence.
const OUTAGE_NS: u64 = 1_000_000_000;

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

impl Daemon<'_> {
    /// Reports, if the output is the system's journald, that journald limits the rate of this unit.
    pub(super) fn warn_of_rate_limit(&self) {
        let is_journal = self.pipeline.borrow().delivery.sink().is_journal();
        let is_system = is_journal && self.plan.socket == Path::new(output::JOURNAL_SOCKET);
        let Some(unit) = journald::own_unit().filter(|_| is_system) else { return };
        let Some(Allowance { interval, burst }) = Allowance::of_unit(&unit) else { return };
        let interval_ns = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        self.emit(Body::JournalRateLimit(&JournalRateLimit { unit, burst, interval_ns }));
    }

    /// Records that the output accepts records again after a long outage.
    pub(super) fn report_outage(&mut self, before: WriterState) -> Result<()> {
        let (WriterState::Blocked { since } | WriterState::Away { since }) = before else {
            return Ok(());
        };
        let lasted_ns = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if lasted_ns < OUTAGE_NS {
            return Ok(());
        }
        let lost = self.read_counters()?;
        let to_ns = clock::real_now_ns();
        let output = self.pipeline.borrow().delivery.sink().name();
        let back = OutputRestored { output, from_ns: to_ns.saturating_sub(lasted_ns), to_ns, lost };
        self.emit(Body::OutputRestored(&back));
        Ok(())
    }
}
