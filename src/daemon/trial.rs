//! Events that are kept while somebody is tried: as the bytes of the ring, in their order.

use std::collections::{BTreeMap, VecDeque};

use syscalls::Slot;

use crate::decode::Event;
use crate::govern::{Fate, Governor, Guilty, Name};

/// What is kept may take so much memory; then the trial ends.
const BYTES_MAX: usize = 32 << 20;

/// An event, and what came of its call if it has waited for that; or the end of a cgroup.
#[derive(Debug)]
pub struct Kept {
    /// Its record in the ring.
    pub event: Vec<u8>,
    /// That of its end.
    pub end: Option<Vec<u8>>,
    /// `None` for a cgroup.
    slot: Option<Slot>,
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
        self.keep(bytes, Some(event.slot));
        false
    }

    /// Whether a cgroup that has ended may be forgotten; otherwise that is kept, behind the events that were
    /// made in it.
    pub fn lets_forget(&mut self, bytes: &[u8]) -> bool {
        let is_free = self.kept.is_empty();
        if !is_free {
            self.keep((bytes, None), None);
        }
        is_free
    }

    fn keep(&mut self, (event, end): (&[u8], Option<&[u8]>), slot: Option<Slot>) {
        let (event, end) = (event.to_vec(), end.map(<[u8]>::to_vec));
        self.bytes += event.len() + end.as_ref().map_or(0, Vec::len);
        self.kept.push_back(Kept { event, end, slot });
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
        for slot in self.kept.iter().filter_map(|kept| kept.slot) {
            *counts.entry(slot).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples;

    /// What is held back was made while the cgroup was there.
    #[test]
    fn a_cgroup_is_forgotten_behind_the_events_that_were_made_in_it() {
        let mut trial = Trial::default();
        assert!(trial.lets_forget(b"gone"));
        for ms in 0..2_000 {
            trial.governor.note((7, 70), ms * 1_000_000, Name::default);
        }
        let handler = samples::handler();
        let boottime_ns = 2_000_000_000;
        let event = Event { boottime_ns, ..samples::event(&handler, vec![]) };
        assert!(!trial.lets_through(&event, (b"event", None)));
        assert!(!trial.lets_forget(b"gone"));
        assert_eq!(trial.count(), BTreeMap::from([(event.slot, 1)]));
        let mut kept = std::iter::from_fn(|| trial.next_kept(true));
        assert_eq!(kept.next().map(|kept| kept.event), Some(b"event".to_vec()));
        assert_eq!(kept.next().map(|kept| kept.event), Some(b"gone".to_vec()));
        assert!(kept.next().is_none());
        assert!(trial.lets_forget(b"gone"));
    }
}
