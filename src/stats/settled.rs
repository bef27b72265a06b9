//! Exact readings of the counters while calls go on.
//!
//! A handler counts a call as seen first, and its outcome some hundred nanoseconds later. Both are in the row of
//! its CPU, where no second handler runs meanwhile, because preemption is off. A reading during which no call
//! begins (a *still* reading) therefore lacks the outcomes that are really missing, and at most one more: that of
//! the call in flight. Of many still readings the least difference is the true one, unless the same call was in
//! flight in all of them: the hypervisor can suspend a virtual CPU in the middle of a handler. Hence the rounds:
//! a grace period passes between two of them, which ends after every handler that was running.

use std::collections::BTreeMap;

use anyhow::Result;
use syscalls::Slot;

/// A row: one CPU's part of the counters of a slot.
pub type Cell = (Slot, usize);

/// Readings of a row in a round: each takes some 100 ns, and a CPU that does nothing but routed calls is
/// between two of them half of the time.
const READINGS: usize = 64;

/// Rounds at most, for rows that do not balance; two for the others.
const ROUNDS: usize = 8;

/// Reads each key at a moment when no call is in flight. `still` gives a reading unless a call began
/// meanwhile, `excess` how much larger its left side is, and `wait` returns after every handler that
/// was running. What never held still is not among them.
///
/// # Errors
/// Fails if `wait` fails.
pub fn settled<K: Copy + Ord, R: Copy + Default + PartialEq>(
    keys: impl Iterator<Item = K>,
    mut still: impl FnMut(K) -> Option<R>,
    excess: impl Fn(&R) -> i64,
    wait: impl Fn() -> Result<()>,
) -> Result<BTreeMap<K, R>> {
    let mut rows: BTreeMap<K, Option<R>> = keys.map(|key| (key, None)).collect();
    for round in 0..ROUNDS {
        if round > 0 {
            wait()?;
        }
        for (&key, least) in &mut rows {
            let before = least.filter(|reading| *reading != R::default());
            let first = still(key);
            let is_unused = before.is_none() && first == Some(R::default());
            let readings = if is_unused { 0 } else { READINGS };
            let more = (1..readings).filter_map(|_| still(key));
            *least = before.into_iter().chain(first).chain(more).min_by_key(&excess);
        }
        let is_done = |row: &Option<R>| row.is_some_and(|reading| excess(&reading) == 0);
        if round > 0 && rows.values().all(is_done) {
            break;
        }
    }
    Ok(rows.into_iter().filter_map(|(key, row)| Some((key, row?))).collect())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell as Shared;

    use super::*;
    use crate::stats::KernelCounters;

    fn counters(seen: u64, counted: u64) -> KernelCounters {
        KernelCounters { seen, counted, ..KernelCounters::default() }
    }

    fn row(nr: u16, cpu: usize) -> Cell {
        (Slot::from_index(nr).expect("a slot"), cpu)
    }

    #[test]
    fn settled_with_call_in_flight_has_no_difference() {
        let readings = Shared::new(0);
        let still = |_| {
            readings.set(readings.get() + 1);
            // In flight but once, near the end of the round.
            if readings.get() == 60 { Some(counters(8, 8)) } else { Some(counters(9, 8)) }
        };
        let found = settled([row(1, 0)].into_iter(), still, KernelCounters::difference, || Ok(()))
            .expect("settled");
        assert_eq!(found, BTreeMap::from([(row(1, 0), counters(8, 8))]));
    }

    #[test]
    fn settled_waits_for_handler_that_is_suspended() {
        let graces = Shared::new(0);
        let still = |_| Some(if graces.get() < 3 { counters(9, 8) } else { counters(9, 9) });
        let wait = || {
            graces.set(graces.get() + 1);
            Ok(())
        };
        let found = settled([row(1, 0)].into_iter(), still, KernelCounters::difference, wait)
            .expect("settled");
        assert_eq!((found[&row(1, 0)], graces.get()), (counters(9, 9), 3));
    }

    /// A call too many among the outcomes is hidden while one is in flight: looked at again after that.
    #[test]
    fn settled_finds_surplus_outcome_behind_call_in_flight() {
        let graces = Shared::new(0);
        let still = |_| Some(if graces.get() == 0 { counters(9, 9) } else { counters(9, 10) });
        let wait = || {
            graces.set(graces.get() + 1);
            Ok(())
        };
        let found = settled([row(1, 0)].into_iter(), still, KernelCounters::difference, wait)
            .expect("settled");
        assert_eq!(found[&row(1, 0)].difference(), -1);
    }

    #[test]
    fn settled_returns_difference_that_persists() {
        let graces = Shared::new(0);
        let still = |cell| Some(if cell == row(1, 1) { counters(9, 7) } else { counters(9, 9) });
        let wait = || {
            graces.set(graces.get() + 1);
            Ok(())
        };
        let cells = [row(1, 0), row(1, 1), row(2, 0)].into_iter();
        let found = settled(cells, still, KernelCounters::difference, wait).expect("settled");
        let differences: Vec<i64> = found.values().map(KernelCounters::difference).collect();
        assert_eq!((differences, graces.get()), (vec![0, 2, 0], ROUNDS - 1));
    }

    #[test]
    fn settled_omits_row_that_never_holds_still() {
        let never = |_| None;
        let found = settled([row(1, 0)].into_iter(), never, KernelCounters::difference, || Ok(()));
        let found = found.expect("settled");
        assert!(found.is_empty());
    }
}
