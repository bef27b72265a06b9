//! Counters of the kernel, summed by slot. They only grow; the difference between two readings is what
//! happened in between.
//!
//! Every call that a slot saw has one outcome in the kernel, and every submitted event one in the daemon
//! (`EventOutcomes`):
//!
//! ```text
//! seen      = the sum of the outcomes in `KernelCounters::TABLE`
//! submitted = in the ring + waiting for a result + the sum of `EventOutcomes::TABLE` + undecodable
//! ```
//!
//! The slot of an undecodable record is unknown, so it is in the sum of all slots only.

use std::mem::{offset_of, size_of};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Acquire;

use anyhow::{Context as _, Result};
use libbpf_rs::MapCore;
use syscalls::Slot;

use super::Cell;
use super::table::{Column, Counted, Counter, Reason, Term, counters};
use crate::bpf::Mapping;
use crate::bpf::types::{self, call_state, counter, counters};
use crate::clock;

counters! {
    /// Counters of one slot, all CPUs together. `seen` is the first, as it is read first.
    KernelCounters {
        /// Calls that reached the slot's handler.
        seen(COUNTER_SEEN): Term::Whole,
        /// Made by the daemon itself.
        excluded_self(COUNTER_EXCLUDED_SELF): Term::Outcome(Column::Excluded),
        /// Made by a program that the daemon's output keeps busy.
        excluded_exe(COUNTER_EXCLUDED_EXE): Term::Outcome(Column::Excluded),
        /// Made in a unit that is excluded.
        excluded_unit(COUNTER_EXCLUDED_UNIT): Term::Outcome(Column::Excluded),
        /// Selected by no rule of the route.
        filtered(COUNTER_FILTERED): Term::Outcome(Column::Filtered),
        /// Left out at random, as the rule asks.
        sampled(COUNTER_SAMPLED): Term::Outcome(Column::Sampled),
        /// Done by the subject before, of a rule that records first times only.
        known_at_entry(COUNTER_KNOWN): Term::Outcome(Column::Known),
        /// Over the rate limit of the rule.
        limited(COUNTER_LIMITED): Term::Outcome(Column::Limited),
        /// Over the rate limit of each user.
        limited_uid(COUNTER_LIMITED_UID): Term::Outcome(Column::Limited),
        /// Counted by a handler that only counts.
        counted(COUNTER_COUNTED): Term::Outcome(Column::Counted),
        /// Events put into a black box.
        blackbox(COUNTER_BLACKBOX): Term::Outcome(Column::Blackbox),
        /// Events put into the ring.
        submitted(COUNTER_SUBMITTED): Term::Submitted,
        /// Lost because the ring was full.
        lost_ring_full(COUNTER_LOST_RING_FULL): Term::Lost(Reason::RingFull),
        /// Lost because the ring refused.
        lost_ring_busy(COUNTER_LOST_RING_BUSY): Term::Lost(Reason::RingBusy),
        /// Lost in a flip of the table.
        lost_reroute(COUNTER_LOST_REROUTE): Term::Lost(Reason::Reroute),
        /// Lost for want of scratch memory.
        lost_scratch(COUNTER_LOST_SCRATCH): Term::Lost(Reason::Scratch),
        /// Lost because a handler of the chain did not give the call back.
        lost_handler(COUNTER_LOST_HANDLER): Term::Lost(Reason::Handler),
        /// Lost because a handler of the chain captured more than there is room for.
        lost_handler_full(COUNTER_LOST_HANDLER_FULL): Term::Lost(Reason::HandlerFull),
        /// Lost because no black box was free.
        lost_blackbox(COUNTER_LOST_BLACKBOX): Term::Lost(Reason::Blackbox),
        /// Events that waited for a result and get none.
        results_lost(COUNTER_RESULTS_LOST): Term::WithoutResult,
    }
}

impl KernelCounters {
    /// Returns the number of calls that were seen and are not accounted for: those in flight; negative if there
    /// are too many outcomes.
    pub fn difference(&self) -> i64 {
        let outcomes = self.outcomes().map(|(_, count)| count).fold(0, u64::wrapping_add);
        self.seen.wrapping_sub(outcomes) as i64
    }

    /// Returns whether every call that was seen is accounted for.
    pub fn balance(&self) -> bool {
        self.difference() == 0
    }

    /// Returns the number of events that were due and are not in the ring.
    pub fn lost(&self) -> u64 {
        self.column(Column::Lost)
    }

    /// Returns the counters whose counts `count` reads, `seen` first.
    pub fn read(count: impl Fn(counter) -> u64) -> Self {
        let mut counters = Self::default();
        for (entry, source) in Self::TABLE.iter().zip(Self::SOURCES) {
            *(entry.of_mut)(&mut counters) = count(*source);
        }
        counters
    }

    fn add(&mut self, other: &Self) {
        for entry in Self::TABLE {
            *(entry.of_mut)(self) += (entry.of)(other);
        }
    }
}

/// The kernel's side: rows of all CPUs, as memory.
#[derive(Debug)]
pub struct CounterRows {
    words: Mapping,
    cpus: usize,
}

const WORD: usize = size_of::<u64>();
/// Words of a row, and of a CPU's rows.
const ROW_WORDS: usize = size_of::<counters>() / WORD;
const CPU_WORDS: usize = types::counters_size::COUNTERS_ROWS.0 as usize * ROW_WORDS;

impl CounterRows {
    /// Returns the number of rows that the map needs on this machine.
    ///
    /// # Errors
    /// Fails if the kernel does not report how many CPUs it may have.
    pub fn count() -> Result<u32> {
        let cpus = libbpf_rs::num_possible_cpus().context("failed to count the CPUs")?;
        Ok(u32::try_from(cpus)? * types::counters_size::COUNTERS_ROWS.0)
    }

    /// Maps the counters.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(map: &dyn MapCore) -> Result<Self> {
        let cpus = map.max_entries() as usize / types::counters_size::COUNTERS_ROWS.0 as usize;
        let bytes = NonZeroUsize::new(cpus * CPU_WORDS * WORD).context("no CPU to count on")?;
        let words = Mapping::open(map.as_fd(), bytes).context("failed to map the counters")?;
        Ok(Self { words, cpus })
    }

    /// Returns the counters of a slot.
    pub fn of(&self, slot: Slot) -> KernelCounters {
        self.row(usize::from(slot.index()))
    }

    /// Returns the number of CPUs that have rows.
    pub fn cpus(&self) -> usize {
        self.cpus
    }

    /// Returns one CPU's counters of a slot.
    pub fn on(&self, (slot, cpu): Cell) -> KernelCounters {
        self.cpu_row(cpu, usize::from(slot.index()))
    }

    /// Returns one CPU's counters of a slot, if no call began while they were read.
    pub fn still(&self, cell: Cell) -> Option<KernelCounters> {
        let counters = self.on(cell);
        (self.on(cell).seen == counters.seen).then_some(counters)
    }

    /// Returns the number of calls whose syscall number is in no table.
    pub fn unroutable(&self) -> UnroutableCalls {
        let count = |class: types::odd_number| {
            self.row((types::counters_size::ODD_ROWS.0 + class.0) as usize).seen
        };
        UnroutableCalls {
            minus_one: count(types::odd_number::ODD_MINUS_ONE),
            x32: count(types::odd_number::ODD_X32),
            out_of_range: count(types::odd_number::ODD_OUT_OF_RANGE),
        }
    }

    fn row(&self, row: usize) -> KernelCounters {
        let mut counters = KernelCounters::default();
        (0..self.cpus).for_each(|cpu| counters.add(&self.cpu_row(cpu, row)));
        counters
    }

    fn cpu_row(&self, cpu: usize, row: usize) -> KernelCounters {
        let first = cpu * CPU_WORDS + row * ROW_WORDS;
        let word =
            |at: usize| self.words.word(first + at / WORD).map_or(0, |word| word.load(Acquire));
        let count = |which: counter| word(offset_of!(counters, counts) + which.0 as usize * WORD);
        let mut counters = KernelCounters::read(count);
        let chained_ns = word(offset_of!(counters, state) + offset_of!(call_state, chained_ns));
        if is_stuck(chained_ns) {
            counters.lost_handler += 1;
        }
        counters
    }
}

/// Returns whether a call that entered a handler at that `CLOCK_BOOTTIME` never came out. The kernel counts it when the
/// next call of the slot enters one on that CPU.
fn is_stuck(chained_ns: u64) -> bool {
    chained_ns != 0 && clock::boot_now_ns().saturating_sub(chained_ns) > HANDLER_NS
}

/// Time that no handler takes, even if the host of a virtual machine takes the CPU away meanwhile.
const HANDLER_NS: u64 = 1_000_000_000;

/// Number of calls whose syscall number is in no table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnroutableCalls {
    /// -1: a tracer cancelled the call, or the caller passed it.
    pub minus_one: u64,
    /// Numbers of the x32 ABI.
    pub x32: u64,
    /// Any other from 512 on.
    pub out_of_range: u64,
}

#[cfg(test)]
mod tests {
    use super::{Counted, Counter, KernelCounters, ROW_WORDS, Term};
    use crate::bpf::types;

    #[test]
    fn read_takes_each_counter_of_the_programs_once() {
        let counters = KernelCounters::read(|source| 1 << source.0);
        let mut read: Vec<u64> =
            KernelCounters::TABLE.iter().map(|entry| (entry.of)(&counters)).collect();
        read.sort_unstable();
        assert_eq!(read, (0..types::counter::COUNTERS.0).map(|bit| 1 << bit).collect::<Vec<u64>>());
    }

    #[test]
    fn difference_takes_each_counter_but_two_as_an_outcome() {
        for entry in KernelCounters::TABLE {
            let mut counters = KernelCounters::default();
            *(entry.of_mut)(&mut counters) = 1;
            let expected = match entry {
                Counter { term: Term::Whole, .. } => 1,
                Counter { term: Term::WithoutResult, .. } => 0,
                _ => -1,
            };
            assert_eq!(counters.difference(), expected, "{}", entry.name);
        }
    }

    #[test]
    fn row_is_whole_cache_lines() {
        assert_eq!(ROW_WORDS % 8, 0);
    }
}
