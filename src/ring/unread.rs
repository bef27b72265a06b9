//! Count of the events in the rings that are not consumed yet, taken without consuming them. It is valid
//! only between two turns of the consumer, which runs in the same thread and so stays in place meanwhile.

use std::collections::BTreeMap;
use std::mem::offset_of;

use anyhow::Result;
use syscalls::Slot;

use super::open;
use crate::bpf::types::{self, event_kind};
use crate::bpf::{RecordState, RingMemory};
use crate::load::{Bpf, Predecessor};

/// Walks from the consumer's position of each ring towards the producer's.
#[derive(Debug)]
pub struct Unread {
    walks: Vec<Walk>,
    events: BTreeMap<Slot, u64>,
}

#[derive(Debug)]
struct Walk {
    ring: RingMemory,
    /// Position of the walk, in bytes since the ring was created.
    at: u64,
}

impl Unread {
    /// Begins the walks at the consumer's positions.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn begin(bpf: &Bpf<'_>) -> Result<Self> {
        let bytes = bpf.ring_bytes() as usize;
        Self::of(bpf.rings().map(|ring| open(ring, bytes)))
    }

    /// Begins walks in the rings of a predecessor.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn begin_leftover(predecessor: &Predecessor) -> Result<Self> {
        let rings = predecessor.rings()?.into_iter();
        Self::of(rings.map(|(ring, bytes)| open(ring, bytes)))
    }

    fn of(rings: impl Iterator<Item = Result<RingMemory>>) -> Result<Self> {
        let walk = |ring: RingMemory| Walk { at: ring.consumer(), ring };
        let walks = rings.map(|ring| ring.map(walk)).collect::<Result<_>>()?;
        Ok(Self { walks, events: BTreeMap::new() })
    }

    /// Advances in each ring to the end or to the first record that is not committed; returns whether it reached all
    /// ends.
    pub fn advance(&mut self) -> bool {
        let Self { walks, events } = self;
        // Each of them: `all` would stop at the first that is not at its end.
        let behind = walks.iter_mut().filter_map(|walk| (!walk.advance(events)).then_some(()));
        behind.count() == 0
    }

    /// Returns the number of events of a slot that the walks have passed.
    pub fn events(&self, slot: Slot) -> u64 {
        self.events.get(&slot).copied().unwrap_or_default()
    }

    /// Returns the number of events that the walks have passed.
    pub fn total(&self) -> u64 {
        self.events.values().sum()
    }
}

impl Walk {
    fn advance(&mut self, events: &mut BTreeMap<Slot, u64>) -> bool {
        let end = self.ring.producer();
        while self.at < end {
            let header = self.ring.header(self.at);
            match header.state {
                RecordState::Busy => return false,
                RecordState::Discarded => {}
                RecordState::Committed => {
                    if let Some(slot) = self.slot() {
                        *events.entry(slot).or_default() += 1;
                    }
                }
            }
            self.at = header.end(self.at);
        }
        true
    }

    /// Returns the slot of the event here; `None` of another record.
    fn slot(&self) -> Option<Slot> {
        let content = self.ring.content(self.at);
        let field = |offset: usize| {
            let bytes = content.get(offset..offset + 2)?.try_into().ok()?;
            Some(u16::from_ne_bytes(bytes))
        };
        let kind = event_kind(field(offset_of!(types::event, kind))?.into());
        let slot = field(offset_of!(types::event, slot))?;
        (kind == event_kind::EVENT_SYSCALL).then(|| Slot::from_index(slot)).flatten()
    }
}
