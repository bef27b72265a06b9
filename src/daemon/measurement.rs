//! Measurements of the time that calls spend in the programs, on request: the programs have a clock that is off, at
//! next to no cost, unless a client of the control socket asks. The daemon ends a measurement by itself.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Duration, Instant};

use syscalls::Slot;

use super::Daemon;
use super::timers::Timer;
use crate::clock;
use crate::load::Bpf;
use crate::rpc::RunTime;

/// The last measurement, which may be running.
#[derive(Debug, Default)]
pub struct Measurement {
    /// Time at which it began, ns since 1970 UTC; `None` before the first one.
    since_ns: Option<u64>,
    /// `None` once it has ended.
    end: Option<Instant>,
    /// Sums of the programs when it began.
    before: BTreeMap<Slot, RunTime>,
}

impl Measurement {
    /// Returns that of a daemon that has not measured yet. An earlier daemon may have been killed while it did.
    pub fn none(bpf: &Bpf<'_>) -> Self {
        bpf.shared.timed_since_ns().store(0, SeqCst);
        Self::default()
    }

    /// Returns the time at which it began, ns since 1970 UTC.
    pub fn since_ns(&self) -> Option<u64> {
        self.since_ns
    }

    /// Returns the run time of a slot; `None` before the first measurement.
    pub fn of(&self, bpf: &Bpf<'_>, slot: Slot) -> Option<RunTime> {
        self.since_ns?;
        let before = self.before.get(&slot).copied().unwrap_or_default();
        let RunTime { calls, ns } = sums(bpf, slot);
        Some(RunTime { calls: calls.wrapping_sub(before.calls), ns: ns.wrapping_sub(before.ns) })
    }
}

impl Daemon<'_> {
    /// Measures from now on for that time, at least.
    pub(super) fn measure(&mut self, time: Duration) {
        let end = Instant::now() + time;
        if self.measurement.end.is_none() {
            let slots = (0..).map_while(Slot::from_index);
            let before = slots.map(|slot| (slot, sums(&self.bpf, slot))).collect();
            self.measurement =
                Measurement { since_ns: Some(clock::real_now_ns()), end: None, before };
            self.bpf.shared.timed_since_ns().store(clock::boot_now_ns(), SeqCst);
        }
        let end = self.measurement.end.map_or(end, |earlier| earlier.max(end));
        self.measurement.end = Some(end);
        self.timers.set(Timer::Measurement, Some(end));
    }

    pub(super) fn end_measurement(&mut self) {
        self.bpf.shared.timed_since_ns().store(0, SeqCst);
        self.measurement.end = None;
    }
}

/// Returns the sums of all measurements of the table, which only grow.
pub(super) fn sums(bpf: &Bpf<'_>, slot: Slot) -> RunTime {
    let words = bpf.shared.run_time(usize::from(slot.index()));
    words.map_or_else(RunTime::default, |[ns, calls]| RunTime {
        calls: calls.load(Relaxed),
        ns: ns.load(Relaxed),
    })
}
