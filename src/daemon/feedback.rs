//! The warning about a process that may react to the daemon's records.

use crate::clock;
use crate::load::Bpf;
use crate::output::record::Feedback;
use crate::pipeline::feedback::{ProcessId, Suspect};
use crate::units::Units;

/// Processes that are remembered, so that each is reported once.
const REPORTED_MAX: usize = 64;

/// Reporter of feedback loops.
#[derive(Debug, Default)]
pub struct FeedbackReporter {
    /// Processes that were reported, the latest first.
    reported: Vec<ProcessId>,
    /// The kernel does not list open files, and the warning about it was printed.
    is_unknown: bool,
}

impl FeedbackReporter {
    /// Returns the record about a process that made most of the events and has the journal open, once.
    pub fn report(
        &mut self,
        suspect: Suspect,
        bpf: &Bpf<'_>,
        units: &mut Units,
    ) -> Option<Feedback> {
        if self.reported.contains(&suspect.process) || !self.has_journal_open(bpf, suspect.process)
        {
            return None;
        }
        self.reported.truncate(REPORTED_MAX - 1);
        self.reported.insert(0, suspect.process);
        Some(record(suspect, units))
    }

    /// Returns whether the process has a file of the journal open; `false` if the kernel does not report it.
    fn has_journal_open(&mut self, bpf: &Bpf<'_>, (pid, start_ns): ProcessId) -> bool {
        match bpf.has_journal_open(pid, start_ns) {
            Ok(is_open) => is_open,
            Err(error) => {
                if !std::mem::replace(&mut self.is_unknown, true) {
                    tracing::warn!("cannot detect feedback loops: {error:#}");
                }
                false
            }
        }
    }
}

fn record(suspect: Suspect, units: &mut Units) -> Feedback {
    let Suspect { process: (pid, start_ns), comm, cgroup, count, events, lasted_ns } = suspect;
    let place = units.place(cgroup);
    let (unit, user_unit) =
        place.map_or((None, None), |place| (place.unit.clone(), place.user_unit.clone()));
    let to_ns = clock::real_now_ns();
    let from_ns = to_ns.saturating_sub(lasted_ns);
    Feedback { pid, start_ns, comm, unit, user_unit, count, events, from_ns, to_ns }
}
