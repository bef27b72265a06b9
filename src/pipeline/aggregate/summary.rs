//! Counts of the events with the same key.

use super::Latency;
use crate::decode::Outcome;

/// Errors that are counted by name; others only in all.
const ERRNOS_MAX: usize = 16;

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

/// Events with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Number of events.
    pub count: u64,
    /// `CLOCK_BOOTTIME` of the earliest, ns.
    pub first_ns: u64,
    /// Time of the latest event, ns since boot.
    pub last_ns: u64,
    /// Events that limits refused meanwhile.
    pub suppressed: u64,
    /// The first of them, as a sentence.
    pub example: String,
    /// Outcomes of their calls; `None` if the route does not ask for results.
    pub results: Option<Box<OutcomeCounts>>,
}

/// Outcomes of calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Calls whose result is not known, or that have none.
    pub unknown: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Number of failures by errno, in the order of their first occurrence; bounded, so not all of many.
    pub errnos: Vec<(i32, u64)>,
    /// Durations of the calls that returned.
    pub latency: Latency,
}

impl Summary {
    /// Memory of the results beside the summary itself, in bytes.
    pub(super) const RESULTS: usize =
        size_of::<OutcomeCounts>() + ERRNOS_MAX * size_of::<(i32, u64)>();

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

    /// The most frequent errors first, that many at most.
    pub fn top(&self, most: usize) -> Vec<(i32, u64)> {
        let mut errnos = self.errnos.clone();
        errnos.sort_by_key(|(errno, count)| (std::cmp::Reverse(*count), *errno));
        errnos.truncate(most);
        errnos
    }
}
