//! Counting: an event goes into the summary of its key.

use crate::decode::Outcome;
use crate::output::record::aggregate::{OutcomeCounts, Summary};

/// Errors that are counted by name; others only in all.
pub(super) const ERRNOS_MAX: usize = 16;

/// Values of one event that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// `CLOCK_BOOTTIME` at entry, ns.
    pub boottime_ns: u64,
    /// Outcome of the call, if the route asks for it.
    pub outcome: Option<Outcome>,
    /// Events of the same rule and owner that its limit refused before this one.
    pub suppressed: u64,
}

impl Summary {
    /// Makes the summary of one event.
    pub(super) fn first(observation: &Observation, example: String) -> Self {
        let time_ns = observation.boottime_ns;
        let (first_ns, last_ns) = (time_ns, time_ns);
        let mut summary =
            Self { count: 0, first_ns, last_ns, suppressed: 0, example, results: None };
        summary.add(observation);
        summary
    }

    /// One event more. Those that waited for their results come in the order of these.
    pub(super) fn add(&mut self, observation: &Observation) {
        self.count += 1;
        self.first_ns = self.first_ns.min(observation.boottime_ns);
        self.last_ns = self.last_ns.max(observation.boottime_ns);
        self.suppressed += observation.suppressed;
        if let Some(outcome) = observation.outcome {
            self.results.get_or_insert_default().add(outcome);
        }
    }
}

impl OutcomeCounts {
    fn add(&mut self, outcome: Outcome) {
        let Outcome::Returned { duration_ns, .. } = outcome else {
            self.unknown += 1;
            return;
        };
        self.latency.add(duration_ns);
        let Some(errno) = outcome.errno() else { return };
        self.failed += 1;
        if let Some((_, count)) = self.errnos.iter_mut().find(|(known, _)| *known == errno) {
            *count += 1;
        } else if self.errnos.len() < ERRNOS_MAX {
            self.errnos.push((errno, 1));
        }
    }
}
