//! Detection of a feedback loop: a process that reads the daemon's records and answers them with calls, which
//! make more records. Pure: events in, a process that made most of them out.
//!
//! Two candidates are enough for any number of processes. One interval elects the only process that can have
//! made more than half of its events (the majority vote of Boyer and Moore), the next one counts that
//! process's events exactly.

use std::time::Duration;

use crate::decode::Event;

/// Process id and start in ns since boot: never another process, even where the id is reused.
pub type ProcessId = (u32, u64);

/// Length of an interval.
const INTERVAL: Duration = Duration::from_secs(10);
const INTERVAL_NS: u64 = INTERVAL.as_nanos() as u64;
/// Rate of all events, per second, below which a loop is harmless.
const FEWEST: u64 = 100;

/// A process that made more than half of the events of an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Process id and start.
    pub process: ProcessId,
    /// Name of the task that made one of the events.
    pub comm: Vec<u8>,
    /// cgroup v2 id of that task.
    pub cgroup: u64,
    /// Events that the process made in the interval.
    pub count: u64,
    /// Events of all processes in the interval.
    pub events: u64,
    /// Length of the interval, ns.
    pub lasted_ns: u64,
}

/// State of the count; a few words, whatever the number of processes.
#[derive(Debug, Default)]
pub struct Detector {
    begin_ns: u64,
    events: u64,
    /// The process elected so far, and the events by which it leads.
    candidate: ProcessId,
    lead: u64,
    /// The winner of the interval before, and its events in this one.
    watched: ProcessId,
    count: u64,
    found: Option<Suspect>,
}

impl Detector {
    /// Counts an event.
    pub fn count(&mut self, event: &Event<'_>) {
        let process = (event.pid, event.process.start_ns);
        self.add(process, event.boottime_ns, || (event.comm.to_vec(), event.cgroup));
    }

    /// Returns the process that made most of the events of the last interval, once.
    pub fn take(&mut self) -> Option<Suspect> {
        self.found.take()
    }

    fn add(&mut self, process: ProcessId, at_ns: u64, name: impl FnOnce() -> (Vec<u8>, u64)) {
        let lasted_ns = at_ns.saturating_sub(self.begin_ns);
        if lasted_ns >= INTERVAL_NS {
            let is_majority = self.count > self.events / 2;
            let is_busy = self.events >= FEWEST.saturating_mul(lasted_ns / 1_000_000_000);
            // Its name is in this event if it still makes most of them; otherwise there is no hurry.
            if is_majority && is_busy && process == self.watched {
                let ((comm, cgroup), count, events) = (name(), self.count, self.events);
                self.found = Some(Suspect { process, comm, cgroup, count, events, lasted_ns });
            }
            let (watched, found) = (self.candidate, self.found.take());
            *self = Self { begin_ns: at_ns, watched, found, ..Self::default() };
        }
        self.events += 1;
        self.count += u64::from(process == self.watched);
        if self.lead == 0 {
            self.candidate = process;
        }
        self.lead = if process == self.candidate { self.lead + 1 } else { self.lead - 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const LOUD: ProcessId = (7, 70);

    /// Suspects of a minute in which the process makes so many of each ten events.
    fn suspects(
        loud: u64,
        events_a_second: u64,
        process: impl Fn(u64) -> ProcessId,
    ) -> Vec<Suspect> {
        let mut detector = Detector::default();
        let mut found = Vec::new();
        for number in 0..60 * events_a_second {
            let at_ns = SECOND + number * SECOND / events_a_second;
            let process = if number % 10 < loud { process(number) } else { (number as u32, 1) };
            detector.add(process, at_ns, || (b"loud".to_vec(), 5));
            found.extend(detector.take());
        }
        found
    }

    #[test]
    fn process_with_most_events_is_suspect_in_each_interval() {
        let found = suspects(6, 200, |_| LOUD);
        assert!(found.len() >= 3, "{found:?}");
        for suspect in &found {
            assert_eq!((suspect.process, suspect.events, suspect.count), (LOUD, 2_000, 1_200));
            assert_eq!((&*suspect.comm, suspect.cgroup), (&b"loud"[..], 5));
        }
    }

    #[test]
    fn process_with_half_of_the_events_is_no_suspect() {
        assert_eq!(suspects(5, 200, |_| LOUD), []);
    }

    #[test]
    fn process_with_few_events_is_no_suspect() {
        assert_eq!(suspects(9, 90, |_| LOUD), []);
    }

    #[test]
    fn reused_process_id_is_another_process() {
        assert_eq!(suspects(9, 200, |number| (7, number / 100)), []);
    }
}
