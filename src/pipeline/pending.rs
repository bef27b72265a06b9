//! Events whose call has not returned yet: header and bytes of each, by thread, because a thread is in one
//! call at a time. A call that takes long is recorded while it runs; from then on only the head of its event is
//! kept, for the record of its end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use syscalls::Slot;

use super::owner::UserOwner;
use super::room::Room;
use super::waiting_calls::{SavedCall, WaitingCalls};
use crate::decode::{Event, Header, RingRecord, SyscallExit};

/// Limit of the memory that pending events may take; an event beyond it, or beyond the share of its owner, is
/// delivered without a result.
const BYTES_MAX: usize = 16 << 20;

/// Time after which a call is recorded as still running.
pub const RUNNING_NS: u64 = 10_000_000_000;

/// Calls that have not returned.
#[derive(Debug)]
pub struct Pending {
    calls: BTreeMap<u32, PendingCall>,
    /// Entry time and thread of each call that is not recorded yet.
    unrecorded: BTreeSet<(u64, u32)>,
    /// Calls of which no exit will come.
    abandoned: VecDeque<PendingCall>,
    /// Room for the calls; those that are abandoned wait for the output only.
    room: Room<UserOwner>,
    /// File in which the next daemon finds those that are not recorded, if this one is killed.
    file: Option<WaitingCalls>,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            calls: BTreeMap::new(),
            unrecorded: BTreeSet::new(),
            abandoned: VecDeque::new(),
            room: Room::new(usize::MAX, BYTES_MAX),
            file: None,
        }
    }
}

/// An event that has not been decoded yet.
#[derive(Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// Header of the event.
    pub header: Header,
    /// Record of the event in the ring; without captures if the call is recorded already.
    pub bytes: Box<[u8]>,
    /// The event is recorded; only the end of its call is to come.
    pub is_recorded: bool,
}

impl Pending {
    /// Writes calls that are not recorded into a file from now on.
    pub fn save_in(&mut self, file: Option<WaitingCalls>) {
        self.file = file;
    }

    /// Removes and returns all calls; those that are abandoned as calls that wait, which the next daemon abandons as
    /// well.
    pub fn take_all(&mut self) -> Vec<SavedCall> {
        let all = std::mem::take(self);
        let calls = all.calls.into_values().chain(all.abandoned);
        calls
            .map(|PendingCall { bytes, is_recorded, .. }| SavedCall { bytes, is_recorded })
            .collect()
    }

    /// Takes a call that the previous daemon saved. What cannot be decoded is left out.
    pub fn restore(&mut self, call: SavedCall) {
        let Ok(RingRecord::Syscall(header)) = RingRecord::decode(&call.bytes) else { return };
        if call.is_recorded {
            self.hold_recorded(&PendingCall { header, bytes: call.bytes, is_recorded: true });
        } else {
            self.hold(header, &call.bytes);
        }
    }

    /// Keeps an event; returns `false` if its owner has no room for it. An earlier event of the same thread is
    /// abandoned, because its exit can no longer come.
    pub fn hold(&mut self, header: Header, bytes: &[u8]) -> bool {
        let last = self.remove(header.tid);
        // The previous daemon may have saved the event and left it in the ring.
        self.give_up(last.filter(|last| last.header.boottime_ns != header.boottime_ns));
        if !self.room.take(UserOwner::of_header(&header), bytes.len()) {
            return false;
        }
        // A program may take long to load; a call that has failed is not known to have ended.
        if !header.awaits_execution {
            self.unrecorded.insert((header.boottime_ns, header.tid));
        }
        if let Some(file) = &mut self.file {
            file.put(header.tid, bytes);
        }
        let call = PendingCall { header, bytes: bytes.into(), is_recorded: false };
        self.calls.insert(header.tid, call);
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

    /// Removes and returns the oldest event that is not recorded, if its call began `RUNNING_NS` before `now_ns`.
    pub fn take_running(&mut self, now_ns: u64) -> Option<PendingCall> {
        let &(entry_ns, tid) = self.unrecorded.first()?;
        if now_ns.saturating_sub(entry_ns) < RUNNING_NS {
            return None;
        }
        self.remove(tid)
    }

    /// Returns the `CLOCK_BOOTTIME` at which the next event is to be recorded, in ns.
    pub fn next_running_ns(&self) -> Option<u64> {
        self.unrecorded.first().map(|(entry_ns, _)| entry_ns.saturating_add(RUNNING_NS))
    }

    /// Keeps what the record of its end needs of a call that is recorded now. That record has the outcome whether
    /// the route asks for results or only for memory.
    pub fn hold_recorded(&mut self, call: &PendingCall) {
        let header = Header { awaits_result: true, ..call.header };
        if let Some(bytes) = Event::head(&call.bytes) {
            self.room.add(UserOwner::of_header(&header), bytes.len());
            self.calls.insert(header.tid, PendingCall { header, bytes, is_recorded: true });
        }
    }

    /// Removes and returns the slots of calls that were to execute a program and have not for `RUNNING_NS`, until
    /// `now_ns`: they have failed.
    pub fn take_unexecuted(&mut self, now_ns: u64, is_taken: impl Fn(Slot) -> bool) -> Vec<Slot> {
        let is_old = |header: &Header| now_ns.saturating_sub(header.boottime_ns) >= RUNNING_NS;
        let calls = self.calls.values().map(|call| &call.header);
        let calls = calls.filter(|header| header.awaits_execution && is_old(header));
        let threads: Vec<u32> =
            calls.filter(|header| is_taken(header.slot)).map(|header| header.tid).collect();
        threads.into_iter().filter_map(|tid| Some(self.remove(tid)?.header.slot)).collect()
    }

    /// Abandons the calls of these slots.
    pub fn abandon(&mut self, is_abandoned: impl Fn(Slot) -> bool) {
        let calls = self.calls.iter().filter(|(_, call)| is_abandoned(call.header.slot));
        let threads: Vec<u32> = calls.map(|(&tid, _)| tid).collect();
        for tid in threads {
            let call = self.remove(tid);
            self.give_up(call);
        }
    }

    /// Removes and returns the next event that is to be delivered without a result.
    pub fn next_abandoned(&mut self) -> Option<PendingCall> {
        self.abandoned.pop_front()
    }

    /// Returns the number of events that are not recorded yet, by slot.
    pub fn count(&self) -> BTreeMap<Slot, u64> {
        let mut counts = BTreeMap::new();
        let calls = self.calls.values().filter(|call| !call.is_recorded);
        for call in calls.chain(&self.abandoned) {
            *counts.entry(call.header.slot).or_default() += 1;
        }
        counts
    }

    /// Abandons a call. One that is recorded already has nothing left to deliver.
    fn give_up(&mut self, call: Option<PendingCall>) {
        self.abandoned.extend(call.filter(|call| !call.is_recorded));
    }

    fn remove(&mut self, tid: u32) -> Option<PendingCall> {
        let call = self.calls.remove(&tid)?;
        if let Some(file) = &mut self.file {
            file.remove(tid);
        }
        self.unrecorded.remove(&(call.header.boottime_ns, tid));
        self.room.give_back(UserOwner::of_header(&call.header), call.bytes.len());
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use syscalls::Abi;

    use super::*;
    use crate::bpf::types::wire_size;
    use crate::decode::Outcome;

    const EVENT_SIZE: usize = wire_size::EVENT_SIZE.0 as usize;

    fn header(tid: u32, boottime_ns: u64) -> Header {
        let slot = Slot::new(Abi::Native, 2).unwrap();
        let (generation, rule, pid) = (1, 0, 1);
        let (awaits_result, awaits_memory, is_exit_lost) = (true, false, false);
        let awaits_execution = false;
        Header {
            slot,
            generation,
            rule,
            boottime_ns,
            cgroup: 1,
            charged_uid: 1_000,
            pid,
            tid,
            awaits_result,
            awaits_execution,
            awaits_memory,
            awaits_executable: false,
            is_exit_lost,
        }
    }

    fn exit(tid: u32, entry_ns: u64) -> SyscallExit<'static> {
        SyscallExit::bare(tid, entry_ns, entry_ns + 1, Outcome::Died)
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
        assert_eq!((pending.room.taken(), pending.next_abandoned()), ((0, 0), None));
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

    /// A daemon that was killed had saved it and left it in the ring.
    #[test]
    fn hold_of_restored_event_keeps_one() {
        let mut pending = Pending::default();
        assert!(pending.hold(header(7, 100), b"restored"));
        assert!(pending.hold(header(7, 100), b"from the ring"));
        assert_eq!(pending.next_abandoned(), None);
        assert_eq!(bytes(pending.take(&exit(7, 100))).as_deref(), Some(&b"from the ring"[..]));
        assert_eq!(pending.room.taken(), (0, 0));
    }

    #[test]
    fn hold_without_room_returns_false() {
        let mut pending = Pending::default();
        assert!(pending.hold(header(1, 1), &vec![0; BYTES_MAX / 2]));
        assert!(!pending.hold(header(2, 2), b"two"));
        assert!(pending.take(&exit(1, 1)).is_some());
        assert!(pending.hold(header(2, 4), b"two"));
    }

    #[test]
    fn hold_of_one_owner_leaves_room_for_others() {
        let mut pending = Pending::default();
        let of = |charged_uid, cgroup, tid| Header { charged_uid, cgroup, ..header(tid, 1) };
        let event = vec![0; BYTES_MAX >> 10];
        for (owner, (charged_uid, cgroup)) in
            [(1_000, 7), (0, 7), (0, 8), (1_001, 7)].into_iter().enumerate()
        {
            let first = u32::try_from(owner << 16).unwrap();
            let tids = first..first + (1 << 16);
            let held = tids.take_while(|&tid| pending.hold(of(charged_uid, cgroup, tid), &event));
            assert!(held.count() > 100, "owner {owner}");
        }
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
        assert_eq!((pending.room.taken(), pending.take(&exit(7, 100))), ((0, 0), None));
    }

    /// Bytes of an event with a capture.
    fn event() -> Vec<u8> {
        let mut bytes = vec![7; EVENT_SIZE];
        bytes.extend([7; 32]);
        bytes
    }

    #[test]
    fn take_running_returns_oldest_event_that_is_due() {
        let mut pending = Pending::default();
        for (tid, entry_ns) in [(1, 300), (2, 100), (3, 200)] {
            assert!(pending.hold(header(tid, entry_ns), b"x"));
        }
        assert!(pending.take(&exit(3, 200)).is_some());
        assert_eq!(pending.next_running_ns(), Some(RUNNING_NS + 100));
        assert_eq!(pending.take_running(RUNNING_NS + 99), None);
        let mut take = |now_ns| pending.take_running(now_ns).map(|call| call.header.tid);
        assert_eq!(take(RUNNING_NS + 100), Some(2));
        assert_eq!(take(RUNNING_NS + 299), None);
        assert_eq!(take(u64::MAX), Some(1));
        assert_eq!((pending.next_running_ns(), pending.room.taken()), (None, (0, 0)));
    }

    #[test]
    fn call_that_awaits_execution_does_not_become_running() {
        let mut pending = Pending::default();
        let exec = |tid, at_ns| Header { awaits_execution: true, ..header(tid, at_ns) };
        assert!(pending.hold(exec(7, 100), b"seven") && pending.hold(exec(8, 200), b"eight"));
        assert!(pending.hold(header(9, 100), b"nine"));
        assert_eq!(pending.take_running(u64::MAX).map(|call| call.header.tid), Some(9));
        assert_eq!((pending.take_running(u64::MAX), pending.next_running_ns()), (None, None));
        assert_eq!(pending.take_unexecuted(RUNNING_NS + 199, |_| false), []);
        let slot = header(7, 100).slot;
        assert_eq!(pending.take_unexecuted(RUNNING_NS + 199, |_| true), [slot]);
        assert_eq!(bytes(pending.take(&exit(8, 200))).as_deref(), Some(&b"eight"[..]));
        assert_eq!(pending.room.taken(), (0, 0));
    }

    #[test]
    fn hold_recorded_keeps_head_for_the_end() {
        let mut pending = Pending::default();
        let memory_only = Header { awaits_result: false, ..header(7, 100) };
        assert!(pending.hold(memory_only, &event()));
        let call = pending.take_running(u64::MAX).unwrap();
        pending.hold_recorded(&call);
        assert_eq!((pending.room.taken(), pending.next_running_ns()), ((1, EVENT_SIZE), None));
        assert!(pending.count().is_empty());
        let call = pending.take(&exit(7, 100)).unwrap();
        assert!(call.is_recorded && call.header.awaits_result);
        assert_eq!(call.bytes.len(), EVENT_SIZE);
        assert_eq!(pending.room.taken(), (0, 0));
    }

    #[test]
    fn abandoned_call_that_is_recorded_is_not_delivered_again() {
        for next_call in [true, false] {
            let mut pending = Pending::default();
            assert!(pending.hold(header(7, 100), &event()));
            let call = pending.take_running(u64::MAX).unwrap();
            pending.hold_recorded(&call);
            if next_call {
                assert!(pending.hold(header(7, 200), b"second"));
                assert!(pending.take(&exit(7, 200)).is_some());
            } else {
                pending.abandon(|_| true);
            }
            assert_eq!(pending.next_abandoned(), None);
            assert_eq!((pending.room.taken(), pending.take(&exit(7, 100))), ((0, 0), None));
        }
    }
}
