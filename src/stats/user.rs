//! Counters of the daemon: outcomes of the events that the kernel submitted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syscalls::Slot;

use super::table::{Column, Counted, Counter, Reason, Term, counters};

/// Outcomes by slot, over the daemon's life.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCounters {
    /// The slots of all events so far.
    pub slots: BTreeMap<Slot, EventOutcomes>,
    /// Records of the ring that could not be decoded; their slot is unknown.
    pub undecodable: u64,
}

counters! {
    /// Outcomes of the events of one slot: each event is in one of these, or waits for its result.
    EventOutcomes {
        /// Written, each in a record of its own. Records that wait in the output are among them.
        written: Term::Outcome(Column::Written),
        /// Part of an aggregate that is written or will be.
        aggregated: Term::Outcome(Column::Aggregated),
        /// Rejected by the route once the result was known.
        filtered_by_result: Term::Outcome(Column::Filtered),
        /// Over a rate limit that the daemon enforces.
        limited_by_result: Term::Outcome(Column::Limited),
        /// Done by the subject before, of a rule that records first times only.
        known: Term::Outcome(Column::Known),
        /// Refused by the output for good, alone or as part of an aggregate.
        lost_output: Term::Lost(Reason::Output),
        /// Dropped by load shedding.
        lost_shed: Term::Lost(Reason::Shed),
        /// Events that the output did not accept before the daemon stopped.
        lost_stop: Term::Lost(Reason::Stop),
        /// Events in the memory of a daemon that was killed.
        lost_crash: Term::Lost(Reason::Crash),
        /// Events delivered without their result: there was no room to wait for it, or to write it later.
        results_lost: Term::WithoutResult,
    }
}

/// Events of one record that an output refuses or keeps for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// One event.
    One(Slot),
    /// Many events, in an aggregate.
    Many(Slot, u64),
    /// End of a call whose event is recorded already: no event, but its result.
    End(Slot),
}

impl Portion {
    /// Returns the slot of the events.
    pub fn slot(self) -> Slot {
        let (Self::One(slot) | Self::Many(slot, _) | Self::End(slot)) = self;
        slot
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
        let (outcomes, count) = self.take_back(portion);
        outcomes.lost_output += count;
    }

    /// Counts events as shed instead of written or aggregated.
    pub fn drop(&mut self, portion: Portion) {
        let (outcomes, count) = self.take_back(portion);
        outcomes.lost_shed += count;
    }

    /// Counts events as lost at the stop instead of written or aggregated.
    pub fn give_up(&mut self, portion: Portion) {
        let (outcomes, count) = self.take_back(portion);
        outcomes.lost_stop += count;
    }

    /// Counts events as lost in a crash instead of written or aggregated.
    pub fn crash(&mut self, portion: Portion) {
        let (outcomes, count) = self.take_back(portion);
        outcomes.lost_crash += count;
    }

    /// Uncounts the events of a record that is not written; returns their number. The end of a call leaves its
    /// event without a result.
    fn take_back(&mut self, portion: Portion) -> (&mut EventOutcomes, u64) {
        let outcomes = self.slot(portion.slot());
        let count = match portion {
            Portion::One(_) => {
                outcomes.written = outcomes.written.saturating_sub(1);
                1
            }
            Portion::Many(_, count) => {
                outcomes.aggregated = outcomes.aggregated.saturating_sub(count);
                count
            }
            Portion::End(_) => {
                outcomes.results_lost += 1;
                0
            }
        };
        (outcomes, count)
    }
}
