//! Events that wait for what comes of their call. They are kept as the bytes of the ring, by thread: a
//! thread is in one call at a time.

use std::collections::{BTreeMap, VecDeque};

use syscalls::Slot;

use crate::decode::{Event, Return};

/// What waits may take so much memory; more is told without a result.
const BYTES_MAX: usize = 16 << 20;

/// The calls that are going on.
#[derive(Debug, Default)]
pub struct Pending {
    calls: BTreeMap<u32, Call>,
    /// No result will come for these.
    abandoned: VecDeque<(Slot, Vec<u8>)>,
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
    pub fn take(&mut self, returned: &Return<'_>) -> Option<Vec<u8>> {
        let call = self.calls.get(&returned.tid)?;
        if call.entry_ns != returned.entry_ns {
            return None;
        }
        self.remove(returned.tid).map(|(_, bytes)| bytes)
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
            let call = self.remove(tid);
            self.abandoned.extend(call);
        }
    }

    /// The next event that is to be told without a result.
    pub fn next_abandoned(&mut self) -> Option<Vec<u8>> {
        self.abandoned.pop_front().map(|(_, bytes)| bytes)
    }

    /// How many events are kept, by slot.
    pub fn count(&self) -> BTreeMap<Slot, u64> {
        let abandoned = self.abandoned.iter().map(|(slot, _)| *slot);
        let mut counts = BTreeMap::new();
        for slot in self.calls.values().map(|call| call.slot).chain(abandoned) {
            *counts.entry(slot).or_default() += 1;
        }
        counts
    }

    fn remove(&mut self, tid: u32) -> Option<(Slot, Vec<u8>)> {
        let call = self.calls.remove(&tid)?;
        self.bytes -= call.bytes.len();
        Some((call.slot, call.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::End;
    use crate::handlers::Handler;
    use crate::output::samples;

    fn event(handler: &Handler, tid: u32, boottime_ns: u64) -> Event<'_> {
        Event { tid, boottime_ns, ..samples::event(handler, vec![]) }
    }

    fn returned(tid: u32, entry_ns: u64) -> Return<'static> {
        Return { tid, entry_ns, end: End::Died, pieces: vec![] }
    }

    #[test]
    fn an_end_meets_its_own_event_only() {
        let (handler, mut pending) = (samples::handler(), Pending::default());
        assert!(pending.hold(&event(&handler, 7, 100), b"seven"));
        assert_eq!(pending.take(&returned(7, 99)), None);
        assert_eq!(pending.take(&returned(8, 100)), None);
        assert_eq!(pending.take(&returned(7, 100)).as_deref(), Some(&b"seven"[..]));
        assert_eq!(pending.take(&returned(7, 100)), None);
        assert_eq!((pending.bytes, pending.next_abandoned()), (0, None));
    }

    /// Its first call has ended unseen: a thread is in one at a time.
    #[test]
    fn the_next_event_of_a_thread_gives_up_the_last() {
        let (handler, mut pending) = (samples::handler(), Pending::default());
        assert!(pending.hold(&event(&handler, 7, 100), b"first"));
        assert!(pending.hold(&event(&handler, 7, 200), b"second"));
        assert_eq!(pending.count(), BTreeMap::from([(event(&handler, 7, 0).slot, 2)]));
        assert_eq!(pending.next_abandoned().as_deref(), Some(&b"first"[..]));
        assert_eq!(pending.count(), BTreeMap::from([(event(&handler, 7, 0).slot, 1)]));
        assert_eq!(pending.take(&returned(7, 200)).as_deref(), Some(&b"second"[..]));
    }

    #[test]
    fn what_has_no_room_does_not_wait() {
        let (handler, mut pending) = (samples::handler(), Pending::default());
        assert!(pending.hold(&event(&handler, 1, 1), &vec![0; BYTES_MAX - 1]));
        assert!(!pending.hold(&event(&handler, 2, 2), b"two"));
        assert!(pending.hold(&event(&handler, 3, 3), b"3"));
        assert!(pending.take(&returned(1, 1)).is_some());
        assert!(pending.hold(&event(&handler, 2, 4), b"two"));
    }

    #[test]
    fn slots_can_be_abandoned() {
        let (handler, mut pending) = (samples::handler(), Pending::default());
        let call = event(&handler, 7, 100);
        assert!(pending.hold(&call, b"seven"));
        pending.abandon(|slot| slot != call.slot);
        assert_eq!(pending.next_abandoned(), None);
        pending.abandon(|slot| slot == call.slot);
        assert_eq!(pending.next_abandoned().as_deref(), Some(&b"seven"[..]));
        assert_eq!((pending.bytes, pending.take(&returned(7, 100))), (0, None));
    }
}
