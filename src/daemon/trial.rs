//! Events that are kept while somebody is tried: as the bytes of the ring, in their order.

use std::collections::{BTreeMap, VecDeque};

use crate::decode::Event;
use crate::govern::{Fate, Governor, Guilty, Name};
use crate::syscalls::Slot;

/// What is kept may take so much memory; then the trial ends.
const BYTES_MAX: usize = 32 << 20;

/// An event, and what came of its call if it has waited for that.
#[derive(Debug)]
pub struct Kept {
    /// Its record in the ring.
    pub event: Vec<u8>,
    /// That of its end.
    pub end: Option<Vec<u8>>,
    slot: Slot,
}

/// The trial, and what it keeps.
#[derive(Debug, Default)]
pub struct Trial {
    governor: Governor,
    kept: VecDeque<Kept>,
    bytes: usize,
    /// When the last event was made, ns since boot.
    last_ns: u64,
}

impl Trial {
    /// Whether the event goes its way; otherwise it is kept. `bytes`: it and its end, as they came.
    pub fn lets_through(&mut self, event: &Event<'_>, bytes: (&[u8], Option<&[u8]>)) -> bool {
        let process = (event.pid, event.process.start_ns);
        self.last_ns = self.last_ns.max(event.boottime_ns);
        let name = || Name { comm: event.comm.to_vec(), cgroup: event.cgroup };
        if self.governor.note(process, event.boottime_ns, name) == Fate::Write {
            return true;
        }
        let (event_bytes, end) = (bytes.0.to_vec(), bytes.1.map(<[u8]>::to_vec));
        self.bytes += event_bytes.len() + end.as_ref().map_or(0, Vec::len);
        self.kept.push_back(Kept { event: event_bytes, end, slot: event.slot });
        false
    }

    /// Who follows our output, if it is time to tell. Where events wait in the ring, it is as late as the
    /// last one that came out of it: what was made since is not known.
    pub fn judge(&mut self, now_ns: u64, is_ring_empty: bool) -> Vec<Guilty> {
        let known_ns = if is_ring_empty { now_ns } else { self.last_ns };
        self.governor.judge(known_ns, self.bytes > BYTES_MAX)
    }

    /// When it is, ns since boot.
    pub fn due_ns(&self) -> Option<u64> {
        self.governor.due_ns()
    }

    /// The next event that was kept, once nobody is tried any more; `at_once`: also before.
    pub fn next_kept(&mut self, at_once: bool) -> Option<Kept> {
        if self.governor.is_trying() && !at_once {
            return None;
        }
        let kept = self.kept.pop_front()?;
        self.bytes -= kept.event.len() + kept.end.as_ref().map_or(0, Vec::len);
        Some(kept)
    }

    /// How many are kept, by slot.
    pub fn count(&self) -> BTreeMap<Slot, u64> {
        let mut counts = BTreeMap::new();
        for kept in &self.kept {
            *counts.entry(kept.slot).or_default() += 1;
        }
        counts
    }
}
