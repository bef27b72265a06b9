//! Counts of the calls of one slot, by what became of them.

use syscalls::Slot;

use crate::rig::Rig;

/// Numbers of calls by their outcome.
#[derive(Debug, Default, PartialEq)]
pub struct Counts {
    pub recorded: u64,
    pub filtered: u64,
    pub counted: u64,
    pub excluded_unit: u64,
    pub excluded_exe: u64,
}

impl Counts {
    /// Returns the counts of the calls that were made while `make_calls` ran.
    pub fn during(rig: &Rig, slot: Slot, make_calls: impl FnOnce()) -> Self {
        let before = Self::of(rig, slot);
        make_calls();
        let after = Self::of(rig, slot);
        Self {
            recorded: after.recorded - before.recorded,
            filtered: after.filtered - before.filtered,
            counted: after.counted - before.counted,
            excluded_unit: after.excluded_unit - before.excluded_unit,
            excluded_exe: after.excluded_exe - before.excluded_exe,
        }
    }

    /// Returns the counts since the rig began. Checks that no other counter of the slot has any call.
    fn of(rig: &Rig, slot: Slot) -> Self {
        let counters = rig.counters(slot);
        let counts = Self {
            recorded: counters.submitted,
            filtered: counters.filtered,
            counted: counters.counted,
            excluded_unit: counters.excluded_unit,
            excluded_exe: counters.excluded_exe,
        };
        assert!(counters.balance(), "{counters:?}");
        assert_eq!(counts.sum(), counters.seen, "{counters:?}");
        counts
    }

    fn sum(&self) -> u64 {
        self.recorded + self.filtered + self.counted + self.excluded_unit + self.excluded_exe
    }
}
