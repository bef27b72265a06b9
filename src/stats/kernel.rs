//! Counters of the kernel, summed by slot. They only grow; the difference between two readings is what
//! happened in between.
//!
//! Every call that a slot saw has one outcome in the kernel:
//!
//! ```text
//! seen      = excluded (self, sink, unit) + filtered + sampled + limited + limited_uid
//!           + counted + submitted + lost (by reason)
//! ```
//!
//! and every submitted event one in the daemon (`UserCounters`):
//!
//! ```text
//! submitted = in the ring + waiting for a result + written + aggregated + filtered by result
//!           + limited by result + lost at the output (refused, shed) + undecodable
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
use crate::bpf::Mapping;
use crate::bpf::types::{self, counter, counters};

/// The counters of events that were due and are not in the ring, one a reason.
pub const LOSSES: [counter; 4] = [
    counter::COUNTER_LOST_RING_FULL,
    counter::COUNTER_LOST_RING_BUSY,
    counter::COUNTER_LOST_REROUTE,
    counter::COUNTER_LOST_SCRATCH,
];
/// Number of reasons under which the kernel counts losses.
pub const KERNEL_REASONS: usize = LOSSES.len();

/// Counters of one slot, all CPUs together:
/// `seen = excluded + left out + counted + submitted + the sum of lost`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KernelCounters {
    /// Calls that reached the slot's handler.
    pub seen: u64,
    /// Made by the daemon itself.
    pub excluded_self: u64,
    /// Made by a program that our own output keeps busy.
    pub excluded_sink: u64,
    /// Made in a unit that is excluded.
    pub excluded_unit: u64,
    /// Wanted by no rule of the route.
    pub filtered: u64,
    /// Left out by chance, as the rule asks.
    pub sampled: u64,
    /// Beyond the limit of the rule.
    pub limited: u64,
    /// Beyond what one user may have recorded.
    pub limited_uid: u64,
    /// By a handler that only counts.
    pub counted: u64,
    /// Events put into the ring.
    pub submitted: u64,
    /// Events that were due and are not in the ring, in the order of `LOSSES`.
    pub lost: [u64; KERNEL_REASONS],
    /// Submitted events that waited for a result and get none.
    pub results_lost: u64,
}

impl KernelCounters {
    /// Returns the calls that were excluded.
    pub fn excluded(&self) -> u64 {
        self.excluded_self + self.excluded_sink + self.excluded_unit
    }

    /// Returns the calls that rate limits refused.
    pub fn suppressed(&self) -> u64 {
        self.limited + self.limited_uid
    }

    /// Returns the calls that filters, sampling or rate limits left out.
    pub fn left_out(&self) -> u64 {
        self.filtered + self.sampled + self.suppressed()
    }

    /// Returns the calls with an outcome.
    fn outcomes(&self) -> u64 {
        let lost: u64 = self.lost.iter().sum();
        self.excluded() + self.left_out() + self.counted + self.submitted + lost
    }

    /// Calls that were seen and are not accounted for: those in flight; negative if there are too many
    /// outcomes.
    pub fn difference(&self) -> i64 {
        self.seen.wrapping_sub(self.outcomes()) as i64
    }

    /// Returns whether every call that was seen is accounted for.
    pub fn balance(&self) -> bool {
        self.difference() == 0
    }

    fn add(&mut self, count: impl Fn(counter) -> u64) {
        self.seen += count(counter::COUNTER_SEEN);
        self.excluded_self += count(counter::COUNTER_EXCLUDED_SELF);
        self.excluded_sink += count(counter::COUNTER_EXCLUDED_SINK);
        self.excluded_unit += count(counter::COUNTER_EXCLUDED_UNIT);
        self.filtered += count(counter::COUNTER_FILTERED);
        self.sampled += count(counter::COUNTER_SAMPLED);
        self.limited += count(counter::COUNTER_LIMITED);
        self.limited_uid += count(counter::COUNTER_LIMITED_UID);
        self.counted += count(counter::COUNTER_COUNTED);
        self.submitted += count(counter::COUNTER_SUBMITTED);
        for (lost, reason) in self.lost.iter_mut().zip(LOSSES) {
            *lost += count(reason);
        }
        self.results_lost += count(counter::COUNTER_RESULTS_LOST);
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
    /// When the kernel does not tell how many CPUs it may have.
    pub fn count() -> Result<u32> {
        let cpus = libbpf_rs::num_possible_cpus().context("failed to count the CPUs")?;
        Ok(u32::try_from(cpus)? * types::counters_size::COUNTERS_ROWS.0)
    }

    /// Maps the counters.
    ///
    /// # Errors
    /// When the kernel refuses.
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
        let mut counters = KernelCounters::default();
        self.add_to(&mut counters, cpu, usize::from(slot.index()));
        counters
    }

    /// Returns one CPU's counters of a slot, if no call began while they were read.
    pub fn still(&self, cell: Cell) -> Option<KernelCounters> {
        let counters = self.on(cell);
        (self.on(cell).seen == counters.seen).then_some(counters)
    }

    /// Number of calls whose syscall number is in no table.
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
        (0..self.cpus).for_each(|cpu| self.add_to(&mut counters, cpu, row));
        counters
    }

    /// Adds one CPU's row; `seen` is read first.
    fn add_to(&self, counters: &mut KernelCounters, cpu: usize, row: usize) {
        let first = cpu * CPU_WORDS + row * ROW_WORDS + offset_of!(counters, counts) / WORD;
        let word = |which: counter| self.words.word(first + which.0 as usize);
        counters.add(|which| word(which).map_or(0, |word| word.load(Acquire)));
    }
}

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
    use super::{KernelCounters, LOSSES, ROW_WORDS};
    use crate::bpf::types::counter;

    #[test]
    fn add_takes_each_counter_once() {
        let mut counters = KernelCounters::default();
        counters.add(|which| 1 << which.0);
        let losses: u64 = counters.lost.iter().sum();
        let all = counters.seen + counters.left_out() + counters.excluded() + counters.counted;
        assert_eq!(all + counters.submitted + losses + counters.results_lost, ALL);
        assert_eq!(counters.lost, LOSSES.map(|reason| 1 << reason.0));
    }

    #[test]
    fn row_is_whole_cache_lines() {
        assert_eq!(ROW_WORDS % 8, 0);
    }

    /// A bit for each counter.
    const ALL: u64 = (1 << counter::COUNTERS.0) - 1;

    #[test]
    fn an_event_without_its_result_is_in_the_books_once() {
        let counters =
            KernelCounters { seen: 2, submitted: 2, results_lost: 1, ..KernelCounters::default() };
        assert!(counters.balance());
    }
}
