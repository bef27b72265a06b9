//! Events that wait for what comes of their call. They are kept as the bytes of the ring, by thread: a
//! thread is in one call at a time.

use std::collections::{BTreeMap, VecDeque};

use crate::decode::{Event, Return};
use crate::syscalls::Slot;

/// What waits may take so much memory; more is told without a result.
const BYTES_MAX: usize = 16 << 20;

/// The calls that are going on.
#[derive(Debug, Default)]
pub struct Pending {
    calls: BTreeMap<u32, Call>,
    /// No result will come for these.
    abandoned: VecDeque<Vec<u8>>,
    bytes: usize,
}

#[derive(Debug)]
struct Call {
    entry_ns: u64,
    slot: Slot,
    bytes: Vec<u8>,
}

impl Pending {
    /// Keeps an event; `false` if there is no room for it. Of the same thread's last one no result can
    /// come any more.
    pub fn hold(&mut self, event: &Event<'_>, bytes: &[u8]) -> bool {
        if let Some(last) = self.remove(event.tid) {
            self.abandoned.push_back(last);
        }
        if self.bytes + bytes.len() > BYTES_MAX {
            return false;
        }
        let (entry_ns, slot) = (event.boottime_ns, event.slot);
        self.bytes += bytes.len();
        self.calls.insert(event.tid, Call { entry_ns, slot, bytes: bytes.to_vec() });
        true
    }

    /// The event of a call that has ended, if it waits.
    pub fn take(&mut self, returned: &Return) -> Option<Vec<u8>> {
        let call = self.calls.get(&returned.tid)?;
        if call.entry_ns == returned.entry_ns { self.remove(returned.tid) } else { None }
    }

    /// Waits no longer for calls of these slots.
    pub fn abandon(&mut self, is_abandoned: impl Fn(Slot) -> bool) {
        let threads: Vec<u32> = self
            .calls
            .iter()
            .filter(|(_, call)| is_abandoned(call.slot))
            .map(|(&tid, _)| tid)
            .collect();
        for tid in threads {
            let bytes = self.remove(tid);
            self.abandoned.extend(bytes);
        }
    }

    /// The next event that is to be told without a result.
    pub fn next_abandoned(&mut self) -> Option<Vec<u8>> {
        self.abandoned.pop_front()
    }

    fn remove(&mut self, tid: u32) -> Option<Vec<u8>> {
        let call = self.calls.remove(&tid)?;
        self.bytes -= call.bytes.len();
        Some(call.bytes)
    }
}
