//! Counters of the daemon: outcomes of the events that the kernel submitted.

use std::collections::BTreeMap;

use syscalls::Slot;

/// Outcomes by slot, over the daemon's life.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct UserCounters {
    /// The slots of all events so far.
    pub slots: BTreeMap<Slot, EventOutcomes>,
    /// Records of the ring that could not be decoded; their slot is unknown.
    pub undecodable: u64,
}

/// Outcomes of the events of one slot: each event is in one of these, or waits for its result.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct EventOutcomes {
    /// Written, each in a record of its own; with the one that waits in the output.
    pub written: u64,
    /// Part of a record of many that is written or will be.
    pub aggregated: u64,
    /// Events that the route did not want once their result was known.
    pub filtered: u64,
    /// Beyond a limit that the daemon holds.
    pub limited: u64,
    /// Refused by the output for good, alone or with others.
    pub refused: u64,
    /// Dropped because more came than may be written in a second.
    pub shed: u64,
}

/// Events of one record that an output refuses or keeps for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// One event.
    One(Slot),
    /// Many.
    Many(Slot, u64),
}

impl EventOutcomes {
    /// Events that were due and are not recorded.
    pub fn lost(&self) -> u64 {
        self.refused + self.shed
    }
}

impl UserCounters {
    /// Returns the outcomes of one slot.
    pub fn of(&self, slot: Slot) -> EventOutcomes {
        self.slots.get(&slot).copied().unwrap_or_default()
    }

    /// Returns the outcomes of one slot for counting.
    pub fn slot(&mut self, slot: Slot) -> &mut EventOutcomes {
        self.slots.entry(slot).or_default()
    }

    /// Counts events as refused by the output instead of written or aggregated.
    pub fn refuse(&mut self, portion: Portion) {
        let (handled, count) = self.take_back(portion);
        handled.refused += count;
    }

    /// Counts events as shed instead of written or aggregated.
    pub fn drop(&mut self, portion: Portion) {
        let (handled, count) = self.take_back(portion);
        handled.shed += count;
    }

    fn take_back(&mut self, portion: Portion) -> (&mut EventOutcomes, u64) {
        let (slot, count) = match portion {
            Portion::One(slot) => (slot, 1),
            Portion::Many(slot, count) => (slot, count),
        };
        let handled = self.slot(slot);
        let counter = match portion {
            Portion::One(_) => &mut handled.written,
            Portion::Many(..) => &mut handled.aggregated,
        };
        *counter = counter.saturating_sub(count);
        (handled, count)
    }
}
