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
mod tests;
