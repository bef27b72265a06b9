//! Events whose call has not returned yet: header and bytes of each, by thread, because a thread is in one
//! call at a time.

use std::collections::{BTreeMap, VecDeque};

use syscalls::Slot;

use crate::decode::{Header, SyscallExit};

/// Limit of the memory that pending events may take; an event beyond it is delivered without a result.
const BYTES_MAX: usize = 16 << 20;

/// Calls that have not returned.
#[derive(Debug, Default)]
pub struct Pending {
    calls: BTreeMap<u32, PendingCall>,
    /// Calls of which no exit will come.
    abandoned: VecDeque<PendingCall>,
    bytes: usize,
}

/// An event that has not been decoded yet.
#[derive(Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// Header of the event.
    pub header: Header,
    /// Record of the event in the ring.
    pub bytes: Box<[u8]>,
}

impl Pending {
    /// Keeps an event; returns `false` if there is no room for it. An earlier event of the same thread is
    /// abandoned, because its exit can no longer come.
    pub fn hold(&mut self, header: Header, bytes: &[u8]) -> bool {
        if let Some(last) = self.remove(header.tid) {
            self.abandoned.push_back(last);
        }
        if self.bytes + bytes.len() > BYTES_MAX {
            return false;
        }
        self.bytes += bytes.len();
        self.calls.insert(header.tid, PendingCall { header, bytes: bytes.into() });
        true
    }

    /// Removes and returns the event of the call that has returned.
    pub fn take(&mut self, exit: &SyscallExit<'_>) -> Option<PendingCall> {
        let call = self.calls.get(&exit.tid)?;
        if call.header.boottime_ns != exit.entry_ns {
            return None;
        }
        self.remove(exit.tid)
    }

    /// Abandons the calls of these slots.
    pub fn abandon(&mut self, is_abandoned: impl Fn(Slot) -> bool) {
        let calls = self.calls.iter().filter(|(_, call)| is_abandoned(call.header.slot));
        let threads: Vec<u32> = calls.map(|(&tid, _)| tid).collect();
        for tid in threads {
            let call = self.remove(tid);
            self.abandoned.extend(call);
        }
    }

    /// Removes and returns the next event that is to be delivered without a result.
    pub fn next_abandoned(&mut self) -> Option<PendingCall> {
        self.abandoned.pop_front()
    }

    /// Returns the number of kept events by slot.
    pub fn count(&self) -> BTreeMap<Slot, u64> {
        let mut counts = BTreeMap::new();
        for call in self.calls.values().chain(&self.abandoned) {
            *counts.entry(call.header.slot).or_default() += 1;
        }
        counts
    }

    fn remove(&mut self, tid: u32) -> Option<PendingCall> {
        let call = self.calls.remove(&tid)?;
        self.bytes -= call.bytes.len();
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use syscalls::Abi;

    use super::*;
    use crate::decode::Outcome;

    fn header(tid: u32, boottime_ns: u64) -> Header {
        let slot = Slot::new(Abi::Native, 2).unwrap();
        let (generation, rule, pid) = (1, 0, 1);
        let (awaits_result, awaits_memory, is_exit_lost) = (true, false, false);
        Header {
            slot,
            generation,
            rule,
            boottime_ns,
            pid,
            tid,
            awaits_result,
            awaits_memory,
            is_exit_lost,
        }
    }

    fn exit(tid: u32, entry_ns: u64) -> SyscallExit<'static> {
        SyscallExit::bare(tid, entry_ns, Outcome::Died)
    }

    fn bytes(call: Option<PendingCall>) -> Option<Box<[u8]>> {
        call.map(|call| call.bytes)
    }

    #[test]
    fn take_returns_event_of_same_thread_and_time_only() {
        let mut pending = Pending::default();
        assert!(pending.hold(header(7, 100), b"seven"));
        assert_eq!(pending.take(&exit(7, 99)), None);
        assert_eq!(pending.take(&exit(8, 100)), None);
        assert_eq!(bytes(pending.take(&exit(7, 100))).as_deref(), Some(&b"seven"[..]));
        assert_eq!(pending.take(&exit(7, 100)), None);
        assert_eq!((pending.bytes, pending.next_abandoned()), (0, None));
    }

    /// The exit of the first call was missed: a thread is in one call at a time.
    #[test]
    fn hold_abandons_earlier_event_of_thread() {
        let mut pending = Pending::default();
        assert!(pending.hold(header(7, 100), b"first"));
        assert!(pending.hold(header(7, 200), b"second"));
        assert_eq!(pending.count(), BTreeMap::from([(header(7, 0).slot, 2)]));
        assert_eq!(bytes(pending.next_abandoned()).as_deref(), Some(&b"first"[..]));
        assert_eq!(pending.count(), BTreeMap::from([(header(7, 0).slot, 1)]));
        assert_eq!(bytes(pending.take(&exit(7, 200))).as_deref(), Some(&b"second"[..]));
    }

    #[test]
    fn hold_without_room_returns_false() {
        let mut pending = Pending::default();
        assert!(pending.hold(header(1, 1), &vec![0; BYTES_MAX - 1]));
        assert!(!pending.hold(header(2, 2), b"two"));
        assert!(pending.hold(header(3, 3), b"3"));
        assert!(pending.take(&exit(1, 1)).is_some());
        assert!(pending.hold(header(2, 4), b"two"));
    }

    #[test]
    fn abandon_moves_calls_of_slot() {
        let mut pending = Pending::default();
        let call = header(7, 100);
        assert!(pending.hold(call, b"seven"));
        pending.abandon(|slot| slot != call.slot);
        assert_eq!(pending.next_abandoned(), None);
        pending.abandon(|slot| slot == call.slot);
        assert_eq!(bytes(pending.next_abandoned()).as_deref(), Some(&b"seven"[..]));
        assert_eq!((pending.bytes, pending.take(&exit(7, 100))), (0, None));
    }
}
