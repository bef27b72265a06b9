//! Counts of the events with the same key.

use super::Latency;

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

impl OutcomeCounts {
    /// The most frequent errors first, that many at most.
    pub fn top(&self, most: usize) -> Vec<(i32, u64)> {
        let mut errnos = self.errnos.clone();
        errnos.sort_by_key(|(errno, count)| (std::cmp::Reverse(*count), *errno));
        errnos.truncate(most);
        errnos
    }
}
