//! The daemon's part of the books: what became of the events that the kernel submitted.

use std::collections::BTreeMap;

use syscalls::Slot;

/// By slot, over the daemon's life.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The slots of all events so far.
    pub slots: BTreeMap<Slot, Handled>,
    /// Records of the ring that are not of this contract: nobody knows of which slot.
    pub undecodable: u64,
}

/// What became of the events of one slot: each is in one of these, or waits for its result.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Handled {
    /// Written, each in a record of its own; with the one that waits in the output.
    pub written: u64,
    /// Part of a record of many that is written or will be.
    pub aggregated: u64,
    /// Not wanted once their result was known.
    pub filtered: u64,
    /// Beyond a limit that the daemon holds.
    pub limited: u64,
    /// Refused by the output for good, alone or with others.
    pub refused: u64,
    /// Dropped because more came than may be written in a second.
    pub over_budget: u64,
}

/// What an output refuses or keeps for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// One event.
    One(Slot),
    /// Many.
    Many(Slot, u64),
}

impl Handled {
    /// Events that were due and are not recorded.
    pub fn lost(&self) -> u64 {
        self.refused + self.over_budget
    }
}

impl Tally {
    /// Of one slot.
    pub fn of(&self, slot: Slot) -> Handled {
        self.slots.get(&slot).copied().unwrap_or_default()
    }

    /// The same, to be counted in.
    pub fn slot(&mut self, slot: Slot) -> &mut Handled {
        self.slots.entry(slot).or_default()
    }

    /// What was counted as written or aggregated was refused by the output.
    pub fn refuse(&mut self, portion: Portion) {
        let (handled, count) = self.take_back(portion);
        handled.refused += count;
    }

    /// What was counted as written or aggregated had no room.
    pub fn drop(&mut self, portion: Portion) {
        let (handled, count) = self.take_back(portion);
        handled.over_budget += count;
    }

    fn take_back(&mut self, portion: Portion) -> (&mut Handled, u64) {
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
