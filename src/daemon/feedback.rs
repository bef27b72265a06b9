//! The warning about a process that may react to the daemon's records.

use super::Daemon;
use crate::clock;
use crate::output::record::{Body, Feedback};
use crate::pipeline::feedback::{ProcessId, Suspect};

/// Processes that are remembered, so that each is reported once.
const REPORTED_MAX: usize = 64;

impl Daemon<'_> {
    /// Reports a process that made most of the events and has the journal open, once.
    pub(super) fn report_feedback(&mut self) {
        let Some(suspect) = self.pipeline.borrow_mut().take_suspect() else { return };
        if self.reported.contains(&suspect.process) || !self.has_journal_open(suspect.process) {
            return;
        }
        self.reported.truncate(REPORTED_MAX - 1);
        self.reported.insert(0, suspect.process);
        self.emit_feedback(suspect);
    }

    /// Returns whether the process has a file of the journal open; `false` if the kernel does not report it.
    fn has_journal_open(&mut self, (pid, start_ns): ProcessId) -> bool {
        match self.bpf.has_journal_open(pid, start_ns) {
            Ok(is_open) => is_open,
            Err(error) => {
                if !std::mem::replace(&mut self.is_feedback_unknown, true) {
                    tracing::warn!("cannot detect feedback loops: {error:#}");
                }
                false
            }
        }
    }

    fn emit_feedback(&self, suspect: Suspect) {
        let Suspect { process: (pid, start_ns), comm, cgroup, count, events, lasted_ns } = suspect;
        let place = self.pipeline.borrow_mut().delivery.units.place(cgroup);
        let (unit, user_unit) =
            place.map_or((None, None), |place| (place.unit.clone(), place.user_unit.clone()));
        let to_ns = clock::real_now_ns();
        let from_ns = to_ns.saturating_sub(lasted_ns);
        self.emit(Body::Feedback(&Feedback {
            pid,
            start_ns,
            comm,
            unit,
            user_unit,
            count,
            events,
            from_ns,
            to_ns,
        }));
    }
}
