//! Calls that two dispatchers may have decided about, because one took over from the other meanwhile.

use std::collections::BTreeMap;

use syscalls::Slot;

use crate::decode::Header;

/// Time around the handover in which events of a thread may be the same call, ns: a task may lose its CPU between the two
/// programs.
const NEAR_NS: u64 = 10_000_000;

/// Last calls that the predecessor recorded, by thread.
#[derive(Debug)]
pub(super) struct Handover {
    /// Time of the handover, ns of `CLOCK_BOOTTIME`.
    at_ns: u64,
    /// Threads that made a call just before, and the last one; `None` if that is unknown.
    last: Option<LastCalls>,
    /// The events are those of the predecessor.
    is_reading: bool,
}

/// Last call of each thread.
pub type LastCalls = BTreeMap<u32, Slot>;

impl Handover {
    /// Begins with the events of the predecessor.
    pub fn new(at_ns: u64) -> Self {
        Self { at_ns, last: Some(BTreeMap::new()), is_reading: true }
    }

    /// Begins with the events of this daemon, after another process has read those of the predecessor.
    pub fn after(at_ns: u64, last: Option<LastCalls>) -> Self {
        Self { at_ns, last, is_reading: false }
    }

    /// Returns the last calls.
    pub fn into_last(self) -> LastCalls {
        self.last.unwrap_or_default()
    }

    /// Goes on with the events of this daemon.
    pub fn end_reading(&mut self) {
        self.is_reading = false;
    }

    /// Returns whether an event may be the same call as one of the predecessor.
    pub fn may_be_duplicate(&mut self, header: &Header) -> bool {
        if header.boottime_ns.abs_diff(self.at_ns) > NEAR_NS {
            return false;
        }
        let Some(last) = &mut self.last else { return !self.is_reading };
        if self.is_reading {
            last.insert(header.tid, header.slot);
            return false;
        }
        last.remove(&header.tid) == Some(header.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(tid: u32, slot: u16, boottime_ns: u64) -> Header {
        Header {
            slot: Slot::from_index(slot).unwrap(),
            generation: 1,
            rule: 0,
            boottime_ns,
            cgroup: 1,
            charged_uid: 0,
            pid: 1,
            tid,
            awaits_result: false,
            awaits_execution: false,
            awaits_memory: false,
            awaits_executable: false,
            is_exit_lost: false,
        }
    }

    #[test]
    fn may_be_duplicate_is_true_once_of_same_thread_and_slot_near_the_handover() {
        let at_ns = 1 << 40;
        let mut handover = Handover::new(at_ns);
        for tid in 1..6 {
            assert!(!handover.may_be_duplicate(&header(tid, 1, at_ns - 1)));
        }
        assert!(!handover.may_be_duplicate(&header(6, 1, at_ns - NEAR_NS - 1)));
        handover.end_reading();
        assert!(handover.may_be_duplicate(&header(1, 1, at_ns + 1)));
        assert!(!handover.may_be_duplicate(&header(1, 1, at_ns + 2)), "the next call");
        assert!(!handover.may_be_duplicate(&header(2, 2, at_ns + 1)), "another syscall");
        assert!(!handover.may_be_duplicate(&header(3, 1, at_ns + NEAR_NS + 1)), "later");
        assert!(!handover.may_be_duplicate(&header(6, 1, at_ns + 1)), "too long before");
        assert!(!handover.may_be_duplicate(&header(7, 1, at_ns + 1)), "another thread");
    }

    #[test]
    fn may_be_duplicate_is_true_near_handover_if_calls_are_unknown() {
        let at_ns = 1 << 40;
        let mut unknown = Handover::after(at_ns, None);
        assert!(unknown.may_be_duplicate(&header(1, 1, at_ns + NEAR_NS)));
        assert!(!unknown.may_be_duplicate(&header(1, 1, at_ns + NEAR_NS + 1)));
        let slot = header(1, 1, 0).slot;
        let mut known = Handover::after(at_ns, Some(BTreeMap::from([(1, slot)])));
        assert!(!known.may_be_duplicate(&header(2, 1, at_ns)));
        assert!(known.may_be_duplicate(&header(1, 1, at_ns)));
    }
}
